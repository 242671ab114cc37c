import CSI
import Foundation
import GRPC
import Lab
import NVMe
import Testing

/// A controller that dies again and again in the middle of what it is asked, and what has to be true
/// when the same was asked again until it succeeded. Beside it a volume that is written to all the time.
///
/// The orchestrator's memory is here: what was asked, and which volumes and snapshots there are to be.
final class Ordeal {
  /// What is asked of the controller, in this order: never twice in a row for the same operation.
  enum Request: String, CaseIterable {
    case create, expand, snapshot, restore, deleteRestored, clone, deleteSnapshot, delete
    case publishClone, unpublishClone, deleteClone

    /// The steps of the operation that this is, by their checkpoints: see `Checkpoint`. Between the end
    /// of one and the beginning of the next nothing is done.
    var checkpoints: [String] {
      let (operation, steps): (String, [String]) =
        switch self {
        case .create, .restore, .clone: ("createVolume", ["record", "backend", "finish"])
        case .publishClone: ("controllerPublish", ["record", "allow"])
        case .unpublishClone: ("controllerUnpublish", ["revoke", "finish"])
        case .expand: ("expandVolume", ["record", "backend", "finish"])
        case .snapshot: ("createSnapshot", ["record", "backend", "finish"])
        case .deleteSnapshot: ("deleteSnapshot", ["record", "backend", "finish"])
        case .delete, .deleteRestored, .deleteClone:
          ("deleteVolume", ["record", "backend", "finish"])
        }
      return ["\(operation).\(steps[0]).before"] + steps.map { "\(operation).\($0).after" }
    }
  }

  private static let size: Int64 = 16 << 20
  private static let nodeID = "somebody"

  let cluster: Cluster
  private var controller: LabController { cluster.controller }
  private let bystander: TargetVolume
  private let writer: ChecksumWriter
  private let connections: [String]
  private var round = 0
  private var volumes: [Request: TargetVolume] = [:]
  private var sizes: [String: Int64] = [:]
  private var marks: [String: [UInt8]] = [:]
  private var holders: [String: [String]] = [:]
  private var snapshot: String?

  /// With the bystander being written to.
  init(_ cluster: Cluster) async throws {
    self.cluster = cluster
    bystander = try await cluster.create("bystander", size: 32 << 20, .block)
    let path = try await cluster.attach(bystander, .block)
    connections = try bystander.controllers().map(\.name)
    var options = ChecksumWriter.Options()
    options.capacity = 4_000
    writer = ChecksumWriter(path: path, options: options)
    writer.start(limit: .max, pause: .milliseconds(50))
    sizes[bystander.name] = 32 << 20
    holders[bystander.name] = [cluster.node.driver.nodeID]
  }

  /// The volumes' names are of a new round from now on.
  func nextRound() { round += 1 }

  /// Asks once.
  func ask(_ request: Request) async throws {
    let capability = cluster.node.capability(.block)
    switch request {
    case .create:
      volumes[.create] = try await controller.create("v\(round)", size: Self.size, capability)
    case .publishClone:
      try await controller.publish(try volume(.clone), to: Self.nodeID, capability)
    case .unpublishClone: try await controller.unpublish(try volume(.clone), from: Self.nodeID)
    case .expand:
      let size = try await controller.expand(try volume(.create), to: Self.size * 2)
      #expect(size == Self.size * 2)
    case .snapshot:
      snapshot = try await controller.takeSnapshot("s\(round)", of: try volume(.create)).snapshotID
    case .restore:
      volumes[.restore] = try await controller.create(
        "r\(round)", size: 0, capability, from: .snapshot(id: snapshot ?? ""))
    case .deleteSnapshot: try await controller.deleteSnapshot(snapshot ?? "")
    case .clone:
      volumes[.clone] = try await controller.create(
        "c\(round)", size: 0, capability, from: .volume(id: try volume(.create).name))
    case .deleteRestored: try await controller.delete(try volume(.restore))
    case .delete: try await controller.delete(try volume(.create))
    case .deleteClone: try await controller.delete(try volume(.clone))
    }
  }

  /// Asks as an orchestrator does, until it succeeds.
  func askAgain(_ request: Request) async throws {
    let end = ContinuousClock.now + .seconds(60)
    while true {
      do {
        return try await ask(request)
      } catch let error as RPCError
        where [.unavailable, .aborted, .deadlineExceeded].contains(error.code)
      {
        guard ContinuousClock.now < end else { throw error }
        try await Task.sleep(for: .milliseconds(100))
      }
    }
  }

