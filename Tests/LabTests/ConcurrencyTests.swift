import Foundation
import GRPC
import Lab
import Testing

@Suite("Many at once", .lab, .serialized)
struct ConcurrencyTests {
  @Test("16 volumes are staged, published, used and taken down side by side")
  func sixteen() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volumes = try (0..<16).map { number in
        try lab.volume(size: 64 << 20, portals: [.init(1 + number % 4)])
      }
      try await withThrowingTaskGroup { group in
        for (number, volume) in volumes.enumerated() {
          group.addTask {
            let use: LabNode.Use = number % 4 == 3 ? .block : .ext4
            try await node.stage(volume, use, timeout: .seconds(180))
            let path = try await node.publish(volume, use)
            let writer = ChecksumWriter(path: use == .block ? path : path + "/log")
            writer.start(limit: 20)
            try await eventually(within: .seconds(120), "20 records on \(volume.name)") {
              writer.acknowledged == 20
            }
            try await writer.stop()
            #expect(try writer.verify() == 0)
            try await node.unpublish(volume, use)
            try await node.unstage(volume, use, timeout: .seconds(120))
          }
        }
        try await group.waitForAll()
      }
    }
  }

  @Test(
    "the same call twenty times at once: each succeeds or is told to wait, one volume comes of it")
  func same() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume(size: 64 << 20)
      let codes = await withTaskGroup { group in
        for _ in 0..<20 {
          group.addTask {
            do {
              try await node.stage(volume, .ext4)
              return StatusCode.ok
            } catch {
              return (error as? RPCError)?.code ?? .unknown
            }
          }
        }
        return await group.reduce(into: Set<StatusCode>()) { $0.insert($1) }
      }
      #expect(codes.isSubset(of: [.ok, .aborted]) && codes.contains(.ok), "\(codes)")
      try await node.stage(volume, .ext4)
      try await node.unstage(volume, .ext4)
    }
  }

  @Test("two volumes in one subsystem: the first to go leaves the other connected")
  func sharedSubsystem() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let first = try lab.volume(size: 64 << 20)
      try lab.target.createNamespace(
        first.nqn, 2, size: 64 << 20,
        identity: .init(uuid: "5ca1ab1e-0000-4000-8000-00000000beef"))
      let second = first.twin(
        name: "second-namespace", uuid: "5ca1ab1e-0000-4000-8000-00000000beef")
      try await node.stage(first, .ext4)
      try await node.stage(second, .ext4, context: ["nsid": "2"])
      await expectRefusal(.failedPrecondition, "staged as volume \(first.name) already") {
        try await node.stage(first.twin(name: "third", uuid: first.uuid), .ext4)
      }
      let path = try await node.publish(second, .ext4)
      try await node.unstage(first, .ext4)
      try "x".write(toFile: path + "/file", atomically: true, encoding: .utf8)
      try await node.unpublish(second, .ext4)
      try await node.unstage(second, .ext4)
    }
  }
}
