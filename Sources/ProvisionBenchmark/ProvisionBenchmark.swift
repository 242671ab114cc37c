import ArgumentParser
import CSI
import Foundation
import GRPC
import Lab
import Linux

/// `hack/bench provision`: what a volume costs the controller among few others and among many.
@main
struct ProvisionBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "nvmeof-csi-bench-provision",
    abstract: "Time to create, list and delete volumes, among few others and among many.")

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
    print("volumes  create ms each  list ms each  list ms in all  delete ms each  PSS MiB")
    for count in numbers {
      let row = try await measure(count, controller)
      print(
        String(
          format: "%7d  %14.1f  %12.3f  %14.1f  %14.1f  %7.1f", count, row.create,
          row.list / Double(count), row.list, row.delete, row.memory))
    }
    _ = try await controller.process.stop()
    let leftovers = try controller.leftovers()
    guard leftovers.isEmpty else { throw LabError("left: \(leftovers)") }
  }

  private struct Row {
    var create = 0.0
    var list = 0.0
    var delete = 0.0
    var memory = 0.0
  }

  /// Creates up to `count`, the last ten among all others; lists; deletes the same ten among them, and
  /// then the rest.
  private func measure(_ count: Int, _ controller: LabController) async throws -> Row {
    let measured = min(count, 10)
    let size = size << 20
    return try await controller.process.withClient { client in
      let client = ControllerClient(client)
      func create(_ number: Int) async throws -> String {
        var request = CreateVolumeRequest()
        request.name = "bench-\(count)-\(number)"
        request.capacityRange = CapacityRange(requiredBytes: size, limitBytes: 0)
        request.volumeCapabilities = [
          VolumeCapability(accessType: .block, accessMode: .singleNodeWriter)
        ]
        let answer = try await client.createVolume(request, deadline: .now + .seconds(60))
        guard let volume = answer.volume else { throw LabError("CreateVolume answers no volume") }
        return volume.volumeID
      }
      func delete(_ volume: String) async throws {
        var request = DeleteVolumeRequest()
        request.volumeID = volume
        _ = try await client.deleteVolume(request, deadline: .now + .seconds(60))
      }
      var row = Row()
      var volumes: [String] = []
      for number in 0..<(count - measured) { volumes.append(try await create(number)) }
      row.create =
        try await milliseconds {
          for number in (count - measured)..<count { volumes.append(try await create(number)) }
        } / Double(measured)
      var listed = 0
      row.list = try await milliseconds { listed = try await list(client) }
      guard listed == count else { throw LabError("\(listed) of \(count) volumes are listed") }
      row.memory = try memory(of: controller.process.processID)
      let last = volumes.suffix(measured)
      row.delete =
        try await milliseconds { for volume in last { try await delete(volume) } }
        / Double(measured)
      for volume in volumes.dropLast(measured) { try await delete(volume) }
      return row
    }
  }

  /// All volumes, 100 a page as external-provisioner's siblings ask for them.
  private func list(_ client: ControllerClient) async throws -> Int {
    var request = ListVolumesRequest()
    request.maxEntries = 100
    var count = 0
    repeat {
      let answer = try await client.listVolumes(request, deadline: .now + .seconds(60))
      count += answer.entries.count
      request.startingToken = answer.nextToken
    } while !request.startingToken.isEmpty
    return count
  }

  private func milliseconds(_ body: () async throws -> Void) async throws -> Double {
    let start = ContinuousClock.now
    try await body()
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    return Double(seconds) * 1e3 + Double(attoseconds) * 1e-15
  }

  /// Proportional memory in MiB.
  private func memory(of process: Int32) throws -> Double {
    let text = try String(contentsOfFile: "/proc/\(process)/smaps_rollup", encoding: .utf8)
    for line in text.split(separator: "\n") where line.hasPrefix("Pss:") {
      if let kilobytes = Double(line.split(separator: " ")[1]) { return kilobytes / 1024 }
    }
    throw LabError("no Pss of process \(process)")
  }
}
