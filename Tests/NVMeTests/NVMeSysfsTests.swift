import Linux
import Testing

@testable import NVMe

@Suite("NVMe in sysfs")
struct NVMeSysfsTests {
  private static func controller(
    _ name: String, _ address: [String: String], state: Controller.State = .live,
    of subsystem: NQN = volume
  ) -> Controller {
    Controller(
      name: name, state: state, transport: "tcp", address: address,
      subsystemNQN: subsystem.rawValue, hostNQN: nodeA.nqn.rawValue, hostID: "\(nodeA.id)",
      ctrlLossTimeout: nil)
  }

  private static let live = ["src_addr": "127.0.0.1", "trsvcid": "4420", "traddr": "127.0.0.1"]
  private static let live2 = ["src_addr": "127.0.0.1", "trsvcid": "4420", "traddr": "127.0.0.2"]

  private static func disk(
    _ name: String, minor: UInt32, sequence: UInt64
  ) -> Namespace {
    Namespace(
      name: name, nsid: 1, uuid: UUID("11111111-2222-4333-8444-555555555555"),
      nguid: NGUID("0123456789abcdef0123456789abcdef"),
      wwid: "uuid.11111111-2222-4333-8444-555555555555",
      device: DeviceNumber(major: 259, minor: minor), size: 64 << 20, diskSequence: sequence,
      holders: [])
  }

  @Test("shows the paths and the disks of a subsystem with two portals")
  func twoPortals() throws {
    let subsystem = Subsystem(
      name: "nvme-subsys0", nqn: volume.rawValue,
      controllers: [
        Self.controller("nvme0", Self.live), Self.controller("nvme1", Self.live2),
      ],
      namespaces: [
        Self.disk("nvme0n1", minor: 1, sequence: 12),
        // The target set an NGUID alone.  The kernel shows it as `uuid` as well.
        Namespace(
          name: "nvme0n2", nsid: 2, uuid: nil, nguid: NGUID("fedcba9876543210fedcba9876543210"),
          wwid: "eui.fedcba9876543210fedcba9876543210",
          device: DeviceNumber(major: 259, minor: 3), size: 32 << 20, diskSequence: 14,
          holders: []),
        // Neither.
        Namespace(
          name: "nvme0n3", nsid: 3, uuid: nil, nguid: nil,
          wwid: "nvme.0000-30303030303030303030303030303031-4c696e7578-00000003",
          device: DeviceNumber(major: 259, minor: 5), size: 16 << 20, diskSequence: 16,
          holders: []),
        // The same bytes for both, as SPDK does it.
        Namespace(
          name: "nvme0n4", nsid: 4, uuid: UUID("0a0b0c0d-0102-4304-8506-0708090a0b0c"),
          nguid: NGUID("0a0b0c0d0102430485060708090a0b0c"),
          wwid: "uuid.0a0b0c0d-0102-4304-8506-0708090a0b0c",
          device: DeviceNumber(major: 259, minor: 7), size: 16 << 20, diskSequence: 18,
          holders: []),
      ])
    let sysfs = NVMeSysfs(root: "\(here)/Fixtures/live-two-portals")
    #expect(try sysfs.subsystems() == [subsystem])
    #expect(try sysfs.subsystem(nqn: volume) == [subsystem])
    #expect(try sysfs.subsystem(nqn: empty) == [])
  }

