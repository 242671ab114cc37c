import ArgumentParser
import Foundation
import Lab
import NVMe

/// Stages and unstages volumes through the driver and by hand, in turn, and compares.
@main
struct StageBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "nvmeof-csi-bench-stage",
    abstract: "Compare staging through the driver with the same steps done by hand.",
    discussion: "Runs inside the lab's guest, as root: see hack/bench stage.")

  @Option(help: "Measured runs of each side; one more before them does not count.")
  var runs = 7

  @Option(help: "Size of the volume that is compared, MiB.")
  var size: UInt64 = 512

  @Option(help: "Volumes that are staged side by side; 0 leaves that part out.")
  var volumes = 16

  @Option(help: "The driver.")
  var driver = ".build/release/nvmeof-csi"

  /// The driver may take this much longer than the programs alone.
  static let bar = 1.10

  func validate() throws {
    guard runs > 0 else { throw ValidationError("--runs must be positive") }
    guard size >= 16 else { throw ValidationError("--size must be at least 16") }
    guard volumes >= 0 else { throw ValidationError("--volumes must not be negative") }
  }

  func run() async throws {
    guard ProcessInfo.processInfo.environment["NVMEOF_CSI_LAB"] == "1" else {
      throw ValidationError("this runs in the lab's guest only: hack/bench stage")
    }
    let node = try LabNode("bench", binary: driver)
    let target = try NVMeTarget()
    try await node.start()
    let bench = Comparison(node: node, target: target, size: size << 20, runs: runs)

    let formatted = try await bench.formatted()
    formatted.print("formatted volume (ext4, \(size) MiB)", runs: runs)
    // Through a pipe too each table is seen when it is made.
    fflush(nil)
    let empty = try await bench.empty()
    empty.print("empty volume (mkfs.ext4, \(size) MiB)", runs: runs)
    let call = try await bench.emptyCall()
    print(
      String(
        format: "\nan empty call (connect, Probe): median %.0f ms, min %.0f, max %.0f", call.median,
        call.minimum, call.maximum))
    fflush(nil)
    if volumes > 0 {
      try await SideBySide(node: node, target: target, count: volumes).measure().print()
    }

    let ratio = formatted.ratio(of: .both)
    print(
      String(
        format: "\nbar: a formatted volume staged and unstaged in at most %.2f times the programs' "
          + "time: %.2f, %@", Self.bar, ratio, ratio <= Self.bar ? "met" : "NOT met"))
    print(
      String(
        format: "     stage alone %.2f, unstage alone %.2f", formatted.ratio(of: .stage),
        formatted.ratio(of: .unstage)))
    _ = try await node.driver.stop()
  }
}
