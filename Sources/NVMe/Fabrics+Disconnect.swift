internal import Glibc
internal import Linux

extension Fabrics {
  /// Removes every controller of ours for `nqn` and verifies in sysfs that they are gone.
  ///
  /// By controller, never by NQN: the connections of other host identities stay. None there is success.
  public func disconnect(
    _ nqn: NQN, as host: HostIdentity, deadline: ContinuousClock.Instant
  ) async throws(FabricsError) {
    var said: [String] = []
    for controller in try ours(nqn, host) {
      do throws(IsolatedCallError) {
        try await delete(controller.name, of: nqn, host, deadline)
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

  /// Deletes the controller of that name if it is ours, and no other, whatever becomes of the name: the
  /// kernel gives the one of a controller that went to the next that comes. Its directory is opened
  /// first, then looked at, and the command given through it; sysfs has nothing more to say in the
  /// directory of one that is gone.
  private func delete(
    _ name: String, of nqn: NQN, _ host: HostIdentity, _ deadline: ContinuousClock.Instant
  ) async throws(IsolatedCallError) {
    do throws(IsolatedCallError) {
      guard let attribute = try command(name, of: nqn, host) else { return }
      try await delete(attribute, name, deadline)
    } catch {
      if case .failed(let failure) = error, NVMeSysfs.isGone(failure) { return }
      throw error
    }
  }

  /// Its `delete_controller`; nil when it is not ours.
  private func command(
    _ name: String, of nqn: NQN, _ host: HostIdentity
  ) throws(IsolatedCallError) -> Descriptor? {
    do throws(SystemCallError) {
      let directory = try Directory("\(sysfs.root)/class/nvme/\(name)")
      guard try Self.text("subsysnqn", in: directory) == nqn.rawValue,
        try Self.text("hostnqn", in: directory) == host.nqn.rawValue
      else { return nil }
      return try directory.open("delete_controller", flags: O_WRONLY)
    } catch {
      throw .failed(error)
    }
  }

  private static func text(
    _ attribute: String, in directory: Directory
  ) throws(SystemCallError) -> String {
    var text = String(decoding: try directory.read(attribute, limit: 4096), as: UTF8.self)
    while text.hasSuffix("\n") { text.removeLast() }
    return text
  }

  private func ours(_ nqn: NQN, _ host: HostIdentity) throws(FabricsError) -> [Controller] {
    try reading { () throws(SystemCallError) in
      try sysfs.subsystem(nqn: nqn).flatMap(\.controllers)
        .filter { $0.hostNQN == host.nqn.rawValue }
    }
  }
}
