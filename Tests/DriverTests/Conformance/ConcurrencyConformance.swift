import CSI
import GRPC
import Testing

@Suite("CSI conformance: many calls at once")
struct ConcurrencyConformance {
  /// The ids that the calls answered; those that failed said ABORTED.
  private static func outcomes(
    _ count: Int, _ call: @escaping @Sendable (Int) async throws -> String
  ) async throws -> [String] {
    try await withThrowingTaskGroup(of: String?.self) { group in
      for index in 0..<count {
        group.addTask {
          do {
            return try await call(index)
          } catch let error as RPCError {
            #expect(error.code == .aborted, "\(error)")
            return nil
          }
        }
      }
      return try await group.reduce(into: []) { ids, id in if let id { ids.append(id) } }
    }
  }

  @Test("a hundred creates of one name make one volume", arguments: Subject.all)
  func create(subject: Subject) async throws {
    try await subject.with { session async throws in
      let ids = try await Self.outcomes(100) { _ in try await session.create("a").volumeID }
      #expect(Set(ids).count == 1)
      let volume = try await session.create("a")
      #expect(ids.allSatisfy { $0 == volume.volumeID })
      #expect(try await session.volumeIDs() == [volume.volumeID])
    }
  }

  @Test("of creates of one name with two sizes, one size wins", arguments: Subject.all)
  func race(subject: Subject) async throws {
    try await subject.with { session async throws in
      let sizes = try await withThrowingTaskGroup(of: Int64?.self) { group in
        for index in 0..<20 {
          group.addTask {
            let size = (index.isMultiple(of: 2) ? 16 : 32) * Int64.mebibyte
            do {
              let volume = try await session.create(.named("a", .exactly(size)))
              #expect(volume.capacityBytes == size)
              return size
            } catch let error as RPCError {
              #expect([.aborted, .alreadyExists].contains(error.code), "\(error)")
              return nil
            }
          }
        }
        return try await group.reduce(into: Set<Int64>()) { sizes, size in
          if let size { sizes.insert(size) }
        }
      }
      #expect(sizes.count == 1)
      #expect(try await session.list().entries.compactMap(\.volume?.capacityBytes) == Array(sizes))
    }
  }

  @Test(
    "of creates of one name that differ, the losers learn that it is taken", arguments: Subject.all)
  func losers(subject: Subject) async throws {
    try await subject.with { session async throws in
      let source = try await session.create("source").volumeID
      var other = CreateVolumeRequest.named("a")
      other.parameters = subject.parameters
      // None of them is content with what another one makes.
      let requests = [
        .named("a", .exactly(16 * .mebibyte)), other, .named("a", .exactly(64 * .mebibyte)),
        .named("a", .atLeast(16 * .mebibyte), [.block]), .named("a", from: .volume(id: source)),
      ]
      /// What a request comes to when whoever made it asks again for as long as it is pending.
      @Sendable func settle(_ request: CreateVolumeRequest) async throws -> Volume? {
        while true {
          do {
            return try await session.create(request)
          } catch let error as RPCError where error.code == .aborted {
            try await Task.sleep(for: .milliseconds(5))
          } catch let error as RPCError {
            #expect(error.code == .alreadyExists, "\(error)")
            return nil
          }
        }
      }
      let made = try await withThrowingTaskGroup(of: Volume?.self) { group in
        for index in 0..<50 {
          group.addTask { try await settle(requests[index % requests.count]) }
        }
        return try await group.reduce(into: [Volume]()) { made, volume in
          if let volume { made.append(volume) }
        }
      }
      // Each of the winner's ten, and nobody else.
      #expect(made.count == 10)
      #expect(Set(made).count == 1)
      #expect(Set(try await session.volumeIDs()) == [source, made[0].volumeID])
    }
  }

