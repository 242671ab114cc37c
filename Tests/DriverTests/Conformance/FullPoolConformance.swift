import CSI
import GRPC
import Testing

@Suite("CSI conformance: a pool that is full")
struct FullPoolConformance {
  /// So many hundredths of what there is to give, in whole mebibytes.
  private static func part(_ percent: Int64, of session: Session) async throws -> Int64 {
    try await session.controller.getCapacity().availableCapacity / 100 * percent
      / .mebibyte * .mebibyte
  }

  @Test(
    "refuses what it has no room for, keeps nothing of it, and takes it later",
    arguments: Subject.all)
  func full(subject: Subject) async throws {
    try await subject.with { session async throws in
      let small = try await session.create("small")
      // What else happens on the machine's disk changes what there is a little.
      let (most, more) = (
        try await Self.part(80, of: session), try await Self.part(40, of: session)
      )
      let large = try await session.create(.named("large", .exactly(most)))
      for _ in 0..<2 {
        await expectRefusal(.resourceExhausted) {
          try await session.create(.named("more", .exactly(more)))
        }
        await expectRefusal(.resourceExhausted) {
          try await session.create(
            .named("more", .exactly(more), from: .volume(id: small.volumeID)))
        }
        await expectRefusal(.resourceExhausted) {
          try await session.expand(small.volumeID, .exactly(more))
        }
      }
      #expect(Set(try await session.volumeIDs()) == [small.volumeID, large.volumeID])
      #expect(try await session.get(small.volumeID).volume == small)
      // The name is not spent, and what fits is made.
      #expect(try await session.create("more").capacityBytes == 16 * .mebibyte)
      try await session.delete(large.volumeID)
      #expect(
        try await session.expand(small.volumeID, .exactly(more)).capacityBytes == more)
    }
  }

  @Test(
    "gives what it has to as many of those who ask at once as it is enough for",
    arguments: Subject.all)
  func race(subject: Subject) async throws {
    try await subject.with { session async throws in
      let third = try await Self.part(30, of: session)
      let made = await withTaskGroup(of: Bool.self) { group in
        for index in 0..<12 {
          group.addTask {
            do {
              _ = try await session.create(.named("a-\(index)", .exactly(third)))
              return true
            } catch let error as RPCError {
              #expect(error.code == .resourceExhausted, "\(error)")
            } catch {
              Issue.record(error)
            }
            return false
          }
        }
        return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      #expect(made == 3)
      #expect(try await session.volumeIDs().count == 3)
    }
  }
}
