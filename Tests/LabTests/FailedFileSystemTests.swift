import CSI
import Foundation
import GRPC
import Lab
import Linux
import NVMe
import Testing

@Suite("A file system that has stopped on a device that is well", .lab, .serialized)
struct FailedFileSystemTests {
  @Test("after an error, with errors=remount-ro: it is checked and mounted again, each time")
  func readOnly() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume(size: 96 << 20)
      let use = LabNode.Use.fileSystem("ext4", flags: ["errors=remount-ro"])
      let (path, writer) = try await node.prepare(volume, use)
      let name = try #require(try BlockTests.head(of: volume)).name
      for _ in 0..<2 {
        try Files.writeAttribute("boom", to: "/sys/fs/ext4/\(name)/trigger_fs_error")
        #expect(!node.works(volume, use, at: path, writer), "it takes no writes")
        try await node.expectHealed(volume, use, at: path, writer)
      }
      try await node.takeDown(volume, use)
    }
  }

  @Test("is not given to anybody: NodePublishVolume and NodeStageVolume restore it first")
  func handedOut() async throws {
    // Whatever heals here the RPC has healed.
    try await Scenario.run(environment: ["NVMEOF_CSI_NO_RECOVERY": "1"]) { lab in
      let node = lab.node
      let volume = try lab.volume(size: 96 << 20)
      let use = LabNode.Use.fileSystem("ext4", flags: ["errors=remount-ro"])
      let (path, writer) = try await node.prepare(volume, use)
      let name = try #require(try BlockTests.head(of: volume)).name
      for publishes in [true, false] {
        try Files.writeAttribute("boom", to: "/sys/fs/ext4/\(name)/trigger_fs_error")
        #expect(!node.works(volume, use, at: path, writer), "it takes no writes")
        // Somebody works in it, so it cannot be unmounted.
        let held = open(path + "/log", O_RDONLY)
        await expectRefusal(.unavailable, "takes no changes any more", "could not be restored") {
          try await node.stage(volume, use)
        }
        await expectRefusal(.unavailable, "takes no changes any more", "could not be restored") {
          try await node.publish(volume, use, pod: "pod-2")
        }
        close(held)
        try await eventuallyHolds(within: .seconds(60), "the RPC to restore it") {
          if publishes {
            return (try? await node.publish(volume, use, pod: "pod-2")) != nil
          } else {
            return (try? await node.stage(volume, use)) != nil
          }
        }
        #expect(node.works(volume, use, at: path, writer))
        if publishes { try await node.unpublish(volume, use, pod: "pod-2") }
      }
      try await node.takeDown(volume, use)
    }
  }

  @Test("or has not, with errors=continue: it is said, and nothing is taken from its users")
  func goesOn() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume(size: 96 << 20)
      let use = LabNode.Use.fileSystem("ext4", flags: ["errors=continue"])
      let (path, writer) = try await node.prepare(volume, use)
      let name = try #require(try BlockTests.head(of: volume)).name
      let id = try MountTable.current().mounts(at: path).last?.id
      try Files.writeAttribute("boom", to: "/sys/fs/ext4/\(name)/trigger_fs_error")
      let condition = try await node.stats(volume, at: path).volumeCondition
      #expect(condition?.abnormal == true)
      #expect(condition?.message.contains("and goes on") == true, "\(condition?.message ?? "")")
      try await Task.sleep(for: .seconds(6))
      #expect(node.works(volume, use, at: path, writer))
      #expect(try MountTable.current().mounts(at: path).last?.id == id, "the same mount")
      try await node.takeDown(volume, use)
      try await node.stage(volume, use)
      let checked = try await node.stats(volume, at: node.stagingPath(volume, use)).volumeCondition
      #expect(checked?.abnormal == false, "\(checked?.message ?? "")")
      try await node.unstage(volume, use)
    }
  }

  @Test("since it was shut down: it is mounted again where that shows", arguments: ["xfs", "ext4"])
  func shutDown(type: String) async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume(size: 384 << 20)
      let use = LabNode.Use.fileSystem(type)
      let (path, writer) = try await node.prepare(volume, use)
      try runProgram(["sync", "-f", path])
      try runProgram(["xfs_io", "-x", "-c", "shutdown", path])
      #expect(!node.works(volume, use, at: path, writer), "it takes no writes")
      let mount = try MountTable.current().mounts(at: path).last
      if type == "xfs" || mount?.superOptions.contains("shutdown") == true {
        try await node.expectHealed(volume, use, at: path, writer)
      } else {
        print(
          "this kernel shows nothing of an ext4 that was shut down: \(mount?.superOptions ?? [])")
      }
      try await node.takeDown(volume, use)
    }
  }
}
