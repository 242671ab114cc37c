import CSI
import GRPC
import Testing

@Suite("CSI conformance: snapshots")
struct SnapshotConformance {
  @Test(
    "are refused without a name or a source, or of a source that is not there",
    arguments: Subject.all)
  func required(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create("a").volumeID
      await expectRefusal(.invalidArgument, saying: ["name"]) {
        try await session.snapshot("", of: volume)
      }
      await expectRefusal(.invalidArgument, saying: ["source_volume_id"]) {
        try await session.snapshot("s", of: "")
      }
      for id in foreignIDs {
        await expectRefusal(.notFound) { try await session.snapshot("s", of: id) }
      }
      var request = CreateSnapshotRequest()
      request.name = "s"
      request.sourceVolumeID = volume
      request.parameters = ["colour": "blue"]
      await expectRefusal(.invalidArgument, saying: ["colour"]) { [request] in
        try await session.controller.createSnapshot(request)
      }
      #expect(try await session.listSnapshots().entries == [])
    }
  }

  @Test("are the same for the same name, and of one volume only", arguments: Subject.all)
  func idempotent(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create("a")
      let other = try await session.create("b")
      let snapshot = try await session.snapshot("s", of: volume.volumeID)
      #expect(snapshot.sourceVolumeID == volume.volumeID)
      #expect(snapshot.sizeBytes == volume.capacityBytes)
      #expect(snapshot.readyToUse)
      #expect(try #require(snapshot.creationTime).seconds > 1_600_000_000)
      for _ in 0..<3 {
        #expect(try await session.snapshot("s", of: volume.volumeID) == snapshot)
      }
      await expectRefusal(.alreadyExists) { try await session.snapshot("s", of: other.volumeID) }
      #expect(try await session.listSnapshots().entries == [snapshot])
      // A volume of the same name is another thing.
      #expect(try await session.create("s").volumeID != snapshot.snapshotID)
    }
  }

  @Test("are listed by id and by source, and none that do not match", arguments: Subject.all)
  func filters(subject: Subject) async throws {
    try await subject.with { session async throws in
      let a = try await session.create("a").volumeID
      let b = try await session.create("b").volumeID
      let first = try await session.snapshot("a-1", of: a)
      let second = try await session.snapshot("a-2", of: a)
      let third = try await session.snapshot("b-1", of: b)
      func ids(_ response: ListSnapshotsResponse) -> Set<String> {
        Set(response.entries.map(\.snapshotID))
      }
      #expect(
        ids(try await session.listSnapshots())
          == [first.snapshotID, second.snapshotID, third.snapshotID])
      #expect(
        ids(try await session.listSnapshots(of: a)) == [first.snapshotID, second.snapshotID])
      #expect(try await session.listSnapshots(of: b).entries == [third])
      #expect(try await session.listSnapshots(id: second.snapshotID).entries == [second])
      #expect(try await session.listSnapshots(id: first.snapshotID, of: b).entries == [])
      for id in foreignIDs {
        #expect(try await session.listSnapshots(id: id).entries == [])
        #expect(try await session.listSnapshots(of: id).entries == [])
      }
      // Pages and filters together.
      let page = try await session.listSnapshots(1, of: a)
      let rest = try await session.listSnapshots(1, from: page.nextToken, of: a)
      #expect(ids(page).union(ids(rest)) == [first.snapshotID, second.snapshotID])
      #expect(rest.nextToken == "")
      await expectRefusal(.invalidArgument, saying: ["max_entries"]) {
        try await session.listSnapshots(-1)
      }
    }
  }

  @Test("are listed once each, page by page", arguments: Subject.all)
  func pages(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create("a").volumeID
      var made: Set<String> = []
      for index in 0..<5 {
        made.insert(try await session.snapshot("s-\(index)", of: volume).snapshotID)
      }
      var listed: [String] = []
      var token = ""
      for count in [2, 2, 1] {
        let page = try await session.listSnapshots(2, from: token)
        #expect(page.entries.count == count)
        listed += page.entries.map(\.snapshotID)
        token = page.nextToken
      }
      #expect(token == "")
      #expect(Set(listed) == made)
      #expect(listed.count == 5)
    }
  }

  @Test("are got one by one", arguments: Subject.all)
  func get(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create("a").volumeID
      let snapshot = try await session.snapshot("s", of: volume)
      var request = GetSnapshotRequest()
      await expectRefusal(.invalidArgument, saying: ["snapshot_id"]) { [request] in
        try await session.controller.getSnapshot(request)
      }
      request.snapshotID = snapshot.snapshotID
      #expect(try await session.controller.getSnapshot(request).snapshot == snapshot)
      for id in foreignIDs {
        request.snapshotID = id
        await expectRefusal(.notFound) { [request] in
          try await session.controller.getSnapshot(request)
        }
      }
    }
  }

  @Test("are deleted once, as often as it is asked", arguments: Subject.all)
  func delete(subject: Subject) async throws {
    try await subject.with { session async throws in
      await expectRefusal(.invalidArgument, saying: ["snapshot_id"]) {
        try await session.deleteSnapshot("")
      }
      let volume = try await session.create("a").volumeID
      let kept = try await session.snapshot("kept", of: volume)
      let snapshot = try await session.snapshot("s", of: volume).snapshotID
      for _ in 0..<3 { try await session.deleteSnapshot(snapshot) }
      for id in foreignIDs { try await session.deleteSnapshot(id) }
      #expect(try await session.listSnapshots().entries == [kept])
      #expect(try await session.volumeIDs() == [volume])
      // The name is free again, for another volume too.
      let other = try await session.create("b").volumeID
      #expect(try await session.snapshot("s", of: other).sourceVolumeID == other)
    }
  }

  @Test("outlive their volume, or keep it from being deleted", arguments: Subject.all)
  func deletedSource(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create("a").volumeID
      let snapshot = try await session.snapshot("s", of: volume)
      do {
        try await session.delete(volume)
        #expect(try await session.volumeIDs() == [])
      } catch let error as RPCError {
        #expect(error.code == .failedPrecondition, "\(error)")
        #expect(try await session.volumeIDs() == [volume])
      }
      #expect(try await session.listSnapshots().entries == [snapshot])
      let restored = try await session.create(
        .named("restored", from: .snapshot(id: snapshot.snapshotID)))
      #expect(restored.capacityBytes >= snapshot.sizeBytes)
    }
  }
}
