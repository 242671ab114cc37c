import Foundation
import Lab
import Linux
import Testing

/// Uevents are hints: whatever becomes of them, volumes are healed.
@Suite("Without the help of uevents", .lab, .serialized)
struct EventTests {
  private func udevProcesses() throws -> [pid_t] {
    try Files.names(inDirectory: "/proc").compactMap { pid_t($0) }.filter { process in
      (try? String(contentsOfFile: "/proc/\(process)/comm", encoding: .utf8))?
        .hasPrefix("systemd-udevd") == true
    }
  }

  /// Loses a volume and waits for recovery.
  private func expectHealing(
    _ lab: Scenario, losing lose: (TargetVolume) async throws -> Void
  )
    async throws
  {
    let volume = try lab.volume(size: 96 << 20)
    let (path, writer) = try await lab.node.prepare(volume, .ext4)
    try await lose(volume)
    try await lab.node.expectHealed(volume, .ext4, at: path, writer)
    try await lab.node.takeDown(volume, .ext4)
  }

  @Test("none reaches the plugin: its slow poll heals")
  func deaf() async throws {
    try await Scenario.run(environment: ["NVMEOF_CSI_DEAF": "1"]) { lab in
      #expect(lab.node.driver.logTail(500).contains("uevents are ignored"))
      try await expectHealing(lab) { volume in
        try runProgram(["nvme", "disconnect", "-n", volume.nqn])
      }
    }
  }

  @Test("udevd is absent and the plugin's socket overflows: the loss is noticed, and heals")
  func overflow() async throws {
    // Killed, not asked to exit: it would first work off every event that earlier tests have caused.
    let running = try udevProcesses()
    for process in running { kill(process, SIGKILL) }
    try await eventually(within: .seconds(30), "udevd to end") { try udevProcesses().isEmpty }
    defer {
      if !running.isEmpty { _ = try? runProgram(["/usr/lib/systemd/systemd-udevd", "--daemon"]) }
    }
    try await Scenario.run { lab in
      try await expectHealing(lab) { volume in
        kill(lab.node.driver.processID, SIGSTOP)
        defer { kill(lab.node.driver.processID, SIGCONT) }
        for _ in 0..<40_000 {
          try Files.writeAttribute("change", to: "/sys/class/block/loop0/uevent")
        }
        try runProgram(["nvme", "disconnect", "-n", volume.nqn])
      }
      #expect(lab.node.driver.logTail(2_000).contains("uevents were lost"))
    }
    #expect(try udevProcesses().isEmpty)
  }
}
