import Backends
import CSI
import GRPC
import Logging
import StateStore
import Synchronization
import Testing

@testable import Driver

@Suite("The controller's other answers about volumes")
struct ControllerVolumeTests {
  typealias Harness = ControllerHarness

  @Test("a volume grows, never shrinks, keeps to the limit, and the node is to follow each time")
  func expand() async throws {
    let harness = Harness()
    try await harness.live { controller in
      let id = try await controller.made(Harness.volume()).volumeID
      for _ in 0..<2 {
        let answer = try await controller.expand(id, to: 3 * Harness.GiB)
        #expect(answer == .init(capacityBytes: 3 * Harness.GiB, nodeExpansionRequired: true))
      }
      let smaller = try await controller.expand(id, to: Harness.GiB)
      #expect(smaller.capacityBytes == 3 * Harness.GiB)
      #expect(
        await failureCode { _ = try await controller.expand(id, to: 1, limit: Harness.GiB) }
          == .outOfRange)
      let limited = try await failure {
        _ = try await controller.expand(id, to: 1, limit: Harness.GiB)
      }
      #expect(limited.message.contains("the volume has 3221225472 bytes"), "\(limited.message)")
      #expect(await failureCode { _ = try await controller.expand(id, to: .max) } == .outOfRange)
      #expect(await failureCode { _ = try await controller.expand("x", to: 5) } == .notFound)
      var request = ControllerExpandVolumeRequest()
      request.volumeID = id
      let bare = request
      #expect(
        await failureCode { _ = try await controller.expandVolume(bare, Harness.patient) }
          == .invalidArgument)
    }
  }

  @Test("a growth that was cut short is as large as it was asked for, whoever asks for less")
  func unfinishedGrowth() async throws {
    let isAway = Mutex(true)
    let harness = Harness(
      backend: MemoryBackend { step throws(BackendError) in
        guard step == "expandVolume.done", isAway.withLock({ $0 }) else { return }
        throw BackendError(.unavailable, "no target")
      })
    try await harness.live { controller in
      let id = try await controller.made(Harness.volume()).volumeID
      #expect(
        await failureCode { _ = try await controller.expand(id, to: 5 * Harness.GiB) }
          == .unavailable)
      isAway.withLock { $0 = false }
      // The storage has 5 GiB by now: no promise of less can be kept.
      let error = try await failure {
        _ = try await controller.expand(id, to: 3 * Harness.GiB, limit: 4 * Harness.GiB)
      }
      #expect(error.code == .outOfRange)
      #expect(error.message.contains("the volume has 5368709120 bytes"), "\(error.message)")
      #expect(try await controller.expand(id, to: 3 * Harness.GiB).capacityBytes == 5 * Harness.GiB)
      let record = try await controller.volumes.record(of: harness.id("pvc-1"))?.record
      #expect(record?.size == 5 * Harness.GiB && record?.targetSize == nil)
    }
  }

  @Test("a volume that cannot grow for want of room is as it was, and can be used")
  func noRoom() async throws {
    let harness = Harness()
    try await harness.live { controller in
      let id = try await controller.made(Harness.volume()).volumeID
      _ = try await controller.made(Harness.volume("other", size: 90 * Harness.GiB))
      #expect(
        await failureCode { _ = try await controller.expand(id, to: 50 * Harness.GiB) }
          == .resourceExhausted)
      let record = try await controller.volumes.record(of: harness.id("pvc-1"))?.record
      #expect(record?.size == 2 * Harness.GiB && record?.targetSize == nil)
      #expect(try await controller.expand(id, to: 3 * Harness.GiB).capacityBytes == 3 * Harness.GiB)
    }
  }

  @Test("a volume that a node has is not deleted; one that is not there is")
  func delete() async throws {
    let harness = Harness()
    try await harness.live { controller in
      let id = try await controller.made(Harness.volume()).volumeID
      try await controller.publish(id, to: "n1")
      let error = try await failure { try await controller.delete(id) }
      #expect(error.code == .failedPrecondition && error.message.contains("n1"))
      try await controller.unpublish(id, from: "n1")
      for _ in 0..<2 { try await controller.delete(id) }
      try await controller.delete("nonesuch")
      #expect(await failureCode { try await controller.delete("") } == .invalidArgument)
    }
    #expect(harness.backend.state.withLock { $0.volumes.isEmpty && $0.data.isEmpty })
  }

  @Test("a volume that something depends on is not deleted, and is what it was")
  func dependants() async throws {
    let isUsed = Mutex(true)
    let harness = Harness(
      backend: MemoryBackend { step throws(BackendError) in
        guard step == "deleteVolume" || step == "deleteSnapshot", isUsed.withLock({ $0 }) else {
          return
        }
        throw BackendError(.inUse, "a clone shares its blocks")
      })
    try await harness.live { controller in
      let id = try await controller.made(Harness.volume()).volumeID
      let snapshot = try await controller.taken("s", of: id).snapshotID
      let error = try await failure { try await controller.delete(id) }
      #expect(error.code == .failedPrecondition && error.message.contains("shares its blocks"))
      #expect(
        await failureCode { try await controller.deleteSnapshot(snapshot) } == .failedPrecondition)
      try await controller.publish(id, to: "n1")
      try await controller.unpublish(id, from: "n1")
      #expect(try await controller.taken("s", of: id).readyToUse)
      isUsed.withLock { $0 = false }
      try await controller.delete(id)
      try await controller.deleteSnapshot(snapshot)
    }
  }

  @Test("what is possible is confirmed, and what is not has a message")
  func validate() async throws {
    let harness = Harness()
    try await harness.live { controller in
      let volume = try await controller.made(Harness.volume(parameters: ["ctrlLossTmo": "9"]))
      var request = ValidateVolumeCapabilitiesRequest()
      request.volumeID = volume.volumeID
      request.volumeCapabilities = [VolumeAccessTests.mount(), Harness.block()]
      request.volumeContext = volume.volumeContext
      request.parameters = ["ctrlLossTmo": "9"]
      let good = request
      let answer = try await controller.validateVolumeCapabilities(good, Harness.patient)
      #expect(answer.confirmed?.volumeCapabilities == good.volumeCapabilities)
      #expect(answer.confirmed?.volumeContext == good.volumeContext)
      #expect(answer.confirmed?.parameters == good.parameters)
      var shared = good
      shared.volumeCapabilities = [VolumeAccessTests.mount(mode: .multiNodeMultiWriter)]
      var context = good
      context.volumeContext["nsid"] = "2"
      var parameters = good
      parameters.parameters = ["ctrlLossTmo": "10"]
      for (request, text) in [
        (shared, "volumeMode: Block"), (context, "volume_context"), (parameters, "parameters"),
      ] {
        let answer = try await controller.validateVolumeCapabilities(request, Harness.patient)
        #expect(answer.confirmed == nil)
        #expect(answer.message.contains(text), "\(answer.message)")
      }
      var bare = good
      bare.volumeCapabilities = []
      var unset = good
      unset.volumeCapabilities = [VolumeCapability(accessType: nil, accessMode: .singleNodeWriter)]
      var missing = good
      missing.volumeID = "nonesuch"
      for (request, code) in [
        (bare, StatusCode.invalidArgument), (unset, .invalidArgument), (missing, .notFound),
      ] {
        #expect(
          await failureCode {
            _ = try await controller.validateVolumeCapabilities(request, Harness.patient)
          } == code)
      }
    }
  }

  @Test("capacity is what there is, and nothing for what cannot be")
  func capacity() async throws {
    var harness = Harness()
    harness.configuration.topology = ["zone": "a"]
    try await harness.live { controller in
      _ = try await controller.made(Harness.volume())
      let plain = try await controller.getCapacity(GetCapacityRequest(), Harness.patient)
      #expect(plain.availableCapacity == 98 * Harness.GiB)
      #expect(plain.minimumVolumeSize == 1 << 20)
      var shared = GetCapacityRequest()
      shared.volumeCapabilities = [VolumeAccessTests.mount(mode: .multiNodeMultiWriter)]
      var far = GetCapacityRequest()
      far.accessibleTopology = Topology(segments: ["zone": "b"])
      for request in [shared, far] {
        #expect(try await controller.getCapacity(request, Harness.patient).availableCapacity == 0)
      }
      var odd = GetCapacityRequest()
      odd.parameters = ["thikc": "1"]
      let request = odd
      #expect(
        await failureCode { _ = try await controller.getCapacity(request, Harness.patient) }
          == .invalidArgument)
    }
  }

  static let offers: [(Set<BackendCapability>, [ControllerCapability])] = [
    ([], [.publishUnpublishVolume, .singleNodeMultiWriter]),
    (
      [.volumes, .capacity, .hostAccess],
      [.publishUnpublishVolume, .singleNodeMultiWriter, .createDeleteVolume, .getCapacity]
    ),
    (
      Set(BackendCapability.allCases),
      [
        .publishUnpublishVolume, .singleNodeMultiWriter, .createDeleteVolume, .listVolumes,
        .listVolumesPublishedNodes, .volumeCondition, .getVolume, .getCapacity,
        .createDeleteSnapshot, .listSnapshots, .getSnapshot, .cloneVolume, .expandVolume,
      ]
    ),
  ]

  @Test("what the backend can do is advertised, and the rest is not implemented", arguments: offers)
  func advertised(
    capabilities: Set<BackendCapability>, advertised: [ControllerCapability]
  ) async throws {
    let harness = Harness(backend: MemoryBackend(capabilities: capabilities))
    try await harness.live { controller in
      let answer = try await controller.getCapabilities(
        ControllerGetCapabilitiesRequest(), Harness.patient)
      #expect(answer.capabilities == advertised)
      let calls: [(ControllerCapability, @Sendable () async throws -> Void)] = [
        (.createDeleteVolume, { _ = try await controller.made(Harness.volume()) }),
        (.listVolumes, { _ = try await controller.listVolumes(.init(), Harness.patient) }),
        (.getCapacity, { _ = try await controller.getCapacity(.init(), Harness.patient) }),
        (.listSnapshots, { _ = try await controller.listSnapshots(.init(), Harness.patient) }),
        (.expandVolume, { _ = try await controller.expand("x", to: 1) }),
        (.modifyVolume, { _ = try await controller.modifyVolume(.init(), Harness.patient) }),
      ]
      for (capability, call) in calls {
        let isUnimplemented = await failureCode(call) == .unimplemented
        #expect(isUnimplemented == !advertised.contains(capability), "\(capability)")
      }
    }
  }

  @Test("nothing is served before the storage has its exports back")
  func notReady() async throws {
    let controller = VolumeController(
      ControllerConfiguration(clusterID: "test"), backend: MemoryBackend(),
      store: MemoryStateStore(), nodes: ConfiguredNodes(nodes: nil), metrics: DriverMetrics(),
      logger: .init(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    controller.readiness.delay("no configfs")
    let error = try await failure { _ = try await controller.made(Harness.volume()) }
    #expect(error.code == .unavailable)
    #expect(error.message.contains("no configfs"))
  }
}
