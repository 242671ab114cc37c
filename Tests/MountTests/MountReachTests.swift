import Linux
import Testing

@testable import Mount

@Suite("The mounts that an unmount of ours does not reach")
struct MountReachTests {
  static let device = DeviceNumber(major: 259, minor: 1)

  /// The node's: the kubelet's directory in peer group 7, the volume's mount on it.
  static let node = """
    20 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw
    30 20 8:2 / /var/lib/kubelet rw shared:7 - ext4 /dev/sda2 rw
    40 30 259:1 / /var/lib/kubelet/pods/1/mount rw shared:9 - ext4 /dev/nvme0n1 rw
    """

  static let cases: [(name: String, others: [String], stays: [Bool])] = [
    ("nobody", [], []),
    (
      "a peer of the kubelet's directory: a plugin with Bidirectional propagation",
      [
        """
        50 49 8:2 / /k rw shared:7 - ext4 /dev/sda2 rw
        51 50 259:1 / /k/pods/1/mount rw shared:9 - ext4 /dev/nvme0n1 rw
        """
      ], [false]
    ),
    (
      "a slave: a service with its own /tmp",
      [
        """
        60 59 8:2 / /var/lib/kubelet rw master:7 - ext4 /dev/sda2 rw
        61 60 259:1 / /var/lib/kubelet/pods/1/mount rw master:9 - ext4 /dev/nvme0n1 rw
        """
      ], [false]
    ),
    (
      "a slave of a slave, seen in either order",
      [
        """
        70 69 8:2 / /k rw master:11 - ext4 /dev/sda2 rw
        71 70 259:1 / /k/pods/1/mount rw master:12 - ext4 /dev/nvme0n1 rw
        """,
        """
        80 79 8:2 / /k rw shared:11 master:7 - ext4 /dev/sda2 rw
        81 80 259:1 / /k/pods/1/mount rw shared:12 master:9 - ext4 /dev/nvme0n1 rw
        """,
      ], [false, false]
    ),
    (
      "a container: its own root, a bind of the volume, private or a slave of the volume's",
      [
        """
        90 89 0:60 / / rw - overlay overlay rw
        91 90 259:1 / /data rw - ext4 /dev/nvme0n1 rw
        """,
        """
        92 88 0:61 / / rw master:33 - overlay overlay rw
        93 92 259:1 / /data rw master:9 - ext4 /dev/nvme0n1 rw
        """,
      ], [true, true]
    ),
    (
      "a copy of everything, private",
      [
        """
        94 1 8:2 / /var/lib/kubelet rw - ext4 /dev/sda2 rw
        95 94 259:1 / /var/lib/kubelet/pods/1/mount rw - ext4 /dev/nvme0n1 rw
        """
      ], [true]
    ),
    (
      "who sees nothing of the volume",
      ["96 1 8:2 / /var/lib/kubelet rw - ext4 /dev/sda2 rw\n"], [false]
    ),
    (
      "a mount whose parent is out of sight, as in a chroot",
      ["97 3 259:1 / / rw - ext4 /dev/nvme0n1 rw\n"], [true]
    ),
  ]

  @Test("stay: a container's, and not those that the unmount propagates to", arguments: cases)
  func stays(_ example: (name: String, others: [String], stays: [Bool])) throws {
    let own = try MountTable(parsing: Self.node)
    let others = try example.others.map { try MountTable(parsing: $0) }
    let reach = MountReach(of: Self.device, in: own, through: others)
    #expect(others.map { reach.leaves(Self.device, in: $0) } == example.stays)
  }

  @Test("are all others where nothing propagates")
  func privately() throws {
    let own = try MountTable(
      parsing: """
        30 20 8:2 / /var/lib/kubelet rw - ext4 /dev/sda2 rw
        40 30 259:1 / /var/lib/kubelet/pods/1/mount rw - ext4 /dev/nvme0n1 rw
        """)
    let other = try MountTable(
      parsing: "95 94 259:1 / /var/lib/kubelet/pods/1/mount rw - ext4 /dev/nvme0n1 rw\n")
    let reach = MountReach(of: Self.device, in: own, through: [other])
    #expect(reach.leaves(Self.device, in: other))
  }
}
