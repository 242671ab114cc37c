import CSI
import Foundation
import Lab
import Linux
import NVMe

extension Story {
  /// The kernel's controllers are removed under a mounted file system, which no kernel heals: the disk
  /// comes back under another number, and only a new mount reaches it.
  func renumber(_ mounted: Mounted) async throws {
    timeline.chapter("The device goes from under the mount")
    let (volume, path) = (mounted.volume, mounted.path)
    // As a pod would: the old disk cannot go while somebody has a file of it open.
    let held = try FileHandle(forReadingFrom: URL(filePath: path + "/records"))
    defer { try? held.close() }
    let before = try namespace(volume)
    try await timeline.step("an administrator runs: nvme disconnect -n \(volume.nqn)") {
      try runProgram(["nvme", "disconnect", "-n", volume.nqn])
    }
    // Nobody asks the driver for anything from here on.
    let disk = try await timeline.step("the driver connects again and renews the mounts") {
      try await eventually(within: .seconds(60), "the pod's path to lead to the volume again") {
        try isMounted(volume, at: path) && (try? mounted.writer.verify()) == 0
      }
      return try namespace(volume)
    }
    timeline.note(
      "/dev/\(before.name) (\(before.device)) became /dev/\(disk.name) (\(disk.device))")
    try await timeline.step("both paths live, a file written at the same path") {
      try await waitForLive(2, volume)
      try "still here".write(toFile: path + "/after", atomically: true, encoding: .utf8)
    }
    let wrong = try mounted.writer.verify()
    let condition = try await self.condition(mounted)
    timeline.says(condition.message)
    try timeline.prove(
      .heals,
      disk.device != before.device && disk.uuid == before.uuid && wrong == 0
        && mounts(at: path).count == 1
        // Not pretended to be well for whoever has a file of the old disk open, as we do.
        && condition.abnormal && condition.message.hasPrefix("2 of 2 paths live; it came back as "),
      """
      \(before.device) became \(disk.device), same UUID; \(mounted.writer.acknowledged) records, \
      \(wrong) wrong; no RPC, no restart of the pod
      """)
  }

  /// Whether what is mounted there is the volume's disk of now.
  private func isMounted(_ volume: TargetVolume, at path: String) throws -> Bool {
    guard let disk = try? namespace(volume) else { return false }
    return try MountTable.current().mounts(at: path).last?.device == disk.device
  }
}
