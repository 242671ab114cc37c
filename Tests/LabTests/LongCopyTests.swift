import CSI
import Foundation
import GRPC
import Lab
import Testing

/// A clone of 1 GiB that takes its time, since the pool has to copy it from a disk that is slow.
@Suite("A clone that is copied", .lab, .serialized)
struct LongCopyTests {
  private static let size: Int64 = 1 << 30

  @Test(
    "is asked for again and again, outlives its controller, tells how far it is, and is right",
    .long, .timeLimit(.minutes(10)))
  func outlivesItsController() async throws {
    try await Cluster.run(on: .disk, bytes: 4 << 30) { cluster in
      let controller = cluster.controller
      let pattern = SparsePattern(size: Self.size, stamp: 1)
      let source = try await cluster.create("source", size: Self.size, .block)
      let path = try await cluster.attach(source, .block)
      try await self.took("writing") {
        try await onThread(within: .seconds(180), "the data") { try pattern.write(to: path) }
      }
      try await cluster.detach(source, .block)
      try cluster.pool.slowDown(byMilliseconds: 20)

      @Sendable func clone(within timeout: Duration) async throws -> TargetVolume {
        try await controller.create(
          "clone", size: 0, cluster.node.capability(.block), from: .volume(id: source.name),
          timeout: timeout)
      }
      // Its caller does not wait as long as it takes.
      await expectRefusal(.deadlineExceeded, "copying", "of 1 GiB", "goes on") {
        _ = try await clone(within: .seconds(8))
      }
      let before = try await self.progress(controller)
      // It is busy, so nobody may write to it or delete it.
      await expectRefusal(.aborted, "copying") { try await controller.delete(source) }
      await expectRefusal(.unavailable, "is being copied") {
        try await controller.publish(source, to: "other", cluster.node.capability(.block))
      }
      try await controller.unpublish(source, from: "other")

      try await controller.process.killNow()
      #expect(try self.shownProgress(controller) != nil, "nobody can see it any more")
      try await controller.start()
      // Asked for again or not it goes on; who asks joins it.
      await expectRefusal(.deadlineExceeded, "copying", "goes on") {
        _ = try await clone(within: .seconds(8))
      }
      let after = try await self.progress(controller)
      print("the copy was at \(before) % and then, of its second life, at \(after) %")
      #expect(try controller.target.subsystems() == [source.nqn])
      try cluster.pool.slowDown(byMilliseconds: 0)
      let made = try await self.took("the rest") { try await clone(within: .seconds(180)) }
      #expect(try self.shownProgress(controller) == nil)
      #expect(
        try cluster.pool.contents() == cluster.pool.contents(for: [source.name, made.name]))

      for volume in [made, source] {
        let path = try await cluster.attach(volume, .block)
        try await self.took("reading") {
          try await onThread(within: .seconds(240), "the bytes") { try pattern.verify(at: path) }
        }
        try await cluster.detach(volume, .block)
        try await controller.delete(volume)
      }
    }
  }

  @Test(
    "has the bytes of 1 GiB of that moment, where blocks are shared", .long,
    .timeLimit(.minutes(20)),
    arguments: [LabPool.Kind.reflinks, .thin])
  func full(kind: LabPool.Kind) async throws {
    try await Cluster.run(on: kind, bytes: 4 << 30) { cluster in
      let pattern = SparsePattern(size: Self.size, stamp: 2)
      let source = try await cluster.create("source", size: Self.size, .block)
      let path = try await cluster.attach(source, .block)
      try await onThread(within: .seconds(300), "the data") { try pattern.write(to: path) }
      let clone = try await cluster.create("clone", size: 0, .block, from: .volume(id: source.name))
      // What the source gets from now on is not the clone's.
      try await onThread(within: .seconds(300), "other data") {
        try SparsePattern(size: Self.size, stamp: 3).write(to: path)
      }
      let copied = try await cluster.attach(clone, .block)
      try await onThread(within: .seconds(300), "the bytes") { try pattern.verify(at: copied) }
      for volume in [source, clone] {
        try await cluster.detach(volume, .block)
        try await cluster.controller.delete(volume)
      }
    }
  }

  /// The per cent that `nvmeof-csi status` shows, once it does.
  private func progress(_ controller: LabController) async throws -> Int {
    var shown: Int?
    try await eventually(within: .seconds(30), "status to show how far the copy is") {
      shown = try shownProgress(controller)
      return shown ?? 0 > 0
    }
    return shown ?? 0
  }

  private func shownProgress(_ controller: LabController) throws -> Int? {
    let lines = try controller.status().split(separator: "\n").filter { $0.contains("creating") }
    guard let line = lines.first, let end = line.firstRange(of: " % of 1 GiB") else { return nil }
    return Int(line[..<end.lowerBound].split(separator: " ").last ?? "")
  }

  private func took<Result>(
    _ what: String, _ body: () async throws -> Result
  ) async throws -> Result {
    let start = ContinuousClock.now
    defer { print("\(what) took \(ContinuousClock.now - start)") }
    return try await body()
  }
}
