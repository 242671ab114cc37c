import CSI
import GRPC
import Testing

@Suite("CSI conformance: ControllerPublishVolume and ControllerUnpublishVolume")
struct PublishConformance {
  @Test("refuse what lacks an id, a node or a capability", arguments: Subject.all)
  func required(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create("a").volumeID
      let node = subject.nodes[0]
      await expectRefusal(.invalidArgument, saying: ["volume_id"]) {
        try await session.publish("", on: node)
      }
      await expectRefusal(.invalidArgument, saying: ["node_id"]) {
        try await session.publish(volume, on: "")
      }
      await expectRefusal(.invalidArgument, saying: ["volume_capability"]) {
        try await session.publish(volume, on: node, nil)
      }
      await expectRefusal(.invalidArgument, saying: ["volume_id"]) {
        try await session.unpublish("", from: node)
      }
      #expect(try await session.get(volume).status?.publishedNodeIDs == [])
    }
  }

  @Test("refuse volumes and nodes that are not there", arguments: Subject.all)
  func absent(subject: Subject) async throws {
    try await subject.with { session async throws in
      for id in foreignIDs {
        await expectRefusal(.notFound) { try await session.publish(id, on: subject.nodes[0]) }
      }
      let volume = try await session.create("a").volumeID
      if let node = subject.unknownNode {
        await expectRefusal(.notFound, saying: [node]) {
          try await session.publish(volume, on: node)
        }
      }
      #expect(try await session.get(volume).status?.publishedNodeIDs == [])
    }
  }

  @Test("can be repeated", arguments: Subject.all)
  func idempotent(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create("a").volumeID
      let node = subject.nodes[0]
      for _ in 0..<3 { try await session.publish(volume, on: node) }
      #expect(try await session.get(volume).status?.publishedNodeIDs == [node])
      for _ in 0..<3 { try await session.unpublish(volume, from: node) }
      #expect(try await session.get(volume).status?.publishedNodeIDs == [])
      // A node that never had it does not have it; and nobody has a volume that is not there.
      try await session.unpublish(volume, from: subject.nodes[1])
      for id in foreignIDs { try await session.unpublish(id, from: node) }
    }
  }

  @Test("give a volume to one node, and name it to the others", arguments: Subject.all)
  func exclusive(subject: Subject) async throws {
    try await subject.with { session async throws in
      for capability in [VolumeCapability.mounted, .block] {
        let name = capability == .block ? "block" : "mounted"
        let volume = try await session.create(
          .named(name, .atLeast(.mebibyte), [capability])
        ).volumeID
        try await session.publish(volume, on: subject.nodes[0], capability)
        await expectRefusal(.failedPrecondition, saying: [subject.nodes[0]]) {
          try await session.publish(volume, on: subject.nodes[1], capability)
        }
        // Another node's unpublish takes nothing away.
        try await session.unpublish(volume, from: subject.nodes[1])
        #expect(try await session.get(volume).status?.publishedNodeIDs == [subject.nodes[0]])
        try await session.unpublish(volume, from: subject.nodes[0])
        try await session.publish(volume, on: subject.nodes[1], capability)
        #expect(try await session.get(volume).status?.publishedNodeIDs == [subject.nodes[1]])
      }
    }
  }

  @Test("refuse another way of access on the node that has it", arguments: Subject.all)
  func incompatible(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create("a").volumeID
      try await session.publish(volume, on: subject.nodes[0])
      await expectRefusal(.alreadyExists) {
        try await session.publish(volume, on: subject.nodes[0], readonly: true)
      }
      await expectRefusal(.alreadyExists) {
        try await session.publish(volume, on: subject.nodes[0], .block)
      }
    }
  }

  @Test("refuse a file system on several nodes and say what to do", arguments: Subject.all)
  func sharedFileSystem(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create("a").volumeID
      await expectRefusal(
        .invalidArgument, .failedPrecondition, saying: ["ReadWriteOnce", "volumeMode: Block"]
      ) { try await session.publish(volume, on: subject.nodes[0], .sharedMount) }
      #expect(try await session.get(volume).status?.publishedNodeIDs == [])
    }
  }

  @Test("know nodes by ids that nodes can have", arguments: Subject.all)
  func nodeIDs(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create("a").volumeID
      let node = subject.nodes[0]
      let strangers = [
        String(repeating: "n", count: 257), String(repeating: "n", count: 1 << 20), node + "\n",
        node + "\0", "n 1", "é", "e\u{301}", "\u{212A}", node + "\u{200B}",
      ]
      for stranger in strangers {
        await expectRefusal(.invalidArgument, saying: ["node_id"]) {
          try await session.publish(volume, on: stranger)
        }
      }
      for stranger in ["../" + node, node.uppercased(), node + "x", "."] {
        await expectRefusal(.notFound, saying: ["node"]) {
          try await session.publish(volume, on: stranger)
        }
      }
      try await session.publish(volume, on: node)
      for stranger in strangers { try await session.unpublish(volume, from: stranger) }
      #expect(try await session.get(volume).status?.publishedNodeIDs == [node])
    }
  }

  @Test("open the volume that is named, whatever its context says", arguments: Subject.all)
  func forgedContext(subject: Subject) async throws {
    try await subject.with { session async throws in
      let mine = try await session.create("mine")
      let other = try await session.create("other")
      var request = ControllerPublishVolumeRequest()
      request.volumeID = mine.volumeID
      request.nodeID = subject.nodes[0]
      request.volumeCapability = .mounted
      for context in [
        other.volumeContext, ["nqn": "nqn.2024-01.io.example:another"],
        ["nqn": String(repeating: "n", count: 1 << 20)], ["../": "\0"],
      ] {
        request.volumeContext = context
        _ = try await session.controller.publishVolume(request)
      }
      #expect(try await session.get(mine.volumeID).volume == mine)
      #expect(try await session.get(mine.volumeID).status?.publishedNodeIDs == [subject.nodes[0]])
      #expect(try await session.get(other.volumeID).status?.publishedNodeIDs == [])
    }
  }

  @Test("keep who reads and who may write apart", arguments: Subject.all)
  func readOnly(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create(
        .named("a", .atLeast(.mebibyte), [.mounted, .block, .sharedBlock])
      ).volumeID
      let (node, other) = (subject.nodes[0], subject.nodes[1])
      // No target refuses one host's writes, so a raw block device cannot be promised to be read-only.
      for capability in [VolumeCapability.block, .sharedBlock] {
        await expectRefusal(.failedPrecondition, saying: ["read-only"]) {
          try await session.publish(volume, on: node, capability, readonly: true)
        }
      }
      for _ in 0..<2 { try await session.publish(volume, on: node, readonly: true) }
      await expectRefusal(.alreadyExists) { try await session.publish(volume, on: node) }
      for isReadOnly in [false, true] {
        await expectRefusal(.failedPrecondition, saying: [node]) {
          try await session.publish(volume, on: other, readonly: isReadOnly)
        }
      }
      #expect(try await session.get(volume).status?.publishedNodeIDs == [node])
    }
  }

  @Test("take a volume from all nodes when none is named", arguments: Subject.all)
  func all(subject: Subject) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create(
        .named("a", .atLeast(.mebibyte), [.sharedBlock])
      ).volumeID
      try await session.publish(volume, on: subject.nodes[0], .sharedBlock)
      try await session.publish(volume, on: subject.nodes[1], .sharedBlock)
      #expect(
        try await session.get(volume).status?.publishedNodeIDs == Array(subject.nodes.prefix(2)))
      // A live migration has two ends.
      await expectRefusal(.failedPrecondition, saying: Array(subject.nodes.prefix(2))) {
        try await session.publish(volume, on: subject.nodes[2], .sharedBlock)
      }
      try await session.unpublish(volume, from: "")
      #expect(try await session.get(volume).status?.publishedNodeIDs == [])
      try await session.delete(volume)
    }
  }
}
