import Synchronization
import Testing

@testable import Backends

@Suite("What an LVM pool has promised")
struct LVMPromisesTests {
  private func pool(
    _ lvm: FakeLVM, report: @escaping @Sendable (String) -> Void = { _ in }
  ) throws -> LVMPool {
    try LVMPool(
      LVMPoolConfiguration(volumeGroup: "tank", thinPool: "pool"), owner: .ours, runner: lvm,
      report: report)
  }

  @Test("counts for every survey that was begun before it was kept, and for no later one")
  func stale() throws {
    let (a, b) = (try ObjectID.volume("a"), try ObjectID.volume("b"))
    var promises = LVMPromises()
    let early = promises.beginSurvey()
    promises.begin(a, 100)
    #expect(promises.isOpen(a))
    #expect(promises.beyond(survey: early, shown: [:], except: nil) == 100)
    #expect(promises.beyond(survey: early, shown: [:], except: a) == 0)
    #expect(promises.beyond(survey: early, shown: [a: 40], except: b) == 60)
    promises.end(a)
    #expect(!promises.isOpen(a))
    #expect(promises.beyond(survey: early, shown: [:], except: nil) == 100)
    let late = promises.beginSurvey()
    #expect(promises.beyond(survey: late, shown: [:], except: nil) == 0)
    // What is old is forgotten by the next end, however early a survey was.
    promises.begin(b, 1)
    promises.end(b, at: .now + .seconds(3_600))
    #expect(promises.beyond(survey: early, shown: [:], except: nil) == 1)
  }

  @Test("is not promised again to whoever looked before it was made and decides afterwards")
  func overtaken() async throws {
    let (gate, arrived) = (AsyncStream<Void>.makeStream(), AsyncStream<Void>.makeStream())
    let holds = Mutex(true)
    let lvm = FakeLVM { program in
      // The first survey has seen the volumes, and is slow to tell.
      guard program == "lvremove",
        holds.withLock({ holds in
          defer { holds = false }
          return holds
        })
      else { return }
      arrived.continuation.finish()
      for await _ in gate.stream {}
    }
    let pool = try pool(lvm)
    let (a, b) = (try ObjectID.volume("a"), try ObjectID.volume("b"))
    // Half of an earlier life, which is removed between the survey and the decision.
    lvm.change {
      $0.poolTags = [LVMTags.text(of: .ours)]
      $0.volumes[a.description] = FakeLVM.Volume(
        size: 4 << 20, tags: [LVMTags.text(of: .ours), LVMTags.half])
    }
    let size: Int64 = 600 << 20
    try await withThrowingTaskGroup(of: BackendError.Code?.self) { group in
      group.addTask {
        do throws(BackendError) {
          _ = try await pool.createVolume(
            VolumeSpecification(id: a, size: size, content: .empty, parameters: [:]),
            deadline: .ample
          ) { _, _ in }
          return nil
        } catch {
          return error.code
        }
      }
      for await _ in arrived.stream {}
      try await pool.create(b, size: size)
      gate.continuation.finish()
      #expect(try await group.next() == .exhausted)
    }
    #expect(lvm.volumes.keys.sorted() == [b.description])
  }

  @Test("includes what a volume is being expanded by")
  func expansion() async throws {
    let (gate, arrived) = (AsyncStream<Void>.makeStream(), AsyncStream<Void>.makeStream())
    let lvm = FakeLVM { program in
      guard program == "lvextend" else { return }
      arrived.continuation.finish()
      for await _ in gate.stream {}
    }
    let pool = try pool(lvm)
    let a = try ObjectID.volume("a")
    try await pool.create(a, size: 64 << 20)
    async let expanded = pool.expandVolume(a, toSize: 900 << 20, deadline: .ample)
    for await _ in arrived.stream {}
    #expect(try await pool.capacity(deadline: .ample).available == 124 << 20)
    #expect(
      try await code { try await pool.create(try .volume("b"), size: 128 << 20) } == .exhausted)
    gate.continuation.finish()
    #expect(try await expanded.size == 900 << 20)
    #expect(try await pool.capacity(deadline: .ample).available == 124 << 20)
  }

  @Test(
    "is nothing more when the thin pool is not well",
    arguments: [("F", "has failed"), ("D", "no room"), ("M", "read-only")])
  func illness(health: String, text: String) async throws {
    let lvm = FakeLVM()
    let pool = try pool(lvm)
    let a = try ObjectID.volume("a")
    try await pool.create(a, size: 64 << 20)
    lvm.change { $0.poolHealth = health }
    await expectError(.unavailable, text) {
      try await pool.create(try .volume("b"), size: 64 << 20)
    }
    await expectError(.unavailable, text) { _ = try await pool.snapshot(try .snapshot("s"), of: a) }
    await expectError(.unavailable, text) {
      _ = try await pool.expandVolume(a, toSize: 128 << 20, deadline: .ample)
    }
    // To give room back is the way out.
    try await pool.delete(a)
  }

  @Test("has nothing to do with devices that were left suspended: these are resumed, loudly")
  func suspended() async throws {
    let told = Mutex<[String]>([])
    let lvm = FakeLVM()
    let pool = try pool(lvm) { text in told.withLock { $0.append(text) } }
    let (a, b) = (try ObjectID.volume("a"), try ObjectID.volume("b"))
    for id in [a, b] { try await pool.create(id, size: 64 << 20) }
    lvm.change {
      $0.volumes[a.description]?.isSuspended = true
      $0.poolIsSuspended = true
    }
    try await pool.checkHealth(isKnown: true, deadline: .ample)
    _ = try await pool.activate([a, b], deadline: .ample)
    #expect(lvm.state.withLock { $0.poolIsSuspended } == false)
    #expect(lvm.volumes[a.description]?.isSuspended == false)
    let texts = told.withLock { $0 }
    #expect(texts.count == 2)
    #expect(texts.last?.contains("tank/\(a) was left suspended") == true)
    let programs = lvm.log.count
    try await pool.checkHealth(isKnown: true, deadline: .ample)
    _ = try await pool.activate([a, b], deadline: .ample)
    #expect(lvm.log.count == programs)
  }
}
