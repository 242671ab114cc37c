import Foundation
import Lab
import Linux
import NVMe
import Testing

/// A target that restarts opens its port with the first subsystem that it exports. Whoever asks for one
/// that comes later is told "do not retry".
@Suite("A target that restarts port-first", .lab, .serialized)
struct PortFirstTests {
  @Test(
    "costs a writer nothing where the kernel can wait, and no data anywhere",
    arguments: [LabNode.Use.ext4, .block])
  func writer(use: LabNode.Use) async throws {
    try await Scenario.run { lab in
      let node = lab.node
      // It keeps the port open.
      _ = try lab.volume(size: 16 << 20)
      let volume = try lab.volume(size: 96 << 20)
      try await node.stage(volume, use)
      let path = try await node.publish(volume, use)
      let before = try #require(try BlockTests.head(of: volume))
      let keepsDisk = before.removalDelay != nil
      if keepsDisk { #expect(before.removalDelay == 600) }
      var options = ChecksumWriter.Options()
      options.direct = use == .block
      let writer = ChecksumWriter(path: use == .block ? path : path + "/log", options: options)
      writer.start()
      try await eventually(within: .seconds(60), "first records") { writer.acknowledged > 50 }

      try volume.portDown()
      if GuestKernel.givesUpWhenToldTo {
        try await eventually(within: .seconds(60), "the kernel to give up") {
          try volume.controllers().isEmpty
        }
        #expect(try (BlockTests.head(of: volume) != nil) == keepsDisk)
      }
      try await Task.sleep(for: .seconds(6))
      if !GuestKernel.givesUpWhenToldTo {
        #expect(try volume.controllers().map(\.state) == [.connecting])
      }
      let stalledAt = writer.acknowledged
      try volume.portUp()

      if keepsDisk || !GuestKernel.givesUpWhenToldTo {
        try await eventually(within: .seconds(60), "the writer to go on") {
          writer.acknowledged > stalledAt + 50
        }
        try await writer.stop()
        #expect(writer.failure == nil)
        #expect(try BlockTests.head(of: volume)?.device == before.device)
        #expect(node.works(volume, use, at: path, writer))
        print("port-first, \(use): the writer waited \(writer.longestWait)")
      } else {
        try await writer.stop()
        #expect(writer.failure != nil, "the kernel has taken the disk away from under it")
        try await node.expectHealed(volume, use, at: path, writer)
      }
      try await node.takeDown(volume, use)
    }
  }

  @Test("leaves a volume that may not wait for ever to its own limits")
  func impatient() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume(size: 16 << 20)
      for context in [["ctrlLossTmo": "5"], ["fastIoFailTmo": "5"]] {
        try await node.stage(volume, .block, context: context)
        let delay = try #require(try BlockTests.head(of: volume)).removalDelay
        #expect(delay == nil || delay == 0, "\(context)")
        try await node.unstage(volume, .block)
      }
    }
  }

  @Test("is waited for also by a volume that an older plugin staged")
  func older() async throws {
    try await Scenario.run(arguments: ["--delayed-removal-secs", "0"]) { lab in
      let node = lab.node
      let volume = try lab.volume(size: 16 << 20)
      try await node.stage(volume, .block)
      let head = try #require(try BlockTests.head(of: volume))
      guard let delay = head.removalDelay else {
        // This kernel cannot; that staging works all the same was seen.
        return try await node.unstage(volume, .block)
      }
      #expect(delay == 0)
      _ = try await node.driver.stop()
      try await node.start()
      try await eventually(within: .seconds(30), "recovery to have the kernel keep the disk") {
        try BlockTests.head(of: volume)?.removalDelay == 600
      }
      try await node.unstage(volume, .block)
    }
  }
}
