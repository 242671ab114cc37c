import CSI

extension VolumeCapability {
  /// ReadWriteOnce with a file system.
  static let mounted = VolumeCapability(
    accessType: .mount(MountVolume()), accessMode: .singleNodeWriter)
  /// ReadWriteOnce as a raw block device.
  static let block = VolumeCapability(accessType: .block, accessMode: .singleNodeWriter)
  /// ReadWriteMany as a raw block device: for a live migration.
  static let sharedBlock = VolumeCapability(
    accessType: .block, accessMode: .multiNodeMultiWriter)
  /// ReadWriteMany with a file system, which no file system of ours survives.
  static let sharedMount = VolumeCapability(
    accessType: .mount(MountVolume()), accessMode: .multiNodeMultiWriter)
}

extension Int64 {
  static let mebibyte: Int64 = 1 << 20
  static let gibibyte: Int64 = 1 << 30
}

extension CapacityRange {
  static func atLeast(_ bytes: Int64) -> CapacityRange {
    CapacityRange(requiredBytes: bytes, limitBytes: 0)
  }

  static func atMost(_ bytes: Int64) -> CapacityRange {
    CapacityRange(requiredBytes: 0, limitBytes: bytes)
  }

  static func exactly(_ bytes: Int64) -> CapacityRange {
    CapacityRange(requiredBytes: bytes, limitBytes: bytes)
  }
}

extension CreateVolumeRequest {
  /// A volume for one node's file system, 16 MiB or what is said.
  static func named(
    _ name: String, _ range: CapacityRange? = .atLeast(16 * .mebibyte),
    _ capabilities: [VolumeCapability] = [.mounted], from source: VolumeContentSource? = nil
  ) -> CreateVolumeRequest {
    var request = CreateVolumeRequest()
    request.name = name
    request.capacityRange = range
    request.volumeCapabilities = capabilities
    request.volumeContentSource = source
    return request
  }
}

/// Ids that name nothing, some of which try to be something else.
let foreignIDs = [
  "nonexistent", "nv-aaaaaaaaaaaaaaaaaaaaaaaaaa", "ns-aaaaaaaaaaaaaaaaaaaaaaaaaa", "nv-", "/", ".",
  "..", "../../../etc/passwd", "nv-aaaaaaaaaaaaaaaaaaaaaaaaa/", "a b", "é", "%n", "-rf",
  "nv-AAAAAAAAAAAAAAAAAAAAAAAAAA", "nv-aaaaaaaaaaaaaaaaaaaaaaaaaa\n",
  "nv-aaaaaaaaaaaaaaaaaaaaaaaaaa\0", "nv-aaaaaaaaaaaaaaaaaaaaaaaaa\u{301}",
  "a\nERROR everything is lost", String(repeating: "x", count: 4096),
  String(repeating: "x", count: 1 << 20),
]
