internal import CCSI
internal import ProtobufC

/// csi.v1.VolumeCapability: how a volume is to be accessed.
public struct VolumeCapability: Hashable, Sendable {
  /// As a raw block device, or mounted.
  public enum AccessType: Hashable, Sendable {
    case block
    case mount(MountVolume)
  }

  /// How to mount it.
  public struct MountVolume: Hashable, Sendable {
    /// Empty: the driver chooses.
    public var fileSystemType = ""
    /// mount(8)'s options.
    public var mountFlags: [String] = []
    /// A group that the files are to belong to.
    public var volumeMountGroup = ""

    /// The driver's defaults.
    public init() {}
  }

  /// By how many nodes and pods at a time, with the numbers of csi.proto.
  public enum AccessMode: Int32, Hashable, Sendable, CaseIterable {
    case unknown = 0, singleNodeWriter, singleNodeReaderOnly, multiNodeReaderOnly
    case multiNodeSingleWriter, multiNodeMultiWriter, singleNodeSingleWriter, singleNodeMultiWriter
  }

  /// nil: the oneof was not set.
  public var accessType: AccessType?
  /// Not set and not known to this driver are both `unknown`.
  public var accessMode: AccessMode

  /// A capability.
  public init(accessType: AccessType?, accessMode: AccessMode) {
    self.accessType = accessType
    self.accessMode = accessMode
  }
}

extension VolumeCapability: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__volume_capability__init)

  init(_ wire: Csi__V1__VolumeCapability) {
    switch unsafe wire.access_type_case {
    case CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_BLOCK: accessType = .block
    case CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT:
      accessType = unsafe wire.mount.map { unsafe .mount(MountVolume($0.pointee)) }
    default: accessType = nil
    }
    let mode = unsafe wire.access_mode.map { unsafe $0.pointee.mode.rawValue }
    accessMode = mode.flatMap { AccessMode(rawValue: Int32(bitPattern: $0)) } ?? .unknown
  }

  func fill(_ wire: inout Csi__V1__VolumeCapability, in arena: Arena) {
    unsafe wire.access_mode = arena.message(csi__v1__volume_capability__access_mode__init) { mode in
      unsafe mode.mode = Csi__V1__VolumeCapability__AccessMode__Mode(
        UInt32(bitPattern: accessMode.rawValue))
    }
    switch accessType {
    case nil: break
    case .block:
      unsafe wire.access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_BLOCK
      unsafe wire.block = arena.message(csi__v1__volume_capability__block_volume__init)
    case .mount(let mount):
      unsafe wire.access_type_case = CSI__V1__VOLUME_CAPABILITY__ACCESS_TYPE_MOUNT
      unsafe wire.mount = mount.nested(in: arena)
    }
  }
}

extension VolumeCapability.MountVolume: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__volume_capability__mount_volume__init)

  init(_ wire: Csi__V1__VolumeCapability__MountVolume) {
    fileSystemType = unsafe readString(wire.fs_type)
    mountFlags = unsafe readStrings(wire.mount_flags, wire.n_mount_flags)
    volumeMountGroup = unsafe readString(wire.volume_mount_group)
  }

  func fill(_ wire: inout Csi__V1__VolumeCapability__MountVolume, in arena: Arena) {
    unsafe wire.fs_type = arena.string(fileSystemType)
    unsafe (wire.n_mount_flags, wire.mount_flags) = arena.strings(mountFlags)
    unsafe wire.volume_mount_group = arena.string(volumeMountGroup)
  }
}
