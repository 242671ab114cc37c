import NVMe
import StateStore
import Synchronization
import Testing

@testable import Backends
@testable import BackendsTestSupport

@Suite("A volume whose export record was lost")
struct LostRecordTests {
  @Test("asked for as something else it stays somebody's data: no record, no leftover")
  func otherSize() async throws {
    try await TargetBench.run { bench in
      let driver = try bench.driver()
      let id = try await bench.volume("a").id
      _ = try await driver.expandVolume(id, toSize: 5 << 20, deadline: .ample)
      try await bench.loseRecords()
      for target in ["as it is", "after a reboot"] {
        if target == "after a reboot" { try bench.configFS.clear() }
        await expectError(.alreadyExists) { try await bench.volume("a") }
        #expect(try await bench.store.keys() == [], "\(target)")
        #expect(try await driver.leftovers(deadline: .ample) == [], "\(target)")
        let volume = try #require(try await driver.volume(id, deadline: .ample))
        #expect(volume.isUnrecorded && volume.size == 5 << 20)
        #expect(try await driver.volumes(deadline: .ample) == [volume])
      }
    }
  }

  @Test("is no leftover wherever its making anew is cut short, and comes back at last")
  func killed() async throws {
    var step = 0
    while true {
      var wasKilled = false
      try await TargetBench.run { bench in
        let volume = try await bench.volume("a")
        try await bench.loseRecords()
        try bench.configFS.clear()
        let life = KillSwitch(before: step)
        _ = try? await bench.driver(life).createVolume(
          bench.specification(volume.id), deadline: .ample
        ) { _, _ in }
        wasKilled = life.isDead
        let next = try bench.driver()
        #expect(try await next.leftovers(deadline: .ample) == [], "killed before step \(step)")
        #expect(try await next.volume(volume.id, deadline: .ample)?.size == volume.size)
        #expect(try await bench.volume("a") == volume)
      }
      if !wasKilled { break }
      step += 1
    }
    #expect(step >= 10)
  }

  @Test("is not given to the next while a host has it, and the host is not disturbed")
  func stillConnected() async throws {
    try await TargetBench.run { bench in
      let volume = try await bench.volume("a", hosts: ["node-1"])
      let (host, nqn) = (hostNQN("node-1"), volume.export.nqn.rawValue)
      try bench.configFS.connect(host.rawValue, nqn)
      try await bench.loseRecords()
      let before = try bench.configFS.contents()
      await expectError(.inUse, host.rawValue) { try await bench.volume("a") }
      #expect(try bench.configFS.contents() == before)
      #expect(bench.configFS.isConnected(host.rawValue, nqn))
      #expect(try await bench.store.keys() == [])
      try await bench.driver().revoke(host, volume: volume.id, deadline: .ample)
      #expect(try await bench.volume("a").export.allowedHosts == [])
    }
  }

