import Command
import Glibc
import Linux
import Testing

@testable import NVMe

@Suite("Connecting")
struct FabricsConnectTests {
  // MARK: The command

  private let base = [
    "connect", "--transport=tcp", "--nqn=nqn.2026-01.org.example:volume-1",
    "--hostnqn=nqn.2014-08.org.nvmexpress:uuid:2271419d-bdb8-5c15-b271-a78eba33a1d5",
    "--hostid=2271419d-bdb8-5c15-b271-a78eba33a1d5", "--ctrl-loss-tmo=-1", "--reconnect-delay=2",
    "--config=none", "--output-format=json",
  ]

  @Test("names the host, the portal and what is always asked for")
  func defaults() throws {
    let portal = try TransportAddress("192.0.2.1:4420", transport: .tcp)
    let command = Fabrics.connectCommand(volume, portal, nodeA, ConnectOptions())
    #expect(command.program == "nvme")
    #expect(command.arguments == base + ["--traddr=192.0.2.1", "--trsvcid=4420"])
  }

  @Test("writes IPv6 without brackets")
  func version6() throws {
    let portal = try TransportAddress("[2001:db8::1]:4420", transport: .tcp)
    let command = Fabrics.connectCommand(volume, portal, nodeA, ConnectOptions())
    #expect(command.arguments == base + ["--traddr=2001:db8::1", "--trsvcid=4420"])
  }