  @Test(
    "whatever is done to one volume at once, each call is done or pending", arguments: Subject.all)
  func melee(subject: Subject) async throws {
    try await subject.with { session async throws in
      let id = try await session.create("a").volumeID
      let calls: [@Sendable () async throws -> Void] = [
        { _ = try await session.create("a") },
        { try await session.delete(id) },
        { try await session.publish(id, on: subject.nodes[0]) },
        { try await session.publish(id, on: subject.nodes[1]) },
        { try await session.unpublish(id, from: subject.nodes[0]) },
        { try await session.unpublish(id, from: "") },
        { _ = try await session.expand(id, .atLeast(32 * .mebibyte)) },
        { _ = try await session.snapshot("s", of: id) },
        { _ = try await session.create(.named("copy", from: .volume(id: id))) },
        {
          try await session.deleteSnapshot(
            try await session.listSnapshots().entries.first?.snapshotID ?? "none")
        },
        { _ = try await session.get(id) },
        { _ = try await session.list() },
      ]
      // Pending, not there, held by a node, or being copied just now.
      let expected: Set<StatusCode> = [.aborted, .notFound, .failedPrecondition, .unavailable]
      await withTaskGroup { group in
        for index in 0..<12 {
          group.addTask {
            for step in 0..<12 {
              do {
                try await calls[(index * 5 + step * 7) % calls.count]()
              } catch let error as RPCError {
                #expect(expected.contains(error.code), "\(error)")
              } catch {
                Issue.record(error)
              }
            }
          }
        }
      }
      // One holder at the most, and all of it can be taken down again.
      let volumes = try await session.list().entries
      #expect(volumes.allSatisfy { ($0.status?.publishedNodeIDs.count ?? 0) <= 1 })
      for volume in volumes.compactMap(\.volume?.volumeID) {
        try await session.unpublish(volume, from: "")
        try await session.delete(volume)
      }
      for snapshot in try await session.listSnapshots().entries {
        try await session.deleteSnapshot(snapshot.snapshotID)
      }
      #expect(try await session.volumeIDs() == [])
      #expect(try await session.listSnapshots().entries == [])
    }
  }

  @Test("a hundred creates of a hundred names make a hundred volumes", arguments: Subject.all)
  func distinct(subject: Subject) async throws {
    try await subject.with { session async throws in
      let ids = try await Self.outcomes(100) { try await session.create("a-\($0)").volumeID }
      #expect(ids.count == 100)
      #expect(Set(ids) == Set(try await session.volumeIDs()))
    }
  }

  @Test("a hundred snapshots of one name are one snapshot", arguments: Subject.all)
  func snapshots(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create("a").volumeID
      let ids = try await Self.outcomes(100) { _ in
        try await session.snapshot("s", of: volume).snapshotID
      }
      #expect(Set(ids).count == 1)
      #expect(try await session.listSnapshots().entries.map(\.snapshotID) == Array(Set(ids)))
    }
  }

  @Test("of publishes to three nodes at once, one succeeds", arguments: Subject.all)
  func publish(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create("a").volumeID
      let nodes = try await withThrowingTaskGroup(of: String?.self) { group in
        for index in 0..<30 {
          group.addTask {
            let node = subject.nodes[index % 3]
            do {
              try await session.publish(volume, on: node)
              return node
            } catch let error as RPCError {
              #expect([.aborted, .failedPrecondition].contains(error.code), "\(error)")
              return nil
            }
          }
        }
        return try await group.reduce(into: Set<String>()) { nodes, node in
          if let node { nodes.insert(node) }
        }
      }
      #expect(nodes.count == 1)
      #expect(try await session.get(volume).status?.publishedNodeIDs == Array(nodes))
    }
  }

  @Test("deletes of one volume all succeed, or wait for the first", arguments: Subject.all)
  func delete(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create("a").volumeID
      let done = try await Self.outcomes(20) { _ in
        try await session.delete(volume)
        return volume
      }
      #expect(!done.isEmpty)
      #expect(try await session.volumeIDs() == [])
    }
  }
}
