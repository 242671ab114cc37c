import NVMe
import StateStore
import Synchronization
import Testing

@testable import Backends
@testable import BackendsTestSupport

@Suite("A driver that is killed at any step")
struct KillTests {
  /// One call, and what must be there for it.
  enum Call: CaseIterable, Sendable {
    case create, delete, deleteLast, allow, revokeLast, revokeOne, expand, restore

    func prepare(_ bench: TargetBench) async throws {
      // Another volume shares the ports and the host.
      if self != .deleteLast { try await bench.volume("z", hosts: ["node-2"]) }
      switch self {
      case .create: break
      case .delete, .deleteLast, .allow, .expand: try await bench.volume("a")
      case .revokeLast: try await bench.volume("a", hosts: ["node-1"])
      case .revokeOne: try await bench.volume("a", hosts: ["node-1", "node-2"])
      case .restore:
        try await bench.volume("a", hosts: ["node-1"])
        try bench.configFS.clear()
      }
      if self == .revokeLast || self == .revokeOne {
        let nqn = try #require(
          try await bench.driver().volume(ObjectID.volume("a"), deadline: .ample)
        ).export.nqn
        try bench.configFS.connect(hostNQN("node-1").rawValue, nqn.rawValue)
      }
    }

    func make(_ driver: NVMetBackend, _ bench: TargetBench) async throws {
      let id = try ObjectID.volume("a")
      switch self {
      case .create:
        _ = try await driver.createVolume(bench.specification(id), deadline: .ample) { _, _ in }
      case .delete, .deleteLast:
        try await driver.deleteVolume(id, deadline: .ample) { _, _ in }
      case .allow: try await driver.allow(hostNQN("node-1"), volume: id, deadline: .ample)
      case .revokeLast, .revokeOne:
        try await driver.revoke(hostNQN("node-1"), volume: id, deadline: .ample)
      case .expand: _ = try await driver.expandVolume(id, toSize: 9 << 20, deadline: .ample)
      case .restore: try await driver.restore(deadline: .ample)
      }
    }
  }

  /// What a call led to: the target, the records, the storage, and the host's connection.
  private func outcome(_ bench: TargetBench) async throws -> [String] {
    var outcome = try bench.configFS.contents()
    for key in try await bench.store.keys() {
      outcome.append(
        String(decoding: try #require(try await bench.store.get(key)).bytes, as: UTF8.self))
    }
    outcome += bench.storage.state.withLock {
      $0.objects.values.map { "\($0.id) \($0.size)" }.sorted()
    }
    return outcome.map { $0.replacing(bench.directory, with: "") }
      + [
        "connected: \(bench.configFS.isConnected(hostNQN("node-1").rawValue, "nqn.2026-11.dev.nvmeof-csi:nv-aaaaaaaaaaaaaaaaaaaaaaaaaa"))"
      ]
  }

  @Test("finishes when it is asked again", arguments: Call.allCases, [false, true])
  func retry(call: Call, restoresFirst: Bool) async throws {
    var wanted: [String] = []
    try await TargetBench.run { bench in
      try await call.prepare(bench)
      try await call.make(try bench.driver(), bench)
      wanted = try await outcome(bench)
    }
    var step = 0
    while true {
      var wasKilled = false
      try await TargetBench.run { bench in
        try await call.prepare(bench)
        let life = KillSwitch(before: step)
        try? await call.make(try bench.driver(life), bench)
        wasKilled = life.isDead
        let next = try bench.driver()
        if restoresFirst { try await next.restore(deadline: .ample) }
        try await call.make(next, bench)
        #expect(try await outcome(bench) == wanted, "killed before step \(step)")
      }
      if !wasKilled { break }
      step += 1
    }
    // Fewer would mean that nothing was killed.
    #expect(step >= 2)
  }

  @Test(
    "leaves nothing that collecting leftovers does not remove", arguments: [Call.create, .delete])
  func leftovers(call: Call) async throws {
    var step = 0
    var collected = 0
    while true {
      var wasKilled = false
      try await TargetBench.run { bench in
        try await call.prepare(bench)
        let life = KillSwitch(before: step)
        try? await call.make(try bench.driver(life), bench)
        wasKilled = life.isDead
        let next = try bench.driver()
        try await next.restore(deadline: .ample)
        let leftovers = try await next.leftovers(deadline: .ample)
        collected += leftovers.count
        for leftover in leftovers {
          #expect(leftover.id == (try ObjectID.volume("a")))
          try await next.remove(leftover, deadline: .ample)
          try await next.remove(leftover, deadline: .ample)
        }
        #expect(try await next.leftovers(deadline: .ample) == [])
        // Whole, or gone without a trace.
        let volumes = try await next.volumes(deadline: .ample)
        #expect(volumes.allSatisfy { $0.fault == nil })
        let hasVolume = volumes.contains { $0.id.description.contains("aaaa") }
        #expect(try bench.configFS.names(in: "subsystems").count == (hasVolume ? 2 : 1))
        #expect(bench.storage.state.withLock { $0.objects.count } == (hasVolume ? 2 : 1))
        #expect(try await bench.store.keys().count == (hasVolume ? 2 : 1))
      }
      if !wasKilled { break }
      step += 1
    }
    #expect(collected >= 2)
  }
}
