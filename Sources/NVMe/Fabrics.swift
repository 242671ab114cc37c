public import Command
public import Linux

/// Connects subsystems, with `nvme connect`, and disconnects them, through sysfs.
///
/// What nvme-cli says is for people; the truth is read from sysfs before and after.
public struct Fabrics: Sendable {
  /// Tells the kernel to delete the controller of this name, by its `delete_controller`, which is open
  /// already. Returns when the kernel has done it.
  typealias Delete =
    @Sendable (
      _ attribute: Descriptor, _ controller: String, _ deadline: ContinuousClock.Instant
    ) async throws(IsolatedCallError) -> Void

  let sysfs: NVMeSysfs
  let runner: any CommandRunner
  let kernelLog: String
  let fabricsDevice: String
  let delete: Delete

  /// nvme-cli is run by `runner`; what may wait in the kernel goes through `calls`.
  public init(sysfs: NVMeSysfs, runner: any CommandRunner, calls: IsolatedCalls) {
    self.init(
      sysfs: sysfs, runner: runner, kernelLog: "/dev/kmsg", fabricsDevice: "/dev/nvme-fabrics"
    ) { (attribute, name, deadline) async throws(IsolatedCallError) in
      try await calls.write(
        "1", to: attribute, named: "\(name)/delete_controller", deadline: deadline)
    }
  }

  init(
    sysfs: NVMeSysfs, runner: any CommandRunner, kernelLog: String, fabricsDevice: String,
    delete: @escaping Delete
  ) {
    self.sysfs = sysfs
    self.runner = runner
    self.kernelLog = kernelLog
    self.fabricsDevice = fabricsDevice
    self.delete = delete
  }

  /// The paths to a subsystem; fails when one of them was made with another host identity: native
  /// multipath would join it with ours under one disk, and no fence could tell them apart.
  func controllers(
    of nqn: NQN, as host: HostIdentity
  ) throws(FabricsError) -> [Controller] {
    let controllers = try reading { () throws(SystemCallError) in
      try sysfs.subsystem(nqn: nqn).flatMap(\.controllers)
    }
    if let foreign = controllers.first(where: { $0.hostNQN != host.nqn.rawValue }) {
      throw FabricsError(
        code: .notOurs,
        message:
          "\(nqn) is connected already by another host identity, \(foreign.hostNQN), as "
          + "\(foreign.summary); disconnect it (nvme disconnect -d \(foreign.name)), since the "
          + "kernel would make one disk of both")
    }
    return controllers
  }

  func reading<Value>(
    _ body: () throws(SystemCallError) -> Value
  ) throws(FabricsError) -> Value {
    do { return try body() } catch {
      throw FabricsError(code: .other, message: "read NVMe state: \(error)")
    }
  }
}
