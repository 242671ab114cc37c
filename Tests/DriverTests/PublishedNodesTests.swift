import BlockDevice
import CSI
import Linux
import Logging
import NVMe
import StateStore
import Testing

@testable import Driver

/// Device nodes in a directory, and the disks that a made-up sysfs shows.
private struct Ground {
  let root: String
  let nodes: PublishedNodes

  static func with(_ body: (Ground) async throws -> Void) async throws {
    let root = "/tmp/published-nodes-tests-\(UInt64.random(in: .min ... .max))"
    try Files.makeDirectories("\(root)/pods", mode: 0o700)
    defer { remove(root) }
    let nodes = PublishedNodes(
      sysfs: NVMeSysfs(root: "\(root)/sys"), metrics: DriverMetrics(),
      logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    try await body(Ground(root: root, nodes: nodes))
  }

  private static func remove(_ path: String) {
    if (try? Files.status(path)?.kind) == .directory {
      for name in (try? Files.names(inDirectory: path)) ?? [] { remove("\(path)/\(name)") }
      _ = try? Files.removeDirectory(path)
    } else {
      _ = try? Files.unlink(path)
    }
  }

  static func device(_ minor: Int) -> DeviceNumber {
    DeviceNumber(major: 259, minor: UInt32(minor))
  }

  func path(_ number: Int) -> String { "\(root)/pods/\(number)" }

  func record(_ number: Int, phase: StageRecord.Phase = .staged) throws -> StageRecord {
    let source = try VolumeSource(context: [
      "nqn": "nqn.2024-01.io.example:\(number)", "portals": "192.0.2.1:4420",
    ])
    var record = StageRecord(
      volume: try VolumeID("v-\(number)"), source: source,
      access: VolumeAccess(kind: .block, mode: .singleNodeWriter), stagingPath: "\(root)/staging")
    record.phase = phase
    record.identity = .init(uuid: nil, nguid: nil, wwid: "eui.\(number)")
    record.targets = [.init(path: path(number), readOnly: false, mode: .singleNodeWriter)]
    return record
  }

  /// Volume `number` is published with a node of the device.
  @discardableResult
  func publish(
    _ number: Int, as minor: Int, phase: StageRecord.Phase = .staged
  ) throws
    -> StageRecord
  {
    let record = try record(number, phase: phase)
    nodes.note(record)
    try Files.replaceWithBlockNode(path(number), device: Self.device(minor), mode: 0o600)
    return record
  }

  private func subsystem(_ number: Int) -> String {
    "\(root)/sys/class/nvme-subsystem/nvme-subsys\(number)"
  }

  /// The subsystem of volume `number` has a disk with this number, its own or somebody else's.
  func serve(_ number: Int, as minor: Int, wwid: String? = nil) throws {
    let wwid = wwid ?? "eui.\(number)"
    try write("nqn.2024-01.io.example:\(number)", "\(subsystem(number))/subsysnqn")
    let disk = "\(subsystem(number))/nvme\(number)n1"
    for (name, value) in [
      ("nsid", "1"), ("dev", "\(Self.device(minor))"), ("size", "2048"), ("wwid", wwid),
    ] { try write(value, "\(disk)/\(name)") }
    try write(wwid, "\(root)/sys/dev/block/\(Self.device(minor))/wwid")
  }

  func withdraw(_ number: Int, from minor: Int) {
    Self.remove(subsystem(number))
    Self.remove("\(root)/sys/dev/block/\(Self.device(minor))")
  }

  /// The subsystem's attributes cannot be read: a directory has no bytes.
  func blind(_ number: Int) throws {
    Self.remove("\(subsystem(number))/subsysnqn")
    try Files.makeDirectories("\(subsystem(number))/subsysnqn", mode: 0o700)
  }

  private func write(_ text: String, _ path: String) throws {
    let directory = path.split(separator: "/").dropLast().joined(separator: "/")
    try Files.makeDirectories("/\(directory)", mode: 0o700)
    try Files.replaceDurably(path, with: Array("\(text)\n".utf8), mode: 0o600)
  }

  /// Where each of these volumes' nodes lead; nil: there is none.
  func leads(_ numbers: Int...) throws -> [DeviceNumber?] {
    try numbers.map { try DeviceNode.device(at: path($0)) }
  }
}

/// Whether this machine lets us make device nodes.
private let canMakeNodes: Bool = {
  let path = "/tmp/published-nodes-tests-node-\(UInt64.random(in: .min ... .max))"
  defer { _ = try? Files.unlink(path) }
  return (try? Files.replaceWithBlockNode(path, device: .nowhere, mode: 0o600)) != nil
}()

@Suite("Published device nodes", .enabled(if: canMakeNodes))
struct PublishedNodesTests {
  @Test("lead to their own volume's disk or nowhere, whatever the volume's state")
  func blankStray() async throws {
    try await Ground.with { ground in
      try ground.serve(1, as: 201)
      try ground.publish(1, as: 201)
      // Gone; gone, and the number is another volume's; never to come again; a stranger in its place.
      try ground.publish(2, as: 202)
      try ground.publish(3, as: 201)
      try ground.publish(4, as: 204, phase: .unstaging)
      try ground.serve(5, as: 205, wwid: "eui.stranger")
      try ground.publish(5, as: 205)
      for _ in 0..<2 {
        ground.nodes.blankStray()
        #expect(
          try ground.leads(1, 2, 3, 4, 5) == [Ground.device(201)]
            + .init(
              repeating: .nowhere, count: 4))
      }
      // Its disk comes back with its old number: who replaces the node is recovery.
      try ground.serve(2, as: 202)
      ground.nodes.blankStray()
      #expect(try ground.leads(2) == [.nowhere])
    }
  }

