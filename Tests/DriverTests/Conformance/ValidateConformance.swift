import CSI
import GRPC
import Testing

@Suite("CSI conformance: ValidateVolumeCapabilities")
struct ValidateConformance {
  private static func request(
    _ id: String, _ capabilities: [VolumeCapability]
  ) -> ValidateVolumeCapabilitiesRequest {
    var request = ValidateVolumeCapabilitiesRequest()
    request.volumeID = id
    request.volumeCapabilities = capabilities
    return request
  }

  @Test(
    "refuses what lacks an id or capabilities, and volumes that are not there",
    arguments: Subject.all)
  func required(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create("a").volumeID
      await expectRefusal(.invalidArgument, saying: ["volume_id"]) {
        try await session.controller.validateVolumeCapabilities(Self.request("", [.mounted]))
      }
      await expectRefusal(.invalidArgument, saying: ["volume_capabilities"]) {
        try await session.controller.validateVolumeCapabilities(Self.request(volume, []))
      }
      for id in foreignIDs {
        await expectRefusal(.notFound) {
          try await session.controller.validateVolumeCapabilities(Self.request(id, [.mounted]))
        }
      }
    }
  }

  @Test("confirms what the volume can do, all that was asked", arguments: Subject.all)
  func confirms(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create(.named("a", .atLeast(.mebibyte), [.mounted, .block]))
      var request = Self.request(volume.volumeID, [.mounted, .block])
      request.volumeContext = volume.volumeContext
      let answer = try await session.controller.validateVolumeCapabilities(request)
      #expect(answer.confirmed?.volumeCapabilities == request.volumeCapabilities)
      #expect(answer.confirmed?.volumeContext == request.volumeContext)
    }
  }

  @Test("confirms nothing of what the volume cannot do, and says why", arguments: Subject.all)
  func denies(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create("a").volumeID
      for list in [[VolumeCapability.sharedMount], [.mounted, .sharedMount]] {
        let answer = try await session.controller.validateVolumeCapabilities(
          Self.request(volume, list))
        #expect(answer.confirmed == nil)
        #expect(answer.message.contains("ReadWriteOnce"))
        #expect(answer.message.contains("volumeMode: Block"))
      }
      var request = Self.request(volume, [.mounted])
      request.parameters = ["colour": "blue"]
      let parameters = try await session.controller.validateVolumeCapabilities(request)
      #expect(parameters.confirmed == nil)
      #expect(!parameters.message.isEmpty)
      request.parameters = [:]
      request.volumeContext = ["nqn": "nqn.2024-01.io.example:another"]
      #expect(
        try await session.controller.validateVolumeCapabilities(request).confirmed == nil)
    }
  }
}
