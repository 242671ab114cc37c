import CSI
import Foundation
import Lab
import Linux
import NVMe
import Testing

extension TargetVolume {
  /// The paths to the volume's subsystem.
  func controllers() throws -> [Controller] {
    try NVMeSysfs().subsystem(nqn: NQN(nqn)).flatMap(\.controllers)
  }
}

/// What it means that a volume works, for all tests of losing it.
extension LabNode {
  /// Whether the publish path leads to the namespace as it is now, and gives back what was written.
  func works(
    _ volume: TargetVolume, _ use: Use, at path: String, _ written: ChecksumWriter
  ) -> Bool {
    guard let head = try? BlockTests.head(of: volume),
      (try? volume.controllers().contains { $0.state == .live }) == true
    else { return false }
    switch use {
    case .block:
      guard (try? BlockTests.deviceNumber(path)) == head.device else { return false }
      return (try? written.verify(at: path)) == 0
    case .fileSystem:
      guard
        let mount = try? MountTable.current().mounts(at: path).last, mount.device == head.device,
        (try? written.verify(at: path + "/log")) == 0
      else { return false }
      return (try? "x".write(toFile: path + "/alive", atomically: true, encoding: .utf8)) != nil
    }
  }

  /// Stages and publishes, and writes a hundred records.
  func prepare(
    _ volume: TargetVolume, _ use: Use, _ context: [String: String] = [:]
  ) async throws -> (String, ChecksumWriter) {
    try await stage(volume, use, context: context)
    let path = try await publish(volume, use)
    let writer = ChecksumWriter(path: use == .block ? path : path + "/log")
    writer.start(limit: 100)
    try await eventually(within: .seconds(60), "a hundred records") { writer.acknowledged == 100 }
    try await writer.stop()
    #expect(works(volume, use, at: path, writer))
    return (path, writer)
  }

  /// Waits until the volume works again.
  func expectHealed(
    _ volume: TargetVolume, _ use: Use, at path: String, _ writer: ChecksumWriter
  ) async throws {
    let start = ContinuousClock.now
    try await eventually(within: .seconds(90), "\(path) to work again") {
      works(volume, use, at: path, writer)
    }
    print("healed \(use) in \(ContinuousClock.now - start)")
  }

  /// Unpublishes and unstages.
  func takeDown(_ volume: TargetVolume, _ use: Use) async throws {
    try await unpublish(volume, use)
    try await unstage(volume, use)
  }
}
