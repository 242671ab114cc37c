import Foundation
import GRPC
import Lab
import Linux
import NVMe
import Testing

@Suite("A disk whose name another volume gets while it is being staged", .lab, .serialized)
struct SwapTests {
  /// `T` in proc(5)'s stat: stopped by a signal.
  private func isStopped(_ driver: DriverProcess) -> Bool {
    let stat =
      (try? String(contentsOfFile: "/proc/\(driver.processID)/stat", encoding: .utf8)) ?? ""
    return stat.split(separator: ")").last?.split(separator: " ").first == "T"
  }

  private func bytes(_ volume: TargetVolume) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: volume.backingFile))
  }

  /// What a lost connection and another initiator do.
  private func swap(
    _ lost: TargetVolume, for other: TargetVolume, as host: HostIdentity
  ) async throws {
    try runProgram(["nvme", "disconnect", "-n", lost.nqn])
    // Whoever still looks at the lost disk keeps its number too.
    try runProgram(["udevadm", "settle"])
    let portal = other.portals[0]
    try runProgram([
      "nvme", "connect", "-t", "tcp", "-n", other.nqn, "-a", portal.address, "-s",
      "\(portal.port)", "-q", host.nqn.rawValue, "-I", "\(host.id)",
    ])
    try await eventually(within: .seconds(20), "the other volume's disk") {
      (try BlockTests.head(of: other)?.size ?? 0) > 0
    }
  }

  /// Where the disk is not held open yet the other one does get its name and its number.
  @Test(
    "the stage fails, and the other volume stays as it was",
    arguments: [
      ("stage.namespace.after", true), ("stage.probe.before", false), ("stage.mount.before", false),
    ])
  func swapped(checkpoint: String, isReused: Bool) async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume(size: 96 << 20)
      let other = try lab.volume(size: 96 << 20)
      for each in [volume, other] {
        try await node.stage(each, .ext4)
        let path = try await node.publish(each, .ext4)
        try each.name.write(toFile: path + "/file", atomically: true, encoding: .utf8)
        try await node.takeDown(each, .ext4)
      }
      let before = try bytes(other)
      _ = try await node.driver.stop()
      try await node.start(environment: ["NVMEOF_CSI_STOP_AT": checkpoint])
      let staging = Task { try await node.stage(volume, .ext4) }
      try await eventually(within: .seconds(60), "the plugin to stop") { isStopped(node.driver) }
      let device = try #require(try BlockTests.head(of: volume)).device
      try await swap(volume, for: other, as: node.host)
      let taken = try #require(try BlockTests.head(of: other)).device
      #expect((taken == device) == isReused, "\(device), then \(taken)")
      kill(node.driver.processID, SIGCONT)

      let error = await #expect(throws: RPCError.self) { try await staging.value }
      print("\(checkpoint): \(error.map { "\($0)" } ?? "no error")")
      let mounted = try MountTable.current().mounts(at: node.stagingPath(volume, .ext4))
      #expect(mounted == [])
      if isReused {
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("is another disk now") == true)
      }
      try runProgram(["nvme", "disconnect", "-n", other.nqn])
      #expect(try bytes(other) == before)

      _ = try await node.driver.stop()
      try await node.start()
      try await node.stage(volume, .ext4)
      let path = try await node.publish(volume, .ext4)
      #expect(try String(contentsOfFile: path + "/file", encoding: .utf8) == volume.name)
      try await node.takeDown(volume, .ext4)
    }
  }
}
