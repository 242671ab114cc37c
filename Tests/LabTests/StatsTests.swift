import CSI
import Foundation
import GRPC
import Lab
import Linux
import Testing

@Suite("The statistics of a volume", .lab, .serialized)
struct StatsTests {
  @Test("are never those of the node's own disk, and a path that is gone is not found")
  func unmounted() async throws {
    // What is taken away here stays away.
    try await Scenario.run(environment: ["NVMEOF_CSI_NO_RECOVERY": "1"]) { lab in
      let node = lab.node
      let volume = try lab.volume(size: 64 << 20)
      let (path, _) = try await node.prepare(volume, .ext4)
      let whole = try await node.stats(volume, at: path)
      #expect(whole.usage.count == 2)
      #expect(whole.volumeCondition?.abnormal == false)
      #expect((whole.usage.first?.total ?? 0) < 64 << 20)

      try runProgram(["umount", path])
      let bare = try await node.stats(volume, at: path)
      #expect(bare.usage.isEmpty)
      #expect(bare.volumeCondition?.abnormal == true)
      #expect(bare.volumeCondition?.message.contains("nothing is mounted at \(path)") == true)

      try runProgram(["mount", "-t", "tmpfs", "tmpfs", path])
      let covered = try await node.stats(volume, at: path)
      #expect(covered.usage.isEmpty)
      #expect(covered.volumeCondition?.message.contains("a mount of tmpfs") == true)
      try runProgram(["umount", path])

      try runProgram(["rmdir", path])
      await expectRefusal(.notFound, path) { _ = try await node.stats(volume, at: path) }
      try await node.publish(volume, .ext4)
      let again = try await node.stats(volume, at: path)
      #expect(again.usage.count == 2)
      #expect(again.volumeCondition?.abnormal == false)
      try await node.takeDown(volume, .ext4)
    }
  }
}
