import Linux
import NVMe
import StateStore
import Synchronization
import Testing

@testable import Backends

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
      #expect(bench.reports.count == 1)
      #expect(bench.reports.first?.contains("\(damaged.id)") == true)
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

  @Test("storage that is gone is told and not exported, and the others are")
  func goneStorage() async throws {
    try await TargetBench.run { bench in
      let gone = try await bench.volume("a", hosts: ["node-1"])
      let volume = try await bench.volume("b")
      try bench.configFS.clear()
      bench.storage.state.withLock { _ = $0.objects.removeValue(forKey: gone.id) }
      try await bench.driver().restore(deadline: .ample)
      #expect(bench.reports.count == 1)
      #expect(bench.reports.first?.contains("is gone") == true)
      #expect(try bench.configFS.names(in: "subsystems") == [volume.export.nqn.rawValue])
    }
  }

  @Test("storage that cannot be opened yet is asked for again, and the others are exported")
  func lateStorage() async throws {
    try await TargetBench.run { bench in
      let late = try await bench.volume("a", hosts: ["node-1"])
      try await bench.volume("b")
      let before = try bench.configFS.contents()
      try bench.configFS.clear()
      let path = "\(bench.storage.directory)/\(late.id)"
      try Files.renameDurably(path, to: path + ".away")
      let driver = try bench.driver()
      await expectError(.unavailable, path) { try await driver.restore(deadline: .ample) }
      #expect(try bench.configFS.names(in: "ports").count == 2)
      try Files.renameDurably(path + ".away", to: path)
      try await driver.restore(deadline: .ample)
      #expect(try bench.configFS.contents() == before)
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
