import CSI
import GRPC
import Testing

@Suite("CSI conformance: a volume's name")
struct VolumeNameConformance {
  /// The specification's limit is 128 bytes; Kubernetes' names have up to 253 characters.
  static let names = [
    "a", "0", "pvc-1b0c8d3e-2f3a-4b5c-8d6e-7f8091a2b3c4", String(repeating: "n", count: 128),
    String(repeating: "n", count: 253), "Ünïcode 日本 🐘", ".", "..", "../../etc/passwd", "-rf",
    "a/b", "a b", "a:b", "'; true", "$(true)", "%s%n",
    "👩‍🔧", "left\u{202E}right",
  ]

  @Test("may be any text of up to 253 bytes", arguments: Subject.all, names)
  func any(subject: Subject, name: String) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create(name)
      #expect(try await session.create(name) == volume)
      let snapshot = try await session.snapshot(name, of: volume.volumeID)
      #expect(try await session.snapshot(name, of: volume.volumeID) == snapshot)
      #expect((1...128).contains(snapshot.snapshotID.utf8.count))
    }
  }

  @Test("is compared byte by byte", arguments: Subject.all)
  func distinct(subject: Subject) async throws {
    // The last two are one text to Unicode.
    let names = [
      "a", "A", "a ", " a", "aa", String(repeating: "n", count: 252),
      String(repeating: "n", count: 253), String(repeating: "n", count: 252) + "m", "\u{E9}",
      "e\u{301}",
    ]
    try await subject.with { session async throws in
      var ids: [String] = []
      for name in names { ids.append(try await session.create(name).volumeID) }
      #expect(Set(ids).count == names.count)
      for (name, id) in zip(names, ids) {
        #expect(try await session.create(name).volumeID == id, "\(name)")
      }
    }
  }

  @Test("has none of the characters that the specification bans", arguments: Subject.all)
  func banned(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create("source")
      for scalar in ["\u{1}", "\u{8}", "\u{B}", "\u{C}", "\u{E}", "\u{1F}", "\u{7F}", "\u{9F}"] {
        await expectRefusal(.invalidArgument, saying: ["name"]) {
          try await session.create("a\(scalar)b")
        }
        await expectRefusal(.invalidArgument, saying: ["name"]) {
          try await session.snapshot("a\(scalar)b", of: volume.volumeID)
        }
      }
    }
  }

  @Test("may have the white space that the specification allows", arguments: Subject.all)
  func whiteSpace(subject: Subject) async throws {
    try await subject.with { session async throws in
      var ids: Set<String> = []
      for name in ["a\tb", "a\nb", "a\rb", "a b"] {
        ids.insert(try await session.create(name).volumeID)
      }
      #expect(ids.count == 4)
    }
  }

  @Test("that is far too long is refused, and not cut", arguments: Subject.all)
  func tooLong(subject: Subject) async throws {
    try await subject.with { session async throws in
      let source = try await session.create("source").volumeID
      // The second has 253 characters, and two bytes for the last of them.
      for name in [
        String(repeating: "n", count: 254), String(repeating: "n", count: 252) + "é",
        String(repeating: "n", count: 1 << 20),
      ] {
        await expectRefusal(.invalidArgument, saying: ["name"]) { try await session.create(name) }
        await expectRefusal(.invalidArgument, saying: ["name"]) {
          try await session.snapshot(name, of: source)
        }
      }
      #expect(try await session.volumeIDs() == [source])
      #expect(try await session.listSnapshots().entries == [])
    }
  }
}
