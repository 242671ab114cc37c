import Linux
import NVMe
import Recovery
import Testing

@Suite("A recovery plan")
struct RecoveryPlanTests {
  static let old = DeviceNumber(major: 259, minor: 1)
  static let new = DeviceNumber(major: 259, minor: 4)
  static let first = "/k/pods/1/mount"
  static let second = "/k/pods/2/mount"

  /// What a lost connection leaves.
  static let deadStaging = ObservedVolume.Mounted(device: old, health: .good, isGone: true)
  static let deadTargets: [String: ObservedVolume.Target] = [
    first: .remains(old), second: .remains(old),
  ]

  static func portal(_ number: Int) throws -> TransportAddress {
    try TransportAddress("192.0.2.\(number):4420", transport: .tcp)
  }

  static func desired(
    _ use: DesiredVolume.Use = .fileSystem(readOnly: false), portals: Int = 1,
    targets: [String] = [first, second]
  ) throws -> DesiredVolume {
    DesiredVolume(
      nqn: try NQN("nqn.2024-01.io.example:v"), nsid: 1,
      identity: .init(uuid: nil, nguid: nil, wwid: "uuid.1"),
      portals: try (1...portals).map { try portal($0) }, use: use, removalDelay: 600,
      stagingPath: "/k/staging", targets: targets)
  }

  static func controller(
    _ number: Int, _ state: Controller.State, lossTimeout: Int? = nil
  ) -> Controller {
    Controller(
      name: "nvme\(number)", state: state, transport: "tcp",
      address: ["traddr": "192.0.2.\(number)", "trsvcid": "4420"],
      subsystemNQN: "nqn.2024-01.io.example:v", hostNQN: "ours", hostID: "",
      ctrlLossTimeout: lossTimeout)
  }

  static func namespace(
    _ device: DeviceNumber, wwid: String = "uuid.1", size: UInt64 = 1 << 30, hasPath: Bool = true,
    removalDelay: UInt32? = nil
  ) -> Namespace {
    Namespace(
      name: "nvme0n\(device.minor)", nsid: 1, uuid: nil, nguid: nil, wwid: wwid, device: device,
      size: size, diskSequence: 9, holders: [], hasPath: hasPath, removalDelay: removalDelay)
  }

  static func observed(
    _ controllers: [Controller] = [controller(1, .live)],
    _ namespaces: [Namespace] = [namespace(old)],
    staging: ObservedVolume.Mounted? = .init(device: old, health: .good),
    targets: [String: ObservedVolume.Target] = [first: .mount(old), second: .mount(old)]
  ) -> ObservedVolume {
    ObservedVolume(
      controllers: controllers, namespaces: namespaces, staging: staging, targets: targets)
  }

  private func expect(
    _ observed: ObservedVolume, of desired: DesiredVolume, _ state: RecoveryState,
    _ steps: [RecoveryStep] = [], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let plan = RecoveryPlan(desired, observed)
    #expect(plan.state == state, sourceLocation: sourceLocation)
    #expect(plan.steps == steps, sourceLocation: sourceLocation)
  }

  @Test("leaves a volume alone when everything is as it should be")
  func healthy() throws {
    expect(Self.observed(), of: try Self.desired(), .healthy)
    expect(
      Self.observed(staging: nil, targets: [Self.first: .node(Self.old)]),
      of: try Self.desired(.block, targets: [Self.first]), .healthy)
    expect(Self.observed(targets: [:]), of: try Self.desired(targets: []), .healthy)
  }

  static let retrying: [Controller.State] = [.connecting, .resetting, .new]

  @Test("leaves the kernel alone while it retries", arguments: retrying)
  func reconnecting(state: Controller.State) throws {
    expect(
      Self.observed([Self.controller(1, state)]), of: try Self.desired(), .reconnecting)
    // What the mounts look like meanwhile says nothing.
    expect(
      Self.observed(
        [Self.controller(1, state)], staging: .init(device: Self.old, health: .failed("EIO"))),
      of: try Self.desired(), .reconnecting)
  }

  @Test(
    "connects again when the kernel has given up",
    arguments: [[], [Controller.State.deleting], [.dead]])
  func lost(states: [Controller.State]) throws {
    let controllers = states.map { Self.controller(1, $0) }
    expect(
      Self.observed(controllers, []), of: try Self.desired(portals: 2), .lost,
      [.connect([try Self.portal(1), try Self.portal(2)])])
    // delayed_removal_secs: the head stays without a controller under it.
    expect(
      Self.observed(controllers, [Self.namespace(Self.old, hasPath: false, removalDelay: 600)]),
      of: try Self.desired(), .lost, [.connect([try Self.portal(1)])])
  }

