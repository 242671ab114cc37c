import Backends
import CSI
import GRPC
import Linux
import Testing

@testable import BackendsTestSupport
@testable import Driver

/// Files that are found not to be what was written, by a controller that starts.
@Suite("The controller service, when its files are damaged")
struct DamageTests {
  private static let a = ObjectID(.volume, name: "a", cluster: "conformance").description
  private static let b = ObjectID(.volume, name: "b", cluster: "conformance").description
  private static let s = ObjectID(.snapshot, name: "s", cluster: "conformance").description

  /// What is damaged of volume "a", which node-1 has, of its snapshot, or of all; volume "b" is well.
  enum Damage: String, CaseIterable, Sendable {
    case volumeRecord, exportRecord, snapshotRecord, imageRecord, image, poolMark

    func file(_ ground: TargetGround) -> String {
      switch self {
      case .volumeRecord: "\(ground.state)/volumes%2F\(a)"
      case .exportRecord: "\(ground.state)/exports%2F\(a)"
      case .snapshotRecord: "\(ground.state)/snapshots%2F\(s)"
      case .imageRecord: "\(ground.pool)/volumes/\(a).json"
      case .image: "\(ground.pool)/volumes/\(a).img"
      case .poolMark: "\(ground.pool)/nvmeof-csi-pool.json"
      }
    }

    /// Where a damaged file is found: the state's are set aside, the pool's stay where they are.
    func place(_ ground: TargetGround) -> String {
      switch self {
      case .volumeRecord, .exportRecord, .snapshotRecord: "\(file(ground)).broken-1"
      case .imageRecord, .image, .poolMark: file(ground)
      }
    }
  }

  @Test(
    "says so, leaves what is damaged alone, serves the rest, and all when it was repaired",
    arguments: Damage.allCases)
  func damage(damage: Damage) async throws {
    try await TargetGround.run { ground in
      try await ground.serve { (session, controller) in
        for (name, node) in [("a", "node-1"), ("b", "node-2")] {
          let volume = try await session.create(name).volumeID
          if name == "a" { _ = try await session.snapshot("s", of: volume) }
          try await session.publish(volume, on: node)
        }
        try await ground.expectTruth(controller)
      }
      let exported = try ground.configFS.contents()
      let file = damage.file(ground)
      let whole = "\(ground.directory)/whole"
      try Files.renameDurably(file, to: whole)
      // An image is cut to nothing, a record by its end.
      let bytes = damage == .image ? [] : try Files.read(whole, limit: 1 << 20).dropLast(3)
      try Files.replaceDurably(file, with: Array(bytes), mode: 0o600)

      if damage == .poolMark {
        let error = await #expect(throws: DriverError.self) { try await ground.serve { _, _ in } }
        #expect(error?.code == .internal)
        #expect(error?.message.contains("nvmeof-csi-pool.json") == true, "\(error?.message ?? "")")
      } else {
        try await ground.serve { (session, _) in
          try await Self.expectRest(session)
          try await Self.expectRefusals(damage, session)
        }
      }
      // Whoever had a volume has it, and nothing that was damaged was deleted or written over.
      #expect(try ground.configFS.contents() == exported)
      #expect(try Files.read(damage.place(ground), limit: 1 << 20) == Array(bytes))

      try Files.unlink(damage.place(ground))
      try Files.renameDurably(whole, to: file)
      try await ground.serve { (session, controller) in
        // A growth that was refused over the damage is gone on with.
        try await controller.settled()
        try await ground.expectTruth(controller)
        let entries = try await session.list().entries
        #expect(Set(entries.compactMap(\.volume?.volumeID)) == [Self.a, Self.b])
        #expect(entries.allSatisfy { $0.status?.volumeCondition?.abnormal == false })
        #expect(try await session.get(Self.a).status?.publishedNodeIDs == ["node-1"])
        #expect(try await session.listSnapshots().entries.map(\.snapshotID) == [Self.s])
        #expect(try await session.create("a").volumeID == Self.a)
      }
    }
  }

  /// What is well can be used as ever.
  private static func expectRest(_ session: Session) async throws {
    #expect(try await session.create("b").volumeID == b)
    #expect(try await session.get(b).status?.volumeCondition?.abnormal == false)
    #expect(try await session.get(b).status?.publishedNodeIDs == ["node-2"])
    try await session.unpublish(b, from: "node-2")
    _ = try await session.expand(b, .atLeast(16 * .mebibyte))
    let snapshot = try await session.snapshot("of-b", of: b).snapshotID
    let copy = try await session.create(.named("copy", from: .snapshot(id: snapshot))).volumeID
    try await session.delete(copy)
    try await session.deleteSnapshot(snapshot)
    try await session.publish(b, on: "node-2")
  }

  /// What is damaged is neither used, nor taken for something that never was, nor made again.
  private static func expectRefusals(_ damage: Damage, _ session: Session) async throws {
    switch damage {
    case .volumeRecord:
      for call in [
        { _ = try await session.get(a) }, { _ = try await session.create("a") },
        { try await session.delete(a) }, { try await session.publish(a, on: "node-1") },
        { _ = try await session.expand(a, .atLeast(.gibibyte)) },
        { _ = try await session.snapshot("t", of: a) },
        { _ = try await session.create(.named("copy", from: .volume(id: a))) },
      ] as [@Sendable () async throws -> Void] {
        await expectRefusal(.internal, saying: ["set aside", a], call)
      }
      #expect(try await session.volumeIDs() == [b])
    case .exportRecord:
      let entry = try await session.list().entries.first { $0.volume?.volumeID == a }
      #expect(entry?.status?.volumeCondition?.abnormal == true)
      #expect(entry?.status?.volumeCondition?.message.contains("export record") == true)
      #expect(entry?.status?.publishedNodeIDs == ["node-1"])
      await expectRefusal(.internal, saying: ["set aside"]) {
        try await session.publish(a, on: "node-1")
      }
      await expectRefusal(.failedPrecondition, saying: ["node-1"]) { try await session.delete(a) }
    case .snapshotRecord:
      for call in [
        { _ = try await session.snapshot("s", of: a) }, { try await session.deleteSnapshot(s) },
        { _ = try await session.listSnapshots(id: s) },
        { _ = try await session.create(.named("copy", from: .snapshot(id: s))) },
      ] as [@Sendable () async throws -> Void] {
        await expectRefusal(.internal, saying: ["set aside", s], call)
      }
      #expect(try await session.listSnapshots().entries == [])
      #expect(try await session.get(a).status?.volumeCondition?.abnormal == false)
    case .imageRecord, .image:
      for condition in [
        try await session.get(a).status?.volumeCondition,
        try await session.list().entries.first { $0.volume?.volumeID == a }?.status?
          .volumeCondition,
      ] {
        #expect(condition?.abnormal == true)
        #expect(condition?.message.contains(a) == true, "\(condition?.message ?? "")")
      }
      #expect(Set(try await session.volumeIDs()) == [a, b])
      await expectRefusal(.failedPrecondition, saying: ["node-1"]) { try await session.delete(a) }
      await expectRefusal(.failedPrecondition, saying: ["node-1"]) {
        try await session.publish(a, on: "node-2")
      }
      await expectRefusal(.internal, saying: [a]) {
        try await session.expand(a, .atLeast(.gibibyte))
      }
      #expect(try await session.create("a").volumeID == a)
    case .poolMark: break
    }
  }
}
