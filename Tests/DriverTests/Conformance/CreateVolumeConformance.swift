import CSI
import GRPC
import Testing

@Suite("CSI conformance: CreateVolume")
struct CreateVolumeConformance {
  @Test("refuses what lacks a name, capabilities, or half of one", arguments: Subject.all)
  func required(subject: Subject) async throws {
    try await subject.with { session async throws in
      await expectRefusal(.invalidArgument, saying: ["name"]) {
        try await session.create(.named(""))
      }
      await expectRefusal(.invalidArgument, saying: ["capabilit"]) {
        try await session.create(.named("a", .atLeast(.mebibyte), []))
      }
      let noType = VolumeCapability(accessType: nil, accessMode: .singleNodeWriter)
      let noMode = VolumeCapability(accessType: .block, accessMode: .unknown)
      for capability in [noType, noMode] {
        await expectRefusal(.invalidArgument) {
          try await session.create(.named("a", .atLeast(.mebibyte), [.mounted, capability]))
        }
      }
      for source in [VolumeContentSource.unknown, .snapshot(id: ""), .volume(id: "")] {
        await expectRefusal(.invalidArgument) {
          try await session.create(.named("a", from: source))
        }
      }
      #expect(try await session.volumeIDs() == [])
    }
  }

  @Test("answers an id and a context that other calls can carry", arguments: Subject.all)
  func answer(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create(
        .named("a", .atLeast(16 * .mebibyte), [.mounted, .block]))
      // The specification's "Size Limits".
      #expect((1...128).contains(volume.volumeID.utf8.count))
      let context = volume.volumeContext.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
      #expect(context <= 4096)
      #expect(volume.capacityBytes >= 16 * .mebibyte)
      #expect(volume.contentSource == nil)
      #expect(try await session.volumeIDs() == [volume.volumeID])
    }
  }

  @Test("is the same volume for the same name, as often as it is asked", arguments: Subject.all)
  func idempotent(subject: Subject) async throws {
    try await subject.with { session async throws in
      let first = try await session.create("a")
      for _ in 0..<5 { #expect(try await session.create("a") == first) }
      // A range that the volume fits is compatible.
      for range in [nil, CapacityRange.atLeast(1), .exactly(first.capacityBytes)] {
        #expect(try await session.create(.named("a", range)) == first)
      }
      #expect(try await session.volumeIDs() == [first.volumeID])
    }
  }

  @Test("refuses the name of a volume that is something else", arguments: Subject.all)
  func incompatible(subject: Subject) async throws {
    try await subject.with { session async throws in
      let other = try await session.create("other")
      let first = try await session.create("a")
      await expectRefusal(.alreadyExists) {
        try await session.create(.named("a", .atLeast(first.capacityBytes + 1)))
      }
      await expectRefusal(.alreadyExists) {
        try await session.create(.named("a", .atMost(first.capacityBytes - 1)))
      }
      await expectRefusal(.alreadyExists) {
        try await session.create(.named("a", from: .volume(id: other.volumeID)))
      }
      if !subject.parameters.isEmpty {
        var request = CreateVolumeRequest.named("a")
        request.parameters = subject.parameters
        await expectRefusal(.alreadyExists) { [request] in try await session.create(request) }
      }
      #expect(try await session.create("a") == first)
    }
  }

  @Test("makes a new volume under a deleted one's name", arguments: Subject.all)
  func again(subject: Subject) async throws {
    try await subject.with { session async throws in
      let first = try await session.create("a")
      try await session.delete(first.volumeID)
      #expect(try await session.volumeIDs() == [])
      // Another size than before: nothing of the old one is remembered.
      let second = try await session.create(.named("a", .exactly(32 * .mebibyte)))
      #expect(second.capacityBytes == 32 * .mebibyte)
      #expect(try await session.volumeIDs() == [second.volumeID])
    }
  }

  @Test("refuses a file system on several nodes and says what to do", arguments: Subject.all)
  func sharedFileSystem(subject: Subject) async throws {
    try await subject.with { session async throws in
      for mode in [VolumeCapability.AccessMode.multiNodeMultiWriter, .multiNodeSingleWriter] {
        let capability = VolumeCapability(
          accessType: .mount(.init()), accessMode: mode)
        for list in [[capability], [.mounted, capability]] {
          await expectRefusal(
            .invalidArgument, .failedPrecondition, saying: ["ReadWriteOnce", "volumeMode: Block"]
          ) { try await session.create(.named("a", .atLeast(.mebibyte), list)) }
        }
      }
      #expect(try await session.volumeIDs() == [])
      _ = try await session.create(.named("a", .atLeast(.mebibyte), [.sharedBlock]))
    }
  }

  @Test("makes volumes only where they can be reached from", arguments: Subject.all)
  func topology(subject: Subject) async throws {
    try await subject.with { session async throws in
      func request(_ requisite: [Topology]) -> CreateVolumeRequest {
        var request = CreateVolumeRequest.named("a")
        request.accessibilityRequirements = TopologyRequirement(
          requisite: requisite, preferred: [])
        return request
      }
      await expectRefusal(.resourceExhausted, saying: ["accessibility_requirements"]) {
        try await session.create(request([subject.elsewhere]))
      }
      #expect(try await session.volumeIDs() == [])
      let volume = try await session.create(request([subject.elsewhere, subject.topology]))
      #expect(volume.accessibleTopology == [subject.topology])
      #expect(try await session.create(request([])) == volume)
      await expectRefusal(.alreadyExists, saying: ["accessibility_requirements"]) {
        try await session.create(request([subject.elsewhere]))
      }
      #expect(try await session.get(volume.volumeID).volume == volume)
    }
  }

  @Test("refuses parameters that it does not know, naming them", arguments: Subject.all)
  func parameters(subject: Subject) async throws {
    try await subject.with { session async throws in
      var request = CreateVolumeRequest.named("a")
      request.parameters = ["colour": "blue"]
      request.secrets = Secrets(["key": "hunter2"])
      await expectRefusal(.invalidArgument, saying: ["colour"]) { [request] in
        try await session.create(request)
      }
      request.parameters = [:]
      request.mutableParameters = ["colour": "blue"]
      await expectRefusal(.invalidArgument, saying: ["colour"]) { [request] in
        try await session.create(request)
      }
      #expect(try await session.volumeIDs() == [])
      // What external-provisioner adds with --extra-create-metadata.
      request.mutableParameters = [:]
      request.parameters = subject.parameters.merging([
        "csi.storage.k8s.io/pvc/name": "data", "csi.storage.k8s.io/pvc/namespace": "default",
        "csi.storage.k8s.io/pv/name": "pvc-1",
      ]) { $1 }
      _ = try await session.create(request)
    }
  }
}
