public import CSI
public import GRPC
import Linux
public import NVMe

/// A node of the cluster as its kubelet sees it: the plugin in a process of its own, and the RPCs with
/// the paths that a kubelet would give.
public final class LabNode: Sendable {
  /// The plugin.
  public let driver: DriverProcess
  /// Who the plugin's connections are made as.
  public let host: HostIdentity
  /// The kubelet's directory.
  public let kubelet = "/run/lab/kubelet"

  /// How a volume is used.
  public enum Use: Hashable, Sendable {
    case fileSystem(String, flags: [String] = [])
    case block

    /// An ext4 without mount flags.
    public static let ext4 = Use.fileSystem("ext4")
    /// An xfs without mount flags.
    public static let xfs = Use.fileSystem("xfs")
  }

  /// A node whose plugin keeps its socket, state and log in `/run/lab/<name>`, and serves the controller
  /// too if it has arguments for it.
  public init(
    _ name: String = "lab-node", binary: String = ".build/debug/nvmeof-csi",
    controller: [String]? = nil
  ) throws {
    driver = try DriverProcess(
      binary: binary, directory: "/run/lab/\(name)", nodeID: name, controller: controller)
    host = HostIdentity(nodeID: name)
  }

  /// Starts the plugin, with further arguments, and waits until it answers.
  public func start(
    environment: [String: String] = [:], arguments: [String] = []
  ) async throws {
    try driver.start(environment: environment, arguments: arguments)
    try await driver.answers()
  }

  /// A client of the plugin's socket.
  public func withClient<R: Sendable>(
    _ body: (Client) async throws -> R
  ) async throws -> R {
    try await driver.withClient(body)
  }

  // MARK: The kubelet's paths

  /// Where the kubelet has the volume staged.
  public func stagingPath(_ volume: TargetVolume, _ use: Use) -> String {
    switch use {
    case .block: "\(kubelet)/plugins/kubernetes.io/csi/volumeDevices/staging/\(volume.name)"
    case .fileSystem:
      "\(kubelet)/plugins/kubernetes.io/csi/nvmeof.csi.dev/\(volume.name)/globalmount"
    }
  }

  /// Where the kubelet has the volume published for a pod.
  public func targetPath(_ volume: TargetVolume, _ use: Use, pod: String = "pod-1") -> String {
    switch use {
    case .block: "\(kubelet)/plugins/kubernetes.io/csi/volumeDevices/publish/\(volume.name)/\(pod)"
    case .fileSystem: "\(kubelet)/pods/\(pod)/volumes/kubernetes.io~csi/\(volume.name)/mount"
    }
  }

  /// The request's volume capability.
  public func capability(
    _ use: Use, _ mode: VolumeCapability.AccessMode = .singleNodeWriter
  ) -> VolumeCapability {
    switch use {
    case .block: return VolumeCapability(accessType: .block, accessMode: mode)
    case .fileSystem(let type, let flags):
      var mount = VolumeCapability.MountVolume()
      mount.fileSystemType = type
      mount.mountFlags = flags
      return VolumeCapability(accessType: .mount(mount), accessMode: mode)
    }
  }

  // MARK: RPCs

  /// NodeStageVolume; `context` is merged over the volume's own.
  public func stage(
    _ volume: TargetVolume, _ use: Use, mode: VolumeCapability.AccessMode = .singleNodeWriter,
    context: [String: String] = [:], timeout: Duration = .seconds(90)
  ) async throws {
    var request = NodeStageVolumeRequest()
    request.volumeID = volume.name
    request.stagingTargetPath = stagingPath(volume, use)
    request.volumeCapability = capability(use, mode)
    request.volumeContext = volume.context.merging(context) { $1 }
    let ready = request
    _ = try await withClient { client in
      try await NodeClient(client).stageVolume(ready, deadline: .now + timeout)
    }
  }

  /// NodePublishVolume; returns the target path.
  @discardableResult
  public func publish(
    _ volume: TargetVolume, _ use: Use, pod: String = "pod-1", readonly: Bool = false,
    mode: VolumeCapability.AccessMode = .singleNodeWriter, timeout: Duration = .seconds(60)
  ) async throws -> String {
    var request = NodePublishVolumeRequest()
    request.volumeID = volume.name
    request.stagingTargetPath = stagingPath(volume, use)
    request.targetPath = targetPath(volume, use, pod: pod)
    request.volumeCapability = capability(use, mode)
    request.readonly = readonly
    request.volumeContext = volume.context
    let ready = request
    _ = try await withClient { client in
      try await NodeClient(client).publishVolume(ready, deadline: .now + timeout)
    }
    return ready.targetPath
  }

  /// NodeUnpublishVolume.
  public func unpublish(
    _ volume: TargetVolume, _ use: Use, pod: String = "pod-1", timeout: Duration = .seconds(60)
  ) async throws {
    var request = NodeUnpublishVolumeRequest()
    request.volumeID = volume.name
    request.targetPath = targetPath(volume, use, pod: pod)
    let ready = request
    _ = try await withClient { client in
      try await NodeClient(client).unpublishVolume(ready, deadline: .now + timeout)
    }
  }

  /// NodeUnstageVolume.
  public func unstage(
    _ volume: TargetVolume, _ use: Use, timeout: Duration = .seconds(60)
  ) async throws {
    var request = NodeUnstageVolumeRequest()
    request.volumeID = volume.name
    request.stagingTargetPath = stagingPath(volume, use)
    let ready = request
    _ = try await withClient { client in
      try await NodeClient(client).unstageVolume(ready, deadline: .now + timeout)
    }
  }

  /// NodeGetVolumeStats.
  public func stats(
    _ volume: TargetVolume, at path: String, timeout: Duration = .seconds(30)
  ) async throws -> NodeGetVolumeStatsResponse {
    var request = NodeGetVolumeStatsRequest()
    request.volumeID = volume.name
    request.volumePath = path
    let ready = request
    return try await withClient { client in
      try await NodeClient(client).getVolumeStats(ready, deadline: .now + timeout)
    }
  }

  /// NodeExpandVolume; returns the new size in bytes.
  public func expand(
    _ volume: TargetVolume, at path: String, to bytes: Int64, timeout: Duration = .seconds(90)
  ) async throws -> Int64 {
    var request = NodeExpandVolumeRequest()
    request.volumeID = volume.name
    request.volumePath = path
    request.capacityRange = CapacityRange(requiredBytes: bytes, limitBytes: 0)
    let ready = request
    return try await withClient { client in
      try await NodeClient(client).expandVolume(ready, deadline: .now + timeout).capacityBytes
    }
  }
}