  @Test("has nothing to renew when the kernel has kept the disk for the new controller")
  func kept() throws {
    expect(
      Self.observed([Self.controller(2, .live)], [Self.namespace(Self.old, removalDelay: 600)]),
      of: try Self.desired(portals: 2), .degraded(missing: [try Self.portal(1)]),
      [.connect([try Self.portal(1)])])
  }

  @Test(
    "has the kernel keep the disk for as long as it should, where it can",
    arguments: [(nil, false), (600, false), (0, true), (3_600, true)] as [(UInt32?, Bool)])
  func retain(present: UInt32?, acts: Bool) throws {
    let namespaces = [Self.namespace(Self.old, removalDelay: present)]
    let step: [RecoveryStep] = acts ? [.retain(600)] : []
    expect(
      Self.observed([Self.controller(1, .live)], namespaces), of: try Self.desired(), .healthy, step
    )
    expect(
      Self.observed([Self.controller(1, .connecting)], namespaces), of: try Self.desired(),
      .reconnecting, step)
    expect(
      Self.observed([Self.controller(1, .live)], namespaces, targets: [:]),
      of: try Self.desired(.block, targets: [Self.first]), .incomplete, [.node(Self.first)] + step)
  }

  @Test("takes a disk that no controller leads to for none")
  func pathless() throws {
    let namespaces = [Self.namespace(Self.old, hasPath: false, removalDelay: 0)]
    expect(
      Self.observed([Self.controller(1, .live)], namespaces), of: try Self.desired(), .absent,
      [.rescan])
    expect(
      Self.observed([Self.controller(1, .connecting)], namespaces), of: try Self.desired(),
      .reconnecting)
  }

  @Test("connects the portals that have no path, whatever else is to be done")
  func degraded() throws {
    let missing = [try Self.portal(2)]
    expect(
      Self.observed(), of: try Self.desired(portals: 2), .degraded(missing: missing),
      [.connect(missing)])
    expect(
      Self.observed([Self.controller(1, .connecting)]), of: try Self.desired(portals: 2),
      .reconnecting, [.connect(missing)])
    expect(
      Self.observed([Self.controller(1, .live)], []), of: try Self.desired(portals: 2), .absent,
      [.connect(missing), .rescan])
    expect(
      Self.observed(targets: [Self.first: .mount(Self.old)]), of: try Self.desired(portals: 2),
      .incomplete, [.connect(missing), .bind(Self.second)])
  }

  @Test("mounts a namespace that came back under another number")
  func renumberedFileSystem() throws {
    expect(
      Self.observed(
        [Self.controller(1, .live)], [Self.namespace(Self.new)], staging: Self.deadStaging,
        targets: Self.deadTargets), of: try Self.desired(), .renumbered,
      [
        .detach("/k/staging"), .check, .mount, .detach(Self.first), .bind(Self.first),
        .detach(Self.second), .bind(Self.second),
      ])
  }

  @Test("goes on with a repair that was cut short, wherever it was")
  func cutShort() throws {
    let desired = try Self.desired()
    let controllers = [Self.controller(1, .live)]
    let namespaces = [Self.namespace(Self.new)]
    expect(
      Self.observed(
        controllers, namespaces,
        staging: .init(device: Self.old, health: .unknown("EIO"), isGone: true),
        targets: [Self.second: .remains(Self.old)]), of: desired, .renumbered,
      [
        .detach("/k/staging"), .check, .mount, .bind(Self.first), .detach(Self.second),
        .bind(Self.second),
      ])
    expect(
      Self.observed(controllers, namespaces, staging: nil, targets: [:]), of: desired, .incomplete,
      [.check, .mount, .bind(Self.first), .bind(Self.second)])
    expect(
      Self.observed(
        controllers, namespaces, staging: .init(device: Self.new, health: .good),
        targets: [Self.first: .mount(Self.new)]), of: desired, .incomplete, [.bind(Self.second)])
    expect(
      Self.observed(
        controllers, namespaces, staging: .init(device: Self.new, health: .good),
        targets: [Self.first: .mount(Self.new), Self.second: .remains(Self.old)]), of: desired,
      .renumbered, [.detach(Self.second), .bind(Self.second)])
    // The staging mount alone was taken away; nothing is checked under a live mount.
    expect(
      Self.observed(staging: nil, targets: [Self.first: .mount(Self.old)]), of: desired,
      .incomplete, [.mount, .bind(Self.second)])
  }

