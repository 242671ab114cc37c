public import CSI
import GRPC
import Linux

/// The storage side of the cluster: the controller in a process of its own, with a pool of files, on the
/// machine whose kernel exports them.
public final class LabController: Sendable {
  /// The controller.
  public let process: DriverProcess
  /// The target it works with, for faults that it knows nothing of.
  public let target: NVMeTarget
  /// Where the volumes' files are.
  public let pool: String
  /// Where volumes are served.
  public let portals: [TargetVolume.Portal]

  /// A controller that keeps its socket, state, log and volumes in `/run/lab/<name>`.
  public init(
    _ name: String = "lab-controller", binary: String = ".build/debug/nvmeof-csi",
    portals: [TargetVolume.Portal] = [TargetVolume.Portal(1)]
  ) throws {
    let directory = "/run/lab/\(name)"
    self.portals = portals
    pool = directory + "/pool"
    target = try NVMeTarget()
    try Files.makeDirectories(pool, mode: 0o700)
    process = try DriverProcess(
      binary: binary, directory: directory,
      arguments: [
        "controller", "--state-dir", directory + "/state", "--cluster-id", "lab", "--pool-dir",
        pool, "--portals",
        portals.map(\.description).joined(separator: ","), "--metrics-address", "off",
      ])
  }

  /// Starts the controller and waits until it is ready.
  public func start() async throws {
    try process.start()
    try await process.answers()
  }

  /// CreateVolume.
  public func create(
    _ name: String, size: Int64, _ capability: VolumeCapability,
    from source: VolumeContentSource? = nil, timeout: Duration = .seconds(60)
  ) async throws -> TargetVolume {
    var request = CreateVolumeRequest()
    request.name = name
    request.capacityRange = CapacityRange(requiredBytes: size, limitBytes: 0)
    request.volumeCapabilities = [capability]
    request.volumeContentSource = source
    let ready = request
    let answer = try await process.withClient { client in
      try await ControllerClient(client).createVolume(ready, deadline: .now + timeout)
    }
    guard let volume = answer.volume else { throw LabError("CreateVolume answers no volume") }
    return try TargetVolume(target, name: volume.volumeID, madeAs: volume.volumeContext)
  }

  /// ControllerPublishVolume.
  public func publish(
    _ volume: TargetVolume, to node: String, _ capability: VolumeCapability,
    timeout: Duration = .seconds(60)
  ) async throws {
    var request = ControllerPublishVolumeRequest()
    request.volumeID = volume.name
    request.nodeID = node
    request.volumeCapability = capability
    request.volumeContext = volume.context
    let ready = request
    _ = try await process.withClient { client in
      try await ControllerClient(client).publishVolume(ready, deadline: .now + timeout)
    }
  }

  /// ControllerUnpublishVolume.
  public func unpublish(
    _ volume: TargetVolume, from node: String, timeout: Duration = .seconds(60)
  ) async throws {
    var request = ControllerUnpublishVolumeRequest()
    request.volumeID = volume.name
    request.nodeID = node
    let ready = request
    _ = try await process.withClient { client in
      try await ControllerClient(client).unpublishVolume(ready, deadline: .now + timeout)
    }
  }

  /// ControllerExpandVolume; returns the new size in bytes.
  public func expand(
    _ volume: TargetVolume, to size: Int64, timeout: Duration = .seconds(60)
  ) async throws -> Int64 {
    var request = ControllerExpandVolumeRequest()
    request.volumeID = volume.name
    request.capacityRange = CapacityRange(requiredBytes: size, limitBytes: 0)
    let ready = request
    return try await process.withClient { client in
      try await ControllerClient(client).expandVolume(ready, deadline: .now + timeout)
        .capacityBytes
    }
  }

  /// DeleteVolume.
  public func delete(_ volume: TargetVolume, timeout: Duration = .seconds(60)) async throws {
    var request = DeleteVolumeRequest()
    request.volumeID = volume.name
    let ready = request
    _ = try await process.withClient { client in
      try await ControllerClient(client).deleteVolume(ready, deadline: .now + timeout)
    }
  }

  /// What a target without volumes must not have: subsystems, images.
  public func leftovers() throws -> [String] {
    try target.subsystems().map { "subsystem \($0)" }
      + ["volumes", "snapshots"].flatMap { directory in
        try Files.names(inDirectory: "\(pool)/\(directory)").map { "file \(directory)/\($0)" }
      }
  }
}
