import CSI
import GRPC
import Testing

@Suite("CSI conformance: ListVolumes, ControllerGetVolume and GetCapacity")
struct ListConformance {
  @Test("list nothing where there is nothing", arguments: Subject.all)
  func empty(subject: Subject) async throws {
    try await subject.with { session async throws in
      #expect(try await session.list() == ListVolumesResponse(entries: [], nextToken: ""))
      #expect(try await session.list(10) == ListVolumesResponse(entries: [], nextToken: ""))
      await expectRefusal(.invalidArgument, saying: ["max_entries"]) {
        try await session.list(-1)
      }
    }
  }

  @Test("tell the same of a volume as its create did", arguments: Subject.all)
  func same(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create("a")
      try await session.publish(volume.volumeID, on: subject.nodes[0])
      let entry = try #require(try await session.list().entries.first)
      #expect(entry.volume == volume)
      #expect(entry.status?.publishedNodeIDs == [subject.nodes[0]])
      #expect(entry.status?.volumeCondition?.abnormal == false)
      #expect(
        try await session.get(volume.volumeID)
          == ControllerGetVolumeResponse(volume: volume, status: entry.status))
    }
  }

  @Test("get no volume that is not there", arguments: Subject.all)
  func absent(subject: Subject) async throws {
    try await subject.with { session async throws in
      await expectRefusal(.invalidArgument, saying: ["volume_id"]) { try await session.get("") }
      for id in foreignIDs { await expectRefusal(.notFound) { try await session.get(id) } }
    }
  }

  @Test(
    "list every volume once, page by page", arguments: Subject.all,
    [(7, 3), (6, 3), (3, 3), (2, 3), (5, 1)])
  func pages(subject: Subject, shape: (volumes: Int, page: Int)) async throws {
    try await subject.with { session async throws in
      var made: Set<String> = []
      for index in 0..<shape.volumes {
        made.insert(try await session.create("a-\(index)").volumeID)
      }
      #expect(Set(try await session.volumeIDs()) == made)
      var listed: [String] = []
      var token = ""
      var pages = 0
      repeat {
        let page = try await session.list(Int32(shape.page), from: token)
        listed += page.entries.compactMap(\.volume?.volumeID)
        #expect(page.entries.count <= shape.page)
        token = page.nextToken
        pages += 1
      } while !token.isEmpty && pages < 20
      #expect(listed.count == shape.volumes)
      #expect(Set(listed) == made)
      // No page is empty to say that the one before was the last.
      #expect(pages == (shape.volumes + shape.page - 1) / shape.page)
    }
  }

  @Test("go on after volumes were made and deleted between two pages", arguments: Subject.all)
  func changes(subject: Subject) async throws {
    try await subject.with { session async throws in
      var made: Set<String> = []
      for index in 0..<6 { made.insert(try await session.create("a-\(index)").volumeID) }
      let first = try await session.list(2)
      let seen = Set(first.entries.compactMap(\.volume?.volumeID))
      // Also the one that the token may stand for.
      for id in seen { try await session.delete(id) }
      let victim = try #require(made.subtracting(seen).max())
      try await session.delete(victim)
      let rest = try await session.list(from: first.nextToken)
      let listed = rest.entries.compactMap(\.volume?.volumeID)
      #expect(Set(listed) == made.subtracting(seen).subtracting([victim]))
      #expect(listed.count == 3)
    }
  }

  @Test("refuse a token that they did not give", arguments: Subject.all)
  func tokens(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create("a").volumeID
      _ = try await session.snapshot("s", of: volume)
      for token in ["invalid", "-1", "99999999999999999999", "../..", "é", "after:", " "] {
        await expectRefusal(.aborted, saying: ["starting_token"]) {
          try await session.list(from: token)
        }
        await expectRefusal(.aborted, saying: ["starting_token"]) {
          try await session.listSnapshots(from: token)
        }
      }
    }
  }

  @Test("refuse a token of another list, and one that was changed", arguments: Subject.all)
  func foreignTokens(subject: Subject) async throws {
    try await subject.with { session async throws in
      for name in ["a", "b", "c"] {
        _ = try await session.snapshot(name, of: try await session.create(name).volumeID)
      }
      let volumes = try await session.list(1).nextToken
      let snapshots = try await session.listSnapshots(1).nextToken
      await expectRefusal(.aborted, saying: ["starting_token"]) {
        try await session.list(from: snapshots)
      }
      await expectRefusal(.aborted, saying: ["starting_token"]) {
        try await session.listSnapshots(from: volumes)
      }
      for change in [
        volumes.uppercased(), String(volumes.dropLast()), volumes + "a", volumes + "\n",
        " " + volumes, volumes + volumes, String(repeating: volumes, count: 20_000),
      ] {
        await expectRefusal(.aborted, saying: ["starting_token"]) {
          try await session.list(from: change)
        }
      }
      // Those that were given are good for as long as anybody keeps them.
      for _ in 0..<2 {
        #expect(try await session.list(from: volumes).entries.count == 2)
        #expect(try await session.listSnapshots(from: snapshots).entries.count == 2)
      }
    }
  }

  @Test("take any number of entries that is not negative", arguments: Subject.all)
  func counts(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create("a").volumeID
      let snapshot = try await session.snapshot("s", of: volume).snapshotID
      #expect(try await session.list(.max).entries.count == 1)
      #expect(try await session.listSnapshots(.max).entries.count == 1)
      for count in [Int32.min, -1] {
        await expectRefusal(.invalidArgument, saying: ["max_entries"]) {
          try await session.list(count)
        }
        for id in ["", snapshot, "nonexistent"] {
          await expectRefusal(.invalidArgument, saying: ["max_entries"]) {
            try await session.listSnapshots(count, id: id)
          }
        }
      }
      await expectRefusal(.aborted, saying: ["starting_token"]) {
        try await session.listSnapshots(from: "elsewhere", id: snapshot)
      }
    }
  }

  @Test("say how much there is, and none for what cannot be", arguments: Subject.all)
  func capacity(subject: Subject) async throws {
    try await subject.with { session async throws in
      let capacity = try await session.controller.getCapacity()
      #expect(capacity.availableCapacity > 0)
      if let largest = capacity.maximumVolumeSize { #expect(largest > 0) }
      var request = GetCapacityRequest()
      request.volumeCapabilities = [.mounted, .block]
      #expect(try await session.controller.getCapacity(request).availableCapacity > 0)
      request.volumeCapabilities = [.sharedMount]
      #expect(try await session.controller.getCapacity(request).availableCapacity == 0)
      request.volumeCapabilities = []
      request.accessibleTopology = subject.topology
      #expect(try await session.controller.getCapacity(request).availableCapacity > 0)
      request.accessibleTopology = subject.elsewhere
      #expect(try await session.controller.getCapacity(request).availableCapacity == 0)
      request.accessibleTopology = nil
      request.parameters = subject.parameters
      #expect(try await session.controller.getCapacity(request).availableCapacity > 0)
      // What no volume would be made of has no capacity either.
      for (key, value) in [("colour", "blue"), ("transport", "loop"), ("nqn", "x")] {
        request.parameters = [key: value]
        await expectRefusal(.invalidArgument, saying: [key]) { [request] in
          try await session.controller.getCapacity(request)
        }
      }
      if let smallest = capacity.minimumVolumeSize {
        let volume = try await session.create(.named("a", .exactly(smallest)))
        #expect(volume.capacityBytes == smallest)
      }
    }
  }
}
