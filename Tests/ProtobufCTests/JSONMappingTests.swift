import JSON
import Testing

@testable import ProtobufC

@Suite("Messages as JSON")
struct JSONMappingTests {
  static let stage: JSONValue = [
    "volumeId": "vol", "publishContext": ["a": "1", "b": ""], "stagingTargetPath": "/staging",
    "volumeCapability": [
      "mount": ["fsType": "xfs", "mountFlags": ["noatime", "discard"]],
      "accessMode": ["mode": "SINGLE_NODE_WRITER"],
    ],
    "secrets": ["key": "hunter2"], "volumeContext": ["nqn": "nqn.2024-01.io.example:é"],
  ]

  @Test("a message comes back as it went")
  func stageRequest() throws {
    #expect(try Messages.stage.roundTrip(Self.stage) == Self.stage)
    #expect(try Messages.stage.roundTrip([:]) == [:])
  }

  @Test("names of csi.proto are taken as well, and what comes out is in the order of the fields")
  func protoNames() throws {
    #expect(
      try Messages.stage.roundTrip([
        "staging_target_path": "/s", "volume_id": "v", "volume_capability": ["block": [:]],
      ])
        == ["volumeId": "v", "stagingTargetPath": "/s", "volumeCapability": ["block": [:]]])
  }

  @Test("null is a field that is not set")
  func null() throws {
    #expect(try Messages.stage.roundTrip(["volumeId": nil, "secrets": nil]) == [:])
  }

  @Test("wrappers are the value itself")
  func wrappers() throws {
    #expect(try Messages.probe.roundTrip(["ready": true]) == ["ready": true])
    #expect(try Messages.probe.roundTrip(["ready": false]) == ["ready": false])
    #expect(try Messages.probe.roundTrip(["ready": ["value": true]]) == ["ready": true])
    #expect(try Messages.probe.roundTrip([:]) == [:])
    // A default that another encoder left out is the default, of the wrapper's own type.
    #expect(try Messages.probe.descriptor.json([0x0a, 0]) == ["ready": false])
    #expect(try Messages.int64Value.descriptor.json([]) == "0")
    #expect(try Messages.int32Value.descriptor.json([]) == 0)
    #expect(try Messages.stringValue.descriptor.json([]) == "")
    #expect(try Messages.int32Value.roundTrip(-7) == -7)
    #expect(try Messages.int64Value.roundTrip(-7) == "-7")
    #expect(try Messages.uint32Value.roundTrip(4_294_967_295) == 4_294_967_295)
    #expect(
      try Messages.doubleValue.descriptor.json([0x09, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f])
        == JSONValue.parse("1.5"))
  }

  static let integers: [(JSONValue, String)] = [
    ("9223372036854775807", "9223372036854775807"),
    ("-9223372036854775808", "-9223372036854775808"),
    (9_223_372_036_854_775_807, "9223372036854775807"), (0, "0"), ("12", "12"), (-1, "-1"),
  ]

  @Test("64-bit integers are strings and may come as numbers", arguments: integers)
  func int64(json: JSONValue, text: String) throws {
    let usage: JSONValue = ["usage": [["total": json, "unit": "BYTES"]]]
    #expect(
      try Messages.stats.roundTrip(usage) == [
        "usage": [["total": .string(text), "unit": "BYTES"]]
      ])
  }

  @Test("32-bit integers are numbers within their range")
  func int32() throws {
    #expect(try Messages.listVolumes.roundTrip(["maxEntries": "12"]) == ["maxEntries": 12])
    #expect(
      try Messages.listVolumes.roundTrip(["maxEntries": -2_147_483_648])
        == ["maxEntries": -2_147_483_648])
    #expect(
      Messages.listVolumes.failure(json: ["maxEntries": 2_147_483_648])
        == "ListVolumesRequest.max_entries: number is not what the field takes")
    #expect(Messages.uint32Value.failure(json: 4_294_967_296) != nil)
    #expect(Messages.uint32Value.failure(json: -1) != nil)
  }

  @Test("enums go by name and by number; a number without a name stays one")
  func enums() throws {
    func mode(_ mode: JSONValue) throws -> JSONValue? {
      try Messages.stage.roundTrip(["volumeCapability": ["accessMode": ["mode": mode]]])[
        "volumeCapability"]?["accessMode"]?["mode"]
    }
    #expect(try mode("MULTI_NODE_MULTI_WRITER") == "MULTI_NODE_MULTI_WRITER")
    #expect(try mode(1) == "SINGLE_NODE_WRITER")
    #expect(try mode("1") == "SINGLE_NODE_WRITER")
    #expect(try mode(0) == "UNKNOWN")
    #expect(try mode(1000) == 1000)
    #expect(try mode(-1) == -1)
    #expect(
      Messages.stage.failure(json: ["volumeCapability": ["accessMode": ["mode": "RWX"]]])
        == """
        AccessMode.mode: not one of its names; they are: UNKNOWN, SINGLE_NODE_WRITER, \
        SINGLE_NODE_READER_ONLY, MULTI_NODE_READER_ONLY, MULTI_NODE_SINGLE_WRITER, \
        MULTI_NODE_MULTI_WRITER, SINGLE_NODE_SINGLE_WRITER, SINGLE_NODE_MULTI_WRITER
        """)
    #expect(
      Messages.stage.failure(json: ["volumeCapability": ["accessMode": ["mode": 4_294_967_296]]])
        != nil)
  }

  static let times: [(String, String)] = [
    ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
    ("2026-02-28T23:59:59.5Z", "2026-02-28T23:59:59.500000000Z"),
    ("2024-02-29T12:30:00.000000001Z", "2024-02-29T12:30:00.000000001Z"),
    ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
    ("9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z"),
    ("1969-12-31t23:59:59z", "1969-12-31T23:59:59Z"),
    ("2026-01-01T00:30:00+01:00", "2025-12-31T23:30:00Z"),
    ("2025-12-31T20:00:00-05:30", "2026-01-01T01:30:00Z"),
    ("1600-03-01T00:00:00Z", "1600-03-01T00:00:00Z"),
  ]

  @Test("times are RFC 3339", arguments: times)
  func timestamps(text: String, expected: String) throws {
    #expect(
      try Messages.snapshot.roundTrip(["creationTime": .string(text)])
        == ["creationTime": .string(expected)])
  }

  @Test("times have seconds since 1970 on the wire")
  func timestampBytes() throws {
    #expect(
      try Messages.snapshot.descriptor.bytes(["creationTime": "2001-09-09T01:46:40Z"])
        == wire {
          $0.append(
            4,
            bytes: wire {
              $0.append(1, varint: 1_000_000_000)
              $0.append(2, varint: 0)
            })
        })
  }

  @Test(
    "what is not a time is refused",
    arguments: [
      "", "now", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
      "2026-01-01", "2026-01-01T24:00:00Z", "2026-01-01T00:00:60Z", "2026-01-01T00:00:00",
      "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00.1234567890Z", "2026-01-01T00:00:00Zz",
      "2026-01-01T00:00:00+0100", "0001-01-01T00:00:00+00:01", "٢٠٢٦-01-01T00:00:00Z",
      "0000-01-01T00:00:00Z",
    ])
  func notATime(text: String) {
    #expect(
      Messages.snapshot.failure(json: ["creationTime": .string(text)])
        == "Timestamp: want a time such as 2026-01-31T23:59:59Z, have string")
  }

  @Test(
    "a time that RFC 3339 cannot write stays the message that it is",
    arguments: [Int64.min, Int64.max, -62_135_596_801, 253_402_300_800])
  func absurdTimes(seconds: Int64) throws {
    let bytes = wire {
      $0.append(4, bytes: wire { $0.append(1, varint: UInt64(bitPattern: seconds)) })
    }
    let json: JSONValue = ["creationTime": ["seconds": .string(String(seconds))]]
    #expect(try Messages.snapshot.descriptor.json(bytes) == json)
    #expect(try Messages.snapshot.descriptor.bytes(json) == bytes)
  }

  @Test("a name that is no field is an error that lists the fields")
  func unknownNames() {
    #expect(
      Messages.stage.failure(json: ["volumeID": "v"])
        == """
        NodeStageVolumeRequest has no field 'volumeID'; it has: volume_id, publish_context, \
        staging_target_path, volume_capability, secrets, volume_context
        """)
    #expect(
      Messages.stage.failure(json: ["volumeCapability": ["fs": "ext4"]])
        == "VolumeCapability has no field 'fs'; it has: block, mount, access_mode")
  }

  @Test("a field may come under one of its names only")
  func bothNames() {
    #expect(
      Messages.stage.failure(json: ["volumeId": "a", "volume_id": "b"])
        == "NodeStageVolumeRequest.volume_id: comes under both of its names")
  }

  static let misfits: [(JSONValue, String)] = [
    ("text", "NodePublishVolumeRequest: want an object, have string"),
    (["volumeId": 1], "NodePublishVolumeRequest.volume_id: number is not what the field takes"),
    (["volumeId": "a\0"], "NodePublishVolumeRequest.volume_id: has a NUL in it"),
    (["readonly": "true"], "NodePublishVolumeRequest.readonly: string is not what the field takes"),
    (["volumeContext": []], "NodePublishVolumeRequest.volume_context: want an object, have array"),
    (
      ["volumeContext": ["nsid": 1]],
      "NodePublishVolumeRequest.volume_context: number is not what the field takes"
    ),
    (
      ["secrets": ["key": 42]],
      "NodePublishVolumeRequest.secrets: number is not what the field takes"
    ),
    (
      ["volumeCapability": ["mount": ["mountFlags": "ro"]]],
      "MountVolume.mount_flags: want an array, have string"
    ),
    (["volumeCapability": "block"], "VolumeCapability: want an object, have string"),
  ]

  @Test("a value that does not fit is an error that names the field", arguments: misfits)
  func misfit(json: JSONValue, reason: String) {
    #expect(Messages.publish.failure(json: json) == reason)
  }

  @Test("bytes are an error, not something made up")
  func bytes() {
    #expect(throws: WireError("BytesValue.value: its type cannot be shown as JSON")) {
      try Messages.bytesValue.descriptor.json([0x0a, 1, 7])
    }
    #expect(Messages.bytesValue.failure(json: "AA==") != nil)
  }

  @Test("long lists and maps take time in proportion")
  func long() throws {
    let flags: JSONValue = .array((0..<20_000).map { .string("flag\($0)") })
    let json: JSONValue = ["volumeCapability": ["mount": ["mountFlags": flags]]]
    #expect(try Messages.stage.roundTrip(json) == json)
  }
}
