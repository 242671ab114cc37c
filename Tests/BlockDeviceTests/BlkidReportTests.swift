import Testing

@testable import BlockDevice

@Suite("What blkid reports")
struct BlkidReportTests {
  @Test(
    "is read from its real outputs",
    arguments: [
      ("ext4", .fileSystem(type: "ext4", uuid: "f6a0cebd-9a2a-4de0-ae6f-f6e936c85176")),
      ("xfs", .fileSystem(type: "xfs", uuid: "a2d1921f-fb03-41b9-8e3a-69e81a98bc69")),
      ("gpt", .partitionTable(type: "gpt")),
      ("dos", .partitionTable(type: "dos")),
      ("luks", .other(type: "crypto_LUKS")),
      ("lvm", .other(type: "LVM2_member")),
      ("md", .other(type: "linux_raid_member")),
      ("swap", .other(type: "swap")),
      ("ext4-dos", .other(type: "both ext4 and a dos partition table")),
    ] as [(String, DeviceContent)])
  func realOutputs(name: String, content: DeviceContent) throws {
    let report = try #require(BlkidReport(parsing: fixture("\(name).export")))
    #expect(report.content == content)
  }

  @Test(
    "is never a file system nor empty when it does not say so",
    arguments: [
      ("", .other(type: "something without a type")),
      ("DEVNAME=/dev/nvme0n1\n", .other(type: "something without a type")),
      (
        "DEVNAME=/dev/nvme0n1p1\nPART_ENTRY_SCHEME=gpt\nPART_ENTRY_NUMBER=1\n",
        .other(type: "something without a type (PART_ENTRY_NUMBER, PART_ENTRY_SCHEME)")
      ),
      ("TYPE=ext4\n", .other(type: "ext4")),
      ("TYPE=ext4\nUSAGE=\n", .other(type: "ext4")),
      ("USAGE=filesystem\n", .other(type: "something without a type (USAGE)")),
    ] as [(String, DeviceContent)])
  func unclear(text: String, content: DeviceContent) throws {
    #expect(try #require(BlkidReport(parsing: text)).content == content)
  }

  @Test(
    "is refused when it contradicts itself or is no report",
    arguments: [
      "TYPE=ext4\nTYPE=xfs\nUSAGE=filesystem\n", "blkid: something\n", "=ext4\n",
      "TYPE=ext4\n…[truncated]",
    ])
  func malformed(text: String) {
    #expect(BlkidReport(parsing: text) == nil)
  }
}
