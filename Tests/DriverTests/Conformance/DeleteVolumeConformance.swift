import CSI
import GRPC
import Testing

@Suite("CSI conformance: DeleteVolume")
struct DeleteVolumeConformance {
  @Test("refuses no id, and takes what is not there for deleted", arguments: Subject.all)
  func absent(subject: Subject) async throws {
    try await subject.with { session async throws in
      await expectRefusal(.invalidArgument, saying: ["volume_id"]) { try await session.delete("") }
      let kept = try await session.create("kept")
      for id in foreignIDs { try await session.delete(id) }
      #expect(try await session.volumeIDs() == [kept.volumeID])
    }
  }

  @Test("deletes once, and says so as often as it is asked", arguments: Subject.all)
  func idempotent(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create("a").volumeID
      for _ in 0..<3 { try await session.delete(volume) }
      #expect(try await session.volumeIDs() == [])
      await expectRefusal(.notFound) { try await session.get(volume) }
    }
  }

  @Test("refuses a volume that a node has, naming it", arguments: Subject.all)
  func inUse(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create("a").volumeID
      try await session.publish(volume, on: subject.nodes[0])
      await expectRefusal(.failedPrecondition, saying: [subject.nodes[0]]) {
        try await session.delete(volume)
      }
      #expect(try await session.get(volume).status?.publishedNodeIDs == [subject.nodes[0]])
      try await session.unpublish(volume, from: subject.nodes[0])
      try await session.delete(volume)
    }
  }
}
