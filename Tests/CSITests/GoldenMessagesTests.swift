import GRPC
import JSON
import ProtobufC
import Testing

@testable import CSI

@Suite("Every message of Identity, Controller and Node")
struct GoldenMessagesTests {
  @Test("encodes to the bytes that protoc makes of the same text", arguments: GoldenMessages.all)
  func encodes(golden: Golden) throws {
    #expect(golden.bytes == (try golden.fixture))
  }

  @Test("comes back from protoc's bytes with every field", arguments: GoldenMessages.all)
  func decodes(golden: Golden) throws {
    let fixture = try golden.fixture
    #expect(golden.transcode(fixture) == .success(fixture))
  }

  @Test("sets every field that csi.proto gives it, or the test would prove nothing")
  func complete() throws {
    for golden in GoldenMessages.all {
      let json = try golden.descriptor.json(golden.bytes)
      #expect(
        json.objectValue?.members.map(\.name) == golden.descriptor.fields.map(\.jsonName),
        "\(golden)")
    }
  }

  @Test("belongs to a method that csi.proto has, and all of them are there")
  func complements() {
    let names = Set(
      services.filter { GoldenMessages.services.contains($0.name) }
        .flatMap { $0.methods.flatMap { [$0.request.name, $0.response.name] } })
    #expect(Set(GoldenMessages.all.map(\.name)) == names)
  }

  @Test("the JSON mapping and protoc agree on the bytes", arguments: GoldenMessages.all)
  func json(golden: Golden) throws {
    let fixture = try golden.fixture
    #expect(try golden.descriptor.bytes(golden.descriptor.json(fixture)) == fixture)
  }

  @Test("a request has the fields that were sent")
  func fields() throws {
    let request = try unsafe decode(
      NodeStageVolumeRequest.self, Golden(GoldenMessages.stage).fixture
    ).get()
    let expected = GoldenMessages.stage
    #expect(request.volumeID == expected.volumeID)
    #expect(request.publishContext == expected.publishContext)
    #expect(request.stagingTargetPath == expected.stagingTargetPath)
    #expect(request.volumeCapability == expected.volumeCapability)
    #expect(request.secrets.keys == ["dhchapKey", "user"])
    #expect(request.secrets["dhchapKey"] == GoldenMessages.secret)
    #expect(request.secrets["user"] == "pässword-ü")
    #expect(request.secrets["dhchapkey"] == nil)
    #expect(request.volumeContext == expected.volumeContext)
  }

  @Test("absent messages are nil and not defaults")
  func absent() throws {
    #expect(try unsafe decode(ProbeResponse.self, []).get() == ProbeResponse(ready: nil))
    #expect(try unsafe decode(ProbeResponse.self, [0x0a, 0]).get() == ProbeResponse(ready: false))
    #expect(try unsafe decode(NodeStageVolumeRequest.self, []).get().volumeCapability == nil)
    #expect(try unsafe decode(NodeExpandVolumeRequest.self, []).get().capacityRange == nil)
    #expect(try unsafe decode(NodeGetInfoResponse.self, []).get().accessibleTopology == nil)
    #expect(try unsafe decode(NodeGetVolumeStatsResponse.self, []).get().volumeCondition == nil)
    let empty = try unsafe decode(NodeStageVolumeRequest.self, [0x22, 0]).get()
    #expect(
      empty.volumeCapability == VolumeCapability(accessType: nil, accessMode: .unknown))
  }

  @Test("a map's empty value is the same whether it was written or left out")
  func emptyMapValues() throws {
    let written: [UInt8] = [0x12, 5, 0x0a, 1, 0x6b, 0x12, 0]
    let leftOut: [UInt8] = [0x12, 3, 0x0a, 1, 0x6b]
    for bytes in [written, leftOut] {
      let request = try unsafe decode(NodeStageVolumeRequest.self, bytes).get()
      #expect(request.publishContext == ["k": ""])
    }
  }

  @Test("every access mode comes back", arguments: VolumeCapability.AccessMode.allCases)
  func modes(mode: VolumeCapability.AccessMode) throws {
    let capability = VolumeCapability(accessType: nil, accessMode: mode)
    let bytes = unsafe capability.encoded().bytes
    #expect(try unsafe decode(VolumeCapability.self, bytes).get() == capability)
  }

  @Test("enum values that this driver does not know are unknown or left out, never another value")
  func unknownValues() throws {
    // access_mode.mode = 1000; then -1.
    for mode in [[0xe8, 0x07], Array(repeating: 0xff, count: 9) + [0x01]] as [[UInt8]] {
      let inner = [0x08] + mode
      let bytes = [0x1a, UInt8(inner.count)] + inner
      #expect(try unsafe decode(VolumeCapability.self, bytes).get().accessMode == .unknown)
    }
    let capability: [UInt8] = [0x0a, 4, 0x0a, 2, 0x08, 99]
    #expect(
      try unsafe decode(NodeGetCapabilitiesResponse.self, capability).get().capabilities == [])
    #expect(
      try unsafe decode(GetPluginCapabilitiesResponse.self, capability).get().capabilities == [])
    #expect(
      try unsafe decode(GetPluginCapabilitiesResponse.self, [0x0a, 0]).get().capabilities == [])
  }
}
