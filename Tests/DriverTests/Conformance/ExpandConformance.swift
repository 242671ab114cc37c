import CSI
import GRPC
import Testing

@Suite("CSI conformance: ControllerExpandVolume")
struct ExpandConformance {
  @Test(
    "refuses what lacks an id or a size, and volumes that are not there", arguments: Subject.all)
  func required(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create("a")
      await expectRefusal(.invalidArgument, saying: ["volume_id"]) {
        try await session.expand("", .atLeast(.gibibyte))
      }
      await expectRefusal(.invalidArgument, saying: ["capacity_range"]) {
        try await session.expand(volume.volumeID, nil)
      }
      for id in foreignIDs {
        await expectRefusal(.notFound) { try await session.expand(id, .atLeast(.gibibyte)) }
      }
    }
  }

  @Test("grows a volume, and tells retries that the node has to follow", arguments: Subject.all)
  func grows(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create("a").volumeID
      let expected = ControllerExpandVolumeResponse(
        capacityBytes: 11_005_853_696, nodeExpansionRequired: true)
      for _ in 0..<3 {
        #expect(try await session.expand(volume, .atLeast(11_005_853_696)) == expected)
      }
      #expect(try await session.get(volume).volume?.capacityBytes == 11_005_853_696)
      #expect(try await session.list().entries.first?.volume?.capacityBytes == 11_005_853_696)
      // Without a word of how it is used the node has to follow as well.
      #expect(try await session.expand(volume, .atLeast(1), nil) == expected)
    }
  }

  @Test("never shrinks", arguments: Subject.all)
  func shrinks(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create(.named("a", .exactly(.gibibyte))).volumeID
      for range in [CapacityRange.atLeast(1), .atLeast(16 * .mebibyte), .atLeast(.gibibyte)] {
        #expect(try await session.expand(volume, range).capacityBytes == .gibibyte)
      }
      await expectRefusal(.outOfRange, saying: ["limit"]) {
        try await session.expand(volume, .exactly(16 * .mebibyte))
      }
      #expect(try await session.get(volume).volume?.capacityBytes == .gibibyte)
    }
  }

  @Test("refuses sizes that cannot be, and keeps the volume as it is", arguments: Subject.all)
  func impossible(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create("a")
      await expectRefusal(.outOfRange, .invalidArgument, saying: ["limit"]) {
        try await session.expand(
          volume.volumeID, CapacityRange(requiredBytes: 2 * .gibibyte, limitBytes: .gibibyte))
      }
      for size in [subject.tooLarge, .max - 4095, .max - 1, .max] {
        await expectRefusal(.outOfRange, .resourceExhausted) {
          try await session.expand(volume.volumeID, .atLeast(size))
        }
      }
      await expectRefusal(.outOfRange, .invalidArgument) {
        try await session.expand(volume.volumeID, .atLeast(-1))
      }
      #expect(try await session.get(volume.volumeID).volume == volume)
    }
  }

  @Test("refuses ways of access that no volume has", arguments: Subject.all)
  func capabilities(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create("a")
      var flags = VolumeCapability.MountVolume()
      flags.mountFlags = ["bind"]
      for capability in [
        .sharedMount, VolumeCapability(accessType: nil, accessMode: .singleNodeWriter),
        VolumeCapability(accessType: .block, accessMode: .unknown),
        VolumeCapability(accessType: .block, accessMode: .singleNodeReaderOnly),
        VolumeCapability(accessType: .mount(flags), accessMode: .singleNodeWriter),
      ] {
        await expectRefusal(.invalidArgument) {
          try await session.expand(volume.volumeID, .atLeast(.gibibyte), capability)
        }
      }
      #expect(try await session.get(volume.volumeID).volume == volume)
    }
  }

  @Test("keeps the size where none is said", arguments: Subject.all)
  func noSize(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create("a")
      for range in [CapacityRange.atLeast(0), .atMost(.max), .atMost(volume.capacityBytes)] {
        let answer = try await session.expand(volume.volumeID, range)
        #expect(answer.capacityBytes == volume.capacityBytes)
        #expect(answer.nodeExpansionRequired)
      }
      #expect(try await session.get(volume.volumeID).volume == volume)
    }
  }

  @Test("grows a volume that a node has", arguments: Subject.all)
  func online(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create("a").volumeID
      try await session.publish(volume, on: subject.nodes[0])
      let grown = try await session.expand(volume, .exactly(64 * .mebibyte))
      #expect(grown.capacityBytes == 64 * .mebibyte)
      #expect(grown.nodeExpansionRequired)
      #expect(try await session.get(volume).status?.publishedNodeIDs == [subject.nodes[0]])
    }
  }

  @Test("leaves the name's create as it was, where the size still fits", arguments: Subject.all)
  func createAgain(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create("a")
      _ = try await session.expand(volume.volumeID, .exactly(64 * .mebibyte))
      let again = try await session.create("a")
      #expect(again.volumeID == volume.volumeID)
      #expect(again.capacityBytes == 64 * .mebibyte)
    }
  }
}
