import Backends
import CSI
import GRPC
import NVMe
import StateStore
import Synchronization
import Testing

@testable import Driver

@Suite("ControllerPublishVolume and ControllerUnpublishVolume")
struct PublishVolumeTests {
  typealias Harness = ControllerHarness

  private func allowed(_ harness: Harness) -> Set<NQN> {
    harness.backend.state.withLock { $0.volumes[harness.id("pvc-1")]?.export.allowedHosts ?? [] }
  }

  @Test("let in the node's host and shut it out, and can be repeated")
  func roundTrip() async throws {
    let harness = Harness()
    try await harness.live { controller in
      let id = try await controller.made(Harness.volume()).volumeID
      for _ in 0..<2 {
        try await controller.publish(id, to: "n1")
        #expect(allowed(harness) == [HostIdentity(nodeID: "n1").nqn])
      }
      for _ in 0..<2 {
        try await controller.unpublish(id, from: "n1")
        #expect(allowed(harness) == [])
      }
      try await controller.publish(id, to: "n2")
      try await controller.unpublish(id, from: "n1")
      #expect(allowed(harness) == [HostIdentity(nodeID: "n2").nqn])
    }
  }

  @Test("write the holder down before the target lets it in, and forget it after it is shut out")
  func order() async throws {
    let store = MemoryStateStore()
    let seen = Mutex<[String: Int]>([:])
    let harness = Harness(
      store: store,
      backend: MemoryBackend { step throws(BackendError) in
        guard step == "allow" || step == "revoke.done" else { return }
        let id = ObjectID(.volume, name: "pvc-1", cluster: "test")
        let record = try? await ObjectRecords<VolumeRecord>(store).record(of: id)
        seen.withLock { $0[step] = record?.record.holders.count }
      })
    try await harness.live { controller in
      let id = try await controller.made(Harness.volume()).volumeID
      try await controller.publish(id, to: "n1")
      try await controller.unpublish(id, from: "n1")
    }
    #expect(seen.withLock { $0 } == ["allow": 1, "revoke.done": 1])
  }

