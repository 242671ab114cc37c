import CCSI
import Testing

@testable import ProtobufC

@Suite("A message type")
struct MessageTypeTests {
  @Test("packs straight into the buffer that it asks for, and what is packed unpacks the same")
  func packs() throws {
    let bytes: [UInt8] = unsafe stageRequest.pack({ wire, arena in
      unsafe wire.volume_id = arena.string("vol")
      unsafe (wire.n_volume_context, wire.volume_context) = arena.map(
        ["b": "2", "a": "1"], csi__v1__node_stage_volume_request__volume_context_entry__init)
    }) { size, pack in
      unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
        unsafe pack(UnsafeMutableRawBufferPointer(buffer))
        count = size
      }
    }
    #expect(
      bytes
        == wire {
          $0.append(1, "vol")
          $0.append(6, bytes: entry([0x61], [0x31]))
          $0.append(6, bytes: entry([0x62], [0x32]))
        })
    let (id, context) = try unsafe unpack(stageRequest, bytes) { wire in
      unsafe (readString(wire.volume_id), readMap(wire.volume_context, wire.n_volume_context))
    }
    #expect(id == "vol")
    #expect(context == ["a": "1", "b": "2"])
  }

  @Test("an empty message has no bytes")
  func empty() throws {
    let size = unsafe stageRequest.pack({ _, _ in }) { size, pack in
      unsafe pack(UnsafeMutableRawBufferPointer(start: nil, count: 0))
      return size
    }
    #expect(size == 0)
    #expect(try unsafe unpack(stageRequest, []) { unsafe readString($0.volume_id) } == "")
  }

  @Test("describes its fields as csi.proto has them")
  func describes() throws {
    let descriptor = Messages.publish.descriptor
    #expect(descriptor.fullName == "csi.v1.NodePublishVolumeRequest")
    #expect(descriptor.name == "NodePublishVolumeRequest")
    #expect(
      descriptor.fields.map { "\($0.number) \($0.name) \($0.jsonName)" } == [
        "1 volume_id volumeId", "2 publish_context publishContext",
        "3 staging_target_path stagingTargetPath", "4 target_path targetPath",
        "5 volume_capability volumeCapability", "6 readonly readonly", "7 secrets secrets",
        "8 volume_context volumeContext",
      ])
    #expect(descriptor.fields.filter { $0.mapEntry != nil }.map(\.number) == [2, 7, 8])
    #expect(descriptor.field(9) == nil)
  }
}
