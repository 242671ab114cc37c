import BlockDevice
import CSI
import Testing

@testable import Driver

@Suite("A volume capability")
struct VolumeAccessTests {
  static func mount(
    _ type: String = "", flags: [String] = [], group: String = "",
    mode: VolumeCapability.AccessMode = .singleNodeWriter
  ) -> VolumeCapability {
    var volume = VolumeCapability.MountVolume()
    volume.fileSystemType = type
    volume.mountFlags = flags
    volume.volumeMountGroup = group
    return VolumeCapability(accessType: .mount(volume), accessMode: mode)
  }

  @Test(
    "with a file system on several nodes is refused with what to use instead",
    arguments: [
      VolumeCapability.AccessMode.multiNodeReaderOnly, .multiNodeSingleWriter,
      .multiNodeMultiWriter,
    ])
  func sharedFileSystem(mode: VolumeCapability.AccessMode) throws {
    let error = try #require(throws: DriverError.self) {
      try VolumeAccess(Self.mount("ext4", mode: mode))
    }
    #expect(error.code == .failedPrecondition)
    #expect(error.message.contains(mode.specName))
    #expect(error.message.contains("ReadWriteOnce") && error.message.contains("volumeMode: Block"))
  }

  @Test(
    "of a raw block volume may span nodes when it can write",
    arguments: [
      VolumeCapability.AccessMode.singleNodeWriter, .singleNodeSingleWriter, .singleNodeMultiWriter,
      .multiNodeSingleWriter, .multiNodeMultiWriter,
    ])
  func block(mode: VolumeCapability.AccessMode) throws {
    let access = try VolumeAccess(VolumeCapability(accessType: .block, accessMode: mode))
    #expect(access.kind == .block && access.mode == mode)
  }

  @Test(
    "of a raw block volume for reading only is refused, since nothing would enforce it",
    arguments: [VolumeCapability.AccessMode.singleNodeReaderOnly, .multiNodeReaderOnly])
  func readOnlyBlock(mode: VolumeCapability.AccessMode) throws {
    let error = try #require(throws: DriverError.self) {
      try VolumeAccess(VolumeCapability(accessType: .block, accessMode: mode))
    }
    #expect(error.code == .failedPrecondition)
  }

  @Test("means ext4 unless it says otherwise")
  func types() throws {
    #expect(try VolumeAccess(Self.mount()).kind == .fileSystem(.ext4, flags: []))
    #expect(
      try VolumeAccess(Self.mount("xfs", flags: ["noatime"])).kind
        == .fileSystem(.xfs, flags: ["noatime"]))
  }

  @Test(
    "that is incomplete or unknown is an invalid argument that names the field",
    arguments: [
      (nil, "volume_capability is missing"),
      (VolumeCapability(accessType: nil, accessMode: .singleNodeWriter), "access_type"),
      (VolumeCapability(accessType: .block, accessMode: .unknown), "access_mode"),
      (mount("btrfs"), "fs_type 'btrfs'"),
      (mount("ext4", flags: ["bind"]), "mount_flags"),
      (mount("ext4", group: "1000"), "volume_mount_group"),
    ] as [(VolumeCapability?, String)])
  func invalid(capability: VolumeCapability?, text: String) throws {
    let error = try #require(throws: DriverError.self) { try VolumeAccess(capability) }
    #expect(error.code == .invalidArgument)
    #expect(error.message.contains(text), "\(error.message)")
  }
}
