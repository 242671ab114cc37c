import Backends
import CSI
import GRPC
import Linux
import StateStore
import Synchronization
import Testing

@testable import Driver

@Suite("Listing volumes and snapshots")
struct ControllerListTests {
  typealias Harness = ControllerHarness

  private func list(
    _ controller: VolumeController, _ limit: Int32 = 0, _ token: String = ""
  ) async throws -> ListVolumesResponse {
    var request = ListVolumesRequest()
    request.maxEntries = limit
    request.startingToken = token
    return try await controller.listVolumes(request, Harness.patient)
  }

  private func snapshots(
    _ controller: VolumeController, of volume: String = "", id: String = "", _ limit: Int32 = 0,
    _ token: String = ""
  ) async throws -> ListSnapshotsResponse {
    var request = ListSnapshotsRequest()
    request.sourceVolumeID = volume
    request.snapshotID = id
    request.maxEntries = limit
    request.startingToken = token
    return try await controller.listSnapshots(request, Harness.patient)
  }

  @Test("tells every volume's nodes and how it is")
  func whole() async throws {
    let harness = Harness()
    try await harness.live { controller in
      var made: [String: Volume] = [:]
      for name in ["a", "b", "c", "d"] {
        let volume = try await controller.made(Harness.volume(name))
        made[volume.volumeID] = volume
      }
      try await controller.publish(harness.id("a").description, to: "n1")
      try await controller.publish(harness.id("b").description, to: "n2")
      harness.backend.state.withLock { state in
        state.volumes[harness.id("b")]?.export.allowedHosts = []
        state.volumes[harness.id("c")]?.fault = "its image is gone"
        state.volumes[harness.id("d")] = nil
      }
      let entries = try await list(controller).entries
      #expect(entries.compactMap(\.volume?.volumeID) == made.keys.sorted())
      #expect(entries.allSatisfy { $0.volume == made[$0.volume?.volumeID ?? ""] })
      let status = Dictionary(
        uniqueKeysWithValues: entries.map { ($0.volume?.volumeID ?? "", $0.status) })
      func condition(_ name: String) -> VolumeCondition? {
        status[harness.id(name).description]??.volumeCondition
      }
      #expect(status[harness.id("a").description]??.publishedNodeIDs == ["n1"])
      #expect(condition("a") == VolumeCondition(abnormal: false, message: "served"))
      #expect(condition("b")?.message.contains("node n2") == true)
      #expect(condition("c") == VolumeCondition(abnormal: true, message: "its image is gone"))
      #expect(condition("d")?.message.contains("does not have the volume") == true)
      var get = ControllerGetVolumeRequest()
      get.volumeID = harness.id("c").description
      let one = try await controller.getVolume(get, Harness.patient)
      #expect(one.volume == made[get.volumeID])
      #expect(one.status?.volumeCondition == condition("c"))
    }
  }

