import CSI
import GRPC
import Testing

/// Clients of one instance of a subject, and the calls that most tests begin with.
struct Session: Sendable {
  let subject: Subject
  let identity: IdentityClient
  let controller: ControllerClient

  /// Within it every call is answered, or the test fails.
  static var deadline: ContinuousClock.Instant { .now + .seconds(60) }

  func create(_ request: CreateVolumeRequest) async throws -> Volume {
    try #require(try await controller.createVolume(request, deadline: Self.deadline).volume)
  }

  /// A volume of 16 MiB.
  func create(_ name: String) async throws -> Volume { try await create(.named(name)) }

  func delete(_ id: String) async throws {
    var request = DeleteVolumeRequest()
    request.volumeID = id
    _ = try await controller.deleteVolume(request, deadline: Self.deadline)
  }

  func publish(
    _ id: String, on node: String, _ capability: VolumeCapability? = .mounted,
    readonly: Bool = false
  ) async throws {
    var request = ControllerPublishVolumeRequest()
    request.volumeID = id
    request.nodeID = node
    request.volumeCapability = capability
    request.readonly = readonly
    _ = try await controller.publishVolume(request, deadline: Self.deadline)
  }

  func unpublish(_ id: String, from node: String) async throws {
    var request = ControllerUnpublishVolumeRequest()
    request.volumeID = id
    request.nodeID = node
    _ = try await controller.unpublishVolume(request, deadline: Self.deadline)
  }

  func snapshot(_ name: String, of volume: String) async throws -> Snapshot {
    var request = CreateSnapshotRequest()
    request.name = name
    request.sourceVolumeID = volume
    return try #require(
      try await controller.createSnapshot(request, deadline: Self.deadline).snapshot)
  }

  func deleteSnapshot(_ id: String) async throws {
    var request = DeleteSnapshotRequest()
    request.snapshotID = id
    _ = try await controller.deleteSnapshot(request, deadline: Self.deadline)
  }

  func expand(
    _ id: String, _ range: CapacityRange?, _ capability: VolumeCapability? = .mounted
  ) async throws -> ControllerExpandVolumeResponse {
    var request = ControllerExpandVolumeRequest()
    request.volumeID = id
    request.capacityRange = range
    request.volumeCapability = capability
    return try await controller.expandVolume(request, deadline: Self.deadline)
  }

  func get(_ id: String) async throws -> ControllerGetVolumeResponse {
    var request = ControllerGetVolumeRequest()
    request.volumeID = id
    return try await controller.getVolume(request, deadline: Self.deadline)
  }

  func list(_ count: Int32 = 0, from token: String = "") async throws -> ListVolumesResponse {
    var request = ListVolumesRequest()
    request.maxEntries = count
    request.startingToken = token
    return try await controller.listVolumes(request, deadline: Self.deadline)
  }

  func listSnapshots(
    _ count: Int32 = 0, from token: String = "", id: String = "", of volume: String = ""
  ) async throws -> ListSnapshotsResponse {
    var request = ListSnapshotsRequest()
    request.maxEntries = count
    request.startingToken = token
    request.snapshotID = id
    request.sourceVolumeID = volume
    return try await controller.listSnapshots(request, deadline: Self.deadline)
  }

  func volumeIDs() async throws -> [String] {
    try await list().entries.compactMap(\.volume?.volumeID)
  }
}

/// A call that has to fail with one of these codes and a text that has all of these words in it.
func expectRefusal<R>(
  _ codes: StatusCode..., saying words: [String] = [],
  sourceLocation: SourceLocation = #_sourceLocation, _ call: () async throws -> R
) async {
  do {
    let answer = try await call()
    Issue.record("it was answered: \(answer)", sourceLocation: sourceLocation)
  } catch let error as RPCError {
    #expect(codes.contains(error.code), "\(error)", sourceLocation: sourceLocation)
    for word in words {
      #expect(error.message.contains(word), "\(error)", sourceLocation: sourceLocation)
    }
    // It ends up in an event of the claim and in a line of the log: it says something, and no more than
    // somebody reads.
    #expect((11...4096).contains(error.message.utf8.count), sourceLocation: sourceLocation)
    #expect(
      !error.message.unicodeScalars.contains { $0.properties.generalCategory == .control },
      sourceLocation: sourceLocation)
  } catch {
    Issue.record(error, sourceLocation: sourceLocation)
  }
}