  @Test("replaces device nodes that lead elsewhere")
  func renumberedBlock() throws {
    expect(
      Self.observed(
        [Self.controller(1, .live)], [Self.namespace(Self.new)], staging: nil,
        targets: [Self.first: .node(Self.old)]), of: try Self.desired(.block), .renumbered,
      [.node(Self.first), .node(Self.second)])
  }

  @Test("replaces device nodes before it connects what is missing")
  func nodesFirst() throws {
    expect(
      Self.observed(
        [Self.controller(1, .live)], [Self.namespace(Self.new)], staging: nil,
        targets: [Self.first: .node(Self.old)]),
      of: try Self.desired(.block, portals: 2, targets: [Self.first]), .renumbered,
      [.node(Self.first), .connect([try Self.portal(2)])])
  }

  /// Whatever may have become of a block volume whose node names `old`, and what else is done then.
  static let strayed: [(String, [Controller.State], [Namespace], [RecoveryStep])] = [
    ("lost", [], [], [.connect([])]),
    ("lost", [.deleting], [], [.connect([])]),
    ("reconnecting", [.connecting], [], []),
    ("absent", [.live], [], [.rescan]),
    // The number is another volume's, in the same subsystem as it happens.
    ("foreign", [.live], [namespace(old, wwid: "uuid.2")], []),
    ("foreign", [.connecting], [namespace(new, wwid: "uuid.2")], []),
    ("foreign", [], [namespace(new, wwid: "uuid.2")], []),
    (
      "unknown", [.live],
      [namespace(new), namespace(DeviceNumber(major: 259, minor: 6))], []
    ),
  ]

