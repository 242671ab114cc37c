import Linux
import NVMe
import Testing

@testable import Backends

/// On a volume group in memory; see LVMPoolKernelTests for a real one.
@Suite("LVM pool") struct LVMPoolTests {
  private static let mebibyte: Int64 = 1 << 20
  private static let owner = "nvmeof-csi.owner=nvmeof.csi.dev/test"

  private func pool(
    _ lvm: FakeLVM, reserve: Int64 = 0, overcommit: Double = 1, owner: PoolOwner = .ours
  ) throws -> LVMPool {
    try LVMPool(
      LVMPoolConfiguration(
        volumeGroup: "tank", thinPool: "pool", reserve: reserve, overcommit: overcommit),
      owner: owner, runner: lvm, sysfs: NVMeSysfs(root: "/nonexistent"))
  }

  @Test("Each operation runs these programs, and a second time none")
  func programs() async throws {
    let lvm = FakeLVM()
    let pool = try pool(lvm)
    let (a, b, s) = (
      try ObjectID.volume("a"), try ObjectID.volume("b"), try ObjectID.snapshot("s")
    )
    for _ in 0..<2 {
      #expect(
        try await pool.create(a, size: 64 * Self.mebibyte)
          == PoolObject(
            id: a, path: "/dev/tank/\(a)", size: 64 * Self.mebibyte, content: .empty,
            parameters: [:]))
    }
    let taken = try await pool.snapshot(s, of: a)
    #expect(try await pool.snapshot(s, of: a) == taken)
    #expect((taken.source, taken.size) == (a, 64 * Self.mebibyte))
    for _ in 0..<2 { try await pool.create(b, size: 128 * Self.mebibyte, from: .snapshot(s)) }
    for _ in 0..<2 {
      _ = try await pool.expandVolume(a, toSize: 128 * Self.mebibyte, deadline: .ample)
    }
    #expect(try await pool.volumeIDs() == [a, b])
    #expect(try await pool.snapshot(s, deadline: .ample) == taken)
    for _ in 0..<2 { for id in [a, s, b] { try await pool.delete(id) } }
    #expect(
      lvm.log == [
        "lvchange --addtag \(Self.owner) tank/pool",
        "lvcreate --yes --thin --virtualsize 67108864b --name \(a) --addtag \(Self.owner) tank/pool",
        "lvcreate --yes --snapshot --name \(s) --permission r --activate n --addtag \(Self.owner) "
          + "--addtag nvmeof-csi.source=\(a) --addtag nvmeof-csi.taken=\(taken.takenAt) tank/\(a)",
        "lvcreate --yes --snapshot --name \(b) --permission rw --setactivationskip n --activate y "
          + "--addtag \(Self.owner) --addtag nvmeof-csi.half --addtag nvmeof-csi.source=\(s) "
          + "tank/\(s)",
        "lvextend --size 134217728b tank/\(b)", "lvchange --deltag nvmeof-csi.half tank/\(b)",
        "lvextend --size 134217728b tank/\(a)", "lvremove --yes tank/\(a)",
        "lvremove --yes tank/\(s)", "lvremove --yes tank/\(b)",
      ])
  }

  @Test(
    "Killed after any program: nothing is half there, and the same call finishes",
    arguments: 0..<5)
  func killed(programs: Int) async throws {
    let lvm = FakeLVM()
    let (a, b) = (try ObjectID.volume("a"), try ObjectID.volume("b"))
    try await pool(lvm).create(a, size: 64 * Self.mebibyte)
    lvm.change { $0.left = programs }
    let wanted = 128 * Self.mebibyte
    do {
      try await pool(lvm).create(b, size: wanted, from: .volume(a))
      #expect(programs > 3)
    } catch is BackendError {
      #expect(programs <= 3)
    }
    lvm.change { $0.left = nil }
    let pool = try pool(lvm)
    let before = try await pool.volume(b, deadline: .ample)
    #expect(before == nil || before?.size == wanted)
    let leftovers = try await pool.leftovers(deadline: .ample)
    #expect(leftovers.map(\.id) == (before == nil && lvm.volumes[b.description] != nil ? [b] : []))
    let made = try await pool.create(b, size: wanted, from: .volume(a))
    #expect((made.size, made.content) == (wanted, .volume(a)))
    #expect(try await pool.leftovers(deadline: .ample) == [])
    for leftover in leftovers { try await pool.remove(leftover, deadline: .ample) }
    #expect(try await pool.volumeIDs() == [a, b])
  }

  @Test("A leftover is removed, and a volume that became complete is not")
  func leftovers() async throws {
    let lvm = FakeLVM()
    let (a, b) = (try ObjectID.volume("a"), try ObjectID.volume("b"))
    try await pool(lvm).create(a, size: 64 * Self.mebibyte)
    lvm.change { $0.left = 1 }
    _ = try? await pool(lvm).create(b, size: 128 * Self.mebibyte, from: .volume(a))
    lvm.change { $0.left = nil }
    let pool = try pool(lvm)
    let leftovers = try await pool.leftovers(deadline: .ample)
    #expect(leftovers == [Leftover(id: b, what: "logical volume that was being made")])
    for _ in 0..<2 {
      for leftover in leftovers { try await pool.remove(leftover, deadline: .ample) }
    }
    #expect(lvm.volumes.keys.sorted() == [a.description])
  }

  @Test("What is not ours is refused, and stays")
  func foreign() async throws {
    let lvm = FakeLVM()
    let a = try ObjectID.volume("a")
    try await pool(lvm).checkHealth(isKnown: false, deadline: .ample)
    lvm.change { $0.volumes[a.description] = FakeLVM.Volume(size: 1 << 30) }
    let pool = try pool(lvm)
    #expect(try await code { try await pool.create(a, size: 64 * Self.mebibyte) } == .notOurs)
    #expect(try await code { try await pool.delete(a) } == .notOurs)
    #expect(
      try await code { _ = try await pool.expandVolume(a, toSize: 2 << 30, deadline: .ample) }
        == .notOurs)
    #expect(try await pool.volumes(deadline: .ample) == [])
    let other = try self.pool(lvm, owner: PoolOwner(driver: "nvmeof.csi.dev", cluster: "b"))
    #expect(
      try await code { try await other.checkHealth(isKnown: false, deadline: .ample) } == .notOurs)
    #expect(lvm.volumes.keys.sorted() == [a.description])
  }

  @Test("A thin pool with volumes of our names and no mark is not taken")
  func unmarked() async throws {
    let lvm = FakeLVM()
    let a = try ObjectID.volume("a")
    lvm.change { $0.volumes[a.description] = FakeLVM.Volume(size: 1 << 30) }
    let pool = try pool(lvm)
    #expect(
      try await code { try await pool.checkHealth(isKnown: false, deadline: .ample) } == .notOurs)
    #expect(lvm.log == [])
  }

  @Test("A volume group that misses a device, or a pool that shows old data, is unavailable")
  func unfit() async throws {
    let lvm = FakeLVM()
    let pool = try pool(lvm)
    lvm.change { $0.missing = 1 }
    #expect(
      try await code { try await pool.checkHealth(isKnown: false, deadline: .ample) }
        == .unavailable)
    #expect(try await code { _ = try await pool.volumes(deadline: .ample) } == .unavailable)
    lvm.change {
      $0.missing = 0
      $0.poolZeroes = false
    }
    #expect(
      try await code { try await pool.checkHealth(isKnown: false, deadline: .ample) }
        == .unavailable)
    lvm.change { $0.poolZeroes = true }
    try await pool.checkHealth(isKnown: false, deadline: .ample)
  }

  @Test("Volumes that are in use stay")
  func use() async throws {
    let lvm = FakeLVM()
    let a = try ObjectID.volume("a")
    let pool = try pool(lvm)
    try await pool.create(a, size: 64 * Self.mebibyte)
    lvm.change { $0.volumes[a.description]?.isOpen = true }
    #expect(try await code { try await pool.delete(a) } == .inUse)
    lvm.change { $0.volumes[a.description]?.isOpen = false }
    try await pool.delete(a)
  }

  @Test("Inactive volumes are activated, each by itself: what keeps one keeps no other")
  func activation() async throws {
    let lvm = FakeLVM()
    let pool = try pool(lvm)
    let (a, b, c, d) = (
      try ObjectID.volume("a"), try ObjectID.volume("b"), try ObjectID.volume("c"),
      try ObjectID.volume("d")
    )
    for id in [a, b, c] { try await pool.create(id, size: 64 * Self.mebibyte) }
    lvm.change {
      for id in [a, b, c] { $0.volumes[id.description]?.isActive = false }
      $0.volumes[a.description]?.isDamaged = true
      _ = $0.volumes[b.description]?.tags.insert("nvmeof-csi.colour=red")
    }
    try await pool.checkHealth(isKnown: true, deadline: .ample)
    let objects = try await pool.activate([a, b, c, d], deadline: .ample)
    #expect(objects.keys.sorted() == [a, b, c, d])
    func code(_ id: ObjectID) -> BackendError.Code? {
      guard case .failure(let error)? = objects[id] else { return nil }
      return error.code
    }
    #expect(code(a) == .failed)
    #expect(code(b) == .broken)
    #expect(try objects[c]?.get()?.path == "/dev/tank/\(c)")
    #expect(lvm.volumes[c.description]?.isActive == true)
    #expect(try objects[d]?.get() == .some(nil))
    let programs = lvm.log.count
    _ = try await pool.activate([c], deadline: .ample)
    #expect(lvm.log.count == programs)
  }

  /// What becomes of a volume's tags, and what it is then.
  static let damages: [(tags: Set<String>, code: BackendError.Code)] = [
    ([owner, "nvmeof-csi.colour=red"], .broken), ([owner, "nvmeof-csi.source=x"], .broken),
    ([owner, "nvmeof-csi.half", "nvmeof-csi.source="], .broken), (["nvmeof-csi.half"], .broken),
    (["nvmeof-csi.owner=x"], .broken), ([], .notOurs),
  ]

  @Test(
    "Damaged tags are the volume's own: it is told and left alone, and counts; others go on",
    arguments: damages)
  func damagedTags(tags: Set<String>, code: BackendError.Code) async throws {
    let lvm = FakeLVM()
    let (a, b, s) = (
      try ObjectID.volume("a"), try ObjectID.volume("b"), try ObjectID.snapshot("s")
    )
    let pool = try pool(lvm)
    try await pool.create(a, size: 64 * Self.mebibyte)
    let well = try await pool.create(b, size: 64 * Self.mebibyte)
    let room = try await pool.capacity(deadline: .ample).available
    lvm.change { $0.volumes[a.description]?.tags = tags }
    let before = lvm.volumes[a.description]

    let ids = try await pool.volumeIDs(deadline: .ample)
    // Without any tag of ours it does not carry our mark.
    #expect(ids == (code == .broken ? [a, b] : [b]))
    let found = try await pool.volumes([a, b], deadline: .ample)
    #expect(try found[b]?.get() == well)
    for attempt in [
      { _ = try found[a]?.get() },
      { try await pool.create(a, size: 64 * Self.mebibyte) },
      { try await pool.create(try .volume("c"), size: 64 * Self.mebibyte, from: .volume(a)) },
      { try await pool.snapshot(s, of: a) },
      { _ = try await pool.expandVolume(a, toSize: 128 * Self.mebibyte, deadline: .ample) },
      { try await pool.delete(a) },
    ] as [() async throws -> Void] {
      let error = await #expect(throws: BackendError.self) { try await attempt() }
      #expect(error?.code == code)
      #expect(error?.message.contains(a.description) == true)
    }
    #expect(try await pool.leftovers(deadline: .ample) == [])
    let leftover = Leftover(id: a, what: "logical volume that was being made")
    try await pool.remove(leftover, deadline: .ample)
    #expect(lvm.volumes[a.description] == before)
    #expect(try await pool.capacity(deadline: .ample).available == room)

    let taken = try await pool.snapshot(s, of: b)
    #expect(try await pool.snapshot(s, deadline: .ample) == taken)
    try await pool.create(try .volume("c"), size: 64 * Self.mebibyte, from: .snapshot(s))
    try await pool.delete(b)
  }

  @Test("A damaged snapshot keeps no other from being made")
  func damagedSnapshot() async throws {
    let lvm = FakeLVM()
    let (a, s, t) = (
      try ObjectID.volume("a"), try ObjectID.snapshot("s"), try ObjectID.snapshot("t")
    )
    let pool = try pool(lvm)
    try await pool.create(a, size: 64 * Self.mebibyte)
    try await pool.snapshot(s, of: a)
    lvm.change { $0.volumes[s.description]?.tags = [Self.owner] }
    #expect(try await code { _ = try await pool.snapshot(s, deadline: .ample) } == .broken)
    let taken = try await pool.snapshot(t, of: a)
    #expect(try await pool.snapshot(t, deadline: .ample) == taken)
    #expect(try await pool.leftovers(deadline: .ample) == [])
  }

  @Test(
    "No more is promised than the pool has",
    arguments: [
      (Int64(0), 1.0, Int64(448)), (256 << 20, 1, 192), (0, 2, 1472), (2 << 30, 1, 0),
    ])
  func capacity(reserve: Int64, overcommit: Double, available: Int64) async throws {
    let lvm = FakeLVM()
    let first = try pool(lvm)
    let source = try await first.create(try .volume("a"), size: 512 * Self.mebibyte)
    lvm.change {
      // Somebody else's counts as well.
      $0.volumes["foreign"] = FakeLVM.Volume(size: 64 << 20, isActive: false)
    }
    let pool = try pool(lvm, reserve: reserve, overcommit: overcommit)
    let capacity = try await pool.capacity(deadline: .ample)
    #expect(capacity.available == available * Self.mebibyte)
    let tooLarge = (available + 4) * Self.mebibyte
    let files = lvm.volumes
    #expect(
      try await code { try await pool.create(try .volume("b"), size: tooLarge) } == .exhausted)
    #expect(
      try await code {
        _ = try await pool.expandVolume(
          source.id, toSize: source.size + tooLarge, deadline: .ample)
      } == .exhausted)
    #expect(lvm.volumes == files)
  }

  @Test("A pool has one process at a time; the next one gets it afterwards")
  func locked() async throws {
    let lvm = FakeLVM()
    let directory = "/tmp/lvm-pool-tests-\(UInt64.random(in: .min ... .max))"
    defer {
      _ = try? Files.unlink("\(directory)/tank:pool.lock")
      _ = try? Files.removeDirectory(directory)
    }
    func life() throws -> LVMPool {
      try LVMPool(
        LVMPoolConfiguration(volumeGroup: "tank", thinPool: "pool"), owner: .ours, runner: lvm,
        sysfs: NVMeSysfs(root: "/nonexistent"), lockDirectory: directory)
    }
    do {
      let first = try life()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<8 {
          group.addTask { try await first.checkHealth(isKnown: false, deadline: .ample) }
        }
        try await group.waitForAll()
      }
      let second = try life()
      let programs = lvm.log
      await expectError(.unavailable, "tank:pool: another process is using it") {
        try await second.checkHealth(isKnown: false, deadline: .ample)
      }
      await expectError(.unavailable) {
        try await second.create(try .volume("a"), size: 64 * Self.mebibyte)
      }
      #expect(lvm.log == programs)
      try await first.create(try .volume("a"), size: 64 * Self.mebibyte)
    }
    let next = try life()
    try await next.delete(try .volume("a"))
    #expect(lvm.volumes.isEmpty)
  }

  @Test("Sizes are multiples of the extent, parameters unknown, names checked")
  func arguments() async throws {
    let lvm = FakeLVM()
    let pool = try pool(lvm)
    #expect(pool.size(holding: 1) == 4 * Self.mebibyte)
    #expect(pool.size(holding: 4 * Self.mebibyte + 1) == 8 * Self.mebibyte)
    #expect(pool.size(holding: .max) == nil)
    #expect(try await code { try await pool.create(try .volume("a"), size: 4096) } == .invalid)
    #expect(try await code { try pool.check(parameters: ["allocation": "thin"]) } == .invalid)
    for name in ["", "-x", "a b", "a/b", "..", "ü"] {
      let error = #expect(throws: BackendError.self) {
        try LVMPool(LVMPoolConfiguration(volumeGroup: name), owner: .ours, runner: lvm)
      }
      #expect(error?.code == .invalid)
    }
  }
}
