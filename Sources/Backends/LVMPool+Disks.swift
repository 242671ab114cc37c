internal import Command
internal import Linux
internal import NVMe

/// A program of LVM reads every disk that it finds, whatever the volume group is. On a target that is a
/// host too, a disk whose target is away does not answer, and may be one that this very pool has to bring
/// back.
extension LVMPool {
  /// The command, told to pass over the disks that come over NVMe-oF now.
  ///
  /// The administrator's settings stay: LVM reads what `filter` and `global_filter` both let through, and
  /// the one that is free takes ours. Whoever has set both has to keep such disks out of them.
  func passingOverFabrics(
    _ command: Command, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> Command {
    let sysfs = sysfs
    let disks = try await threads.run("list NVMe disks", on: "disks", deadline: deadline) {
      (_) throws(BackendError) in
      do { return try Self.fabricsDisks(sysfs) } catch {
        throw BackendError(.failed, "list NVMe disks", cause: error)
      }
    }
    guard !disks.isEmpty else { return command }
    let query = Command("lvmconfig", ["devices/global_filter", "devices/filter"])
    // It fails when one of them is not set, and prints the other.
    let settings = try await launch(query, deadline: deadline).standardOutput.split(separator: "\n")
    guard
      let free = ["global_filter", "filter"].first(where: { name in
        !settings.contains { $0.hasPrefix("\(name)=") }
      })
    else { return command }
    let patterns = disks.map { "\"r|^/dev/\($0)(p[0-9]+)?$|\"" }
    var command = command
    command.arguments =
      ["--config", "devices{\(free)=[\(patterns.joined(separator: ","))]}"]
      + command.arguments
    return command
  }

  /// Those that no PCIe controller leads to, also when none does.
  private static func fabricsDisks(_ sysfs: NVMeSysfs) throws(SystemCallError) -> [String] {
    try sysfs.subsystems().flatMap { subsystem in
      let isLocal = subsystem.controllers.contains { $0.transport == "pcie" }
      return subsystem.namespaces.filter { !isLocal || !$0.hasPath }.map(\.name)
    }.sorted()
  }
}
