internal import BlockDevice
internal import CSI
internal import Mount

/// How a volume is to be used: the request's volume capability, checked.
struct VolumeAccess: Hashable, Sendable {
  /// A raw block device, or a file system of one of the types we make.
  enum Kind: Hashable, Sendable {
    /// `volumeMode: Block`
    case block
    /// `volumeMode: Filesystem`
    case fileSystem(FileSystemType, flags: [String])
  }

  /// Block or file system.
  let kind: Kind
  /// csi.v1.VolumeCapability.AccessMode
  let mode: VolumeCapability.AccessMode

  /// For state records: no check but the types'.
  init(kind: Kind, mode: VolumeCapability.AccessMode) {
    self.kind = kind
    self.mode = mode
  }

  /// Checks a request's capability.
  ///
  /// Refused with `invalidArgument`: none, no access type, unknown mode, a file system type or mount
  /// flag we do not know. Refused with `failedPrecondition`: a file system on more than one node, and
  /// a read-only raw block device.
  init(_ capability: VolumeCapability?) throws(DriverError) {
    guard let capability else {
      throw DriverError(.invalidArgument, "volume_capability is missing")
    }
    guard let type = capability.accessType else {
      throw DriverError(
        .invalidArgument, "volume_capability.access_type is missing: set block or mount")
    }
    guard capability.accessMode != .unknown else {
      throw DriverError(.invalidArgument, "volume_capability.access_mode is missing or unknown")
    }
    mode = capability.accessMode
    switch type {
    case .block:
      kind = .block
      guard !mode.isReadOnly else {
        throw DriverError(.failedPrecondition, VolumeAccess.readOnlyBlockRefusal)
      }
    case .mount(let mount):
      guard !mode.spansNodes else {
        throw DriverError(
          .failedPrecondition,
          """
          access mode \(mode.specName) with a file system is refused: \(FileSystemType.list) on two \
          nodes at once destroy themselves. Use accessModes [ReadWriteOnce] or [ReadWriteOncePod], \
          or volumeMode: Block for ReadWriteMany (KubeVirt live migration)
          """)
      }
      guard mount.volumeMountGroup.isEmpty else {
        throw DriverError(
          .invalidArgument,
          "volume_mount_group is not supported: ext4 and xfs have no such mount option")
      }
      try SizeLimits.check(mount)
      let name = mount.fileSystemType.isEmpty ? "ext4" : mount.fileSystemType
      guard let type = FileSystemType(rawValue: name) else {
        throw DriverError(
          .invalidArgument, "fs_type '\(name)' is not supported; use one of \(FileSystemType.list)")
      }
      do {
        _ = try MountOptions(mount.mountFlags)
      } catch {
        throw DriverError(.invalidArgument, "mount_flags: \(error.reason)", cause: error)
      }
      kind = .fileSystem(type, flags: mount.mountFlags)
    }
  }

  /// The same for RPCs in whose tables a capability that no volume has is `invalidArgument`.
  init(supported capability: VolumeCapability) throws(DriverError) {
    do throws(DriverError) { try self.init(capability) } catch {
      throw DriverError(.invalidArgument, error.message, cause: error)
    }
  }

  /// Why a read-only raw block volume is not served.
  static let readOnlyBlockRefusal = """
    a read-only raw block volume is refused: the mode of a device node does not bind a privileged \
    process, and marking the whole device read-only would bind every other user of it on this node. \
    Publish it read-write, or use volumeMode: Filesystem with readOnly
    """
}

extension FileSystemType {
  static var list: String { allCases.map(\.rawValue).joined(separator: ", ") }
}

extension VolumeCapability.AccessMode {
  /// The mode lets more than one node hold the volume.
  var spansNodes: Bool {
    switch self {
    case .multiNodeReaderOnly, .multiNodeSingleWriter, .multiNodeMultiWriter: true
    default: false
    }
  }

  /// The mode lets nobody write.
  var isReadOnly: Bool { self == .singleNodeReaderOnly || self == .multiNodeReaderOnly }

  /// As csi.proto spells it.
  var specName: String {
    switch self {
    case .unknown: "UNKNOWN"
    case .singleNodeWriter: "SINGLE_NODE_WRITER"
    case .singleNodeReaderOnly: "SINGLE_NODE_READER_ONLY"
    case .multiNodeReaderOnly: "MULTI_NODE_READER_ONLY"
    case .multiNodeSingleWriter: "MULTI_NODE_SINGLE_WRITER"
    case .multiNodeMultiWriter: "MULTI_NODE_MULTI_WRITER"
    case .singleNodeSingleWriter: "SINGLE_NODE_SINGLE_WRITER"
    case .singleNodeMultiWriter: "SINGLE_NODE_MULTI_WRITER"
    }
  }
}
