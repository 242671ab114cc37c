import Linux
import NVMe
import Synchronization
import Testing

@testable import Backends
@testable import BackendsTestSupport

@Suite("A volume that is late when exports are restored", .timeLimit(.minutes(5)))
struct LateVolumeTests {
  /// Its storage is not where it should be until `comeBack`.
  private struct Late {
    let volume: BackendVolume
    let path: String

    init(_ volume: BackendVolume, _ bench: TargetBench) throws {
      self.volume = volume
      path = "\(bench.storage.directory)/\(volume.id)"
      try Files.renameDurably(path, to: path + ".away")
    }

    func comeBack() throws { try Files.renameDurably(path + ".away", to: path) }
  }

  private func eventually(_ condition: () throws -> Bool) async throws {
    while try !condition() { try await Task.sleep(for: .milliseconds(5)) }
  }

  private func isLinked(_ volume: BackendVolume, _ bench: TargetBench) throws -> [Bool] {
    try bench.configFS.names(in: "ports").map {
      try bench.configFS.exists("ports/\($0)/subsystems/\(volume.export.nqn)")
    }
  }

  @Test("keeps the ports closed until it is there, and then all are linked in a row")
  func comes() async throws {
    try await TargetBench.run { bench in
      let late = try await bench.volume("a", hosts: ["node-1"])
      let other = try await bench.volume("b", hosts: ["node-1"])
      let before = try bench.configFS.contents()
      try bench.configFS.clear()
      let storage = try Late(late, bench)
      let driver = try bench.driver(limits: TargetBench.patient)
      async let left = driver.restore(deadline: .ample)
      let nqn = other.export.nqn
      try await eventually {
        let enable = "subsystems/\(nqn)/namespaces/1/enable"
        return try bench.configFS.exists(enable) && bench.configFS.read(enable) == "1"
      }
      try await Task.sleep(for: .milliseconds(50))
      #expect(try isLinked(other, bench).allSatisfy { !$0 })
      #expect(!bench.configFS.log.contains { $0.hasPrefix("listen") })
      try storage.comeBack()
      #expect(try await left.isEmpty)
      #expect(try bench.configFS.contents() == before)
      let log = bench.configFS.takeLog()
      let opening = log[try #require(log.firstIndex { $0.hasPrefix("listen") })...]
      #expect(opening.allSatisfy { $0.hasPrefix("listen") || $0.hasPrefix("symlink ports/") })
      #expect(bench.reports == [])
    }
  }

  @Test("does not keep the others for ever, which is said, and comes back by itself later")
  func staysAway() async throws {
    try await TargetBench.run { bench in
      let late = try await bench.volume("a", hosts: ["node-1"])
      let other = try await bench.volume("b", hosts: ["node-1"])
      let before = try bench.configFS.contents()
      try bench.configFS.clear()
      let storage = try Late(late, bench)
      let driver = try bench.driver()
      let left = try await driver.restore(deadline: .ample)
      #expect(left.keys.sorted() == [late.id])
      #expect(left[late.id]?.code == .unavailable)
      #expect(try isLinked(other, bench) == [true, true])
      #expect(try isLinked(late, bench) == [false, false])
      #expect(bench.reports.contains { $0.contains("listen without \(late.id)") })
      #expect(try await driver.volume(other.id, deadline: .ample) == other)
      await expectError(.unavailable, storage.path) {
        try await driver.restore(late.id, deadline: .ample)
      }
      try storage.comeBack()
      try await driver.restore(late.id, deadline: .ample)
      #expect(try bench.configFS.contents() == before)
      try await driver.restore(late.id, deadline: .ample)
      try await driver.restore(ObjectID.volume("z"), deadline: .ample)
      #expect(try bench.configFS.contents() == before)
    }
  }

  @Test("is not waited for when it has no hosts")
  func hostless() async throws {
    try await TargetBench.run { bench in
      let late = try await bench.volume("a")
      let other = try await bench.volume("b", hosts: ["node-1"])
      try bench.configFS.clear()
      _ = try Late(late, bench)
      let left = try await bench.driver(limits: TargetBench.patient).restore(deadline: .ample)
      #expect(left.keys.sorted() == [late.id])
      #expect(try isLinked(other, bench) == [true, true])
    }
  }

  @Test("does not keep others from a port that listens already, where their hosts are refused")
  func listening() async throws {
    try await TargetBench.run { bench in
      let late = try await bench.volume("a", hosts: ["node-1"])
      let other = try await bench.volume("b", hosts: ["node-1"])
      try await bench.volume("c")
      let before = try bench.configFS.contents()
      // Somebody else's port and subsystem at the first of our addresses.
      try bench.configFS.clear()
      let (port, foreign) = ("ports/7", "subsystems/nqn.2014-08.org.example:foreign")
      _ = try bench.configFS.makeDirectory(foreign)
      _ = try bench.configFS.makeDirectory(port)
      for (name, value) in [
        ("trtype", "tcp"), ("adrfam", "ipv4"), ("traddr", "192.0.2.1"), ("trsvcid", "4420"),
      ] { try bench.configFS.write(value, to: "\(port)/addr_\(name)") }
      _ = try bench.configFS.link("\(port)/\(foreign)", to: foreign)
      let storage = try Late(late, bench)
      let driver = try bench.driver(limits: TargetBench.patient)
      async let left = driver.restore(deadline: .ample)
      try await eventually { try bench.configFS.exists("\(port)/subsystems/\(other.export.nqn)") }
      try await Task.sleep(for: .milliseconds(50))
      #expect(bench.configFS.log.filter { $0.hasPrefix("listen") } == ["listen 192.0.2.1:4420"])
      try storage.comeBack()
      #expect(try await left.isEmpty)
      #expect(try bench.configFS.exists("\(port)/subsystems/\(late.export.nqn)"))
      #expect(
        try bench.configFS.contents().filter { $0.hasSuffix(" ->") }.count
          == before.filter { $0.hasSuffix(" ->") }.count + 1)
    }
  }

