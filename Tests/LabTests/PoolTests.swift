import CSI
import Foundation
import GRPC
import Lab
import NVMe
import Testing

/// A volume's whole life through the public interface, with the bytes in each kind of pool and between
/// them and the writer the kernel's target, TCP and the kernel's host.
@Suite("A volume in a pool", .lab, .serialized)
struct PoolTests {
  private static let size: Int64 = 64 << 20

  @Test(
    "is written, kept, restored, cloned, grown, deleted, and comes back when its target does",
    .long, .timeLimit(.minutes(10)),
    arguments: [LabPool.Kind.thin, .linear, .reflinks, .disk])
  func life(kind: LabPool.Kind) async throws {
    try await Cluster.run(on: kind) { cluster in
      let volume = try await cluster.create("source", size: Self.size)
      #expect(try await cluster.create("source", size: Self.size).name == volume.name)
      let path = try await cluster.attach(volume)
      #expect(try BlockTests.head(of: volume)?.uuid?.description == volume.uuid)
      let (old, new) = (try Self.randomBytes(), try Self.randomBytes())
      try Self.write(old, to: path)

      let snapshot = try await keep(volume, cluster)
      try Self.write(new, to: path)
      let clone = try await cluster.copying(volume) {
        try await cluster.create("clone", from: .volume(id: volume.name))
      }
      try await expect(new, in: clone, cluster)
      var copies = [clone]
      if let snapshot {
        let restored = try await cluster.create("restored", from: .snapshot(id: snapshot))
        try await expect(old, in: restored, cluster)
        copies.append(restored)
      }
      #expect(try Self.read(path) == new, "the source is not what it was")

      try await grow(volume, at: path, cluster)
      try await loseTarget(volume, at: path, copies, cluster)

      await expectRefusal(.failedPrecondition, "unpublish it there first") {
        try await cluster.controller.delete(volume)
      }
      try await cluster.detach(volume)
      try await cluster.controller.delete(volume)
      try await cluster.controller.delete(volume)
      if let snapshot { try await cluster.controller.deleteSnapshot(snapshot) }
      for copy in copies {
        #expect(try Self.read(cluster.node.targetPath(copy, .ext4)).count == new.count)
        try await cluster.detach(copy)
        try await cluster.controller.delete(copy)
      }
      #expect(try await cluster.controller.volumes() == [:])
    }
  }

