import CSI
import Foundation
import GRPC
import Lab
import Linux
import NVMe

extension Story {
  /// A second volume: two requests that must be refused, then a raw block volume.
  func refuseAndServeBlock() async throws -> Raw {
    timeline.chapter("What the driver refuses")
    let volume = try await makeVolume("raw-0", size: 256 << 20, .block)
    let sharing = try await refusal(of: "NodeStageVolume of a file system, access mode RWX") {
      try await node.stage(volume, .ext4, mode: .multiNodeMultiWriter)
    }
    try timeline.prove(
      .refusesSharing,
      sharing.code == .failedPrecondition && sharing.message.contains("volumeMode: Block")
        && controllers(volume).isEmpty,
      "\(sharing.code), nothing was connected")

    let wrong = "0ddba115-0000-4000-8000-000000000000"
    let stranger = try await refusal(of: "NodeStageVolume with the uuid of another namespace") {
      try await node.stage(volume, .ext4, context: ["uuid": wrong])
    }
    let zero = try isAllZero(volume.backingFile)
    try timeline.prove(
      .refusesStranger,
      stranger.code == .failedPrecondition && stranger.message.contains(wrong) && zero
        && controllers(volume).isEmpty,
      "\(stranger.code), disconnected again, the target's file is all zero still")
    return try await serveBlock(volume)
  }

  private func serveBlock(_ volume: TargetVolume) async throws -> Raw {
    timeline.chapter("A raw block volume")
    try await timeline.step("NodeStageVolume, volumeMode: Block") {
      try await node.stage(volume, .block)
    }
    try noteSteps(of: "stage", volume)
    let path = try await timeline.step("NodePublishVolume") {
      try await node.publish(volume, .block)
    }
    try noteSteps(of: "publish", volume)
    let status = try Files.status(path)
    let disk = try namespace(volume)
    let records = ChecksumWriter(path: path)
    try await timeline.step("100 records written to it") {
      records.start(limit: 100, pause: .milliseconds(1))
      try await records.stop(afterLast: 100)
    }
    let wrong = try records.verify(at: volume.backingFile)
    try timeline.prove(
      .servesBlock,
      status?.kind == .blockDevice && status?.representedDevice == disk.device
        && mounts(at: path).isEmpty && records.acknowledged == 100 && wrong == 0,
      """
      the node is block \(status.map { "\($0.representedDevice)" } ?? "?"), \
      /sys/block/\(disk.name)/dev is \(disk.device), no mount there; 100 records are in the \
      target's own file
      """)
    try await timeline.step("NodeUnpublishVolume, NodeUnstageVolume") {
      try await node.unpublish(volume, .block)
      try await node.unstage(volume, .block)
    }
    return Raw(volume: volume, records: records)
  }

  /// The raw volume's data, taken for an empty volume by whoever asks for a file system on it.
  func refuseToFormat(_ raw: Raw) async throws {
    timeline.chapter("The same volume, by mistake as a file system: it holds data")
    let refused = try await refusal(of: "NodeStageVolume as ext4") {
      try await node.stage(raw.volume, .ext4)
    }
    let wrong = try raw.records.verify(at: raw.volume.backingFile)
    try timeline.prove(
      .refusesFormat,
      refused.code == .failedPrecondition && wrong == 0 && controllers(raw.volume).isEmpty,
      "\(refused.code); \(raw.records.acknowledged) records in the target's file, \(wrong) wrong")
  }

  /// Makes a call that must fail, prints the driver's words and returns them.
  private func refusal(
    of title: String, _ call: () async throws -> Void
  ) async throws -> RPCError {
    let error = try await timeline.step(title) { () async throws -> RPCError in
      do {
        try await call()
      } catch let error as RPCError {
        return error
      }
      throw StoryError("the driver accepted what it must refuse")
    }
    timeline.says(error.message)
    return error
  }

  /// Whether a sparse file has no data: nothing was ever written to it.
  private func isAllZero(_ path: String) throws -> Bool {
    let output = try runProgram(["stat", "--format", "%b", path])
    return output.filter { !$0.isNewline } == "0"
  }
}

extension ChecksumWriter {
  /// Waits for a writer with a limit to come to its end by itself.
  fileprivate func stop(afterLast limit: Int) async throws {
    try await eventually(within: .seconds(60), "\(limit) records") {
      acknowledged == limit || failure != nil
    }
    try await stop()
  }
}
