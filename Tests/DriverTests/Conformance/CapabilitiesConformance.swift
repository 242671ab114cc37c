import CSI
import GRPC
import Testing

@Suite("CSI conformance: capabilities")
struct CapabilitiesConformance {
  @Test(
    "name the controller service, and what the rest of the suite asks for", arguments: Subject.all)
  func advertised(subject: Subject) async throws {
    try await subject.with { session async throws in
      #expect(
        try await session.identity.getPluginCapabilities().capabilities.contains(
          .controllerService))
      #expect(try await session.identity.probe().ready != false)
      let capabilities = try await session.controller.getCapabilities().capabilities
      #expect(Set(capabilities).count == capabilities.count)
      let wanted: Set<ControllerCapability> = [
        .createDeleteVolume, .publishUnpublishVolume, .listVolumes, .getCapacity,
        .createDeleteSnapshot, .listSnapshots, .cloneVolume, .expandVolume,
        .listVolumesPublishedNodes, .volumeCondition, .getVolume, .getSnapshot,
      ]
      #expect(wanted.subtracting(capabilities) == [])
    }
  }

  @Test("that are not named are not served", arguments: Subject.all)
  func unimplemented(subject: Subject) async throws {
    try await subject.with { session async throws in
      let capabilities = try await session.controller.getCapabilities().capabilities
      guard !capabilities.contains(.modifyVolume) else { return }
      var request = ControllerModifyVolumeRequest()
      request.volumeID = try await session.create("a").volumeID
      request.mutableParameters = ["iops": "1"]
      await expectRefusal(.unimplemented) { [request] in
        try await session.controller.modifyVolume(request)
      }
    }
  }

  @Test("a secret is in no error", arguments: Subject.all)
  func secrets(subject: Subject) async throws {
    try await subject.with { session async throws in
      var create = CreateVolumeRequest.named("a", .exactly(1))
      create.secrets = Secrets(["key": "hunter2"])
      var expand = ControllerExpandVolumeRequest()
      expand.volumeID = "nv-aaaaaaaaaaaaaaaaaaaaaaaaaa"
      expand.capacityRange = .atLeast(1)
      expand.secrets = Secrets(["key": "hunter2"])
      for call in [
        { [create] in _ = try await session.controller.createVolume(create) },
        { [expand] in _ = try await session.controller.expandVolume(expand) },
      ] as [@Sendable () async throws -> Void] {
        do {
          try await call()
          Issue.record("it was answered")
        } catch let error as RPCError {
          #expect(!error.message.contains("hunter2"), "\(error)")
        }
      }
    }
  }
}