  @Test("shows paths that the kernel tries to restore, and keeps the disk")
  func connecting() throws {
    let sysfs = NVMeSysfs(root: "\(here)/Fixtures/connecting")
    let (first, second) = (
      ["trsvcid": "4420", "traddr": "127.0.0.1"], ["trsvcid": "4420", "traddr": "127.0.0.2"]
    )
    #expect(
      try sysfs.subsystems() == [
        Subsystem(
          name: "nvme-subsys0", nqn: volume.rawValue,
          controllers: [
            Self.controller("nvme0", first, state: .connecting),
            Self.controller("nvme1", second, state: .connecting),
          ],
          namespaces: [Self.disk("nvme0n1", minor: 1, sequence: 12)])
      ])
  }

  @Test("shows a subsystem without namespaces")
  func noNamespaces() throws {
    let sysfs = NVMeSysfs(root: "\(here)/Fixtures/no-namespaces")
    #expect(
      try sysfs.subsystems() == [
        Subsystem(
          name: "nvme-subsys0", nqn: empty.rawValue,
          controllers: [Self.controller("nvme0", Self.live, of: empty)], namespaces: [])
      ])
  }

  @Test("shows a disk for each path where native multipath is off")
  func noMultipath() throws {
    let sysfs = NVMeSysfs(root: "\(here)/Fixtures/no-multipath")
    #expect(
      try sysfs.subsystems() == [
        Subsystem(
          name: "nvme-subsys0", nqn: volume.rawValue,
          controllers: [
            Self.controller("nvme0", Self.live), Self.controller("nvme1", Self.live2),
          ],
          namespaces: [
            Self.disk("nvme0n1", minor: 0, sequence: 23),
            Self.disk("nvme1n1", minor: 4, sequence: 27),
          ])
      ])
  }

  @Test("is empty on a machine without the kernel's module")
  func absent() throws {
    #expect(try NVMeSysfs(root: "\(here)/Fixtures/absent").subsystems() == [])
  }

  @Test("finds a namespace by its device number")
  func deviceNumber() throws {
    let machine = try Machine("live-two-portals")
    let head = DeviceNumber(major: 259, minor: 1)
    #expect(
      try machine.sysfs.namespace(device: head) == Self.disk("nvme0n1", minor: 1, sequence: 12))
    let absent = DeviceNumber(major: 259, minor: 9)
    #expect(try machine.sysfs.namespace(device: absent) == nil)
    #expect(try machine.sysfs.wwid(of: head) == Self.disk("nvme0n1", minor: 1, sequence: 12).wwid)
    #expect(try machine.sysfs.wwid(of: absent) == nil)
    #expect(try machine.sysfs.wwid(of: .nowhere) == nil)
  }

  @Test("tells whether a controller leads to a disk, whatever the controller is doing")
  func paths() throws {
    let machine = try Machine("connecting")
    #expect(try machine.sysfs.subsystems()[0].namespaces.map(\.hasPath) == [true])
    try machine.disappear("\(machine.subsystem)/nvme0/nvme0c0n1")
    #expect(try machine.sysfs.subsystems()[0].namespaces.map(\.hasPath) == [true])
    try machine.disappear("\(machine.subsystem)/nvme1/nvme0c1n1")
    #expect(try machine.sysfs.subsystems()[0].namespaces.map(\.hasPath) == [false])
    // The head that the kernel keeps, and no controller.
    try machine.disappear("\(machine.subsystem)/nvme0")
    try machine.disappear("\(machine.subsystem)/nvme1")
    let subsystem = try #require(try machine.sysfs.subsystems().first)
    #expect(subsystem.controllers == [])
    #expect(subsystem.namespaces.map(\.hasPath) == [false])
  }

  @Test(
    "tells how long the kernel keeps a head without controllers, where it can",
    arguments: [("0", 0), ("3600", 3_600), ("4294967295", 4_294_967_295), (nil, nil)]
      as [(String?, UInt32?)])
  func removalDelay(text: String?, seconds: UInt32?) throws {
    let machine = try Machine("connecting")
    if let text {
      try machine.write(text + "\n", "\(machine.subsystem)/nvme0n1/delayed_removal_secs")
    }
    #expect(try machine.sysfs.subsystems()[0].namespaces.map(\.removalDelay) == [seconds])
  }

  @Test("tells what is stacked on a disk")
  func holders() throws {
    let machine = try Machine("live-two-portals")
    for name in ["md0", "dm-0"] {
      try Files.makeDirectories("\(machine.subsystem)/nvme0n1/holders/\(name)", mode: 0o700)
    }
    #expect(
      try machine.sysfs.subsystems()[0].namespaces.map(\.holders) == [["dm-0", "md0"], [], [], []])
  }

  @Test(
    "tells what a controller is doing",
    arguments: [
      ("new", .new, false), ("live", .live, false), ("resetting", .resetting, false),
      ("connecting", .connecting, false), ("deleting", .deleting, true),
      ("deleting (no IO)", .deletingNoIO, true), ("dead", .dead, true),
      ("unknown state", .unknown, false),
    ] as [(String, Controller.State, Bool)])
  func states(text: String, state: Controller.State, isGoing: Bool) throws {
    let machine = try Machine("no-namespaces")
    try machine.write(text + "\n", "\(machine.subsystem)/nvme0/state")
    let controller = try #require(try machine.sysfs.subsystems()[0].controllers.first)
    #expect(controller.state == state)
    #expect(controller.state.isGoing == isGoing)
    let shown = state == .unknown ? "unknown" : text
    #expect(controller.summary == "nvme0 (tcp 127.0.0.1:4420, \(shown))")
  }

  @Test(
    "tells after how long a lost controller is given up",
    arguments: [("off", nil), ("600", 600), ("0", 0)] as [(String, Int?)])
  func ctrlLossTimeout(text: String, seconds: Int?) throws {
    let machine = try Machine("no-namespaces")
    try machine.write(text + "\n", "\(machine.subsystem)/nvme0/ctrl_loss_tmo")
    #expect(try machine.sysfs.subsystems()[0].controllers.map(\.ctrlLossTimeout) == [seconds])
  }

  @Test(
    "knows which portal a controller leads to",
    arguments: [
      ("127.0.0.1:4420", .tcp, true), ("127.0.0.2:4420", .tcp, false),
      ("127.0.0.1:4421", .tcp, false), ("127.0.0.1:4420", .rdma, false),
      ("127.0.0.1:4420", .loop, false),
    ] as [(String, Transport, Bool)])
  func leads(portal: String, transport: Transport, leads: Bool) throws {
    let portal = try TransportAddress(portal, transport: transport)
    #expect(Self.controller("nvme0", Self.live).leads(to: portal) == leads)
  }

  // MARK: What goes while it is read

  @Test(
    "leaves a controller out that loses one of its attributes",
    arguments: ["state", "transport", "subsysnqn"])
  func goingController(attribute: String) throws {
    let machine = try Machine("live-two-portals")
    try machine.disappear("\(machine.subsystem)/nvme0/\(attribute)")
    let subsystem = try #require(try machine.sysfs.subsystems().first)
    #expect(subsystem.controllers.map(\.name) == ["nvme1"])
    #expect(subsystem.namespaces.count == 4)
  }

  @Test(
    "leaves a namespace out that loses one of its attributes",
    arguments: ["nsid", "dev", "size", "wwid"])
  func goingNamespace(attribute: String) throws {
    let machine = try Machine("live-two-portals")
    try machine.disappear("\(machine.subsystem)/nvme0n1/\(attribute)")
    let subsystem = try #require(try machine.sysfs.subsystems().first)
    #expect(subsystem.namespaces.map(\.name) == ["nvme0n2", "nvme0n3", "nvme0n4"])
  }

  @Test("makes do without the attributes that some kernels or devices do not have")
  func optional() throws {
    let machine = try Machine("live-two-portals")
    try machine.disappear("\(machine.subsystem)/nvme0n1/diskseq")
    for attribute in ["address", "hostnqn", "hostid", "ctrl_loss_tmo"] {
      try machine.disappear("\(machine.subsystem)/nvme0/\(attribute)")
    }
    let subsystem = try #require(try machine.sysfs.subsystems().first)
    #expect(subsystem.namespaces[0].diskSequence == nil)
    #expect(
      subsystem.controllers[0]
        == Controller(
          name: "nvme0", state: .live, transport: "tcp", address: [:],
          subsystemNQN: volume.rawValue, hostNQN: "", hostID: "", ctrlLossTimeout: nil))
  }

  @Test("leaves a subsystem out that is going")
  func goingSubsystem() throws {
    let machine = try Machine("live-two-portals")
    try machine.disappear("\(machine.subsystem)/subsysnqn")
    #expect(try machine.sysfs.subsystems() == [])
    #expect(try machine.sysfs.subsystem(nqn: volume) == [])
  }

  @Test("shows a disk that has no size yet")
  func noSize() throws {
    let machine = try Machine("live-two-portals")
    try machine.write("0\n", "\(machine.subsystem)/nvme0n1/size")
    #expect(try machine.sysfs.subsystems()[0].namespaces[0].size == 0)
  }

  // MARK: Settings

  @Test("takes settings for a controller")
  func settings() throws {
    let machine = try Machine("live-two-portals")
    let controller = try #require(try machine.sysfs.subsystems()[0].controllers.last)
    let path = "\(machine.subsystem)/nvme1"
    for attribute in ["ctrl_loss_tmo", "fast_io_fail_tmo", "rescan_controller"] {
      try machine.write("", "\(path)/\(attribute)")
    }
    try machine.sysfs.setCtrlLossTimeout(nil, of: controller)
    #expect(try machine.read("\(path)/ctrl_loss_tmo") == "-1")
    try machine.sysfs.setCtrlLossTimeout(600, of: controller)
    #expect(try machine.read("\(path)/ctrl_loss_tmo") == "600")
    try machine.sysfs.setFastIOFailTimeout(1, of: controller)
    #expect(try machine.read("\(path)/fast_io_fail_tmo") == "1")
    try machine.sysfs.rescan(controller)
    #expect(try machine.read("\(path)/rescan_controller") == "1")
    #expect(try machine.read("\(machine.subsystem)/nvme0/fast_io_fail_tmo") == "off\n")
  }

  @Test("refuses a setting for a controller that has gone")
  func settingsOfNone() throws {
    let machine = try Machine("live-two-portals")
    let controller = try #require(try machine.sysfs.subsystems()[0].controllers.last)
    try machine.disappear("\(machine.subsystem)/nvme1")
    #expect(throws: SystemCallError.self) { try machine.sysfs.rescan(controller) }
  }
}
