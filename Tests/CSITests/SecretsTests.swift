import GRPC
import ProtobufC
import Testing

@testable import CSI

@Suite("Secrets")
struct SecretsTests {
  /// Everything that Swift can print of a value without being asked for its secrets.
  private static func prints(_ value: Any) -> [String] {
    var dumped = ""
    dump(value, to: &dumped)
    return [
      "\(value)", String(describing: value), String(reflecting: value), dumped,
      "\([value])", "\(["key": value])", "\(Optional(value) as Any)", reflected(value),
    ]
  }

  private static func reflected(_ value: Any) -> String {
    let mirror = Mirror(reflecting: value)
    return
      ([String(reflecting: value)]
      + mirror.children.map { "\($0.label ?? "")\(reflected($0.value))" })
      .joined(separator: "\n")
  }

  @Test("are in nothing that is printed of a request or of themselves")
  func silence() {
    let values: [Any] = [
      GoldenMessages.stage, GoldenMessages.publish, GoldenMessages.expand,
      GoldenMessages.stage.secrets, GoldenMessages.create, GoldenMessages.delete,
      GoldenMessages.controllerPublish, GoldenMessages.controllerUnpublish,
      GoldenMessages.validate, GoldenMessages.createSnapshot, GoldenMessages.deleteSnapshot,
      GoldenMessages.listSnapshots, GoldenMessages.getSnapshot, GoldenMessages.controllerExpand,
      GoldenMessages.modify,
    ]
    for value in values {
      for text in Self.prints(value) {
        #expect(!text.contains("hunter2"))
        #expect(!text.contains("pässword"))
      }
    }
    // The rest of a request is printed, or the test would prove nothing.
    #expect("\(GoldenMessages.stage)".contains("nqn.2024-01.io.example:db-0"))
    #expect("\(GoldenMessages.stage)".contains("<2 secrets>"))
    #expect("\(GoldenMessages.create)".contains("pvc-1b0c8d3e"))
    #expect("\(GoldenMessages.create)".contains("<1 secrets>"))
  }

  @Test("are readable by key")
  func readable() {
    let secrets = Secrets(["b": "2", "a": "1"])
    #expect(secrets.keys == ["a", "b"])
    #expect(secrets["a"] == "1")
    #expect(secrets["c"] == nil)
    #expect(Secrets().keys == [])
  }

  @Test("and all other values are in no decoding error")
  func errors() async throws {
    let bytes = try unsafe Golden(GoldenMessages.stage).fixture
    let values = [
      "hunter2", "pässword", "user", "dhchapKey", "db-0", "nqn", "noatime", "attachment", "xfs",
    ]
    var seen: Set<String> = []
    for index in bytes.indices {
      // Other tests want the pool's threads too.
      await Task.yield()
      for byte in [0, 0xff, 0x0b, 0xc3] as [UInt8] {
        var broken = bytes
        broken[index] = byte
        guard case .failure(let error) = unsafe decode(NodeStageVolumeRequest.self, broken) else {
          continue
        }
        seen.insert(error.description)
        // The names of fields are allowed, and have none of these in them.
        #expect(!values.contains { error.description.contains($0) }, "\(error)")
      }
    }
    #expect(seen.contains("NodeStageVolumeRequest.secrets: has a NUL in it"))
    #expect(seen.contains("NodeStageVolumeRequest.secrets: is not UTF-8"))
  }
}
