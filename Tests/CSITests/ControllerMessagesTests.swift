import GRPC
import ProtobufC
import Testing

@testable import CSI

@Suite("A message of Controller")
struct ControllerMessagesTests {
  @Test("has nil for absent messages and wrapped numbers, which are not zero")
  func absent() throws {
    let create = try unsafe decode(CreateVolumeRequest.self, []).get()
    #expect(create.capacityRange == nil)
    #expect(create.volumeCapabilities == [])
    #expect(create.volumeContentSource == nil)
    #expect(create.accessibilityRequirements == nil)
    #expect(try unsafe decode(CreateVolumeResponse.self, []).get().volume == nil)
    #expect(try unsafe decode(ValidateVolumeCapabilitiesResponse.self, []).get().confirmed == nil)
    #expect(try unsafe decode(CreateSnapshotResponse.self, []).get().snapshot == nil)
    let capacity = try unsafe decode(GetCapacityResponse.self, []).get()
    #expect(
      capacity
        == GetCapacityResponse(
          availableCapacity: 0, maximumVolumeSize: nil, minimumVolumeSize: nil))
    // maximum_volume_size {}
    #expect(
      try unsafe decode(GetCapacityResponse.self, [0x12, 0]).get().maximumVolumeSize == 0)
    let got = try unsafe decode(ControllerGetVolumeResponse.self, [0x12, 0]).get()
    #expect(got.volume == nil)
    #expect(got.status == VolumeStatus(publishedNodeIDs: [], volumeCondition: nil))
  }

  static let sources: [VolumeContentSource] = [
    .snapshot(id: "ns-1"), .volume(id: "nv-1"), .snapshot(id: ""), .volume(id: ""), .unknown,
  ]

  @Test("brings back every content source", arguments: sources)
  func contentSource(source: VolumeContentSource) throws {
    var request = CreateVolumeRequest()
    request.volumeContentSource = source
    let bytes = unsafe request.encoded().bytes
    #expect(try unsafe decode(CreateVolumeRequest.self, bytes).get().volumeContentSource == source)
  }

  @Test("with a content source of a kind that came later is not one for an empty volume")
  func unknownSource() throws {
    // volume_content_source { 15: "" }
    let request = try unsafe decode(CreateVolumeRequest.self, [0x32, 2, 0x7a, 0]).get()
    #expect(request.volumeContentSource == .unknown)
  }

  @Test("leaves out capabilities that came later, and entries without a snapshot")
  func unknownValues() throws {
    let capability: [UInt8] = [0x0a, 4, 0x0a, 2, 0x08, 99]
    #expect(
      try unsafe decode(ControllerGetCapabilitiesResponse.self, capability).get().capabilities
        == [])
    #expect(
      try unsafe decode(ControllerGetCapabilitiesResponse.self, [0x0a, 0]).get().capabilities
        == [])
    #expect(
      try unsafe decode(ListSnapshotsResponse.self, [0x0a, 0]).get()
        == ListSnapshotsResponse(entries: [], nextToken: ""))
  }

  @Test("has sizes and counts that are negative as they are, for the service to refuse")
  func negative() throws {
    var create = CreateVolumeRequest()
    create.capacityRange = CapacityRange(requiredBytes: -1, limitBytes: .min)
    let bytes = unsafe create.encoded().bytes
    #expect(
      try unsafe decode(CreateVolumeRequest.self, bytes).get().capacityRange
        == CapacityRange(requiredBytes: -1, limitBytes: .min))
    // max_entries: -1
    let list: [UInt8] = [0x08] + Array(repeating: 0xff, count: 9) + [0x01]
    #expect(try unsafe decode(ListVolumesRequest.self, list).get().maxEntries == -1)
  }

  static let instants: [(Int64, Timestamp)] = [
    (0, Timestamp(seconds: 0, nanoseconds: 0)), (1, Timestamp(seconds: 0, nanoseconds: 1)),
    (1_795_258_523_999_999_999, Timestamp(seconds: 1_795_258_523, nanoseconds: 999_999_999)),
    (-1, Timestamp(seconds: -1, nanoseconds: 999_999_999)),
    (-1_000_000_000, Timestamp(seconds: -1, nanoseconds: 0)),
    (.max, Timestamp(seconds: 9_223_372_036, nanoseconds: 854_775_807)),
    (.min, Timestamp(seconds: -9_223_372_037, nanoseconds: 145_224_192)),
  ]

  @Test("counts an instant's nanoseconds forward, also before 1970", arguments: instants)
  func timestamps(count: Int64, timestamp: Timestamp) {
    #expect(Timestamp(nanosecondsSince1970: count) == timestamp)
  }
}
