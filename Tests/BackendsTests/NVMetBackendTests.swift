import Linux
import NVMe
import StateStore
import Synchronization
import Testing

@testable import Backends
@testable import BackendsTestSupport

@Suite("The nvmet backend")
struct NVMetBackendTests {
  @Test("makes subsystem, namespace and ports in this order, and nothing when it is asked again")
  func creates() async throws {
    try await TargetBench.run { bench in
      let volume = try await bench.volume("a")
      let nqn = "nqn.2026-11.dev.nvmeof-csi:nv-aaaaaaaaaaaaaaaaaaaaaaaaaa"
      let mark = TargetMark(PoolOwner(driver: "nvmeof.csi.dev", cluster: "c1"))
      let ports = TargetBench.portals.map { mark.portNumbers($0)[0] }
      let namespace = "subsystems/\(nqn)/namespaces/1"
      #expect(
        bench.configFS.takeLog() == [
          "mkdir subsystems/\(nqn)",
          "write subsystems/\(nqn)/attr_model = \(mark.model)",
          "write subsystems/\(nqn)/attr_serial = \(TargetMark.serial(of: volume.id))",
          "mkdir \(namespace)",
          "write \(namespace)/device_path = \(bench.storage.directory)/\(volume.id)",
          "write \(namespace)/device_uuid = \(TargetMark.uuid(of: volume.id))",
          "write \(namespace)/device_nguid = \(dashed(TargetMark.nguid(of: volume.id)))",
          "write \(namespace)/enable = 1",
          "mkdir ports/\(ports[0])",
          "write ports/\(ports[0])/addr_trtype = tcp",
          "write ports/\(ports[0])/addr_adrfam = ipv4",
          "write ports/\(ports[0])/addr_trsvcid = 4420",
          "write ports/\(ports[0])/addr_traddr = 192.0.2.1",
          "mkdir ports/\(ports[1])",
          "write ports/\(ports[1])/addr_trtype = tcp",
          "write ports/\(ports[1])/addr_adrfam = ipv6",
          "write ports/\(ports[1])/addr_trsvcid = 4420",
          "write ports/\(ports[1])/addr_traddr = 2001:db8::1",
          "listen 192.0.2.1:4420",
          "symlink ports/\(ports[0])/subsystems/\(nqn)",
          "listen 2001:db8::1:4420",
          "symlink ports/\(ports[1])/subsystems/\(nqn)",
        ])
      #expect(volume.fault == nil)
      #expect(volume.export.nqn.rawValue == nqn)
      #expect(volume.export.allowedHosts == [])
      #expect(volume.export.portals == TargetBench.portals)
      #expect(try await bench.volume("a") == volume)
      #expect(bench.configFS.takeLog() == [])
    }
  }

  private func dashed(_ digits: String) -> String {
    var text = digits
    for offset in [20, 16, 12, 8] {
      text.insert("-", at: text.index(text.startIndex, offsetBy: offset))
    }
    return text
  }

  @Test("another size under the same name already exists, and changes nothing")
  func otherSize() async throws {
    try await TargetBench.run { bench in
      let volume = try await bench.volume("a")
      let before = try bench.configFS.contents()
      await expectError(.alreadyExists) {
        _ = try await bench.driver().createVolume(
          bench.specification(volume.id, size: 2 << 20), deadline: .ample
        ) { _, _ in }
      }
      #expect(try bench.configFS.contents() == before)
      #expect(try await bench.driver().volume(volume.id, deadline: .ample) == volume)
    }
  }

  @Test("a pool that refuses leaves no record")
  func refusedByPool() async throws {
    try await TargetBench.run { bench in
      bench.storage.state.withLock { $0.health = BackendError(.exhausted, "full") }
      await expectError(.exhausted) { try await bench.volume("a") }
      let keys = try await bench.store.keys()
      #expect(keys == [])
      #expect(bench.configFS.takeLog() == [])
    }
  }

  @Test("delete leaves nothing: no subsystem, port, host, storage or record")
  func deletes() async throws {
    try await TargetBench.run { bench in
      let driver = try bench.driver()
      let volume = try await bench.volume("a", hosts: ["node-1"])
      await expectError(.inUse, hostNQN("node-1").rawValue) {
        try await driver.deleteVolume(volume.id, deadline: .ample) { _, _ in }
      }
      try await driver.revoke(hostNQN("node-1"), volume: volume.id, deadline: .ample)
      try await driver.deleteVolume(volume.id, deadline: .ample) { _, _ in }
      #expect(try bench.configFS.contents() == ["/hosts/", "/ports/", "/subsystems/"])
      #expect(try await bench.store.keys() == [])
      #expect(try Files.names(inDirectory: bench.storage.directory) == [])
      try await driver.deleteVolume(volume.id, deadline: .ample) { _, _ in }
      #expect(try await driver.volume(volume.id, deadline: .ample) == nil)
    }
  }

  @Test("a volume that something depends on stays exported when it is deleted")
  func pinned() async throws {
    try await TargetBench.run { bench in
      let volume = try await bench.volume("a")
      bench.storage.state.withLock { _ = $0.pinned.insert(volume.id) }
      let before = try bench.configFS.contents()
      await expectError(.inUse) {
        try await bench.driver().deleteVolume(volume.id, deadline: .ample) { _, _ in }
      }
      #expect(try bench.configFS.contents() == before)
      #expect(try await bench.driver().volume(volume.id, deadline: .ample) == volume)
    }
  }

  @Test("growth is told to the hosts of an enabled namespace")
  func expands() async throws {
    try await TargetBench.run { bench in
      let driver = try bench.driver()
      let volume = try await bench.volume("a")
      _ = bench.configFS.takeLog()
      for _ in 1...2 {
        let larger = try await driver.expandVolume(volume.id, toSize: 5 << 20, deadline: .ample)
        #expect(larger.size == 5 << 20)
        let path = "subsystems/\(volume.export.nqn)/namespaces/1/revalidate_size"
        #expect(bench.configFS.takeLog() == ["write \(path) = 1"])
      }
      await expectError(.invalid) {
        _ = try await driver.expandVolume(volume.id, toSize: 1, deadline: .ample)
      }
      await expectError(.notFound) {
        _ = try await driver.expandVolume(try ObjectID.volume("b"), toSize: 1, deadline: .ample)
      }
    }
  }

  @Test("volumes are listed with their hosts, and a fault where something is missing")
  func lists() async throws {
    try await TargetBench.run { bench in
      let driver = try bench.driver()
      for letter in "cab" { try await bench.volume(letter, hosts: ["node-1"]) }
      #expect(
        try await driver.volumes(deadline: .ample).map(\.id)
          == [ObjectID.volume("a"), ObjectID.volume("b"), ObjectID.volume("c")])
      let nqn = try await bench.volume("b").export.nqn
      _ = try bench.configFS.unlink(
        "ports/\(bench.configFS.names(in: "ports")[0])/subsystems/\(nqn)")
      bench.storage.state.withLock { state in
        state.objects = state.objects.filter { $0.key.description.contains("cccc") == false }
      }
      let volumes = try await driver.volumes(deadline: .ample)
      #expect(volumes[0].fault == nil)
      #expect(volumes[0].export.allowedHosts == [hostNQN("node-1")])
      #expect(volumes[1].fault?.contains("not exported at") == true)
      #expect(volumes[2].fault?.contains("is gone") == true)
      await expectError(.broken, "is gone") { try await bench.volume("c") }
    }
  }

  @Test("what a call does is as much among many volumes as among few")
  func flat() async throws {
    try await TargetBench.run { bench in
      let life = KillSwitch()
      let driver = try bench.driver(life)
      let (x, page) = (try ObjectID.volume("x"), try "abc".map { try ObjectID.volume($0) })
      func steps(_ body: () async throws -> Void) async throws -> Int {
        let before = life.steps
        try await body()
        return life.steps - before
      }
      func costs() async throws -> [Int] {
        bench.storage.state.withLock { $0.read = 0 }
        let costs = [
          try await steps {
            _ = try await driver.createVolume(bench.specification(x), deadline: .ample) { _, _ in }
          },
          try await steps { try await driver.allow(hostNQN("n1"), volume: x, deadline: .ample) },
          try await steps { try await driver.revoke(hostNQN("n1"), volume: x, deadline: .ample) },
          try await steps { _ = try await driver.volume(x, deadline: .ample) },
          try await steps { _ = try await driver.volumes(page, deadline: .ample) },
          try await steps { try await driver.deleteVolume(x, deadline: .ample) { _, _ in } },
        ]
        #expect(bench.storage.state.withLock { $0.read } == page.count)
        return costs
      }
      for letter in "abc" { try await bench.volume(letter, hosts: ["node-1"]) }
      let few = try await costs()
      #expect(few.allSatisfy { $0 > 0 })
      for letter in "defghijklmnopqrstuvw" { try await bench.volume(letter, hosts: ["node-1"]) }
      #expect(try await costs() == few)
    }
  }

  @Test("of several volumes those are told that there are, also those that only one side has")
  func several() async throws {
    try await TargetBench.run { bench in
      let driver = try bench.driver()
      for letter in "abcd" { try await bench.volume(letter) }
      let ids = try "abcde".map { try ObjectID.volume($0) }
      let key = "exports/\(ids[0])"
      try await bench.store.delete(
        key, ifVersion: try #require(try await bench.store.get(key)).version)
      bench.storage.state.withLock { $0.objects[ids[1]] = nil }
      let broken = "exports/\(ids[2])"
      _ = try await bench.store.put(
        broken, [1], ifVersion: try await bench.store.get(broken)?.version)
      let volumes = try await driver.volumes(ids, deadline: .ample)
      #expect(volumes.keys.sorted() == Array(ids[..<4]))
      #expect(try volumes[ids[0]]?.get().fault?.contains("record is gone") == true)
      #expect(try volumes[ids[1]]?.get().fault?.contains("is gone") == true)
      #expect(try volumes[ids[2]]?.get().fault?.contains("cannot be understood") == true)
      #expect(try volumes[ids[3]]?.get() == (try await driver.volume(ids[3], deadline: .ample)))
      #expect(try volumes[ids[3]]?.get().fault == nil)
      #expect(try await driver.volumeIDs(deadline: .ample) == Array(ids[..<4]))
      #expect(try await driver.volumes([], deadline: .ample).isEmpty)
      #expect(try await driver.volumes([ids[3]], deadline: .ample).keys.sorted() == [ids[3]])
    }
  }

  @Test(
    "what is damaged in the pool, the records or both is told beside the others, and left alone")
  func damaged() async throws {
    try await TargetBench.run { bench in
      let driver = try bench.driver()
      var made: [BackendVolume] = []
      for letter in "abcd" { made.append(try await bench.volume(letter, hosts: ["node-1"])) }
      let ids = made.map(\.id)
      for id in ids[1...2] { try await bench.damageRecord(id) }
      try await bench.store.delete(
        "exports/\(ids[3])",
        ifVersion: try #require(try await bench.store.get("exports/\(ids[3])")).version)
      let damage = BackendError(.broken, "its image is torn")
      bench.storage.state.withLock { state in
        for id in [ids[0], ids[2], ids[3]] { state.damaged[id] = damage }
      }
      let whole = try await bench.volume("e", hosts: ["node-1"])
      let target = try bench.configFS.contents()
      let keys = try await bench.store.keys()

      let all = try await driver.volumeIDs(deadline: .ample)
      #expect(all == ids + [whole.id])
      let found = try await driver.volumes(all, deadline: .ample)
      #expect(found.keys.sorted() == all)
      // With its record all is known but how the storage is.
      var first = made[0]
      first.fault = damage.message
      #expect(try found[ids[0]]?.get() == first)
      #expect(try found[ids[1]]?.get().fault?.contains("cannot be understood") == true)
      for (id, text) in [(ids[2], "cannot be understood"), (ids[3], damage.message)] {
        let error = #expect(throws: BackendError.self) { try found[id]?.get() }
        #expect(error?.description.contains(text) == true)
      }
      #expect(try found[whole.id]?.get() == whole)

      // No leftover, also not the subsystem that no record is about.
      #expect(try await driver.leftovers(deadline: .ample) == [])
      for volume in made {
        try? await driver.remove(
          Leftover(id: volume.id, what: "subsystem \(volume.export.nqn) without a volume"),
          deadline: .ample)
      }
      #expect(try bench.configFS.contents() == target)
      #expect(try await bench.store.keys() == keys)
      try await driver.revoke(hostNQN("node-1"), volume: whole.id, deadline: .ample)
      try await driver.deleteVolume(whole.id, deadline: .ample) { _, _ in }
    }
  }

  @Test("storage whose record was lost is shown, is no leftover, and is exported when made again")
  func lostRecord() async throws {
    try await TargetBench.run { bench in
      let volume = try await bench.volume("a")
      try bench.configFS.clear()
      let key = try await bench.store.keys()[0]
      try await bench.store.delete(
        key, ifVersion: try #require(try await bench.store.get(key)).version)
      let driver = try bench.driver()
      try await driver.restore(deadline: .ample)
      #expect(try bench.configFS.contents() == ["/hosts/", "/ports/", "/subsystems/"])
      #expect(
        try await driver.volumes(deadline: .ample).first?.fault?.contains("record is gone") == true)
      #expect(try await driver.leftovers(deadline: .ample) == [])
      #expect(try await bench.volume("a") == volume)
    }
  }

  @Test("a copy of a volume waits for its hosts to be gone, and keeps hosts out, where it must")
  func quietSource() async throws {
    try await TargetBench.run { bench in
      let driver = try bench.driver()
      let source = try await bench.volume("a", hosts: ["node-1"]).id
      var clone = bench.specification(try ObjectID.volume("b"))
      clone.content = .volume(source)
      let asked = clone
      let snapshot = try #require(ObjectID("ns-" + String(repeating: "s", count: 26)))
      bench.storage.state.withLock { $0.quietSource = true }
      await expectError(.inUse, "cloned") {
        _ = try await driver.createVolume(asked, deadline: .ample) { _, _ in }
      }
      await expectError(.inUse, "copied") {
        _ = try await driver.createSnapshot(snapshot, of: source, deadline: .ample) { _, _ in }
      }
      #expect(try await driver.leftovers(deadline: .ample) == [])
      try await driver.revoke(hostNQN("node-1"), volume: source, deadline: .ample)
      let made = try await driver.createVolume(asked, deadline: .ample) { _, _ in }
      #expect(made.content == .volume(source))
      // A clone and a snapshot that are there already need no copy.
      try await driver.allow(hostNQN("node-1"), volume: source, deadline: .ample)
      #expect(try await driver.createVolume(asked, deadline: .ample) { _, _ in } == made)

      let quiet = QuietVolumes()
      try await quiet.copying(source) { () async throws(BackendError) in
        await expectError(.unavailable) { try await quiet.granting(source) {} }
      }
      try await quiet.granting(source) { () async throws(BackendError) in
        await expectError(.inUse) { try await quiet.copying(source) {} }
      }
      try await quiet.copying(source) {}
    }
  }
}
