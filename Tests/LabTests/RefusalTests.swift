import CSI
import Foundation
import GRPC
import Lab
import Linux
import NVMe
import Testing

@Suite("A volume that is not what it should be", .lab, .serialized)
struct RefusalTests {
  /// The bytes of the volume, to prove that nobody changed them.
  private func bytes(_ volume: TargetVolume) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: volume.backingFile))
  }

  @Test("another UUID: refused before anything is read or written, nothing left connected")
  func identity() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume(size: 64 << 20)
      await expectRefusal(.failedPrecondition, volume.uuid, "not the volume's data") {
        try await node.stage(
          volume, .ext4, context: ["uuid": "00000000-0000-4000-8000-00000000dead"])
      }
      #expect(try bytes(volume).allSatisfy { $0 == 0 })
      #expect(try node.leftovers() == [])
    }
  }

  // The namespace has blocks of 4096 bytes, so that of a GPT made for 512 its protective MBR is found.
  @Test("a disk with nothing but a GPT is refused, not formatted")
  func partitionTable() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume(size: 64 << 20)
      try runProgram(["sgdisk", "--new=1:2048:0", volume.backingFile])
      let before = try bytes(volume)
      await expectRefusal(.failedPrecondition, "partition table", "not formatted") {
        try await node.stage(volume, .ext4)
      }
      #expect(try bytes(volume) == before)
    }
  }

  @Test("a disk full of random data is refused, not formatted", arguments: [0, 1 << 20, 40 << 20])
  func randomData(from offset: Int) async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume(size: 64 << 20)
      let file = try FileHandle(forUpdating: URL(fileURLWithPath: volume.backingFile))
      try file.seek(toOffset: UInt64(offset))
      let random = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/dev/urandom"))
      try file.write(contentsOf: random.read(upToCount: (64 << 20) - offset) ?? Data())
      try file.close()
      let before = try bytes(volume)
      await expectRefusal(.failedPrecondition, "data of unknown kind") {
        try await node.stage(volume, .xfs)
      }
      #expect(try bytes(volume) == before)
    }
  }

  @Test("another file system than the one asked for is refused, and kept")
  func otherFileSystem() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume(size: 512 << 20)
      try await node.stage(volume, .xfs)
      let path = try await node.publish(volume, .xfs)
      try "kept".write(toFile: path + "/file", atomically: true, encoding: .utf8)
      try await node.unpublish(volume, .xfs)
      try await node.unstage(volume, .xfs)
      await expectRefusal(.failedPrecondition, "xfs file system, not ext4") {
        try await node.stage(volume, .ext4)
      }
      #expect(try node.leftovers() == [])
      try await node.stage(volume, .xfs)
      try await node.publish(volume, .xfs)
      #expect(try String(contentsOfFile: path + "/file", encoding: .utf8) == "kept")
      try await node.unpublish(volume, .xfs)
      try await node.unstage(volume, .xfs)
    }
  }

  @Test("a clone of a mounted xfs, with the same file system UUID, is mounted beside it")
  func clone() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let origin = try lab.volume(size: 512 << 20)
      try await node.stage(origin, .xfs)
      let path = try await node.publish(origin, .xfs)
      try "kept".write(toFile: path + "/file", atomically: true, encoding: .utf8)
      try runProgram(["sync", "-f", path])
      let clone = try lab.volume(size: 768 << 20)
      try runProgram([
        "dd", "if=\(origin.backingFile)", "of=\(clone.backingFile)", "bs=1M", "conv=notrunc,sparse",
      ])
      try await node.stage(clone, .xfs)
      let other = try await node.publish(clone, .xfs)
      #expect(try String(contentsOfFile: other + "/file", encoding: .utf8) == "kept")
      let stats = try await node.stats(clone, at: other)
      #expect(
        (stats.usage.first?.total ?? 0) > 600 << 20, "the clone's file system fills its volume")
      for volume in [origin, clone] {
        try await node.unpublish(volume, .xfs)
        try await node.unstage(volume, .xfs)
      }
    }
  }

  @Test(
    "a file system that was not unmounted: its journal is replayed", arguments: ["ext4", "xfs"])
  func dirtyJournal(type: String) async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let use = LabNode.Use.fileSystem(type)
      let volume = try lab.volume(size: 512 << 20)
      try await node.stage(volume, use)
      let path = try await node.publish(volume, use)
      try "kept".write(toFile: path + "/file", atomically: true, encoding: .utf8)
      try runProgram(["sync", "-f", path])
      try "more".write(toFile: path + "/file2", atomically: true, encoding: .utf8)
      // What is at the target now is what a node that lost power would have left.
      let copy = try lab.volume(size: 512 << 20)
      try runProgram([
        "dd", "if=\(volume.backingFile)", "of=\(copy.backingFile)", "bs=1M", "conv=notrunc,sparse",
      ])
      try await node.stage(copy, use)
      let other = try await node.publish(copy, use)
      #expect(try String(contentsOfFile: other + "/file", encoding: .utf8) == "kept")
      for volume in [volume, copy] {
        try await node.unpublish(volume, use)
        try await node.unstage(volume, use)
      }
    }
  }

  @Test("a file system for many nodes is refused with what to do instead")
  func sharedFileSystem() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume(size: 64 << 20)
      for mode in [VolumeCapability.AccessMode.multiNodeMultiWriter, .multiNodeReaderOnly] {
        await expectRefusal(.failedPrecondition, "ReadWriteOnce", "volumeMode: Block") {
          try await node.stage(volume, .ext4, mode: mode)
        }
        await expectRefusal(.failedPrecondition, "ReadWriteOnce", "volumeMode: Block") {
          try await node.publish(volume, .ext4, mode: mode)
        }
      }
    }
  }
}
