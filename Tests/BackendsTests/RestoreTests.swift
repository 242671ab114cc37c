import Linux
import NVMe
import StateStore
import Synchronization
import Testing

@testable import Backends
@testable import BackendsTestSupport

@Suite("Restoring exports of nvmet")
struct RestoreTests {
  @Test("brings everything back as it was, ports last, hosts' volumes first")
  func restores() async throws {
    try await TargetBench.run { bench in
      try await bench.volume("a")
      try await bench.volume("b", hosts: ["node-1", "node-2"])
      try await bench.volume("c", hosts: ["node-2"])
      let before = try bench.configFS.contents()
      try bench.configFS.clear()
      try await bench.driver().restore(deadline: .ample)
      #expect(try bench.configFS.contents() == before)
      let log = bench.configFS.takeLog()
      let firstListen = try #require(log.firstIndex { $0.hasPrefix("listen") })
      let opening = log[firstListen...]
      #expect(opening.allSatisfy { $0.hasPrefix("listen") || $0.hasPrefix("symlink ports/") })
      let volumes = opening.filter { $0.hasPrefix("symlink") }.compactMap { $0.last }
      #expect(String(volumes) == "bcabca")
      #expect(bench.reports == [])
      // Nothing was lost: nothing is done.
      try await bench.driver().restore(deadline: .ample)
      #expect(bench.configFS.takeLog() == [])
    }
  }

  @Test("a damaged record is told and left alone, and the others are restored")
  func damagedRecord() async throws {
    try await TargetBench.run { bench in
      let damaged = try await bench.volume("a")
      let volume = try await bench.volume("b", hosts: ["node-1"])
      try bench.configFS.clear()
      let key = "exports/\(damaged.id)"
      let version = try #require(try await bench.store.get(key)).version
      _ = try await bench.store.put(key, Array("{\"format\": 1".utf8), ifVersion: version)
      let driver = try bench.driver()
      try await driver.restore(deadline: .ample)
      #expect(bench.reports.count == 2)
      #expect(bench.reports.allSatisfy { $0.contains("\(damaged.id)") })
      #expect(try bench.configFS.names(in: "subsystems") == [volume.export.nqn.rawValue])
      #expect(try await driver.volume(volume.id, deadline: .ample) == volume)
      await expectError(.broken, "cannot be understood") {
        _ = try await driver.volume(damaged.id, deadline: .ample)
      }
      await expectError(.broken) {
        try await driver.deleteVolume(damaged.id, deadline: .ample) { _, _ in }
      }
      let listed = try await driver.volumes(deadline: .ample)
      #expect(listed.map(\.id) == [damaged.id, volume.id])
      #expect(listed.first?.fault?.contains("cannot be understood") == true)
      #expect(try await driver.leftovers(deadline: .ample) == [])
    }
  }

  @Test("a record that was set aside is told and left alone, whether its storage is there or not")
  func setAside() async throws {
    try await TargetBench.run { bench in
      let ids = try "abc".map { try ObjectID.volume($0) }
      let state = "\(bench.directory)/state"
      do {
        let driver = try bench.driver(store: try await FileStateStore(directory: state))
        for id in ids {
          _ = try await driver.createVolume(bench.specification(id), deadline: .ample) { _, _ in }
        }
      }
      try bench.configFS.clear()
      for id in ids.dropLast() {
        try Files.replaceDurably("\(state)/exports%2F\(id)", with: [0], mode: 0o600)
      }
      bench.storage.state.withLock { _ = $0.objects.removeValue(forKey: ids[1]) }
      // Opening it sets the two aside.
      let driver = try bench.driver(store: try await FileStateStore(directory: state))
      let left = try await driver.restore(deadline: .ample)
      #expect(left.keys.sorted() == Array(ids.dropLast()))
      #expect(left.values.allSatisfy { $0.code == .broken })
      for id in ids.dropLast() {
        #expect(bench.reports.contains { $0.hasPrefix("volume \(id) is not restored") })
      }
      let volumes = try await driver.volumes(ids, deadline: .ample)
      #expect(try volumes[ids[0]]?.get().fault?.contains("export record") == true)
      let error = #expect(throws: BackendError.self) { try volumes[ids[1]]?.get() }
      #expect(error?.code == .broken)
      #expect(try volumes[ids[2]]?.get().fault == nil)
      #expect(try await driver.leftovers(deadline: .ample) == [])
      await expectError(.broken, "set aside") {
        _ = try await driver.createVolume(bench.specification(ids[1]), deadline: .ample) { _, _ in }
      }
    }
  }

  @Test("storage that is gone is told and not exported, and the others are")
  func goneStorage() async throws {
    try await TargetBench.run { bench in
      let gone = try await bench.volume("a", hosts: ["node-1"])
      let volume = try await bench.volume("b")
      try bench.configFS.clear()
      bench.storage.state.withLock { _ = $0.objects.removeValue(forKey: gone.id) }
      let driver = try bench.driver(limits: TargetBench.patient)
      #expect(try await driver.restore(deadline: .ample).keys.sorted() == [gone.id])
      #expect(bench.reports.first?.contains("is gone") == true)
      #expect(try bench.configFS.names(in: "subsystems") == [volume.export.nqn.rawValue])
    }
  }

  @Test("without the pool nothing is exported, and it is asked for again")
  func noPool() async throws {
    try await TargetBench.run { bench in
      try await bench.volume("a", hosts: ["node-1"])
      let before = try bench.configFS.contents()
      try bench.configFS.clear()
      bench.storage.state.withLock { $0.health = BackendError(.unavailable, "not mounted") }
      let driver = try bench.driver()
      await expectError(.unavailable, "not mounted") { try await driver.restore(deadline: .ample) }
      #expect(bench.configFS.takeLog() == [])
      bench.storage.state.withLock { $0.health = nil }
      try await driver.restore(deadline: .ample)
      #expect(try bench.configFS.contents() == before)
    }
  }

  @Test("without the kernel's target everything is unavailable and says what to do")
  func noTarget() async throws {
    try await TargetBench.run { bench in
      let driver = try bench.driver()
      for group in ["subsystems", "ports", "hosts"] {
        try Files.removeDirectory("\(bench.configFS.root)/\(group)")
      }
      await expectError(.unavailable, "nvmet-tcp") { try await driver.restore(deadline: .ample) }
      await expectError(.unavailable) { _ = try await driver.volumes(deadline: .ample) }
      await expectError(.unavailable, "nvmet-tcp") { try await bench.volume("a") }
    }
  }

  @Test("a namespace that serves other bytes than the record says is not put right")
  func changedByHand() async throws {
    try await TargetBench.run { bench in
      let volume = try await bench.volume("a", hosts: ["node-1"])
      let path = "subsystems/\(volume.export.nqn)/namespaces/1"
      try bench.configFS.write("0", to: "\(path)/enable")
      try Files.replaceDurably("\(bench.directory)/other", with: [], mode: 0o600)
      try bench.configFS.write("\(bench.directory)/other", to: "\(path)/device_path")
      try bench.configFS.write("1", to: "\(path)/enable")
      _ = bench.configFS.takeLog()
      try await bench.driver().restore(deadline: .ample)
      #expect(bench.reports.first?.contains("by hand") == true)
      #expect(bench.configFS.takeLog() == [])
    }
  }
}
