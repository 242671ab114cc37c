public import CSI
import GRPC
import Linux

/// The storage side of the cluster: the controller in a process of its own, with a pool, on the machine
/// whose kernel exports its volumes.
public final class LabController: Sendable {
  /// The controller.
  public let process: DriverProcess
  /// The target it works with, for faults that it knows nothing of.
  public let target: NVMeTarget
  /// What the volumes' bytes are in.
  public let pool: LabPool
  /// Where volumes are served.
  public let portals: [TargetVolume.Portal]
  /// Where its records are.
  public let state: String

  /// A controller that keeps its socket, state and log in `/run/lab/<name>`, and its volumes there too,
  /// as files in memory, or in a pool that is there already.
  public init(
    _ name: String = "lab-controller", binary: String = ".build/debug/nvmeof-csi",
    portals: [TargetVolume.Portal] = [TargetVolume.Portal(1)], pool: LabPool? = nil
  ) throws {
    let directory = "/run/lab/\(name)"
    self.portals = portals
    if let pool {
      self.pool = pool
    } else {
      self.pool = LabPool(.memory, name: name)
      try self.pool.make()
    }
    target = try NVMeTarget()
    state = directory + "/state"
    process = try DriverProcess(
      binary: binary, directory: directory,
      arguments: [
        "controller", "--state-dir", state, "--cluster-id", "lab", "--portals",
        portals.map(\.description).joined(separator: ","), "--metrics-address", "off",
      ] + self.pool.arguments)
  }

  /// Starts the controller and waits until it is ready: it answers before its exports are back, and says
  /// of everything that it is not ready.
  public func start(environment: [String: String] = [:]) async throws {
    try process.start(environment: environment)
    try await process.answers()
    let end = ContinuousClock.now + .seconds(60)
    while process.isRunning {
      do {
        _ = try await process.withClient { client in
          try await ControllerClient(client).listVolumes(
            ListVolumesRequest(), deadline: .now + .seconds(10))
        }
        return
      } catch let error as RPCError
        where error.code == .unavailable && ContinuousClock.now < end
      {
        try await Task.sleep(for: .milliseconds(50))
      }
    }
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

  /// `nvmeof-csi status`: what people see of it, whether it runs or not.
  public func status() throws -> String {
    try Program.run(process.binary, "status", "--state-dir", state).text
  }

  /// What a target without volumes must not have: subsystems, images, records.
  public func leftovers() throws -> [String] {
    try target.subsystems().map { "subsystem \($0)" } + pool.contents().map { "\($0) in the pool" }
      + records().map { "record \($0)" }
  }

  /// The keys of its records.
  public func records() throws -> [String] {
    try Files.names(inDirectory: state).filter { !$0.hasPrefix(".") }
      .map { $0.replacing("%2F", with: "/") }.sorted()
  }
}
