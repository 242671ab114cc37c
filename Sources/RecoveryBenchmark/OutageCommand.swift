import ArgumentParser
import Foundation
import Lab

/// `nvmeof-csi-bench-recovery outages`: in the lab's guest.
struct OutageCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "outages",
    abstract: "From 'the target answers' to 'a pod reads its data through the publish path'.")

  @Option(help: "Outages of each kind; 0 leaves them out.")
  var runs = 5

  @Option(help: "Seconds without target that the kernel survives by itself.")
  var outage = 20

  @Option(help: "Volumes that are lost and come back at once; 0 leaves that part out.")
  var volumes = 16

  @Option(help: "The driver.")
  var driver = ".build/release/nvmeof-csi"

  func validate() throws {
    guard runs >= 0, outage > 0, volumes >= 0 else {
      throw ValidationError("--outage must be positive, --runs and --volumes not negative")
    }
  }

  func run() async throws {
    guard ProcessInfo.processInfo.environment["NVMEOF_CSI_LAB"] == "1" else {
      throw ValidationError("this runs in the lab's guest only: hack/bench recovery")
    }
    // What the kernel says of a lost file system, every time it is read, is slow to print in the guest.
    try Program.run("dmesg", "--console-level", "1")
    let node = try LabNode("bench", binary: driver)
    let bench = Outages(node: node, target: try NVMeTarget(), runs: runs)
    try await node.start()
    if runs > 0 {
      try await bench.survived(outage: .seconds(outage))
      fflush(nil)
      try await bench.givenUp()
      fflush(nil)
    }
    if volumes > 0 {
      try await ManyLost(node: node, target: bench.target, count: volumes).measure()
    }
    _ = try await node.driver.stop()
  }
}
