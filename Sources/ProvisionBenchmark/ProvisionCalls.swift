import CSI
import Lab

/// The calls that are timed, as the sidecars make them.
struct ProvisionCalls: Sendable {
  let client: ControllerClient
  /// Of a volume, in bytes.
  let size: Int64

  private static let node = "bench-node"
  private static let capability = VolumeCapability(
    accessType: .block, accessMode: .singleNodeWriter)

  /// CreateVolume of raw block.
  func create(_ name: String) async throws -> Volume {
    var request = CreateVolumeRequest()
    request.name = name
    request.capacityRange = CapacityRange(requiredBytes: size, limitBytes: 0)
    request.volumeCapabilities = [Self.capability]
    let answer = try await client.createVolume(request, deadline: .now + .seconds(60))
    guard let volume = answer.volume else { throw LabError("CreateVolume answers no volume") }
    return volume
  }

  /// ControllerPublishVolume.
  func publish(_ volume: Volume) async throws {
    var request = ControllerPublishVolumeRequest()
    request.volumeID = volume.volumeID
    request.nodeID = Self.node
    request.volumeCapability = Self.capability
    request.volumeContext = volume.volumeContext
    _ = try await client.publishVolume(request, deadline: .now + .seconds(60))
  }

  /// ControllerUnpublishVolume.
  func unpublish(_ volume: Volume) async throws {
    var request = ControllerUnpublishVolumeRequest()
    request.volumeID = volume.volumeID
    request.nodeID = Self.node
    _ = try await client.unpublishVolume(request, deadline: .now + .seconds(60))
  }

  /// DeleteVolume.
  func delete(_ volume: Volume) async throws {
    var request = DeleteVolumeRequest()
    request.volumeID = volume.volumeID
    _ = try await client.deleteVolume(request, deadline: .now + .seconds(60))
  }

  /// ListVolumes, 100 a page as external-attacher and its siblings ask for them; how many there are.
  func list() async throws -> Int {
    var request = ListVolumesRequest()
    request.maxEntries = 100
    var count = 0
    repeat {
      let answer = try await client.listVolumes(request, deadline: .now + .seconds(60))
      count += answer.entries.count
      request.startingToken = answer.nextToken
    } while !request.startingToken.isEmpty
    return count
  }
}
