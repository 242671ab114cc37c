import CSI
import Foundation
import Lab
import Linux
import NVMe
import Testing

/// What a running container means for a file system that has stopped: the mount in its own mount
/// namespace keeps it, whatever is unmounted on the node.
@Suite("A file system that has stopped and that somebody holds", .lab, .serialized)
struct HeldFileSystemTests {
  static let use = LabNode.Use.fileSystem("ext4", flags: ["errors=remount-ro"])

  /// What the plugin logs when it has unmounted in vain: ids of mounts are used again, so they tell nothing.
  static let putBack = "cannot be unmounted; it stays where it was"

  /// How the tests let the file system stop.
  enum Failure: CaseIterable {
    /// The journal is aborted; what the mount table shows of it differs with the kernel.
    case aborted
    /// The superblock is read-only, as older kernels make it.
    case readOnly
  }

  /// A process in a mount namespace that nothing propagates to, in which everything is still mounted.
  private struct Container: ~Copyable {
    let process: Int32

    init() throws {
      let file = "/run/lab/container.pid"
      try runProgram([
        "sh", "-c",
        "rm -f \(file); unshare --mount --propagation private sleep 600 >/dev/null 2>&1 & "
          + "echo $! >\(file)",
      ])
      let text = try String(contentsOfFile: file, encoding: .utf8)
      process = try #require(Int32(text.filter(\.isNumber)))
    }

    func end() { kill(process, SIGKILL) }
  }

  private func fail(_ volume: TargetVolume, at staging: String, _ failure: Failure) throws {
    switch failure {
    case .aborted:
      let name = try #require(try BlockTests.head(of: volume)).name
      try Files.writeAttribute("boom", to: "/sys/fs/ext4/\(name)/trigger_fs_error")
    case .readOnly:
      try runProgram(["mount", "-o", "remount,ro", staging])
      try runProgram(["mount", "-o", "remount,bind,rw", staging])
    }
  }

  /// Nobody may write to the directory below: what is written must fail, loudly.
  private func expectRefusesWrites(
    at path: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: CocoaError.self, sourceLocation: sourceLocation) {
      try "x".write(toFile: path + "/lost", atomically: false, encoding: .utf8)
    }
    #expect(
      (error?.underlying as? POSIXError)?.code == .EROFS, "\(error as Any)",
      sourceLocation: sourceLocation)
  }

  @Test(
    "by a container: every path keeps its mount, until the container is gone",
    arguments: isLong ? Failure.allCases : [.readOnly])
  func container(failure: Failure) async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume(size: 96 << 20)
      let (path, writer) = try await node.prepare(volume, Self.use)
      let staging = node.stagingPath(volume, Self.use)
      let container = try Container()
      try await Task.sleep(for: .seconds(1))
      defer { container.end() }
      try fail(volume, at: staging, failure)
      try await eventuallyHolds(within: .seconds(60), "the volume's condition to say it") {
        let text = try await node.stats(volume, at: staging).volumeCondition?.message ?? ""
        return text.contains("process \(container.process) (sleep)")
          && text.contains("restart the pod")
      }
      try await Task.sleep(for: .seconds(6))
      func said() -> Int { node.driver.logTail(2_000).components(separatedBy: "to=held").count }
      let before = said()
      try await Task.sleep(for: .seconds(12))
      #expect(said() == before, "it is not said again and again")
      #expect(!node.driver.logTail(2_000).contains(Self.putBack), "it was not even unmounted")
      expectRefusesWrites(at: path)
      container.end()
      try await node.expectHealed(volume, Self.use, at: path, writer)
      try await node.takeDown(volume, Self.use)
    }
  }

  @Test(
    "by somebody whom the plugin does not see: all is mounted as it was", .long,
    arguments: Failure.allCases)
  func unseen(failure: Failure) async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume(size: 96 << 20)
      let (path, writer) = try await node.prepare(volume, Self.use)
      let readOnly = try await node.publish(volume, Self.use, pod: "pod-2", readonly: true)
      let staging = node.stagingPath(volume, Self.use)
      // A mount that no namespace shows: its file system lives for as long as the file is open.
      try runProgram(["mkdir", "-p", "/run/lab/elsewhere"])
      try runProgram(["mount", "--bind", staging, "/run/lab/elsewhere"])
      let held = open("/run/lab/elsewhere/log", O_RDONLY)
      try runProgram(["umount", "-l", "/run/lab/elsewhere"])
      let before = try MountTable.current().mounts(at: staging).last
      try fail(volume, at: staging, failure)
      try await eventuallyHolds(within: .seconds(60), "the volume's condition to say it") {
        let text = try await node.stats(volume, at: staging).volumeCondition?.message ?? ""
        return text.contains("does not see") && text.contains("restart the pod")
      }
      let tried = try MountTable.current().mounts(at: staging).last
      #expect(node.driver.logTail(2_000).contains(Self.putBack), "it was unmounted")
      #expect(tried?.options == before?.options)
      expectRefusesWrites(at: path)
      #expect(try MountTable.current().mounts(at: path).last?.options.contains("rw") == true)
      #expect(try MountTable.current().mounts(at: readOnly).last?.options.contains("ro") == true)
      close(held)
      try await node.expectHealed(volume, Self.use, at: path, writer)
      try await eventually(within: .seconds(30), "the other path to be bound too") {
        try MountTable.current().mounts(at: readOnly).last?.options.contains("ro") == true
      }
      try await node.unpublish(volume, Self.use, pod: "pod-2")
      try await node.takeDown(volume, Self.use)
    }
  }

  @Test("by one of two pods with files open: the other pod's path keeps its mount too")
  func busy() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      let volume = try lab.volume(size: 96 << 20)
      let (path, writer) = try await node.prepare(volume, Self.use)
      let second = try await node.publish(volume, Self.use, pod: "pod-2")
      let held = open(second + "/log", O_RDONLY)
      try fail(volume, at: node.stagingPath(volume, Self.use), .aborted)
      try await eventuallyHolds(within: .seconds(60), "the volume's condition to say it") {
        let text = try await node.stats(volume, at: path).volumeCondition?.message ?? ""
        return text.contains("has files open") && text.contains("restart the pod")
      }
      expectRefusesWrites(at: path)
      expectRefusesWrites(at: second)
      close(held)
      try await node.expectHealed(volume, Self.use, at: path, writer)
      try await eventually(within: .seconds(30), "the other path to be bound too") {
        node.works(volume, Self.use, at: second, writer)
      }
      try await node.unpublish(volume, Self.use, pod: "pod-2")
      try await node.takeDown(volume, Self.use)
    }
  }
}
