public import Command
internal import Linux

/// `nvme connect` and `nvme disconnect`.
///
/// What nvme-cli says is for people; the truth is read from sysfs before and after.
public struct Fabrics: Sendable {
  let sysfs: NVMeSysfs
  let runner: any CommandRunner
  let kernelLog: String
  let fabricsDevice: String

  /// `kernelLog` and `fabricsDevice` are seams for tests.
  public init(
    sysfs: NVMeSysfs, runner: any CommandRunner, kernelLog: String = "/dev/kmsg",
    fabricsDevice: String = "/dev/nvme-fabrics"
  ) {
    self.sysfs = sysfs
    self.runner = runner
    self.kernelLog = kernelLog
    self.fabricsDevice = fabricsDevice
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