  @Test("tells what is damaged on the storage beside the others, and leaves it alone")
  func damagedStorage() async throws {
    let harness = Harness()
    let reason = BackendError(.broken, "its record is not what was written")
    try await harness.live { controller in
      for name in ["a", "b"] { _ = try await controller.made(Harness.volume(name)) }
      let (a, b) = (harness.id("a"), harness.id("b"))
      let taken = try await controller.taken("s", of: b.description)
      harness.backend.state.withLock { state in
        state.damaged[a] = reason
        state.volumes[b]?.isUnrecorded = true
        state.volumes[b]?.export.allowedHosts = []
      }
      let conditions = try await list(controller).entries.reduce(into: [:]) { conditions, entry in
        conditions[entry.volume?.volumeID ?? ""] = entry.status?.volumeCondition
      }
      let abnormal = VolumeCondition(abnormal: true, message: reason.message)
      #expect(
        conditions == [
          a.description: abnormal,
          b.description: VolumeCondition(abnormal: false, message: "served"),
        ])
      var get = ControllerGetVolumeRequest()
      get.volumeID = a.description
      let one = try await controller.getVolume(get, Harness.patient)
      #expect(one.status?.volumeCondition == abnormal)

      // Upkeep goes on with the others, and neither removes it nor takes it for gone.
      try await controller.adoptUnrecorded()
      #expect(harness.backend.state.withLock { $0.volumes[b]?.isUnrecorded } == false)
      var garbage = Garbage(grace: .zero)
      for _ in 0..<3 { _ = try await controller.clearAway(&garbage, at: .now) }
      #expect(try await controller.mismatches() == [])
      #expect(harness.backend.state.withLock { $0.volumes.count } == 2)

      // Nor does a damaged snapshot keep others from being taken and listed.
      let damaged = try #require(ObjectID(taken.snapshotID))
      var stored = try #require(try await controller.snapshots.record(of: damaged))
      stored.record.isUsable = false
      try await controller.snapshots.save(&stored)
      harness.backend.state.withLock { $0.damaged[damaged] = reason }
      let other = try await controller.taken("t", of: b.description)
      let listed = try await snapshots(controller).entries.reduce(into: [:]) { listed, snapshot in
        listed[snapshot.snapshotID] = snapshot.readyToUse
      }
      #expect(listed == [taken.snapshotID: false, other.snapshotID: true])
    }
  }

  @Test("tells of damaged storage that no record knows, why it is not whole")
  func damagedStranger() async throws {
    let harness = Harness()
    try await harness.live { controller in
      _ = try await controller.made(Harness.volume("a"))
      try await controller.volumes.remove(
        try #require(try await controller.volumes.record(of: harness.id("a"))))
      harness.backend.state.withLock { $0.damaged[harness.id("a")] = BackendError(.broken, "torn") }
      let words = try await controller.mismatches()
      #expect(words.count == 1)
      #expect(words.first?.contains("\(harness.id("a"))") == true)
      #expect(words.first?.hasSuffix("damaged: torn") == true)
    }
  }

  @Test("holds against no volume what was done to it between two looks")
  func changedMeanwhile() async throws {
    let gate = Gate()
    let harness = Harness(
      backend: MemoryBackend { step throws(BackendError) in
        if step == "volumes", gate.isArmed { await gate.passed() }
      })
    try await harness.live { controller in
      for name in ["a", "b", "c"] { _ = try await controller.made(Harness.volume(name)) }
      try await controller.publish(harness.id("b").description, to: "n1")
      gate.arm()
      async let listing = list(controller)
      while harness.backend.state.withLock({ !$0.calls.contains("volumes") }) {
        try await Task.sleep(for: .milliseconds(2))
      }
      try await controller.delete(harness.id("a").description)
      try await controller.unpublish(harness.id("b").description, from: "n1")
      gate.open()
      let entries = try await listing.entries
      #expect(
        Set(entries.compactMap(\.volume?.volumeID))
          == [harness.id("b").description, harness.id("c").description])
      #expect(entries.allSatisfy { $0.status?.publishedNodeIDs == [] })
      #expect(entries.allSatisfy { $0.status?.volumeCondition?.message == "served" })
    }
  }

  @Test("holds against no volume what is being done to it")
  func changing() async throws {
    let gate = Gate()
    let harness = Harness(
      backend: MemoryBackend { step throws(BackendError) in
        if step == "allow" { await gate.passed() }
      })
    try await harness.live { controller in
      let id = try await controller.made(Harness.volume("a")).volumeID
      async let published: Void = controller.publish(id, to: "n1")
      while harness.backend.state.withLock({ !$0.calls.contains("allow") }) {
        try await Task.sleep(for: .milliseconds(2))
      }
      let entry = try #require(try await list(controller).entries.first)
      #expect(entry.status?.publishedNodeIDs == ["n1"])
      #expect(entry.status?.volumeCondition?.abnormal == false)
      gate.open()
      try await published
      harness.backend.state.withLock { $0.volumes[harness.id("a")]?.export.allowedHosts = [] }
      let later = try #require(try await list(controller).entries.first)
      #expect(later.status?.volumeCondition?.abnormal == true)
    }
  }

  @Test("goes on after what it told, whatever is made and deleted between pages")
  func pages() async throws {
    let harness = Harness()
    try await harness.live { controller in
      var ids: [String] = []
      for name in 0..<9 {
        ids.append(try await controller.made(Harness.volume("\(name)")).volumeID)
      }
      ids.sort()
      let first = try await list(controller, 4)
      #expect(first.entries.compactMap(\.volume?.volumeID) == Array(ids[..<4]))
      // The one the token was made of, one told already, and one to come.
      for index in [3, 0, 5] { try await controller.delete(ids[index]) }
      let second = try await list(controller, 4, first.nextToken)
      #expect(second.entries.compactMap(\.volume?.volumeID) == [ids[4], ids[6], ids[7], ids[8]])
      #expect(second.nextToken == "")
      #expect(try await list(controller, 100).nextToken == "")
      #expect(await failureCode { _ = try await list(controller, -1) } == .invalidArgument)
      #expect(await failureCode { _ = try await list(controller, 1, "elsewhere") } == .aborted)
    }
  }

  @Test("shows the others when a record is damaged, and lets nobody touch the damaged one's volume")
  func damaged() async throws {
    let store = MemoryStateStore()
    let harness = Harness(store: store)
    try await harness.live { controller in
      for name in ["a", "b"] { _ = try await controller.made(Harness.volume(name)) }
      try await controller.publish(harness.id("a").description, to: "n1")
    }
    let key = "volumes/\(harness.id("a"))"
    let version = try await store.get(key)?.version
    _ = try await store.put(key, Array(#"{"schema":1"#.utf8), ifVersion: version)
    try await harness.live { controller in
      #expect(
        try await list(controller).entries.compactMap(\.volume?.volumeID)
          == [harness.id("b").description])
      let id = harness.id("a").description
      for (what, error) in [
        ("delete", try await failure { try await controller.delete(id) }),
        ("create", try await failure { _ = try await controller.made(Harness.volume("a")) }),
        ("publish", try await failure { try await controller.publish(id, to: "n1") }),
        ("unpublish", try await failure { try await controller.unpublish(id, from: "n1") }),
      ] {
        #expect(error.code == .internal, "\(what)")
        #expect(error.message.contains("its record cannot be understood"), "\(error.message)")
      }
      // A node is shut out all the same: nothing else does that when it has died.
      let allowed = harness.backend.state.withLock {
        $0.volumes[harness.id("a")]?.export.allowedHosts
      }
      #expect(allowed == [])
      try await controller.publish(harness.id("b").description, to: "n1")
      let words = try await controller.mismatches()
      #expect(words == [])
    }
    #expect(harness.backend.state.withLock { $0.volumes.count } == 2)
  }

  @Test("shows the others when a record's file was set aside, and takes its volume for nobody's")
  func setAside() async throws {
    let directory = "/tmp/driver-tests-\(UInt64.random(in: .min ... .max))"
    defer { try? removeFiles(directory) }
    let backend = MemoryBackend()
    let (a, b) = (Harness().id("a"), Harness().id("b"))
    do {
      let harness = Harness(
        store: try await FileStateStore(directory: directory), backend: backend)
      try await harness.live { controller in
        for name in ["a", "b"] { _ = try await controller.made(Harness.volume(name)) }
        try await controller.publish(a.description, to: "n1")
      }
    }
    let file = "\(directory)/volumes%2F\(a)"
    let whole = try Files.read(file, limit: 1 << 20)
    try Files.replaceDurably(file, with: Array(whole.dropLast()), mode: 0o600)
    let harness = Harness(store: try await FileStateStore(directory: directory), backend: backend)
    backend.state.withLock { $0.leftovers = [Leftover(id: a, what: "file without an export")] }
    try await harness.live { controller in
      #expect(try await list(controller).entries.compactMap(\.volume?.volumeID) == [b.description])
      for (what, error) in [
        ("delete", try await failure { try await controller.delete(a.description) }),
        ("create", try await failure { _ = try await controller.made(Harness.volume("a")) }),
        ("publish", try await failure { try await controller.publish(a.description, to: "n2") }),
        (
          "unpublish",
          try await failure { try await controller.unpublish(a.description, from: "n1") }
        ),
      ] {
        #expect(error.code == .internal, "\(what)")
        #expect(error.message.contains("set aside as \(file).broken-1"), "\(error.message)")
      }
      #expect(backend.state.withLock { $0.volumes[a]?.export.allowedHosts } == [])
      // Neither a stranger to be deleted by its id, nor garbage.
      #expect(try await controller.mismatches() == [])
      var garbage = Garbage(grace: .zero)
      for _ in 0..<2 { _ = try await controller.clearAway(&garbage, at: .now) }
      #expect(backend.state.withLock { $0.leftovers.count } == 1)
    }
    #expect(backend.state.withLock { $0.volumes.count } == 2)
  }

  private func removeFiles(_ directory: String) throws {
    for name in try Files.names(inDirectory: directory) {
      try Files.unlink("\(directory)/\(name)")
    }
    try Files.removeDirectory(directory)
  }

  @Test("finds snapshots by id and by source, in pages, with the time they were taken")
  func snapshotFilters() async throws {
    let harness = Harness()
    try await harness.live { controller in
      let a = try await controller.made(Harness.volume("a")).volumeID
      let b = try await controller.made(Harness.volume("b")).volumeID
      var taken: [Snapshot] = []
      for (name, source) in [("1", a), ("2", a), ("3", b)] {
        taken.append(try await controller.taken(name, of: source))
      }
      #expect(taken[0].sizeBytes == 2 * Harness.GiB)
      #expect(taken[0].creationTime == Timestamp(seconds: 1_700_000_000, nanoseconds: 0))
      #expect(taken.map(\.readyToUse) == [true, true, true])
      let sorted = taken.sorted { $0.snapshotID < $1.snapshotID }
      #expect(try await snapshots(controller).entries == sorted)
      #expect(
        try await snapshots(controller, of: a).entries == sorted.filter { $0.sourceVolumeID == a })
      #expect(try await snapshots(controller, id: taken[2].snapshotID).entries == [taken[2]])
      #expect(try await snapshots(controller, of: a, id: taken[2].snapshotID).entries == [])
      #expect(try await snapshots(controller, of: "nonesuch").entries == [])
      #expect(try await snapshots(controller, id: "nonesuch").entries == [])
      let first = try await snapshots(controller, 2)
      #expect(first.entries == Array(sorted[..<2]))
      #expect(try await snapshots(controller, 2, first.nextToken).entries == [sorted[2]])
      #expect(await failureCode { _ = try await snapshots(controller, 1, "x") } == .aborted)
      var get = GetSnapshotRequest()
      get.snapshotID = taken[1].snapshotID
      #expect(try await controller.getSnapshot(get, Harness.patient).snapshot == taken[1])
    }
  }

  @Test("says that a snapshot can be used only when the storage says so")
  func usable() async throws {
    let harness = Harness()
    try await harness.live { controller in
      let volume = try await controller.made(Harness.volume("a")).volumeID
      let id = try await controller.taken("s", of: volume).snapshotID
      let object = try #require(ObjectID(id))
      var stored = try #require(try await controller.snapshots.record(of: object))
      stored.record.isUsable = false
      try await controller.snapshots.save(&stored)
      harness.backend.state.withLock { $0.snapshots[object]?.isReady = false }
      #expect(try await snapshots(controller).entries.map(\.readyToUse) == [false])
      #expect(
        await failureCode {
          _ = try await controller.made(Harness.volume("r", from: .snapshot(id: id)))
        } == .unavailable)
      harness.backend.state.withLock { $0.snapshots[object]?.isReady = true }
      #expect(try await snapshots(controller).entries.map(\.readyToUse) == [true])
      _ = try await controller.made(Harness.volume("r", from: .snapshot(id: id)))
    }
  }

  @Test("refuses a snapshot's name that is taken, and parameters that mean nothing")
  func snapshotNames() async throws {
    try await Harness().live { controller in
      let a = try await controller.made(Harness.volume("a")).volumeID
      let b = try await controller.made(Harness.volume("b")).volumeID
      let first = try await controller.taken("s", of: a)
      #expect(try await controller.taken("s", of: a) == first)
      #expect(await failureCode { _ = try await controller.taken("s", of: b) } == .alreadyExists)
      #expect(await failureCode { _ = try await controller.taken("", of: b) } == .invalidArgument)
      #expect(await failureCode { _ = try await controller.taken("t", of: "") } == .invalidArgument)
      #expect(await failureCode { _ = try await controller.taken("t", of: "x") } == .notFound)
      var request = CreateSnapshotRequest()
      request.name = "t"
      request.sourceVolumeID = a
      request.parameters = ["csi.storage.k8s.io/volumesnapshot/name": "s", "speed": "1"]
      let odd = request
      let error = try await failure {
        _ = try await controller.createSnapshot(odd, Harness.patient)
      }
      #expect(error.code == .invalidArgument && error.message.contains("'speed'"))
      try await controller.deleteSnapshot("nonesuch")
    }
  }
}