  @Test("that hangs holds up itself, and is there when it has come back")
  func hangs() async throws {
    try await TargetBench.run { bench in
      let stuck = try await bench.volume("a", hosts: ["node-1"])
      let others = [
        try await bench.volume("b", hosts: ["node-1"]), try await bench.volume("c"),
        try await bench.volume("d"),
      ]
      let before = try bench.configFS.contents()
      try bench.configFS.clear()
      let path = "subsystems/\(stuck.export.nqn)"
      bench.configFS.hang(path)
      var limits = TargetBench.hasty
      limits.volume = .milliseconds(500)
      let driver = try bench.driver(limits: limits)
      let left = try await driver.restore(deadline: .ample)
      #expect(left.keys.sorted() == [stuck.id])
      for other in others { #expect(try isLinked(other, bench) == [true, true]) }
      bench.configFS.letGo(path)
      try await eventually { driver.stuck.isEmpty }
      try await driver.restore(stuck.id, deadline: .ample)
      #expect(try bench.configFS.contents() == before)
    }
  }

  @Test("or a portal whose address comes late: then all are linked in a row there too")
  func addressComes() async throws {
    try await TargetBench.run { bench in
      for letter in "ab" { try await bench.volume(letter, hosts: ["node-1"]) }
      let before = try bench.configFS.contents()
      try bench.configFS.clear()
      bench.configFS.setAddress("192.0.2.1:4420", isThere: false)
      let driver = try bench.driver(limits: TargetBench.patient)
      async let left = driver.restore(deadline: .ample)
      try await eventually { bench.configFS.log.contains { $0.hasPrefix("listen") } }
      bench.configFS.setAddress("192.0.2.1:4420", isThere: true)
      #expect(try await left.isEmpty)
      #expect(try bench.configFS.contents() == before)
      let log = bench.configFS.takeLog().filter { !$0.hasPrefix("mkdir") && !$0.hasPrefix("write") }
      let late = try #require(log.lastIndex { $0.hasPrefix("listen") })
      #expect(log[late...].count == 3)
      #expect(bench.reports == [])
    }
  }

  @Test("that cannot be activated in the pool is one of many")
  func inactive() async throws {
    try await TargetBench.run { bench in
      let bad = try await bench.volume("a", hosts: ["node-1"])
      let other = try await bench.volume("b", hosts: ["node-1"])
      let before = try bench.configFS.contents()
      try bench.configFS.clear()
      bench.storage.state.withLock { $0.inactive[bad.id] = BackendError(.failed, "no such table") }
      let driver = try bench.driver()
      #expect(try await driver.restore(deadline: .ample).keys.sorted() == [bad.id])
      #expect(try isLinked(other, bench) == [true, true])
      bench.storage.state.withLock { $0.inactive = [:] }
      try await driver.restore(bad.id, deadline: .ample)
      #expect(try bench.configFS.contents() == before)
    }
  }
}