  @Test("is adopted as it was: its hosts stay connected, and whoever else is let in is cut")
  func adopted() async throws {
    try await TargetBench.run { bench in
      let volume = try await bench.volume("a", hosts: ["node-1"])
      let nqn = volume.export.nqn.rawValue
      let before = try bench.configFS.contents()
      try await bench.loseRecords()
      try bench.configFS.connect(hostNQN("node-1").rawValue, nqn)
      let driver = try bench.driver()
      await expectError(.unavailable, "record is gone") {
        try await driver.allow(hostNQN("node-2"), volume: volume.id, deadline: .ample)
      }
      await expectError(.unavailable, "record is gone") {
        _ = try await driver.expandVolume(volume.id, toSize: 5 << 20, deadline: .ample)
      }
      _ = bench.configFS.takeLog()
      for _ in 1...2 {
        #expect(
          try await driver.adopt(volume.id, as: volume.export, deadline: .ample) == volume)
        #expect(bench.configFS.takeLog() == [])
      }
      #expect(bench.configFS.isConnected(hostNQN("node-1").rawValue, nqn))

      try await bench.loseRecords()
      let stranger = hostNQN("stranger").rawValue
      _ = try bench.configFS.makeDirectory("hosts/\(stranger)")
      _ = try bench.configFS.link(
        "subsystems/\(nqn)/allowed_hosts/\(stranger)", to: "hosts/\(stranger)")
      try bench.configFS.connect(stranger, nqn)
      _ = try await driver.adopt(volume.id, as: volume.export, deadline: .ample)
      #expect(!bench.configFS.isConnected(stranger, nqn))
      #expect(try bench.configFS.contents() == before)
    }
  }

  @Test("is adopted after a reboot with the hosts and portals it had, also if new ones get others")
  func adoptedAfterReboot() async throws {
    try await TargetBench.run { bench in
      var volume = try await bench.volume("a", hosts: ["node-1", "node-2"])
      volume.export.portals = [TargetBench.portals[1]]
      try await bench.loseRecords()
      try bench.configFS.clear()
      let driver = try bench.driver()
      try await driver.restore(deadline: .ample)
      #expect(
        try await driver.adopt(volume.id, as: volume.export, deadline: .ample) == volume)
      #expect(try bench.configFS.names(in: "ports").count == 1)
      for node in ["node-1", "node-2"] {
        #expect(
          try bench.configFS.connect(hostNQN(node).rawValue, volume.export.nqn.rawValue))
      }
    }
  }

  @Test("is not adopted as what it never was, or without storage")
  func notAdopted() async throws {
    try await TargetBench.run { bench in
      let volume = try await bench.volume("a")
      let other = try await bench.volume("b")
      let driver = try bench.driver()
      try await bench.loseRecords()
      await expectError(.invalid) {
        _ = try await driver.adopt(volume.id, as: other.export, deadline: .ample)
      }
      try bench.loseStorage(volume)
      await expectError(.notFound) {
        _ = try await driver.adopt(volume.id, as: volume.export, deadline: .ample)
      }
      #expect(try await bench.store.keys() == [])
    }
  }

  @Test("is not copied while a host has it")
  func notCopied() async throws {
    try await TargetBench.run { bench in
      let source = try await bench.volume("a", hosts: ["node-1"]).id
      try await bench.loseRecords()
      bench.storage.state.withLock { $0.quietSource = true }
      var clone = bench.specification(try ObjectID.volume("b"))
      clone.content = .volume(source)
      let asked = clone
      await expectError(.inUse, hostNQN("node-1").rawValue) {
        _ = try await bench.driver().createVolume(asked, deadline: .ample) { _, _ in }
      }
    }
  }

  @Test("is shut to its last host wherever that is cut short before, by taking the export away")
  func revoked() async throws {
    let host = hostNQN("node-1")
    var step = 0
    while true {
      var wasKilled = false
      try await TargetBench.run { bench in
        let volume = try await bench.volume("a", hosts: ["node-1"])
        try await bench.loseRecords()
        try bench.loseStorage(volume)
        try bench.configFS.connect(host.rawValue, volume.export.nqn.rawValue)
        let life = KillSwitch(before: step)
        try? await bench.driver(life).revoke(host, volume: volume.id, deadline: .ample)
        wasKilled = life.isDead
        let next = try bench.driver()
        try await next.revoke(host, volume: volume.id, deadline: .ample)
        #expect(!bench.configFS.isConnected(host.rawValue, volume.export.nqn.rawValue))
        #expect(try !bench.configFS.connect(host.rawValue, volume.export.nqn.rawValue))
        #expect(try await next.hosts(of: volume.id, deadline: .ample) == [])
      }
      if !wasKilled { break }
      step += 1
    }
    #expect(step >= 4)
  }

  @Test("is left alone when one of several hosts is to go: nobody knows which may stay")
  func oneOfTwo() async throws {
    try await TargetBench.run { bench in
      let volume = try await bench.volume("a", hosts: ["node-1", "node-2"])
      try await bench.loseRecords()
      let before = try bench.configFS.contents()
      await expectError(.broken, hostNQN("node-2").rawValue) {
        try await bench.driver().revoke(
          hostNQN("node-1"), volume: volume.id, deadline: .ample)
      }
      #expect(try bench.configFS.contents() == before)
    }
  }
}
