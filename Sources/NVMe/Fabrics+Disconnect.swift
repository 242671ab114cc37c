internal import Command
internal import Linux

extension Fabrics {
  /// Removes every controller of ours for `nqn` and verifies in sysfs that they are gone.
  ///
  /// By controller, never by NQN: nvme-cli would take the connections of other host identities too.
  /// None there is success.
  public func disconnect(
    _ nqn: NQN, as host: HostIdentity, deadline: ContinuousClock.Instant
  ) async throws(FabricsError) {
    var said: [String] = []
    for controller in try ours(nqn, host) {
      // The name may have gone to another controller since it was read.
      guard try ours(nqn, host).contains(where: { $0.name == controller.name }) else { continue }
      let command = Command("nvme", ["disconnect", "--device=\(controller.name)"])
      do {
        let output = try await runner.run(command, deadline: deadline)
        if !output.succeeded {
          said.append(output.oneLine)
        }
      } catch CommandError.notFound {
        throw FabricsError(
          code: .noNVMeCLI, message: "disconnect \(nqn): nvme: not found; install nvme-cli")
      } catch {
        said.append("\(error)")
      }
    }
    var pause = Duration.milliseconds(5)
    while true {
      let left = try ours(nqn, host)
      if left.isEmpty { return }
      guard ContinuousClock.now < deadline, (try? await Task.sleep(for: pause)) != nil else {
        throw FabricsError(
          code: .stillPresent,
          message: "disconnect \(nqn): still there: \(left.map(\.summary).joined(separator: ", "))"
            + (said.isEmpty ? "" : " (\(said.joined(separator: "; ")))"))
      }
      pause = min(pause * 2, .milliseconds(500))
    }
  }

  private func ours(_ nqn: NQN, _ host: HostIdentity) throws(FabricsError) -> [Controller] {
    try reading { () throws(SystemCallError) in
      try sysfs.subsystem(nqn: nqn).flatMap(\.controllers)
        .filter { $0.hostNQN == host.nqn.rawValue }
    }
  }
}
