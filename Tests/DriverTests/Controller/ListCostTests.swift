import Backends
import CSI
import StateStore
import Synchronization
import Testing

@testable import Driver

@Suite("What listing costs")
struct ListCostTests {
  typealias Harness = ControllerHarness

  private func list(
    _ controller: VolumeController, _ limit: Int32, _ token: String
  ) async throws -> ListVolumesResponse {
    var request = ListVolumesRequest()
    request.maxEntries = limit
    request.startingToken = token
    return try await controller.listVolumes(request, Harness.patient)
  }

  private func snapshots(
    _ controller: VolumeController, id: String = "", limit: Int32 = 0
  ) async throws -> ListSnapshotsResponse {
    var request = ListSnapshotsRequest()
    request.snapshotID = id
    request.maxEntries = limit
    return try await controller.listSnapshots(request, Harness.patient)
  }

  @Test(
    "reads from store and storage what the page has, and not what there is",
    arguments: [(500, 10), (100, 10), (100, 40), (20, 0)])
  func cost(volumes: Int, limit: Int) async throws {
    let store = CountingStore()
    let harness = Harness(store: store)
    try await harness.live { controller in
      for name in 0..<volumes {
        _ = try await controller.made(Harness.volume("\(name)", size: 1 << 20))
      }
      var token = ""
      var listed = 0
      repeat {
        harness.backend.state.withLock { state in
          state.calls = []
          state.read = 0
        }
        store.restart()
        let page = try await list(controller, Int32(limit), token)
        let (calls, read) = harness.backend.state.withLock { ($0.calls, $0.read) }
        #expect(calls == ["volumes"])
        #expect(read == page.entries.count)
        #expect(store.lists == 1)
        // One more tells whether another page follows.
        #expect(store.gets <= page.entries.count + 1)
        listed += page.entries.count
        token = page.nextToken
      } while !token.isEmpty && listed < volumes
      #expect(listed == volumes && token.isEmpty)
    }
  }

  @Test("reads no more snapshots than a page has, and one alone when it is named")
  func snapshotCost() async throws {
    let store = CountingStore()
    let harness = Harness(store: store)
    try await harness.live { controller in
      let volume = try await controller.made(Harness.volume("a")).volumeID
      var taken: [Snapshot] = []
      for name in 0..<60 { taken.append(try await controller.taken("\(name)", of: volume)) }
      harness.backend.state.withLock { $0.calls = [] }
      store.restart()
      #expect(try await snapshots(controller, limit: 10).entries.count == 10)
      #expect(store.gets == 11 && store.lists == 1)
      store.restart()
      #expect(try await snapshots(controller, id: taken[7].snapshotID).entries == [taken[7]])
      #expect(store.gets == 1 && store.lists == 0)
      #expect(harness.backend.state.withLock { $0.calls } == [])
    }
  }

  @Test("tells each volume that was there throughout once, while others come and go")
  func concurrent() async throws {
    let harness = Harness()
    try await harness.live { controller in
      var stay: [String] = []
      for name in 0..<40 {
        stay.append(
          try await controller.made(Harness.volume("stay-\(name)", size: 1 << 20)).volumeID)
      }
      async let changes: Void = {
        for name in 0..<200 {
          let request = Harness.volume("go-\(name % 30)", size: 1 << 20)
          let volume = try await controller.made(request).volumeID
          if name % 3 > 0 { try await controller.delete(volume) }
        }
      }()
      for _ in 0..<10 {
        var listed: [String] = []
        var token = ""
        repeat {
          let page = try await list(controller, 7, token)
          listed += page.entries.compactMap(\.volume?.volumeID)
          token = page.nextToken
        } while !token.isEmpty
        #expect(listed.filter(stay.contains) == stay.sorted())
        #expect(listed == listed.sorted() && Set(listed).count == listed.count)
      }
      try await changes
    }
  }

  @Test("tells of mismatches without reading what matches")
  func mismatches() async throws {
    let store = CountingStore()
    let harness = Harness(store: store)
    try await harness.live { controller in
      for name in 0..<20 { _ = try await controller.made(Harness.volume("\(name)")) }
      store.restart()
      harness.backend.state.withLock { $0.calls = [] }
      #expect(try await controller.mismatches() == [])
      #expect(store.gets == 0)
      #expect(harness.backend.state.withLock { $0.calls } == ["volumeIDs"])
      let (lost, stray) = (harness.id("3"), harness.id("elsewhere"))
      try harness.backend.state.withLock { state in
        state.volumes[lost] = nil
        state.volumes[stray] = BackendVolume(
          id: stray, size: 1, content: .empty, export: try MemoryBackend.export(stray), fault: nil)
      }
      let words = try await controller.mismatches()
      #expect(words.count == 2)
      #expect(words.first?.contains("\(lost) ('3') has a record, but the storage") == true)
      #expect(words.last?.contains("\(stray) is on the storage, but has no record") == true)
    }
  }
}
