import Foundation
import Lab
import NVMe
import Synchronization
import Testing

/// Whether this runs in the lab's guest, where breaking things is allowed.
let inLab = ProcessInfo.processInfo.environment["NVMEOF_CSI_LAB"] == "1"
/// Whether there is time for more than what shows most: NVMEOF_CSI_LAB_LONG is set.
let isLong = ProcessInfo.processInfo.environment["NVMEOF_CSI_LAB_LONG"] != nil

extension Trait where Self == ConditionTrait {
  /// Runs in the lab's guest only.
  static var lab: Self { .enabled(if: inLab, "runs in the lab: hack/test lab") }
}

extension Trait where Self == ConditionTrait {
  /// Runs only where there is time.
  static var long: Self { .enabled(if: isLong, "takes long: hack/test --full") }
}

/// What the guest's kernel does when a target says "do not retry", or is gone.
enum GuestKernel {
  /// Since Linux 6.10 "do not retry" makes it remove the controller, whatever ctrl_loss_tmo says.
  static let givesUpWhenToldTo = isAtLeast(6, 10)
  /// Since Linux 6.16 it can keep the disk of a lost controller (delayed_removal_secs).
  static let keepsDisks = isAtLeast(6, 16)

  private static func isAtLeast(_ major: Int, _ minor: Int) -> Bool {
    let release = (try? runProgram(["uname", "-r"])) ?? ""
    let numbers = release.split(separator: ".").prefix(2).compactMap { Int($0) }
    guard numbers.count == 2 else { return false }
    return (numbers[0], numbers[1]) >= (major, minor)
  }
}

/// A node and a target, made for one test and gone after it.
struct Scenario: Sendable {
  let node: LabNode
  let target: NVMeTarget

  private static let counter = Atomic(0)

  /// Runs `body` with a plugin that is up; afterwards nothing may be left on the node.
  static func run(
    environment: [String: String] = [:], arguments: [String] = [],
    _ body: (Scenario) async throws -> Void
  ) async throws {
    let number = counter.add(1, ordering: .relaxed).newValue
    let node = try LabNode("node-\(number)")
    let scenario = Scenario(node: node, target: try NVMeTarget())
    try await node.start(environment: environment, arguments: arguments)
    do {
      try await body(scenario)
      let left = try node.leftovers()
      #expect(left == [], "left behind by the test; log:\n\(node.driver.logTail())")
    } catch {
      print("--- plugin's log ---\n\(node.driver.logTail(60))\n---")
      scenario.cleanUp()
      throw error
    }
    #expect(node.driver.isRunning, "the plugin died:\n\(node.driver.logTail())")
    let took = try await node.driver.stop()
    #expect(took < .seconds(5), "shutting down took \(took)")
    for subsystem in try scenario.target.subsystems() {
      try scenario.target.deleteEverything(subsystem)
    }
  }

  /// After a failed test: whatever is needed so that the next one finds a clean machine.
  private func cleanUp() {
    try? LabNetwork.restore()
    kill(node.driver.processID, SIGKILL)
    _ = try? runProgram([
      "sh", "-c",
      "for f in /sys/block/nvme*/delayed_removal_secs; do [ ! -e $f ] || echo 0 >$f; done",
    ])
    _ = try? runProgram(["nvme", "disconnect-all"])
    _ = try? runProgram([
      "sh", "-c",
      "grep -o ' \(node.kubelet)/[^ ]*' /proc/self/mountinfo | sort -r | xargs -r -n1 umount -l",
    ])
    for subsystem in (try? target.subsystems()) ?? [] { try? target.deleteEverything(subsystem) }
  }

  /// A volume at the target that this node may use.
  func volume(
    size: UInt64 = 384 << 20, portals: [TargetVolume.Portal] = [.init(1)]
  ) throws -> TargetVolume {
    let number = Self.counter.add(1, ordering: .relaxed).newValue
    return try TargetVolume(
      target, name: "vol-\(number)", number: number, size: size, host: node.host.nqn.rawValue,
      portals: portals)
  }
}
