import BlockDevice
import CSI
import Linux
import NVMe
import Testing

@testable import Driver

@Suite("The format gate")
struct FormatGateTests {
  static let device = BlockDevice(
    path: "/dev/nvme0n1", number: DeviceNumber(major: 259, minor: 1), size: 1 << 30)

  static func record(
    formatting: StageRecord.FormatIntent? = nil,
    mode: VolumeCapability.AccessMode = .singleNodeWriter
  ) throws -> StageRecord {
    var record = StageRecord(
      volume: try VolumeID("v1"), source: try VolumeSource(context: VolumeSourceTests.minimal),
      access: try VolumeAccess(VolumeAccessTests.mount("ext4", mode: mode)),
      stagingPath: "/var/lib/kubelet/staging")
    record.formatting = formatting
    return record
  }

  static let life = StageRecord.FormatIntent(bootID: "this boot", diskSequence: 7)

  private func decide(
    _ content: DeviceContent, for record: StageRecord, life: StageRecord.FormatIntent? = life
  ) throws -> String {
    switch try FormatGate.decide(
      content, on: Self.device, for: record, wanted: .ext4, life: life)
    {
    case .keep: "keep"
    case .format: "format"
    }
  }

  @Test("keeps the file system that is wanted")
  func keep() throws {
    #expect(try decide(.fileSystem(type: "ext4", uuid: nil), for: Self.record()) == "keep")
  }

  @Test("formats what is proven empty")
  func empty() throws {
    let proof = ProvenEmpty(resumingFormatOf: Self.device)
    #expect(try decide(.empty(proof), for: Self.record()) == "format")
  }

  @Test("does not format for a reader")
  func reader() throws {
    let proof = ProvenEmpty(resumingFormatOf: Self.device)
    let error = try #require(throws: DriverError.self) {
      try decide(.empty(proof), for: Self.record(mode: .singleNodeReaderOnly))
    }
    #expect(error.code == .failedPrecondition)
  }

  static let foreign: [(DeviceContent, String)] = [
    (.fileSystem(type: "xfs", uuid: nil), "a xfs file system"),
    (.fileSystem(type: "btrfs", uuid: nil), "a btrfs file system"),
    (.partitionTable(type: "gpt"), "a gpt partition table"),
    (.other(type: "crypto_LUKS"), "crypto_LUKS"),
    (.unknownData(offset: 512), "data of unknown kind (first at byte 512)"),
  ]

  @Test("refuses everything else, naming what it found", arguments: foreign.indices)
  func refusals(index: Int) throws {
    let (content, text) = Self.foreign[index]
    let error = try #require(throws: DriverError.self) {
      try decide(content, for: Self.record())
    }
    #expect(error.code == .failedPrecondition)
    #expect(error.message.contains("holds \(text), not ext4"), "\(error.message)")
  }

  @Test("takes up an interrupted format of its own only over bytes that nobody else can name")
  func interrupted() throws {
    let record = try Self.record(formatting: Self.life)
    #expect(try decide(.unknownData(offset: 0), for: record) == "format")
    #expect(try decide(.fileSystem(type: "ext4", uuid: nil), for: record) == "keep")
    for (content, _) in Self.foreign.dropLast() {
      #expect(throws: DriverError.self) { try decide(content, for: record) }
    }
  }

  static let otherLives: [StageRecord.FormatIntent?] = [
    nil, .init(bootID: "another boot", diskSequence: 7),
    .init(bootID: "this boot", diskSequence: 8),
  ]

  @Test("takes up no format of another life of the disk", arguments: otherLives)
  func otherLife(life: StageRecord.FormatIntent?) throws {
    let record = try Self.record(formatting: Self.life)
    let error = try #require(throws: DriverError.self) {
      try decide(.unknownData(offset: 0), for: record, life: life)
    }
    #expect(error.message.contains("perhaps of an interrupted format"), "\(error.message)")
  }
}