  @Test("passes every option on")
  func allOptions() throws {
    var options = ConnectOptions()
    options.ctrlLossTimeout = 600
    options.reconnectDelay = 5
    options.keepAliveTimeout = 10
    options.ioQueues = 4
    options.fastIOFailTimeout = 30
    options.hostAddress = "192.0.2.9"
    options.hostInterface = "eth1"
    let portal = try TransportAddress("192.0.2.1:4420", transport: .rdma)
    let arguments = Fabrics.connectCommand(volume, portal, nodeA, options).arguments
    #expect(
      arguments == [
        "connect", "--transport=rdma", base[2], base[3], base[4], "--ctrl-loss-tmo=600",
        "--reconnect-delay=5", "--config=none", "--output-format=json", "--traddr=192.0.2.1",
        "--trsvcid=4420", "--keep-alive-tmo=10", "--nr-io-queues=4",
        "--host-traddr=192.0.2.9", "--host-iface=eth1",
      ])
  }

  @Test("has no address for the kernel's own loop")
  func loop() throws {
    let portal = try TransportAddress("127.0.0.1:1", transport: .loop)
    let command = Fabrics.connectCommand(volume, portal, nodeA, ConnectOptions())
    #expect(command.arguments == ["connect", "--transport=loop"] + base.dropFirst(2))
  }

  // MARK: What is there already

  @Test(
    "does nothing where there is a controller of ours, live or not",
    arguments: ["live-two-portals", "connecting", "no-multipath"], ["127.0.0.1", "127.0.0.2"])
  func present(fixture: String, address: String) async throws {
    let machine = try Machine(fixture)
    let runner = FakeRunner()
    let portal = try TransportAddress("\(address):4420", transport: .tcp)
    let controller = try await machine.fabrics(runner).connect(
      volume, at: portal, as: nodeA, options: ConnectOptions(), deadline: .ample)
    #expect(controller.name == (address == "127.0.0.1" ? "nvme0" : "nvme1"))
    #expect(runner.commands == [])
  }

  @Test("does nothing where another host identity is connected, whatever the portal")
  func foreign() async throws {
    let machine = try Machine("live-two-portals")
    let runner = FakeRunner()
    let elsewhere = try TransportAddress("192.0.2.1:4420", transport: .tcp)
    try machine.addController("nvme2", at: elsewhere, as: nodeB, state: "connecting")
    for text in ["127.0.0.1:4420", "127.0.0.3:4420"] {
      let portal = try TransportAddress(text, transport: .tcp)
      let error = await #expect(throws: FabricsError.self) {
        try await machine.fabrics(runner).connect(
          volume, at: portal, as: nodeA, options: ConnectOptions(), deadline: .ample)
      }
      #expect(error?.code == .notOurs)
      #expect(
        error?.message
          == "\(volume) is connected already by another host identity, \(nodeB.nqn), as nvme2 "
          + "(tcp 192.0.2.1:4420, connecting); disconnect it (nvme disconnect -d nvme2), since "
          + "the kernel would make one disk of both")
    }
    #expect(runner.commands == [])
  }

  @Test("waits until a controller on its way out is gone, then makes a new one")
  func going() async throws {
    let machine = try Machine("live-two-portals")
    let listener = try Listener()
    let portal = listener.portal
    try machine.addController("nvme2", at: portal, state: "deleting (no IO)")
    let runner = FakeRunner { _ in
      try machine.addController("nvme3", at: portal)
      return .success
    }
    let fabrics = machine.fabrics(runner)
    let connecting = Task {
      try await fabrics.connect(
        volume, at: portal, as: nodeA, options: ConnectOptions(), deadline: .ample)
    }
    try await Task.sleep(for: .milliseconds(100))
    #expect(runner.commands == [])
    try machine.disappear("\(machine.subsystem)/nvme2")
    #expect(try await connecting.value.name == "nvme3")
    #expect(runner.commands.count == 1)
  }

  @Test("gives up at the deadline on a controller that does not go")
  func neverGone() async throws {
    let machine = try Machine("live-two-portals")
    try machine.write("deleting\n", "\(machine.subsystem)/nvme0/state")
    let runner = FakeRunner()
    let portal = try TransportAddress("127.0.0.1:4420", transport: .tcp)
    let error = await #expect(throws: FabricsError.self) {
      try await machine.fabrics(runner).connect(
        volume, at: portal, as: nodeA, options: ConnectOptions(), deadline: .soon)
    }
    #expect(error?.code == .timedOut)
    #expect(
      error?.message
        == "connect \(volume) at 127.0.0.1:4420: nvme0 (tcp 127.0.0.1:4420, deleting) is still "
        + "being removed")
    #expect(runner.commands == [])
  }

  // MARK: A new controller

  @Test("returns the controller that sysfs shows", arguments: [0, 1] as [Int32])
  func connected(exitCode: Int32) async throws {
    let machine = try Machine("live-two-portals")
    let listener = try Listener()
    let portal = listener.portal
    // Also where nvme-cli fails, since another process was faster.
    let runner = FakeRunner { _ in
      try machine.addController("nvme2", at: portal)
      return CommandOutput(
        termination: .exited(exitCode), standardOutput: "", standardError: "", duration: .zero)
    }
    let controller = try await machine.fabrics(runner).connect(
      volume, at: portal, as: nodeA, options: ConnectOptions(), deadline: .ample)
    #expect(
      controller
        == Controller(
          name: "nvme2", state: .live, transport: "tcp",
          address: [
            "traddr": portal.address, "trsvcid": portal.service, "src_addr": "192.0.2.9",
          ],
          subsystemNQN: volume.rawValue, hostNQN: nodeA.nqn.rawValue, hostID: "\(nodeA.id)",
          ctrlLossTimeout: nil))
    let arguments = Fabrics.connectCommand(volume, portal, nodeA, ConnectOptions()).arguments
    #expect(runner.commands == [["nvme"] + arguments])
  }

  @Test("overrules a rule of udev that lets the kernel give up")
  func corrected() async throws {
    let machine = try Machine("live-two-portals")
    let listener = try Listener()
    let portal = listener.portal
    let runner = FakeRunner { _ in
      // The file of a copy, unlike sysfs, keeps what the write does not cover.
      try machine.addController("nvme2", at: portal, ctrlLossTimeout: "9")
      return .success
    }
    let controller = try await machine.fabrics(runner).connect(
      volume, at: portal, as: nodeA, options: ConnectOptions(), deadline: .ample)
    #expect(try machine.read("\(machine.subsystem)/nvme2/ctrl_loss_tmo") == "-1")
    // Read back: a file says what was written, where the kernel says "off".
    #expect(controller.ctrlLossTimeout == -1)
  }

  @Test("leaves a limit alone that was asked for")
  func limit() async throws {
    let machine = try Machine("live-two-portals")
    try machine.write("600\n", "\(machine.subsystem)/nvme0/ctrl_loss_tmo")
    var options = ConnectOptions()
    options.ctrlLossTimeout = 599
    let portal = try TransportAddress("127.0.0.1:4420", transport: .tcp)
    let controller = try await machine.fabrics(FakeRunner()).connect(
      volume, at: portal, as: nodeA, options: options, deadline: .ample)
    #expect(controller.ctrlLossTimeout == 600)
    #expect(try machine.read("\(machine.subsystem)/nvme0/ctrl_loss_tmo") == "600\n")
  }

  @Test("corrects a limit that was not asked for", arguments: ["0\n", "off\n"])
  func otherLimit(present: String) async throws {
    let machine = try Machine("live-two-portals")
    let attribute = "\(machine.subsystem)/nvme0/ctrl_loss_tmo"
    try machine.write(present, attribute)
    var options = ConnectOptions()
    options.ctrlLossTimeout = 599
    let portal = try TransportAddress("127.0.0.1:4420", transport: .tcp)
    try await machine.fabrics(FakeRunner()).connect(
      volume, at: portal, as: nodeA, options: options, deadline: .ample)
    #expect(try machine.read(attribute).hasPrefix("599"))
  }

  @Test("sets in sysfs when I/O is to fail, which nvme-cli does not always know how to ask for")
  func fastIOFail() async throws {
    let machine = try Machine("live-two-portals")
    try machine.write("", "\(machine.subsystem)/nvme0/fast_io_fail_tmo")
    var options = ConnectOptions()
    options.fastIOFailTimeout = 7
    let portal = try TransportAddress("127.0.0.1:4420", transport: .tcp)
    _ = try await machine.fabrics(FakeRunner()).connect(
      volume, at: portal, as: nodeA, options: options, deadline: .ample)
    #expect(try machine.read("\(machine.subsystem)/nvme0/fast_io_fail_tmo") == "7")
    #expect(try machine.read("\(machine.subsystem)/nvme1/fast_io_fail_tmo") == "off\n")
  }

  @Test("loads the kernel's module where it is missing")
  func kernelModule() async throws {
    let machine = try Machine("live-two-portals")
    let listener = try Listener()
    let portal = listener.portal
    try machine.disappear(machine.fabricsDevice)
    let runner = FakeRunner { command in
      if command.program == "modprobe" {
        try machine.write("", machine.fabricsDevice)
      } else {
        try machine.addController("nvme2", at: portal)
      }
      return .success
    }
    try await machine.fabrics(runner).connect(
      volume, at: portal, as: nodeA, options: ConnectOptions(), deadline: .ample)
    #expect(
      runner.commands.map { $0.prefix(2) } == [["modprobe", "nvme-tcp"], ["nvme", "connect"]])
  }

  @Test("tells to load the kernel's module where that does not help")
  func noKernelModule() async throws {
    let machine = try Machine("live-two-portals")
    try machine.disappear(machine.fabricsDevice)
    let said = "modprobe: FATAL: Module nvme-tcp not found in directory /lib/modules/6.1.0\n"
    let runner = FakeRunner { _ in .failure(said) }
    let portal = try TransportAddress("127.0.0.3:4420", transport: .tcp)
    let error = await #expect(throws: FabricsError.self) {
      try await machine.fabrics(runner).connect(
        volume, at: portal, as: nodeA, options: ConnectOptions(), deadline: .ample)
    }
    #expect(error?.code == .noKernelModule)
    #expect(
      error?.message
        == "there is no \(machine.fabricsDevice) and `modprobe nvme-tcp` did not help: "
        + "\(said.oneLine); load the kernel module on the node (linux-modules-extra on some "
        + "distributions)")
    #expect(runner.commands == [["modprobe", "nvme-tcp"]])
  }

  // MARK: Portals that do not answer

  @Test("does not bother the kernel with a portal that refuses")
  func refused() async throws {
    let machine = try Machine("live-two-portals")
    let runner = FakeRunner()
    let portal = try closedPortal()
    let error = await #expect(throws: FabricsError.self) {
      try await machine.fabrics(runner).connect(
        volume, at: portal, as: nodeA, options: ConnectOptions(), deadline: .ample)
    }
    #expect(error?.code == .refused)
    #expect(
      error?.message
        == "connect \(volume) at \(portal): Connection refused: nothing listens there")
    #expect(runner.commands == [])
  }

  @Test("does not bother the kernel with a portal that swallows packets")
  func blackHole() async throws {
    let machine = try Machine("live-two-portals")
    let runner = FakeRunner()
    let listener = try Listener()
    try listener.swallow()
    let error = await #expect(throws: FabricsError.self) {
      try await machine.fabrics(runner).connect(
        volume, at: listener.portal, as: nodeA, options: ConnectOptions(), deadline: .soon)
    }
    #expect(error?.code == .timedOut)
    #expect(
      error?.message
        == "connect \(volume) at \(listener.portal): Connection timed out: the portal does not "
        + "answer; is the network up?")
    #expect(runner.commands == [])
  }

  @Test(
    "tells apart what the network answers",
    arguments: [
      (ECONNREFUSED, 0, .refused), (ECONNREFUSED, 4, .refused),
      // A caller in a hurry learns nothing about the portal.
      (ETIMEDOUT, 0, .timedOut), (ETIMEDOUT, 2, .timedOut), (ETIMEDOUT, 3, .silent),
      (ENETUNREACH, 0, .unreachable), (EHOSTUNREACH, 0, .unreachable),
      // Nobody has answered the ARP requests.
      (EHOSTUNREACH, 3, .silent), (EHOSTDOWN, 3, .silent),
      (EADDRNOTAVAIL, 0, .invalidArgument), (EAFNOSUPPORT, 0, .invalidArgument),
      (ENODEV, 0, .invalidArgument), (EMFILE, 0, .unreachable),
    ] as [(Int32, Int, FabricsError.Code)])
  func unanswered(errno: Int32, seconds: Int, code: FabricsError.Code) throws {
    let portal = try TransportAddress("192.0.2.1:4420", transport: .tcp)
    let error = Fabrics.unanswered(volume, portal, errno, after: .seconds(seconds))
    #expect(error.code == code)
    #expect(error.concernsPortal == [.refused, .unreachable, .silent].contains(code))
  }
}
