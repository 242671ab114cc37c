import ArgumentParser
import CSI
import Foundation
import Lab

/// `hack/bench provision`: what a volume costs the controller among few others and among many.
@main
struct ProvisionBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "nvmeof-csi-bench-provision",
    abstract: "Time to create, list, publish and delete volumes, among few others and among many.")

  @Option(help: "How many volumes there are to be, one measurement after another.")
  var counts: String = "10,100,1000"

  @Option(help: "Size of a volume in MiB. Image files are sparse, but none is promised twice.")
  var size: Int64 = 1

  @Option(help: "The driver.")
  var binary = ".build/release/nvmeof-csi"

  func validate() throws {
    guard !numbers.isEmpty, numbers.allSatisfy({ $0 > 0 }), size > 0 else {
      throw ValidationError("--counts wants numbers separated by commas, --size one above 0")
    }
  }

  private var numbers: [Int] { counts.split(separator: ",").map { Int($0) ?? 0 } }

  func run() async throws {
    guard ProcessInfo.processInfo.environment["NVMEOF_CSI_LAB"] == "1" else {
      throw ValidationError("runs in the lab's guest only; start it with hack/bench provision")
    }
    let controller = try LabController("bench-controller", binary: binary)
    try await controller.start()
    let bench = ProvisionBench(controller: controller, size: size << 20)
    // The first calls of a process load its code, in the guest from the machine outside.
    _ = try await bench.measure(3, name: "warm-up", restarts: false)
    say(Self.explanation)
    say(ProvisionRow.header)
    for count in numbers {
      say(try await bench.measure(count, name: "bench-\(count)", restarts: true).text)
    }
    _ = try await controller.process.stop()
    let leftovers = try controller.leftovers()
    guard leftovers.isEmpty else { throw LabError("left: \(leftovers)") }
  }

  private static let explanation = """
    create, publish, unpublish, delete: one call after another of 10 volumes among all others, \
    median (largest), ms
    list: all volumes, 100 a page, ms for each volume, the middle of three listings
    PSS: the controller's memory with all of them, MiB
    back: seconds from the start of a controller that was killed, and whose target has lost \
    everything, until the port listens / every volume is exported / the controller is ready
    """

  /// At once, also when the output is a pipe.
  private func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
}