  /// After a request that succeeded: remembers what it means.
  func succeeded(_ request: Request) throws {
    switch request {
    case .create:
      let volume = try volume(.create)
      sizes[volume.name] = Self.size
      holders[volume.name] = []
      let mark = (0..<4096).map { _ in UInt8.random(in: 1...255) }
      marks[volume.name] = mark
      try write(mark, to: volume)
    case .publishClone: holders[try volume(.clone).name] = [Self.nodeID]
    case .unpublishClone: holders[try volume(.clone).name] = []
    case .expand: sizes[try volume(.create).name] = Self.size * 2
    case .snapshot: break
    case .deleteSnapshot: snapshot = nil
    case .restore, .clone:
      let (copy, source) = (try volume(request), try volume(.create))
      sizes[copy.name] = sizes[source.name]
      marks[copy.name] = marks[source.name]
      holders[copy.name] = []
    case .deleteRestored: forget(.restore)
    case .delete: forget(.create)
    case .deleteClone: forget(.clone)
    }
  }

  /// Exactly what was asked for is there: in the pool, at the target, in the records, for whoever
  /// lists; each with its bytes, and the bystander as if nothing had been.
  func expectTruth(_ after: String) async throws {
    let names = sizes.keys.sorted()
    let objects = names + (snapshot.map { [$0] } ?? [])
    #expect(try cluster.pool.contents() == cluster.pool.contents(for: objects), "\(after)")
    #expect(
      try controller.records()
        == (names.flatMap { ["exports/\($0)", "volumes/\($0)"] }
        + (snapshot.map { ["snapshots/\($0)"] } ?? [])).sorted(), "\(after)")
    #expect(try await controller.volumes() == holders, "\(after)")
    #expect(
      try controller.target.subsystems().map { String($0.suffix(29)) }.sorted() == names, "\(after)"
    )
    for volume in volumes.values {
      let mark = try #require(marks[volume.name])
      #expect(
        try controller.target.devicePath(volume.nqn) == volume.backingFile, "\(after)")
      #expect(try length(volume) == sizes[volume.name], "\(after): \(volume.name)")
      #expect(try read(volume) == mark, "\(after): \(volume.name)")
      #expect(
        try controller.target.allowedHosts(volume.nqn).count == holders[volume.name]?.count,
        "\(after)")
    }
    #expect(writer.isRunning && writer.failure == nil, "\(after): \(writer.failure ?? "ended")")
    #expect(try bystander.controllers().map(\.name) == connections, "\(after)")
  }

  /// The bystander goes too.
  func end() async throws {
    try await writer.stop()
    #expect(writer.failure == nil)
    #expect(try writer.verify() == 0)
    print("the bystander's longest write took \(writer.longestWait)")
    try await cluster.detach(bystander, .block)
    try await controller.delete(bystander)
  }

  private func volume(_ request: Request) throws -> TargetVolume {
    guard let volume = volumes[request] else { throw LabError("\(request) has made no volume") }
    return volume
  }

  private func forget(_ request: Request) {
    guard let name = volumes.removeValue(forKey: request)?.name else { return }
    sizes[name] = nil
    marks[name] = nil
    holders[name] = nil
  }

  // MARK: Bytes, at the target: the last page of what the volume had at first

  private func write(_ bytes: [UInt8], to volume: TargetVolume) throws {
    let file = try FileHandle(forWritingTo: URL(filePath: volume.backingFile))
    defer { try? file.close() }
    try file.seek(toOffset: UInt64(Self.size) - 4096)
    try file.write(contentsOf: bytes)
    try file.synchronize()
  }

  private func read(_ volume: TargetVolume) throws -> [UInt8] {
    let file = try FileHandle(forReadingFrom: URL(filePath: volume.backingFile))
    defer { try? file.close() }
    try file.seek(toOffset: UInt64(Self.size) - 4096)
    return Array(try file.read(upToCount: 4096) ?? Data())
  }

  private func length(_ volume: TargetVolume) throws -> Int64 {
    let file = try FileHandle(forReadingFrom: URL(filePath: volume.backingFile))
    defer { try? file.close() }
    return Int64(try file.seekToEnd())
  }
}
