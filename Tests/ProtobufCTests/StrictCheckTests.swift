import CCSI
import JSON
import Testing

@testable import ProtobufC

@Suite("Unpacking is strict")
struct StrictCheckTests {
  static let notUTF8: [[UInt8]] = [
    [0xff, 0xff], [0xc0, 0x80], [0x61, 0xc3], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80],
  ]

  /// The places of a stage request that hold a string, each with a request whose string is `text`.
  private static func places(_ text: [UInt8]) -> [(name: String, bytes: [UInt8])] {
    let good = Array("good".utf8)
    func capability(_ build: @escaping (inout WireBytes) -> Void) -> [UInt8] {
      wire { $0.append(4, bytes: wire { $0.append(2, bytes: wire(build)) }) }
    }
    return [
      ("NodeStageVolumeRequest.volume_id", wire { $0.append(1, bytes: text) }),
      ("MountVolume.fs_type", capability { $0.append(1, bytes: text) }),
      (
        "MountVolume.mount_flags",
        capability {
          $0.append(2, bytes: good)
          $0.append(2, bytes: text)
        }
      ),
      ("NodeStageVolumeRequest.secrets", wire { $0.append(5, bytes: entry(text, good)) }),
      ("NodeStageVolumeRequest.secrets", wire { $0.append(5, bytes: entry(good, text)) }),
      (
        "NodeStageVolumeRequest.volume_context",
        wire {
          $0.append(6, bytes: entry(good, good))
          $0.append(6, bytes: entry(good, text))
        }
      ),
    ]
  }

  @Test("a string with a NUL is refused wherever it is", arguments: ["\0", "a\0b", "ab\0"])
  func nul(text: String) {
    for (name, bytes) in Self.places(Array(text.utf8)) {
      #expect(Messages.stage.failure(bytes) == "\(name): has a NUL in it")
    }
  }

  @Test("a string that is not UTF-8 is refused wherever it is", arguments: notUTF8)
  func utf8(text: [UInt8]) {
    for (name, bytes) in Self.places(text) {
      #expect(Messages.stage.failure(bytes) == "\(name): is not UTF-8")
    }
  }

  @Test(
    "any other text goes through", arguments: ["", "é\u{1F600}\u{FFFD}", "\u{FEFF}a\u{10FFFF}"])
  func text(text: String) throws {
    for (_, bytes) in Self.places(Array(text.utf8)) {
      #expect(Messages.stage.failure(bytes) == nil)
    }
    let bytes = wire { $0.append(1, text) }
    #expect(try unsafe unpack(stageRequest, bytes) { unsafe readString($0.volume_id) } == text)
  }

  @Test("a message field that comes twice is refused")
  func duplicates() {
    let bytes = wire {
      $0.append(4, bytes: [])
      $0.append(1, "vol")
      $0.append(4, bytes: [])
    }
    #expect(
      Messages.stage.failure(bytes)
        == "NodeStageVolumeRequest.volume_capability: comes more than once")
  }

  @Test("of a plain field that comes twice, and of a oneof's, the last counts")
  func lastOne() throws {
    let bytes = wire {
      $0.append(1, "first")
      $0.append(
        4,
        bytes: wire {
          $0.append(2, bytes: wire { $0.append(1, "ext4") })
          $0.append(1, bytes: [])
        })
      $0.append(1, "last")
    }
    let (id, access) = try unsafe unpack(stageRequest, bytes) { wire in
      unsafe (
        readString(wire.volume_id), wire.volume_capability?.pointee.access_type_case
      )
    }
    #expect(id == "last")
    #expect(access == CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_BLOCK)
  }

  @Test("of map entries with one key the last counts")
  func mapKeys() throws {
    let bytes = wire {
      $0.append(6, bytes: entry([0x6b], [0x31]))
      $0.append(6, bytes: entry([0x6b], [0x32]))
      $0.append(6, bytes: [])
    }
    let map = try unsafe unpack(stageRequest, bytes) { wire in
      unsafe readMap(wire.volume_context, wire.n_volume_context)
    }
    #expect(map == ["k": "2", "": ""])
  }

  @Test("unknown fields of every wire type are skipped, whatever is in them")
  func unknown() throws {
    let bytes =
      wire {
        $0.append(100, varint: .max)
        $0.append(1, "vol")
        $0.append(101, bytes: [0, 0xff, 0x0b])
        $0.append(101, bytes: [0, 0xff, 0x0b])
        $0.append(4, bytes: wire { $0.append(536_870_911, bytes: [1]) })
      } + [0xb5, 0x06, 1, 2, 3, 4, 0xb9, 0x06, 1, 2, 3, 4, 5, 6, 7, 8]
    #expect(try unsafe unpack(stageRequest, bytes) { unsafe readString($0.volume_id) } == "vol")
    #expect(
      try Messages.stage.descriptor.json(bytes) == ["volumeId": "vol", "volumeCapability": [:]])
  }

  static let wrongTypes: [[UInt8]] = [
    wire { $0.append(1, varint: 1) }, wire { $0.append(4, varint: 1) },
    wire { $0.append(5, varint: 1) }, [0x0d, 1, 2, 3, 4], [0x21, 1, 2, 3, 4, 5, 6, 7, 8],
  ]

  @Test("a field with another type's wire type is refused", arguments: wrongTypes)
  func wrongType(bytes: [UInt8]) {
    #expect(Messages.stage.failure(bytes)?.contains("malformed") == true)
    #expect(throws: WireError.self) { try Messages.stage.descriptor.json(bytes) }
  }

  @Test("a bool that is not a number is refused, though protobuf-c would read it")
  func bools() {
    let malformed = "NodePublishVolumeRequest.readonly: malformed: not of the field's type"
    for bytes in [[0x32, 0], [0x32, 1, 1], [0x35, 1, 0, 0, 0]] as [[UInt8]] {
      #expect(Messages.publish.failure(bytes) == malformed)
    }
    #expect(Messages.publish.failure([0x30, 1]) == nil)
  }

  @Test("a group is refused, unknown or not, and in a nested message too")
  func groups() {
    #expect(Messages.stage.failure([0x0b, 0x0c])?.contains("wire type") == true)
    #expect(Messages.stage.failure([0xa3, 0x06, 0xa4, 0x06])?.contains("wire type") == true)
    let nested = wire { $0.append(4, bytes: [0x0b, 0x0c]) }
    #expect(
      Messages.stage.failure(nested)
        == "VolumeCapability: malformed: field 1 has a wire type that proto3 lacks")
  }

  @Test("numbers longer than protobuf-c takes are refused, not misread")
  func overlong() {
    // A tag of 6 bytes and a length of 6: legal for other readers.
    #expect(Messages.stage.failure([0x8a, 0x80, 0x80, 0x80, 0x80, 0x00, 1, 0x61]) != nil)
    #expect(Messages.stage.failure([0x0a, 0x81, 0x80, 0x80, 0x80, 0x80, 0x00, 0x61]) != nil)
  }

  @Test("every prefix of a message is a message or refused")
  func truncated() {
    let bytes = wire {
      $0.append(1, "volume")
      $0.append(2, bytes: entry([0x6b], [0x76]))
      $0.append(4, bytes: wire { $0.append(2, bytes: wire { $0.append(1, "ext4") }) })
      $0.append(6, bytes: entry([0x6b], [0x76]))
    }
    let whole = (0...bytes.count).filter { Messages.stage.failure(Array(bytes.prefix($0))) == nil }
    // Only where a field has just ended.
    #expect(whole == [0, 8, 16, 26, 34])
  }

  @Test("a message that takes more than its limit unpacked is refused")
  func limit() {
    let bytes = wire { for _ in 0..<10_000 { $0.append(6, bytes: []) } }
    #expect(Messages.stage.failure(bytes) == nil)
    #expect(
      Messages.stage.failure(bytes, arenaLimit: 100_000)
        == "NodeStageVolumeRequest: malformed, or larger than 100000 bytes unpacked")
  }

  @Test("an error names the field and never its value")
  func silence() {
    for (_, bytes) in Self.places(Array("hunter2\0".utf8)) {
      #expect(Messages.stage.failure(bytes)?.contains("hunter2") == false)
    }
  }
}