  /// What the pool and the target do, without a node: cheap enough for every run.
  @Test(
    "of LVM's thin volumes is kept, restored, grown and deleted without a trace",
    .timeLimit(.minutes(5)))
  func thin() async throws {
    try await Cluster.run(on: .thin) { cluster in
      let controller = cluster.controller
      let volume = try await cluster.create("source", size: Self.size, .block)
      let (old, new) = (try Self.randomBytes(), try Self.randomBytes())
      try Self.write(old, toDisk: volume)
      let snapshot = try await controller.takeSnapshot("kept", of: volume)
      #expect(snapshot.readyToUse && snapshot.sizeBytes == Self.size)
      try Self.write(new, toDisk: volume)
      let restored = try await cluster.create(
        "restored", size: Self.size * 2, .block, from: .snapshot(id: snapshot.snapshotID))
      #expect(try await controller.expand(volume, to: Self.size * 2) == Self.size * 2)
      for (volume, bytes) in [(volume, new), (restored, old)] {
        #expect(try Self.read(old.count, ofDisk: volume) == bytes)
        #expect(try Self.size(ofDisk: volume) == Self.size * 2)
        #expect(try controller.target.devicePath(volume.nqn) == volume.backingFile)
      }
      #expect(
        try cluster.pool.contents()
          == cluster.pool.contents(for: [volume.name, restored.name, snapshot.snapshotID]))
      for volume in [volume, restored] { try await controller.delete(volume) }
      try await controller.deleteSnapshot(snapshot.snapshotID)
    }
  }

  /// A snapshot of what the volume holds now; nil where there are none.
  private func keep(_ volume: TargetVolume, _ cluster: Cluster) async throws -> String? {
    guard cluster.pool.kind.hasSnapshots else {
      await expectRefusal(.unimplemented) {
        _ = try await cluster.controller.takeSnapshot("kept", of: volume)
      }
      return nil
    }
    let snapshot = try await cluster.copying(volume) {
      try await cluster.controller.takeSnapshot("kept", of: volume)
    }
    #expect(snapshot.readyToUse && snapshot.sizeBytes == Self.size)
    return snapshot.snapshotID
  }

  /// Attaches a new volume, which holds a file of these bytes, and leaves it so.
  private func expect(_ bytes: Data, in volume: TargetVolume, _ cluster: Cluster) async throws {
    let path = try await cluster.attach(volume)
    #expect(try Self.read(path) == bytes, "volume \(volume.name)")
    #expect(try BlockTests.head(of: volume)?.uuid?.description == volume.uuid)
  }

  /// Doubles the volume while it is written to.
  private func grow(_ volume: TargetVolume, at path: String, _ cluster: Cluster) async throws {
    let larger = Self.size * 2
    guard cluster.pool.kind.hasSnapshots else {
      await expectRefusal(.unimplemented) {
        _ = try await cluster.controller.expand(volume, to: larger)
      }
      return
    }
    let before = try await cluster.node.stats(volume, at: path).usage.first?.total ?? 0
    let writer = ChecksumWriter(path: path + "/growing")
    writer.start()
    #expect(try await cluster.controller.expand(volume, to: larger) == larger)
    #expect(try await cluster.node.expand(volume, at: path, to: larger) == larger)
    #expect(try await cluster.controller.expand(volume, to: larger) == larger)
    let after = try await cluster.node.stats(volume, at: path).usage.first?.total ?? 0
    #expect(after > before + Self.size / 2, "from \(before) to \(after)")
    let acknowledged = writer.acknowledged
    try await eventually(within: .seconds(20), "the writer to go on") {
      writer.acknowledged > acknowledged + 20
    }
    try await writer.stop()
    #expect(writer.failure == nil)
    #expect(try writer.verify() == 0)
    print("\(cluster.pool.kind): grown; a write took \(writer.longestWait) at most")
  }

  /// The target is started anew, which takes its time: its users notice nothing else.
  private func loseTarget(
    _ volume: TargetVolume, at path: String, _ others: [TargetVolume], _ cluster: Cluster
  ) async throws {
    let all = [volume] + others
    func controllers() throws -> [String] { try all.flatMap { try $0.controllers() }.map(\.name) }
    func disks() throws -> [Namespace?] { try all.map { try BlockTests.head(of: $0) } }
    let (connected, seen) = (try controllers(), try disks().map { $0?.name })
    let writer = ChecksumWriter(path: path + "/log")
    writer.start()
    try await eventually(within: .seconds(60), "first records") { writer.acknowledged > 50 }

    try await cluster.controller.process.killNow()
    try NVMeTarget().loseEverything()
    try cluster.pool.restart()
    try await Task.sleep(for: .seconds(4))
    let stalledAt = writer.acknowledged
    #expect(try all.allSatisfy { try $0.controllers().allSatisfy { $0.state == .connecting } })
    let start = ContinuousClock.now
    try await cluster.controller.start()
    try await eventually(within: .seconds(60), "the writer to go on") {
      writer.acknowledged > stalledAt + 20
    }
    print("\(cluster.pool.kind): the writer went on \(ContinuousClock.now - start) after the start")
    try await writer.stop()
    #expect(writer.failure == nil)
    #expect(try writer.verify() == 0)
    try await eventually(within: .seconds(60), "all to be connected") {
      try all.allSatisfy { try $0.controllers().allSatisfy { $0.state == .live } }
    }
    #expect(try controllers() == connected)
    #expect(try disks().map { $0?.name } == seen)
    #expect(try disks().map { $0?.uuid?.description } == all.map(\.uuid))
  }

  private static func randomBytes() throws -> Data {
    let source = try FileHandle(forReadingFrom: URL(filePath: "/dev/urandom"))
    return try #require(try source.read(upToCount: 4 << 20))
  }

  private static func write(_ bytes: Data, to path: String) throws {
    try bytes.write(to: URL(filePath: path + "/file"))
    try runProgram(["sync", "-f", path])
  }

  private static func read(_ path: String) throws -> Data {
    try Data(contentsOf: URL(filePath: path + "/file"))
  }

  // MARK: At the target

  private static func write(_ bytes: Data, toDisk volume: TargetVolume) throws {
    let disk = try FileHandle(forWritingTo: URL(filePath: volume.backingFile))
    defer { try? disk.close() }
    try disk.write(contentsOf: bytes)
    try disk.synchronize()
  }

  private static func read(_ count: Int, ofDisk volume: TargetVolume) throws -> Data? {
    let disk = try FileHandle(forReadingFrom: URL(filePath: volume.backingFile))
    defer { try? disk.close() }
    return try disk.read(upToCount: count)
  }

  private static func size(ofDisk volume: TargetVolume) throws -> Int64 {
    let disk = try FileHandle(forReadingFrom: URL(filePath: volume.backingFile))
    defer { try? disk.close() }
    return Int64(try disk.seekToEnd())
  }
}
