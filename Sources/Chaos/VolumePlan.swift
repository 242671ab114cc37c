import Lab

/// One of the volumes of a run: how it is used, and how it is connected.
struct VolumePlan: Hashable, Sendable {
  let name: String
  let use: LabNode.Use
  /// Bytes at first.
  let size: UInt64
  /// The ids of its portals. Several volumes share most of them, so that a portal stays open while one
  /// of its volumes is not exported.
  let portals: [Int]
  /// Seconds after which the kernel gives its controllers up; nil: the driver's default, never.
  var ctrlLossTimeout: Int?
  /// Whether it grows in a run. The others may have another identity for a while: then not a byte of
  /// them may change.
  var grows = false

  /// The volume context that is not the target's.
  var context: [String: String] {
    ctrlLossTimeout.map { ["ctrlLossTmo": String($0)] } ?? [:]
  }

  /// Without lazy initialisation, which would write by itself long after the volume was formatted.
  private static let ext4 = LabNode.Use.fileSystem("ext4", flags: ["noinit_itable"])

  /// Every volume of a run.
  static let all = [
    VolumePlan(name: "ext4-patient", use: ext4, size: 64 << 20, portals: [1]),
    VolumePlan(name: "ext4-paths", use: ext4, size: 64 << 20, portals: [2, 3], grows: true),
    // Alone at its portal, whose socket closes with it.
    VolumePlan(
      name: "ext4-impatient", use: ext4, size: 64 << 20, portals: [4], ctrlLossTimeout: 5),
    VolumePlan(
      name: "xfs-impatient", use: .xfs, size: 320 << 20, portals: [1], ctrlLossTimeout: 5,
      grows: true),
    VolumePlan(name: "xfs-paths", use: .xfs, size: 320 << 20, portals: [2, 3], grows: true),
    VolumePlan(
      name: "block-impatient", use: .block, size: 32 << 20, portals: [2], ctrlLossTimeout: 5),
    VolumePlan(name: "block-paths", use: .block, size: 32 << 20, portals: [1, 3], grows: true),
  ]
}