  @Test("stay as they are where nobody can tell, and where nobody asked")
  func leftAlone() async throws {
    try await Ground.with { ground in
      try ground.publish(1, as: 201)
      try ground.serve(1, as: 201, wwid: "eui.9")
      try ground.blind(1)
      // A file system's, a forgotten one, an unpublished one, and one that is no node.
      var record = try ground.publish(2, as: 202)
      record.access = try VolumeAccess(VolumeAccessTests.mount("ext4", mode: .singleNodeWriter))
      ground.nodes.note(record)
      ground.nodes.forget(try ground.publish(3, as: 203).volume)
      record = try ground.publish(4, as: 204)
      record.targets = []
      ground.nodes.note(record)
      ground.nodes.note(try ground.record(5))
      try Files.makeDirectories(ground.path(5), mode: 0o700)
      ground.nodes.note(try ground.record(6))
      ground.nodes.blankStray()
      #expect(
        try ground.leads(1, 2, 3, 4, 5, 6) == [201, 202, 203, 204].map(Ground.device) + [nil, nil])
      #expect(try Files.status(ground.path(5))?.kind == .directory)
    }
  }

  @Test("of other volumes make way for the volume that has their number now")
  func clear() async throws {
    try await Ground.with { ground in
      let volume = try ground.publish(1, as: 201).volume
      try ground.publish(2, as: 201)
      try ground.publish(3, as: 203)
      try ground.serve(1, as: 201)
      try ground.nodes.clear(Ground.device(201), for: volume)
      #expect(try ground.leads(1, 2, 3) == [Ground.device(201), .nowhere, Ground.device(203)])
    }
  }

  @Test("that cannot be judged keep the volume waiting that has their number")
  func notCleared() async throws {
    try await Ground.with { ground in
      try ground.serve(1, as: 201)
      try ground.publish(2, as: 201)
      try ground.serve(2, as: 202)
      try ground.blind(2)
      let error = #expect(throws: DriverError.self) {
        try ground.nodes.clear(Ground.device(201), for: try VolumeID("v-1"))
      }
      #expect(error?.code == .unavailable)
      #expect(error?.message.contains("v-2 at \(ground.path(2))") == true, "\(error as Any)")
      #expect(try ground.leads(2) == [Ground.device(201)])
    }
  }

  @Test("do not stay when the disk went away while they were made")
  func confirm() async throws {
    try await Ground.with { ground in
      try ground.serve(1, as: 201)
      let record = try ground.publish(1, as: 201)
      try ground.nodes.confirm(ground.path(1), Ground.device(201), of: record)
      #expect(try ground.leads(1) == [Ground.device(201)])
      ground.withdraw(1, from: 201)
      try ground.serve(2, as: 201)
      let error = #expect(throws: DriverError.self) {
        try ground.nodes.confirm(ground.path(1), Ground.device(201), of: record)
      }
      #expect(error?.code == .unavailable)
      #expect(try ground.leads(1) == [.nowhere])
    }
  }

  @Test("are watched from when the record is saved, or read at start, until it is removed")
  func records() async throws {
    try await Ground.with { ground in
      let store = MemoryStateStore()
      let record = try ground.record(1)
      try await StageRecords(store).save(record)
      let records = StageRecords(store, nodes: ground.nodes)
      func isWatched() throws -> Bool {
        try Files.replaceWithBlockNode(ground.path(1), device: Ground.device(201), mode: 0o600)
        ground.nodes.blankStray()
        return try ground.leads(1) == [.nowhere]
      }
      #expect(try !isWatched())
      _ = try await records.all { _, _ in }
      #expect(try isWatched())
      var unpublished = record
      unpublished.targets = []
      try await records.save(unpublished)
      #expect(try !isWatched())
      try await records.save(record)
      #expect(try isWatched())
      try await records.remove(record.volume)
      #expect(try !isWatched())
    }
  }

  @Test("are all looked at in one go, 256 of them, with none of them to replace")
  func many() async throws {
    try await Ground.with { ground in
      for number in 1...256 {
        try ground.serve(number, as: number)
        try ground.publish(number, as: number)
      }
      let start = ContinuousClock.now
      ground.nodes.blankStray()
      let pass = ContinuousClock.now
      try ground.nodes.clear(Ground.device(1), for: try VolumeID("v-1"))
      print("256 nodes: looked at in \(pass - start), compared with one in \(.now - pass)")
      for number in 1...256 { #expect(try ground.leads(number) == [Ground.device(number)]) }
    }
  }
}