  @Test("keep the node a holder when the target did not let it in, or not shut it out")
  func faults() async throws {
    let fault = Mutex("allow")
    let harness = Harness(
      backend: MemoryBackend { step throws(BackendError) in
        if step == fault.withLock({ $0 }) { throw BackendError(.unavailable, "no target") }
      })
    try await harness.live { controller in
      let id = try await controller.made(Harness.volume()).volumeID
      #expect(await failureCode { try await controller.publish(id, to: "n1") } == .unavailable)
      #expect(
        await failureCode { try await controller.publish(id, to: "n2") } == .failedPrecondition)
      fault.withLock { $0 = "revoke" }
      #expect(await failureCode { try await controller.unpublish(id, from: "n1") } == .unavailable)
      let error = try await failure { try await controller.delete(id) }
      #expect(error.code == .failedPrecondition && error.message.contains("published to n1"))
      fault.withLock { $0 = "" }
      try await controller.unpublish(id, from: "n1")
      try await controller.publish(id, to: "n2")
    }
  }

  /// Who has it, who asks, and the refusal's code and what it names; nil: admitted.
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var holders: [(String, VolumeCapability)]
    var wanted: (String, VolumeCapability)
    var readonly = false
    var refusal: (StatusCode, String)?
  }

  static let cases: [Case] = {
    let mount = VolumeAccessTests.mount()
    let block = Harness.block()
    let shared = Harness.block(.multiNodeMultiWriter)
    return [
      Case(
        testDescription: "a file system on a second node", holders: [("n1", mount)],
        wanted: ("n2", mount), refusal: (.failedPrecondition, "node n1")),
      Case(
        testDescription: "single-node block on a second node", holders: [("n1", block)],
        wanted: ("n2", block), refusal: (.failedPrecondition, "node n1")),
      Case(
        testDescription: "multi-node block beside single-node block", holders: [("n1", block)],
        wanted: ("n2", shared), refusal: (.failedPrecondition, "node n1")),
      Case(
        testDescription: "single-node block beside multi-node block", holders: [("n1", shared)],
        wanted: ("n2", block), refusal: (.failedPrecondition, "node n1")),
      Case(
        testDescription: "multi-node block on a second node", holders: [("n1", shared)],
        wanted: ("n2", shared)),
      Case(
        testDescription: "multi-node block on a third node",
        holders: [("n1", shared), ("n2", shared)], wanted: ("n3", shared),
        refusal: (.failedPrecondition, "nodes n1 and n2")),
      Case(
        testDescription: "the same again", holders: [("n1", shared), ("n2", shared)],
        wanted: ("n2", shared)),
      Case(
        testDescription: "the same node in another mode", holders: [("n1", shared)],
        wanted: ("n1", block), refusal: (.alreadyExists, "MULTI_NODE_MULTI_WRITER")),
      Case(
        testDescription: "the same node as block instead", holders: [("n1", mount)],
        wanted: ("n1", block), refusal: (.alreadyExists, "file system")),
      Case(
        testDescription: "the same node read-only instead", holders: [("n1", mount)],
        wanted: ("n1", mount), readonly: true, refusal: (.alreadyExists, "read-only")),
      Case(
        testDescription: "a file system for many nodes", holders: [],
        wanted: ("n1", VolumeAccessTests.mount(mode: .multiNodeMultiWriter)),
        refusal: (.failedPrecondition, "volumeMode: Block")),
      Case(
        testDescription: "a read-only block device", holders: [], wanted: ("n1", block),
        readonly: true, refusal: (.failedPrecondition, "raw block")),
    ]
  }()

  @Test("never let two nodes write that were not meant to", arguments: cases)
  func holders(story: Case) async throws {
    let harness = Harness()
    try await harness.live { controller in
      let id = try await controller.made(
        Harness.volume(capabilities: [VolumeAccessTests.mount(), Harness.block()])
      ).volumeID
      for (node, capability) in story.holders {
        try await controller.publish(id, to: node, capability)
      }
      let before = allowed(harness)
      let (node, capability) = story.wanted
      if let (code, text) = story.refusal {
        let error = try await failure {
          try await controller.publish(id, to: node, capability, readonly: story.readonly)
        }
        #expect(error.code == code)
        #expect(error.message.contains(text), "\(error.message)")
        #expect(allowed(harness) == before)
      } else {
        try await controller.publish(id, to: node, capability, readonly: story.readonly)
        #expect(allowed(harness) == before.union([HostIdentity(nodeID: node).nqn]))
      }
    }
  }

  @Test("let in one of many nodes that ask at once")
  func race() async throws {
    let harness = Harness()
    try await harness.live { controller in
      let id = try await controller.made(Harness.volume()).volumeID
      let admitted = await withTaskGroup(of: Bool.self) { group in
        for number in 0..<32 {
          group.addTask {
            await failureCode { try await controller.publish(id, to: "n\(number)") } == nil
          }
        }
        return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      #expect(admitted == 1)
      #expect(allowed(harness).count == 1)
    }
  }

  @Test("shut out all nodes when none is named, also those that only the target knows")
  func everyNode() async throws {
    let harness = Harness()
    try await harness.live { controller in
      let id = try await controller.made(Harness.volume(capabilities: [Harness.block()])).volumeID
      for node in ["n1", "n2"] {
        try await controller.publish(id, to: node, Harness.block(.multiNodeMultiWriter))
      }
      let stranger = HostIdentity(nodeID: "forgotten").nqn
      harness.backend.state.withLock {
        _ = $0.volumes[harness.id("pvc-1")]?.export.allowedHosts.insert(stranger)
      }
      try await controller.unpublish(id, from: "")
      #expect(allowed(harness) == [])
      try await controller.delete(id)
    }
  }

  @Test("shut out a node that has no record, or that nobody knows any more")
  func strangers() async throws {
    let harness = Harness(nodes: ConfiguredNodes(nodes: ["n1"]))
    try await harness.live { controller in
      let id = try await controller.made(Harness.volume()).volumeID
      harness.backend.state.withLock {
        _ = $0.volumes[harness.id("pvc-1")]?.export.allowedHosts.insert(
          HostIdentity(nodeID: "gone").nqn)
      }
      try await controller.unpublish(id, from: "gone")
      #expect(allowed(harness) == [])
    }
  }

  @Test("shut a node out, and all nodes, when the storage cannot be looked at")
  func brokenStorage() async throws {
    let isBroken = Mutex(false)
    let harness = Harness(
      backend: MemoryBackend { step throws(BackendError) in
        guard ["volume", "volumes"].contains(step), isBroken.withLock({ $0 }) else { return }
        throw BackendError(.broken, "the image's record cannot be understood")
      })
    try await harness.live { controller in
      let id = try await controller.made(Harness.volume()).volumeID
      for node in ["n1", ""] {
        try await controller.publish(id, to: "n1")
        isBroken.withLock { $0 = true }
        try await controller.unpublish(id, from: node)
        isBroken.withLock { $0 = false }
        #expect(allowed(harness) == [])
        let record = try await controller.volumes.record(of: harness.id("pvc-1"))?.record
        #expect(record?.holders == [:])
      }
    }
  }

  @Test("say what is not there, and are done with what cannot be anywhere")
  func missing() async throws {
    let harness = Harness(nodes: ConfiguredNodes(nodes: ["n1"]))
    try await harness.live { controller in
      let id = try await controller.made(Harness.volume()).volumeID
      let none = ObjectID(.volume, name: "none", cluster: "test").description
      #expect(await failureCode { try await controller.publish(none, to: "n1") } == .notFound)
      #expect(await failureCode { try await controller.publish("x", to: "n1") } == .notFound)
      #expect(await failureCode { try await controller.publish(id, to: "n9") } == .notFound)
      #expect(await failureCode { try await controller.publish("", to: "n1") } == .invalidArgument)
      #expect(await failureCode { try await controller.publish(id, to: "") } == .invalidArgument)
      #expect(
        await failureCode { try await controller.unpublish("", from: "n1") } == .invalidArgument)
      try await controller.unpublish(none, from: "n1")
      try await controller.unpublish("x", from: "n1")
      var bare = ControllerPublishVolumeRequest()
      bare.volumeID = id
      bare.nodeID = "n1"
      let request = bare
      #expect(
        await failureCode { _ = try await controller.publishVolume(request, Harness.patient) }
          == .invalidArgument)
    }
  }
}
