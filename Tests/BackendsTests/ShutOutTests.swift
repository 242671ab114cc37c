import Linux
import NVMe
import StateStore
import Synchronization
import Testing

@testable import Backends
@testable import BackendsTestSupport

@Suite("Shutting a host out")
struct ShutOutTests {
  /// What has become of a volume's storage while nvmet serves what it has open.
  enum Damage: CaseIterable, Sendable {
    case gone, unreadable, goneAfterReboot, unreadableAfterReboot

    func happen(_ bench: TargetBench, _ volume: BackendVolume) throws {
      switch self {
      case .gone, .goneAfterReboot: try bench.loseStorage(volume)
      case .unreadable, .unreadableAfterReboot:
        let error = BackendError(.broken, "its record cannot be understood")
        bench.storage.state.withLock { state in
          state.damage = error
          state.health = error
        }
      }
      if self == .goneAfterReboot || self == .unreadableAfterReboot { try bench.configFS.clear() }
    }
  }

  @Test(
    "takes nothing but the target, whatever has become of the storage", arguments: Damage.allCases)
  func damagedStorage(damage: Damage) async throws {
    try await TargetBench.run { bench in
      let volume = try await bench.volume("a", hosts: ["node-1"])
      let (host, nqn) = (hostNQN("node-1"), volume.export.nqn.rawValue)
      try bench.configFS.connect(host.rawValue, nqn)
      try damage.happen(bench, volume)
      let driver = try bench.driver()
      #expect(try await driver.hosts(of: volume.id, deadline: .ample) == [host])
      for _ in 1...2 { try await driver.revoke(host, volume: volume.id, deadline: .ample) }
      #expect(!bench.configFS.isConnected(host.rawValue, nqn))
      #expect(try !bench.configFS.connect(host.rawValue, nqn))
      #expect(try await driver.hosts(of: volume.id, deadline: .ample) == [])
      let record = try #require(try await driver.records.record(of: volume.id)?.record)
      #expect(record.hosts == [] && record.cutting == [])
      #expect(try bench.configFS.names(in: "hosts") == [])
      guard damage == .gone || damage == .goneAfterReboot else { return }
      // Its export could not be made anew, which is told, and it can be deleted.
      #expect(bench.reports.last?.contains("not exported again") == true)
      try await driver.deleteVolume(volume.id, deadline: .ample) { _, _ in }
      #expect(try bench.configFS.contents() == ["/hosts/", "/ports/", "/subsystems/"])
    }
  }

  @Test("leaves another host what it has, also when the storage is gone")
  func oneOfTwo() async throws {
    try await TargetBench.run { bench in
      let volume = try await bench.volume("a", hosts: ["node-1", "node-2"])
      let nqn = volume.export.nqn.rawValue
      for node in ["node-1", "node-2"] {
        try bench.configFS.connect(hostNQN(node).rawValue, nqn)
      }
      try bench.loseStorage(volume)
      let driver = try bench.driver()
      try await driver.revoke(hostNQN("node-1"), volume: volume.id, deadline: .ample)
      #expect(!bench.configFS.isConnected(hostNQN("node-1").rawValue, nqn))
      #expect(try bench.configFS.read("subsystems/\(nqn)/namespaces/1/enable") == "1")
      #expect(try bench.configFS.connect(hostNQN("node-2").rawValue, nqn))
      #expect(bench.reports == [])
    }
  }

  @Test("is done also when the record cannot be read, and is an error, since a repair may undo it")
  func damagedRecord() async throws {
    try await TargetBench.run { bench in
      let volume = try await bench.volume("a", hosts: ["node-1"])
      let (host, nqn) = (hostNQN("node-1"), volume.export.nqn.rawValue)
      try bench.configFS.connect(host.rawValue, nqn)
      let key = "exports/\(volume.id)"
      _ = try await bench.store.put(
        key, Array("{\"format\": 1".utf8),
        ifVersion: try #require(try await bench.store.get(key)).version)
      await expectError(.broken, "cannot be understood") {
        try await bench.driver().revoke(host, volume: volume.id, deadline: .ample)
      }
      #expect(!bench.configFS.isConnected(host.rawValue, nqn))
      #expect(try !bench.configFS.connect(host.rawValue, nqn))
    }
  }

  @Test("keeps the volume from being copied until the host is cut, in this life and the next")
  func copies() async throws {
    try await TargetBench.run { bench in
      let source = try await bench.volume("a", hosts: ["node-1"])
      let (host, nqn) = (hostNQN("node-1"), source.export.nqn.rawValue)
      bench.storage.state.withLock { $0.quietSource = true }
      var clone = bench.specification(try ObjectID.volume("b"))
      clone.content = .volume(source.id)
      let asked = clone
      let snapshot = try #require(ObjectID("ns-" + String(repeating: "s", count: 26)))
      func expectRefusals(_ driver: NVMetBackend) async {
        await expectError(.inUse) {
          _ = try await driver.createVolume(asked, deadline: .ample) { _, _ in }
        }
        await expectError(.inUse) {
          _ = try await driver.createSnapshot(snapshot, of: source.id, deadline: .ample) { _, _ in }
        }
      }
      // The record is saved, and then the driver dies: the host still writes.
      try bench.configFS.connect(host.rawValue, nqn)
      let life = KillSwitch(before: 1)
      try? await bench.driver(life).revoke(host, volume: source.id, deadline: .ample)
      #expect(life.isDead && bench.configFS.isConnected(host.rawValue, nqn))
      await expectRefusals(try bench.driver())
      #expect(bench.configFS.isConnected(host.rawValue, nqn))

      // Linked by hand, so that no record says it, and the kernel takes its time to cut it.
      let driver = try bench.driver()
      try await driver.revoke(host, volume: source.id, deadline: .ample)
      _ = try bench.configFS.makeDirectory("hosts/\(host)")
      let link = "subsystems/\(nqn)/allowed_hosts/\(host)"
      _ = try bench.configFS.link(link, to: "hosts/\(host)")
      try bench.configFS.connect(host.rawValue, nqn)
      await expectRefusals(driver)
      let port = try #require(try bench.configFS.names(in: "ports").first)
      let cut = "ports/\(port)/subsystems/\(nqn)"
      bench.configFS.hang(cut)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await driver.revoke(host, volume: source.id, deadline: .ample) }
        while try bench.configFS.exists(link) { try await Task.sleep(for: .milliseconds(2)) }
        await expectRefusals(driver)
        bench.configFS.letGo(cut)
        try await group.waitForAll()
      }
      #expect(!bench.configFS.isConnected(host.rawValue, nqn))
      let made = try await driver.createVolume(asked, deadline: .ample) { _, _ in }
      #expect(made.content == .volume(source.id))
    }
  }

  @Test("does not wait for a copy")
  func whileCopying() async throws {
    let volume = try ObjectID.volume("a")
    let quiet = QuietVolumes()
    try await quiet.copying(volume) { () async throws(BackendError) in
      try await quiet.revoking(volume) {}
      await expectError(.unavailable) { try await quiet.granting(volume) {} }
    }
    try await quiet.revoking(volume) { () async throws(BackendError) in
      await expectError(.inUse) { try await quiet.copying(volume) {} }
    }
    try await quiet.copying(volume) {}
  }
}
