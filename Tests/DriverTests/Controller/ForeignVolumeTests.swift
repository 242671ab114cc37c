import Backends
import CSI
import GRPC
import NVMe
import StateStore
import Synchronization
import Testing

@testable import Driver

@Suite("Volumes that somebody else made")
struct ForeignVolumeTests {
  typealias Harness = ControllerHarness

  private func request(
    _ context: [String: String], node: String = "n1"
  ) -> ControllerPublishVolumeRequest {
    var request = Harness.publish("data of team a", to: node)
    request.volumeContext = context
    return request
  }

  @Test("are published under any id, to one node at a time, and forgotten afterwards")
  func publish() async throws {
    let harness = Harness(backend: MemoryBackend(capabilities: []))
    var context = VolumeSourceTests.minimal
    context["storage.kubernetes.io/csiProvisionerIdentity"] = "x"
    try await harness.live { [context] controller in
      for _ in 0..<2 {
        _ = try await controller.publishVolume(request(context), Harness.patient)
      }
      let error = try await failure {
        _ = try await controller.publishVolume(request(context, node: "n2"), Harness.patient)
      }
      #expect(error.code == .failedPrecondition && error.message.contains("node n1"))
      var validate = ValidateVolumeCapabilitiesRequest()
      validate.volumeID = "data of team a"
      validate.volumeCapabilities = [VolumeAccessTests.mount()]
      validate.volumeContext = context
      let answer = try await controller.validateVolumeCapabilities(validate, Harness.patient)
      #expect(answer.confirmed != nil, "\(answer.message)")
      for _ in 0..<2 { try await controller.unpublish("data of team a", from: "n1") }
      #expect(try await controller.volumes.ids() == [])
      _ = try await controller.publishVolume(request(context, node: "n2"), Harness.patient)
    }
    #expect(harness.backend.state.withLock { $0.calls.contains("allow") } == false)
  }

  @Test("are refused when nothing says where they are, or says it wrongly")
  func unknown() async throws {
    try await Harness(backend: MemoryBackend(capabilities: [])).live { controller in
      #expect(
        await failureCode { _ = try await controller.publishVolume(request([:]), Harness.patient) }
          == .notFound)
      var context = VolumeSourceTests.minimal
      context["nsid"] = "zero"
      let wrong = context
      #expect(
        await failureCode {
          _ = try await controller.publishVolume(request(wrong), Harness.patient)
        } == .invalidArgument)
      #expect(
        await failureCode { _ = try await controller.made(Harness.volume()) } == .unimplemented)
    }
  }

  @Test("are listed as the backend lists them, with who has them")
  func listed() async throws {
    let harness = Harness(backend: MemoryBackend(capabilities: [.listing]))
    let ids = (0..<3).map { ObjectID(.volume, name: "\($0)", cluster: "else") }.sorted()
    for id in ids {
      let export = try MemoryBackend.export(id)
      harness.backend.state.withLock {
        $0.volumes[id] = BackendVolume(
          id: id, size: 5, content: .empty, export: export, fault: nil)
      }
    }
    try await harness.live { controller in
      try await controller.publish(ids[1].description, to: "n1")
      var request = ListVolumesRequest()
      request.maxEntries = 2
      let first = try await controller.listVolumes(request, Harness.patient)
      request.startingToken = first.nextToken
      let second = try await controller.listVolumes(request, Harness.patient)
      #expect(second.nextToken == "")
      let entries = first.entries + second.entries
      #expect(entries.map(\.volume?.volumeID) == ids.map(\.description))
      #expect(entries.map(\.status?.publishedNodeIDs) == [[], ["n1"], []])
      #expect(entries.map(\.volume?.capacityBytes) == [5, 5, 5])
      _ = try VolumeSource(context: entries[1].volume?.volumeContext ?? [:])

      // Whose holders cannot be read is listed with that.
      let key = "volumes/\(ids[1])"
      _ = try await harness.store.put(
        key, [1], ifVersion: try await harness.store.get(key)?.version)
      let all = try await controller.listVolumes(ListVolumesRequest(), Harness.patient).entries
      #expect(all.map(\.volume?.volumeID) == ids.map(\.description))
      #expect(all.map(\.volume?.capacityBytes) == [5, 5, 5])
      #expect(all.map(\.status?.volumeCondition?.abnormal) == [false, true, false])
      #expect(
        all[1].status?.volumeCondition?.message.contains("cannot be understood") == true)
    }
  }
}
