import Backends
import CSI
import GRPC
import NVMe
import StateStore
import Synchronization
import Testing

@testable import Driver

@Suite("CreateVolume")
struct CreateVolumeTests {
  typealias Harness = ControllerHarness

  @Test("answers with the size made and with everything that a node needs")
  func answer() async throws {
    let harness = Harness()
    try await harness.live { controller in
      let volume = try await controller.made(
        Harness.volume(
          size: 10_000_000_001,
          parameters: [
            "ctrlLossTmo": "600", "thick": "true", "csi.storage.k8s.io/pvc/name": "data",
          ]))
      let id = harness.id("pvc-1")
      #expect(volume.volumeID == id.description)
      #expect(volume.capacityBytes == 10_000_269_312)
      let export = try MemoryBackend.export(id)
      #expect(
        volume.volumeContext == [
          "nqn": export.nqn.rawValue, "nsid": "1", "uuid": export.uuid.description,
          "portals": "192.0.2.1:4420", "transport": "tcp", "ctrlLossTmo": "600",
        ])
      // The node service takes it as it is.
      _ = try VolumeSource(context: volume.volumeContext)
      #expect(
        try await controller.made(
          Harness.volume(
            size: 10_000_000_001,
            parameters: [
              "ctrlLossTmo": "600", "thick": "true", "csi.storage.k8s.io/pvc/name": "other",
            ])) == volume)
    }
    #expect(harness.backend.state.withLock { $0.made } == 1)
  }

  static let ranges: [(required: Int64, limit: Int64, size: Int64?, code: StatusCode?)] = [
    (0, 0, 1 << 30, nil),
    (0, 1 << 20, 1 << 20, nil),
    (1, 0, 1 << 20, nil),
    (11_005_853_696, 0, 11_005_853_696, nil),
    ((1 << 20) + 1, 2 << 20, 2 << 20, nil),
    ((1 << 20) + 1, (1 << 20) + 2, nil, .outOfRange),
    (2 << 20, 1 << 20, nil, .outOfRange),
    (-1, 0, nil, .invalidArgument),
    (0, -1, nil, .invalidArgument),
    (101 << 30, 0, nil, .outOfRange),
    (.max, 0, nil, .outOfRange),
  ]

  @Test("keeps to the capacity range, to the byte", arguments: ranges)
  func capacity(required: Int64, limit: Int64, size: Int64?, code: StatusCode?) async throws {
    let harness = Harness()
    try await harness.live { controller in
      let request = Harness.volume(size: required, limit: limit)
      if let size {
        let volume = try await controller.made(request)
        #expect(volume.capacityBytes == size)
      } else {
        #expect(await failureCode { _ = try await controller.made(request) } == code)
      }
    }
    if size == nil { #expect(harness.backend.state.withLock { $0.volumes.isEmpty }) }
  }

  static let refused: [(String, CreateVolumeRequest, StatusCode)] = {
    var noCapabilities = Harness.volume()
    noCapabilities.volumeCapabilities = []
    var mutable = Harness.volume()
    mutable.mutableParameters = ["iops": "5"]
    return [
      ("name is missing", Harness.volume(""), .invalidArgument),
      ("253", Harness.volume(String(repeating: "x", count: 254)), .invalidArgument),
      ("control character", Harness.volume("a\u{1}b"), .invalidArgument),
      ("volume_capabilities is missing", noCapabilities, .invalidArgument),
      (
        "volumeMode: Block",
        Harness.volume(capabilities: [VolumeAccessTests.mount(mode: .multiNodeMultiWriter)]),
        .invalidArgument
      ),
      ("'thikc'", Harness.volume(parameters: ["thikc": "1"]), .invalidArgument),
      ("parameters['nqn']", Harness.volume(parameters: ["nqn": "x"]), .invalidArgument),
      (
        "parameters['ctrlLossTmo']", Harness.volume(parameters: ["ctrlLossTmo": "soon"]),
        .invalidArgument
      ),
      ("iops", mutable, .invalidArgument),
      ("neither snapshot nor volume", Harness.volume(from: .unknown), .invalidArgument),
      ("does not exist", Harness.volume(from: .snapshot(id: "nonesuch")), .notFound),
      (
        "does not exist",
        Harness.volume(
          from: .snapshot(id: ObjectID(.snapshot, name: "x", cluster: "test").description)),
        .notFound
      ),
      (
        "does not exist",
        Harness.volume(
          from: .volume(id: ObjectID(.volume, name: "x", cluster: "test").description)),
        .notFound
      ),
      ("'rdma'", Harness.volume(parameters: ["transport": "rdma"]), .invalidArgument),
    ]
  }()

  @Test("refuses what cannot be, says why, and leaves nothing", arguments: refused)
  func refusals(text: String, request: CreateVolumeRequest, code: StatusCode) async throws {
    let harness = Harness()
    try await harness.live { controller in
      let error = try await failure { _ = try await controller.made(request) }
      #expect(error.code == code)
      #expect(error.message.contains(text), "\(error.message)")
      #expect(try await controller.volumes.ids() == [])
    }
    #expect(harness.backend.state.withLock { $0.made == 0 && $0.leftovers.isEmpty })
  }

  @Test("refuses a source of a kind that the backend makes no volumes from")
  func unsupportedSource() async throws {
    let backend = MemoryBackend(capabilities: [.volumes, .listing])
    try await Harness(backend: backend).live { controller in
      let volume = try await controller.made(Harness.volume()).volumeID
      let snapshot = ObjectID(.snapshot, name: "s", cluster: "test").description
      for source in [VolumeContentSource.volume(id: volume), .snapshot(id: snapshot)] {
        let error = try await failure {
          _ = try await controller.made(Harness.volume("b", from: source))
        }
        #expect(error.code == .invalidArgument)
        #expect(error.message.contains("makes no volume from a"), "\(error.message)")
      }
    }
    #expect(backend.state.withLock { $0.made } == 1)
  }

  static let contradictions: [(String, CreateVolumeRequest)] = [
    ("has 2147483648 bytes", Harness.volume(size: 3 * Harness.GiB)),
    ("has 2147483648 bytes", Harness.volume(size: 0, limit: Harness.GiB)),
    ("parameters differ", Harness.volume(parameters: ["thick": "true"])),
    ("parameters differ", Harness.volume(parameters: ["ctrlLossTmo": "5"])),
    ("made for mount SINGLE_NODE_WRITER", Harness.volume(capabilities: [Harness.block()])),
    (
      "its content came from elsewhere",
      Harness.volume(from: .volume(id: ObjectID(.volume, name: "o", cluster: "test").description))
    ),
  ]

  @Test("refuses a name that is taken by something else", arguments: contradictions)
  func alreadyExists(text: String, request: CreateVolumeRequest) async throws {
    try await Harness().live { controller in
      _ = try await controller.made(Harness.volume("o"))
      _ = try await controller.made(Harness.volume())
      let error = try await failure { _ = try await controller.made(request) }
      #expect(error.code == .alreadyExists)
      #expect(error.message.contains(text), "\(error.message)")
    }
  }

  @Test("makes one volume when a hundred ask for the same name at once")
  func concurrent() async throws {
    let harness = Harness(
      backend: MemoryBackend { step throws(BackendError) in
        if step == "createVolume.copy" { try? await Task.sleep(for: .milliseconds(50)) }
      })
    try await harness.live { controller in
      let answers = try await withThrowingTaskGroup(of: Volume.self) { group in
        for _ in 0..<100 { group.addTask { try await controller.made(Harness.volume()) } }
        return try await group.reduce(into: Set<Volume>()) { $0.insert($1) }
      }
      #expect(answers.count == 1)
    }
    let storage = harness.backend.state.withLock { $0 }
    #expect(storage.made == 1)
    #expect(storage.calls.count { $0 == "createVolume" } == 1)
  }

  @Test("copies what a snapshot or a volume holds, into at least its size")
  func content() async throws {
    let harness = Harness()
    try await harness.live { controller in
      let source = try await controller.made(Harness.volume("source"))
      harness.backend.state.withLock { $0.data[harness.id("source")] = "old" }
      let snapshot = try await controller.taken("s", of: source.volumeID)
      harness.backend.state.withLock { $0.data[harness.id("source")] = "new" }
      let restored = try await controller.made(
        Harness.volume("restored", size: 0, from: .snapshot(id: snapshot.snapshotID)))
      let clone = try await controller.made(
        Harness.volume("clone", size: 3 * Harness.GiB, from: .volume(id: source.volumeID)))
      #expect(restored.capacityBytes == source.capacityBytes)
      #expect(restored.contentSource == .snapshot(id: snapshot.snapshotID))
      #expect(clone.capacityBytes == 3 * Harness.GiB)
      let small = Harness.volume(
        "small", size: 1, limit: Harness.GiB, from: .snapshot(id: snapshot.snapshotID))
      let tooSmall = try await failure { _ = try await controller.made(small) }
      #expect(tooSmall.code == .outOfRange)
      #expect(tooSmall.message.contains("its source has 2147483648 bytes"))
    }
    let data = harness.backend.state.withLock { $0.data }
    #expect(data[harness.id("restored")] == "old")
    #expect(data[harness.id("clone")] == "new")
  }

  @Test("goes on when the caller's deadline passes, says how far it is, and a retry joins it")
  func deadline() async throws {
    let gate = Gate()
    let harness = Harness(
      backend: MemoryBackend { step throws(BackendError) in
        if step == "createVolume.copy", gate.isArmed { await gate.passed() }
      })
    try await harness.live { controller in
      let source = try await controller.made(Harness.volume("source"))
      gate.arm()
      let request = Harness.volume("clone", from: .volume(id: source.volumeID))
      let late = try await failure {
        _ = try await controller.createVolume(
          request, ServerContext(method: "/test", deadline: .now + .milliseconds(200)))
      }
      #expect(late.code == .deadlineExceeded)
      #expect(late.message.contains("copying, 25 % of 2 GiB"), "\(late.message)")
      // The source stays as it is meanwhile, and so does what is being made.
      #expect(await failureCode { try await controller.delete(source.volumeID) } == .aborted)
      #expect(
        await failureCode { try await controller.delete(harness.id("clone").description) }
          == .aborted)
      #expect(
        await failureCode { _ = try await controller.expand(source.volumeID, to: 3 << 30) }
          == .aborted)
      // But whoever must be shut out of the source is.
      try await controller.publish(source.volumeID, to: "n1")
      try await controller.unpublish(source.volumeID, from: "n1")
      async let joined = controller.made(request)
      gate.open()
      #expect(try await joined.volumeID == harness.id("clone").description)
    }
    let storage = harness.backend.state.withLock { $0 }
    #expect(storage.calls.count { $0 == "createVolume" } == 2)
    #expect(storage.made == 2)
  }

  static let faults: [(BackendError.Code, StatusCode, isKept: Bool)] = [
    (.exhausted, .resourceExhausted, false), (.invalid, .invalidArgument, false),
    (.alreadyExists, .alreadyExists, false), (.notOurs, .failedPrecondition, false),
    (.failed, .internal, false), (.outOfRange, .outOfRange, false),
    (.unavailable, .unavailable, true),
    (.timedOut, .deadlineExceeded, true), (.broken, .internal, true),
  ]

  @Test("of records that were lost finds the volume again, and a failure does not delete it")
  func lostRecords() async throws {
    let broken = Mutex(false)
    let backend = MemoryBackend { step throws(BackendError) in
      if step == "createVolume", broken.withLock({ $0 }) {
        throw BackendError(.failed, "configfs says no")
      }
    }
    let made = try await Harness(backend: backend).live { controller in
      try await controller.made(Harness.volume())
    }
    let harness = Harness(backend: backend)
    try await harness.live { (controller) async throws in
      broken.withLock { $0 = true }
      for _ in 0..<2 {
        #expect(
          await failureCode { _ = try await controller.made(Harness.volume()) } == .internal)
      }
      #expect(backend.state.withLock { $0.data[harness.id("pvc-1")] } == "zeros")
      broken.withLock { $0 = false }
      #expect(try await controller.made(Harness.volume()) == made)
    }
    #expect(backend.state.withLock { $0.calls.contains("deleteVolume") } == false)
  }

  @Test("that fails leaves nothing, unless the storage only did not answer", arguments: faults)
  func failures(fault: BackendError.Code, code: StatusCode, isKept: Bool) async throws {
    let isBroken = Mutex(true)
    let harness = Harness(
      backend: MemoryBackend { step throws(BackendError) in
        if step == "createVolume.copy", isBroken.withLock({ $0 }) {
          throw BackendError(fault, "no")
        }
      })
    try await harness.live { controller in
      #expect(await failureCode { _ = try await controller.made(Harness.volume()) } == code)
      #expect(try await controller.volumes.ids().isEmpty == !isKept)
      isBroken.withLock { $0 = false }
      _ = try await controller.made(Harness.volume())
    }
    #expect(harness.backend.state.withLock { $0.volumes.count } == 1)
  }

  @Test("is done by one of two controllers that share a store")
  func twoControllers() async throws {
    let gate = Gate()
    gate.arm()
    let harness = Harness(
      backend: MemoryBackend { step throws(BackendError) in
        if step == "createVolume.copy", gate.isArmed { await gate.passed() }
      })
    try await harness.live { first in
      try await harness.live { second in
        async let winner = first.made(Harness.volume())
        while harness.backend.state.withLock({ !$0.calls.contains("createVolume.copy") }) {
          try await Task.sleep(for: .milliseconds(2))
        }
        let error = try await failure { _ = try await second.made(Harness.volume()) }
        #expect(error.code == .aborted)
        #expect(error.message.contains("another controller"))
        gate.open()
        let volume = try await winner
        #expect(try await second.made(Harness.volume()) == volume)
      }
    }
    #expect(harness.backend.state.withLock { $0.made } == 1)
  }

  @Test("honours where volumes must be reachable from")
  func topology() async throws {
    var harness = Harness()
    harness.configuration.topology = ["zone": "a"]
    try await harness.live { controller in
      var request = Harness.volume()
      request.accessibilityRequirements = TopologyRequirement(
        requisite: [Topology(segments: ["zone": "b"])], preferred: [])
      #expect(await failureCode { _ = try await controller.made(request) } == .resourceExhausted)
      request.accessibilityRequirements?.requisite.append(
        Topology(segments: ["zone": "a", "x": "y"]))
      let volume = try await controller.made(request)
      #expect(volume.accessibleTopology == [Topology(segments: ["zone": "a"])])
    }
  }
}

/// Holds somebody up until it is opened.
final class Gate: Sendable {
  private let state = Mutex((isArmed: false, isOpen: false))

  var isArmed: Bool { state.withLock { $0.isArmed } }

  func arm() { state.withLock { $0.isArmed = true } }
  func open() { state.withLock { $0.isOpen = true } }

  func passed() async {
    while !state.withLock({ $0.isOpen }), !Task.isCancelled {
      try? await Task.sleep(for: .milliseconds(2))
    }
  }
}