  @Test("has a device node lead nowhere first when its disk is gone", arguments: strayed)
  func blank(
    state: String, controllers: [Controller.State], namespaces: [Namespace], steps: [RecoveryStep]
  ) throws {
    let desired = try Self.desired(.block)
    let rest = steps.map { step in
      if case .connect = step { RecoveryStep.connect(desired.portals) } else { step }
    }
    func plan(
      _ target: ObservedVolume.Target, _ use: DesiredVolume.Use = .block
    ) throws
      -> RecoveryPlan
    {
      RecoveryPlan(
        try Self.desired(use),
        Self.observed(
          controllers.map { Self.controller(1, $0) }, namespaces, staging: nil,
          targets: [Self.first: target, Self.second: .abandoned]))
    }
    let stray = try plan(.node(Self.old))
    #expect(stray.state.name == state)
    #expect(stray.steps == [.blank(Self.first)] + rest)
    // Once that is done, or where there is nothing of ours to do it to, there is only the rest.
    for target in [ObservedVolume.Target.node(.nowhere), .missing, .abandoned, .other("a file")] {
      #expect(try plan(target).state == stray.state)
      #expect(try plan(target).steps == rest, "\(target)")
    }
    // What a file system's target has no business to be is not touched.
    #expect(
      try !plan(.node(Self.old), .fileSystem(readOnly: false)).steps.contains(.blank(Self.first)))
  }

  @Test("leaves a node alone that leads to the volume's own disk, whatever that disk is like")
  func ownNode() throws {
    let disks = [
      Self.namespace(Self.old, hasPath: false, removalDelay: 600),
      Self.namespace(Self.old, size: 0),
      Self.namespace(Self.old),
    ]
    for disk in disks {
      for states in [[], [Controller.State.connecting], [.live]] {
        for others in [[], [Self.namespace(Self.new)], [Self.namespace(Self.new, wwid: "uuid.2")]] {
          let plan = RecoveryPlan(
            try Self.desired(.block),
            Self.observed(
              states.map { Self.controller(1, $0) }, [disk] + others, staging: nil,
              targets: [Self.first: .node(Self.old)]))
          #expect(!plan.steps.contains(.blank(Self.first)), "\(plan)")
        }
      }
    }
  }

  @Test("has what is stale lead nowhere also where something else cannot be judged")
  func blankBesideUnknown() throws {
    let plan = RecoveryPlan(
      try Self.desired(.block),
      Self.observed(
        [Self.controller(1, .live)], [Self.namespace(Self.new)], staging: nil,
        targets: [Self.first: .node(Self.old), Self.second: .mount(Self.old)]))
    #expect(plan.state.name == "unknown")
    #expect(plan.steps == [.blank(Self.first)])
  }

  @Test("unmounts for real what has shut itself off")
  func failed() throws {
    expect(
      Self.observed(staging: .init(device: Self.old, health: .failed("errors"))),
      of: try Self.desired(), .failed("errors"),
      [
        .unmount([Self.first, Self.second, "/k/staging"]), .check, .mount, .bind(Self.first),
        .bind(Self.second),
      ])
  }

  @Test(
    "leaves what has shut itself off where it is while somebody holds it, and brings it back there")
  func held() throws {
    func staging(mayBeOver: Bool) -> ObservedVolume.Mounted {
      .init(
        device: Self.old, health: .failed("errors"),
        hold: .init(holder: "process 7", mayBeOver: mayBeOver))
    }
    let state = RecoveryState.held("errors, and process 7 holds it")
    expect(Self.observed(staging: staging(mayBeOver: false)), of: try Self.desired(), state)
    expect(
      Self.observed(
        staging: staging(mayBeOver: false), targets: [Self.second: .remains(Self.new)]),
      of: try Self.desired(), state,
      [.bind(Self.first), .detach(Self.second), .bind(Self.second)])
    expect(
      Self.observed(staging: staging(mayBeOver: true), targets: [Self.second: .mount(Self.old)]),
      of: try Self.desired(), state,
      [
        .unmount([Self.second, "/k/staging"]), .check, .mount, .bind(Self.first),
        .bind(Self.second),
      ])
    // Cut short after the unmount, and somebody holds it: it cannot be checked, and is mounted as it is.
    var nowhere = Self.observed(staging: nil, targets: [:])
    nowhere.isAlive = true
    expect(
      nowhere, of: try Self.desired(), .incomplete,
      [.mount, .bind(Self.first), .bind(Self.second)])
  }

  @Test("touches nothing of a namespace with another identity, connected or not")
  func foreign() throws {
    let stranger = Self.namespace(Self.new, wwid: "uuid.2")
    for state in [Controller.State.live, .connecting, .dead] {
      let plan = RecoveryPlan(
        try Self.desired(portals: 2), Self.observed([Self.controller(1, state)], [stranger]))
      #expect(plan.state.name == "foreign")
      #expect(plan.steps == [])
    }
  }

  @Test("does nothing on what it cannot see")
  func blind() throws {
    let desired = try Self.desired()
    expect(
      Self.observed(staging: .init(device: Self.old, health: .unknown("no answer"))), of: desired,
      .unknown("no answer"))
    expect(
      Self.observed([Self.controller(1, .live)], [Self.namespace(Self.old, size: 0)]), of: desired,
      .absent, [.rescan])
    for target in [ObservedVolume.Target.node(Self.old), .other("a regular file")] {
      let plan = RecoveryPlan(desired, Self.observed(targets: [Self.first: target]))
      #expect(plan.state.name == "unknown")
      #expect(plan.steps == [])
    }
    let twins = [Self.namespace(Self.old), Self.namespace(Self.new)]
    #expect(RecoveryPlan(desired, Self.observed([Self.controller(1, .live)], twins)).steps == [])
  }

  @Test(
    "touches nothing while another device's mount, one that is there, is where a mount should be")
  func strangersMount() throws {
    let desired = try Self.desired()
    let other = DeviceNumber(major: 0, minor: 45)
    for isRenumbered in [false, true] {
      let namespaces = [Self.namespace(isRenumbered ? Self.new : Self.old)]
      let dead = isRenumbered ? Self.deadStaging : .init(device: Self.old, health: .good)
      for target in [ObservedVolume.Target.mount(other), .other("a mount of tmpfs")] {
        let plan = RecoveryPlan(
          desired,
          Self.observed(
            [Self.controller(1, .live)], namespaces, staging: dead, targets: [Self.first: target]))
        #expect(plan.state.name == "unknown")
        #expect(plan.steps == [])
      }
      let staging = ObservedVolume.Mounted(device: other, health: .unknown("a mount of tmpfs"))
      expect(
        Self.observed([Self.controller(1, .live)], namespaces, staging: staging, targets: [:]),
        of: desired, .unknown("a mount of tmpfs"))
      let silent = ObservedVolume.Mounted(device: other, health: .good)
      expect(
        Self.observed([Self.controller(1, .live)], namespaces, staging: silent, targets: [:]),
        of: desired,
        .unknown("/k/staging is a mount of 0:45, which is not the volume's"))
    }
  }

  @Test("makes no mount where a pod used to be")
  func abandoned() throws {
    expect(
      Self.observed(
        [Self.controller(1, .live)], [Self.namespace(Self.new)], staging: Self.deadStaging,
        targets: [Self.first: .abandoned, Self.second: .remains(Self.old)]),
      of: try Self.desired(),
      .renumbered,
      [.detach("/k/staging"), .check, .mount, .detach(Self.second), .bind(Self.second)])
    expect(
      Self.observed(staging: nil, targets: [Self.first: .abandoned]),
      of: try Self.desired(.block, targets: [Self.first]), .healthy)
  }
}
