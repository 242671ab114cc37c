import CSI
import Foundation
import Glibc
import Lab
import Linux
import Testing

/// A program of LVM that takes a snapshot while hosts write to the origin, which LVM suspends for it.
@Suite("LVM at work when its controller is killed", .lab, .serialized)
struct LVMAtWorkTests {
  private static let size: Int64 = 64 << 20

  @Test(
    "resumes the volume that it has suspended; the next controller waits for it",
    .long, .timeLimit(.minutes(5)))
  func killed() async throws {
    try await Cluster.run(on: .thin) { cluster in
      let controller = cluster.controller
      let volume = try await cluster.create("source", size: Self.size, .block)
      var options = ChecksumWriter.Options()
      options.capacity = 4_000
      let writer = ChecksumWriter(path: try await cluster.attach(volume, .block), options: options)
      writer.start(limit: .max)
      let start = ContinuousClock.now

      var caught: Int32?
      var number = 0
      while caught == nil, number < 10 {
        number += 1
        let name = "kept-\(number)"
        async let asked: Void = { _ = try? await controller.takeSnapshot(name, of: volume) }()
        let origin = volume.backingFile
        caught = try await onThread(within: .seconds(60), "lvcreate to suspend the origin") {
          try Self.stopInTheMiddle(of: "lvcreate", suspending: origin)
        }
        if caught != nil { try await controller.process.killNow() }
        await asked
      }
      let program = try #require(caught, "no lvcreate was caught in time")
      print("caught lvcreate at snapshot \(number), \(ContinuousClock.now - start) after the first")
      defer { kill(program, SIGCONT) }
      let acknowledged = writer.acknowledged
      try await Task.sleep(for: .seconds(1))
      #expect(writer.acknowledged <= acknowledged + 1)
      #expect(Self.name(of: program) == "lvcreate", "it died with the controller")

      async let started: Void = controller.start()
      try await Task.sleep(for: .seconds(2))
      kill(program, SIGCONT)
      try await eventually(within: .seconds(30), "the writer to go on") {
        writer.acknowledged > acknowledged + 20
      }
      try await started
      print("the writer waited \(writer.longestWait)")
      #expect(!controller.process.logTail(.max).contains("left suspended"), "who resumed it?")

      // Of the snapshot that nobody heard of any more, too.
      var snapshots: [String] = []
      for number in 1...number {
        snapshots.append(try await controller.takeSnapshot("kept-\(number)", of: volume).snapshotID)
      }
      #expect(try cluster.pool.contents() == cluster.pool.contents(for: [volume.name] + snapshots))
      try await writer.stop()
      #expect(writer.failure == nil)
      #expect(try writer.verify() == 0)
      for snapshot in snapshots { try await controller.deleteSnapshot(snapshot) }
      try await cluster.detach(volume, .block)
      try await controller.delete(volume)
    }
  }

  /// Sends SIGSTOP to the program while a device is suspended; nil when it was not caught.
  private static func stopInTheMiddle(
    of program: String, suspending device: String
  ) throws -> Int32? {
    let disk = URL(filePath: device).resolvingSymlinksInPath().lastPathComponent
    let attribute = "/sys/block/\(disk)/dm/suspended"
    let end = ContinuousClock.now + .seconds(30)
    var found: Int32?
    while ContinuousClock.now < end {
      if found == nil { found = try processes().first { name(of: $0) == program } }
      guard let process = found else { continue }
      if try isSuspended(attribute) {
        kill(process, SIGSTOP)
        // It may have gone on meanwhile.
        if try isSuspended(attribute) { return process }
        kill(process, SIGCONT)
      } else if name(of: process) != program {
        return nil
      }
    }
    return nil
  }

  private static func isSuspended(_ attribute: String) throws -> Bool {
    try Files.read(attribute, limit: 16).first == UInt8(ascii: "1")
  }

  private static func processes() throws -> [Int32] {
    try Files.names(inDirectory: "/proc").compactMap { Int32($0) }
  }

  private static func name(of process: Int32) -> String? {
    guard let bytes = try? Files.read("/proc/\(process)/comm", limit: 64) else { return nil }
    return String(decoding: bytes.dropLast(), as: UTF8.self)
  }
}
