import JSON
import Testing

@testable import CSITool

@Suite("The table")
struct TableTests {
  static let tables: [(JSONValue, String)] = [
    ([:], "OK\n"),
    (
      ["name": "nvmeof.csi.dev", "vendorVersion": "0.1.0"],
      """
      name           nvmeof.csi.dev
      vendorVersion  0.1.0

      """
    ),
    (["ready": true], "ready  true\n"),
    (
      ["nodeId": "w1", "accessibleTopology": ["segments": ["zone": "a", "rack": ""]]],
      """
      nodeId                            w1
      accessibleTopology.segments.zone  a
      accessibleTopology.segments.rack  ""

      """
    ),
    (
      [
        "usage": [
          ["total": "1073741824", "unit": "BYTES"],
          ["available": "65535", "total": "65536", "unit": "INODES"],
        ], "volumeCondition": ["message": "fine"],
      ],
      """
      usage
        total       unit    available
        1073741824  BYTES   -
        65536       INODES  65535
      volumeCondition.message  fine

      """
    ),
    (
      ["entries": [["volume": ["volumeId": "v", "tags": ["a", "b"]]], [:]]],
      """
      entries
        volumeId  tags
        v         ["a","b"]
        -         -

      """
    ),
    (
      [
        "entries": [
          [
            "volume": [
              "capacityBytes": "11005853696", "volumeId": "v",
              "volumeContext": ["message": "m"],
              "contentSource": ["volume": ["volumeId": "w"]],
            ], "status": ["volumeCondition": ["abnormal": false, "message": "fine"]],
          ]
        ], "nextToken": "v",
      ],
      """
      entries
        capacityBytes           volume.volumeId  volumeContext.message  contentSource.volume.volumeId  \
      abnormal  volumeCondition.message
        11005853696 (10.25GiB)  v                m                      w                              \
      false     fine
      nextToken  v

      """
    ),
    (
      ["availableCapacity": "1023", "maximumVolumeSize": "1024", "nodeExpansionRequired": true],
      """
      availableCapacity      1023
      maximumVolumeSize      1024 (1KiB)
      nodeExpansionRequired  true

      """
    ),
    (["flags": ["a", "b"]], "flags\n  a\n  b\n"),
    (["flags": []], "flags\n"),
    (["name": "a\u{1B}[2Jb\nc\u{202E}\u{9B}"], #"name  a\u{1B}[2Jb\nc\u{202E}\u{009B}"# + "\n"),
    (["né": "日本"], "né  日本\n"),
  ]

  @Test("has a line for each value and rows for each list", arguments: tables)
  func renders(json: JSONValue, text: String) {
    #expect(Table.render(json) == text)
  }

  @Test("of nothing says what that means where OK would mislead")
  func empty() throws {
    let list = try Methods.find("ListVolumes")
    #expect(Table.render([:], empty: Methods.emptyAnswer(list)) == "No volumes.\n")
    let validate = try Methods.find("ValidateVolumeCapabilities")
    #expect(Table.render([:], empty: Methods.emptyAnswer(validate)) == "Not confirmed.\n")
    let delete = try Methods.find("DeleteVolume")
    #expect(Table.render([:], empty: Methods.emptyAnswer(delete)) == "OK\n")
  }

  @Test("of methods has all five services, and says which cannot be called")
  func methods() {
    let lines = MethodsCommand.text.split(separator: "\n").map(String.init)
    #expect(lines.first?.hasPrefix("METHOD") == true)
    #expect(lines.contains { $0.hasPrefix("Node/NodeStageVolume ") && $0.contains("volume_id") })
    #expect(lines.contains { $0.hasPrefix("Controller/CreateVolume ") })
    #expect(
      lines.filter { $0.contains("stream") }.map { $0.prefix { $0 != " " } } == [
        "SnapshotMetadata/GetMetadataAllocated", "SnapshotMetadata/GetMetadataDelta",
      ])
    #expect(lines.allSatisfy { $0 == $0.trimmingSuffix() })
  }
}

extension String {
  fileprivate func trimmingSuffix() -> String {
    var text = self
    while text.last == " " { text.removeLast() }
    return text
  }
}
