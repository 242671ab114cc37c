internal import Command
internal import Glibc
internal import Linux

extension Fabrics {
  /// Makes sure that this host has a controller to `nqn` at `portal`.
  ///
  /// A controller of ours that is there, live or reconnecting, is success.  Returns it as sysfs
  /// shows it, after ctrl_loss_tmo was read back (udev rules of the host may overrule the one that
  /// was asked for) and corrected, and fast_io_fail_tmo was set where it is asked for.
  @discardableResult
  public func connect(
    _ nqn: NQN, at portal: TransportAddress, as host: HostIdentity, options: ConnectOptions,
    deadline: ContinuousClock.Instant
  ) async throws(FabricsError) -> Controller {
    if let present = try await settled(nqn, portal, host, deadline) {
      return try corrected(present, options)
    }
    try await requireKernelModule(portal.transport, deadline)
    if portal.transport == .tcp {
      let start = ContinuousClock.now
      let patience = min(deadline, start + Self.portalPatience)
      let code = await PortalProbe.errno(of: portal, from: options, deadline: patience)
      if code != 0 { throw Self.unanswered(nqn, portal, code, after: .now - start) }
    }
    let log = KernelLog(kernelLog)
    let command = Self.connectCommand(nqn, portal, host, options)
    let outcome: Result<CommandOutput, CommandError>
    do throws(CommandError) {
      outcome = .success(try await runner.run(command, deadline: deadline))
    } catch {
      outcome = .failure(error)
    }
    let present = try controllers(of: nqn, as: host)
    if let controller = present.first(where: { $0.leads(to: portal) && !$0.state.isGoing }) {
      return try corrected(controller, options)
    }
    throw Self.failure(nqn, portal, host, outcome, log?.messages() ?? [])
  }

  /// Long enough for a SYN and its first retransmission, short enough for the volume's other portals.
  private static var portalPatience: Duration { .seconds(4) }

  /// Our controller at this portal; one that is on its way out is waited for until it is gone.
  private func settled(
    _ nqn: NQN, _ portal: TransportAddress, _ host: HostIdentity,
    _ deadline: ContinuousClock.Instant
  ) async throws(FabricsError) -> Controller? {
    var pause = Duration.milliseconds(10)
    while true {
      guard
        let present = try controllers(of: nqn, as: host).first(where: { $0.leads(to: portal) })
      else { return nil }
      guard present.state.isGoing else { return present }
      guard ContinuousClock.now < deadline, (try? await Task.sleep(for: pause)) != nil else {
        throw FabricsError(
          code: .timedOut,
          message: "connect \(nqn) at \(portal): \(present.summary) is still being removed")
      }
      pause = min(pause * 2, .milliseconds(500))
    }
  }

  private func corrected(
    _ controller: Controller, _ options: ConnectOptions
  ) throws(FabricsError) -> Controller {
    if let seconds = options.fastIOFailTimeout {
      // Not by nvme-cli: version 2.3, Debian 12's, has no such option. The kernel looks at it whenever a
      // connection is lost.
      try reading { () throws(SystemCallError) in
        try sysfs.setFastIOFailTimeout(seconds, of: controller)
      }
    }
    let wanted = options.ctrlLossTimeout < 0 ? nil : options.ctrlLossTimeout
    // The kernel rounds a limit up to whole reconnect attempts (nvme_ctrl_loss_tmo_store,
    // drivers/nvme/host/sysfs.c). One that is shorter may be what is left of a target that was given up.
    let delay = max(options.reconnectDelay, 1)
    let shown = wanted.map { ($0 + delay - 1) / delay * delay }
    guard controller.ctrlLossTimeout != shown else { return controller }
    return try reading { () throws(SystemCallError) in
      try sysfs.setCtrlLossTimeout(wanted, of: controller)
      return try sysfs.controller(controller.name) ?? controller
    }
  }

  private func requireKernelModule(
    _ transport: Transport, _ deadline: ContinuousClock.Instant
  ) async throws(FabricsError) {
    func isThere() throws(FabricsError) -> Bool {
      try reading { () throws(SystemCallError) in try Files.status(fabricsDevice) != nil }
    }
    if try isThere() { return }
    let module = "nvme-\(transport.rawValue)"
    let output = try? await runner.run(Command("modprobe", [module]), deadline: deadline)
    if try isThere() { return }
    throw FabricsError(
      code: .noKernelModule,
      message: "there is no \(fabricsDevice) and `modprobe \(module)` did not help"
        + (output.map { ": " + $0.standardError.oneLine } ?? "")
        + "; load the kernel module on the node (linux-modules-extra on some distributions)")
  }

  static func connectCommand(
    _ nqn: NQN, _ portal: TransportAddress, _ host: HostIdentity, _ options: ConnectOptions
  ) -> Command {
    var arguments = [
      "connect", "--transport=\(portal.transport.rawValue)", "--nqn=\(nqn)",
      "--hostnqn=\(host.nqn)", "--hostid=\(host.id)",
      "--ctrl-loss-tmo=\(options.ctrlLossTimeout)", "--reconnect-delay=\(options.reconnectDelay)",
      // The host's own configuration must not add secrets or options to our connections.
      "--config=none", "--output-format=json",
    ]
    if portal.transport != .loop {
      arguments += ["--traddr=\(portal.address)", "--trsvcid=\(portal.service)"]
    }
    if let value = options.keepAliveTimeout { arguments.append("--keep-alive-tmo=\(value)") }
    if let value = options.ioQueues { arguments.append("--nr-io-queues=\(value)") }
    if let value = options.hostAddress { arguments.append("--host-traddr=\(value)") }
    if let value = options.hostInterface { arguments.append("--host-iface=\(value)") }
    return Command("nvme", arguments)
  }
}
