import CSI
import GRPC
import Testing

@Suite("CSI conformance: volumes from snapshots and volumes")
struct ContentSourceConformance {
  @Test("are refused where the source is not there", arguments: Subject.all)
  func absent(subject: Subject) async throws {
    try await subject.with { session async throws in
      for id in foreignIDs {
        await expectRefusal(.notFound) {
          try await session.create(.named("a", from: .snapshot(id: id)))
        }
        await expectRefusal(.notFound) {
          try await session.create(.named("a", from: .volume(id: id)))
        }
      }
      #expect(try await session.volumeIDs() == [])
      // The name is not spent.
      _ = try await session.create("a")
    }
  }

  @Test("are refused where the source is of another kind, or themselves", arguments: Subject.all)
  func confused(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create("a").volumeID
      let snapshot = try await session.snapshot("s", of: volume).snapshotID
      for source in [VolumeContentSource.snapshot(id: volume), .volume(id: snapshot)] {
        await expectRefusal(.notFound) { try await session.create(.named("b", from: source)) }
      }
      // What the name "a" would be made from is what it is.
      try await session.delete(volume)
      await expectRefusal(.notFound) {
        try await session.create(.named("a", from: .volume(id: volume)))
      }
      #expect(try await session.volumeIDs() == [])
      let restored = try await session.create(.named("a", from: .snapshot(id: snapshot)))
      #expect(restored.volumeID == volume)
      await expectRefusal(.alreadyExists) {
        try await session.create(.named("a", from: .volume(id: volume)))
      }
    }
  }

  @Test("hold their source whatever they are to be used for", arguments: Subject.all)
  func otherUse(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create(
        .named("a", .atLeast(16 * .mebibyte), [.sharedBlock])
      ).volumeID
      let snapshot = try await session.snapshot("s", of: volume).snapshotID
      for (index, source) in [VolumeContentSource.snapshot(id: snapshot), .volume(id: volume)]
        .enumerated()
      {
        // A required size that is less than the source's is no limit.
        let copy = try await session.create(
          .named("b-\(index)", .atLeast(.mebibyte), [.mounted], from: source))
        #expect(copy.capacityBytes == 16 * .mebibyte)
        // The ways of access are part of what the name stands for.
        await expectRefusal(.alreadyExists) {
          try await session.create(
            .named("b-\(index)", .atLeast(.mebibyte), [.block], from: source))
        }
      }
    }
  }

  @Test("say what they came from and are at least as large", arguments: Subject.all)
  func made(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create("a")
      let snapshot = try await session.snapshot("s", of: volume.volumeID)
      let sources: [VolumeContentSource] = [
        .snapshot(id: snapshot.snapshotID), .volume(id: volume.volumeID),
      ]
      for (index, source) in sources.enumerated() {
        let same = try await session.create(.named("same-\(index)", nil, from: source))
        #expect(same.contentSource == source)
        #expect(same.capacityBytes >= volume.capacityBytes)
        #expect(try await session.create(.named("same-\(index)", nil, from: source)) == same)
        #expect(try await session.get(same.volumeID).volume == same)
        let larger = try await session.create(
          .named("larger-\(index)", .exactly(64 * .mebibyte), from: source))
        #expect(larger.capacityBytes == 64 * .mebibyte)
        await expectRefusal(.outOfRange, .invalidArgument, saying: ["limit"]) {
          try await session.create(
            .named("smaller-\(index)", .exactly(8 * .mebibyte), from: source))
        }
      }
      #expect(try await session.volumeIDs().count == 5)
    }
  }

  @Test("keep their name for that source", arguments: Subject.all)
  func otherSource(subject: Subject) async throws {
    try await subject.with { session async throws in
      let a = try await session.create("a").volumeID
      let b = try await session.create("b").volumeID
      let snapshot = try await session.snapshot("s", of: a).snapshotID
      let copy = try await session.create(.named("copy", from: .volume(id: a)))
      for source in [nil, .volume(id: b), .snapshot(id: snapshot)] as [VolumeContentSource?] {
        await expectRefusal(.alreadyExists) {
          try await session.create(.named("copy", from: source))
        }
      }
      #expect(try await session.create(.named("copy", from: .volume(id: a))) == copy)
    }
  }

  @Test("do not depend on their source for their name's answer", arguments: Subject.all)
  func deletedSource(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create("a").volumeID
      let request = CreateVolumeRequest.named("copy", from: .volume(id: volume))
      let copy = try await session.create(request)
      do {
        try await session.delete(volume)
      } catch let error as RPCError {
        #expect(error.code == .failedPrecondition, "\(error)")
      }
      #expect(try await session.create(request) == copy)
    }
  }
}
