internal import Linux

/// A process whose mount namespace keeps a file system, whatever is unmounted in this one.
public struct MountHolder: Hashable, Sendable, CustomStringConvertible {
  /// One of the processes in that namespace.
  public let processID: Int
  /// Its name, as the kernel has it.
  public let command: String

  /// A holder that was not found in /proc: for those who plan with them.
  public init(processID: Int, command: String) {
    self.processID = processID
    self.command = command
  }

  /// `process 4711 (nginx)`
  public var description: String { "process \(processID) (\(command))" }
}

/// Which mounts of other namespaces stay when this namespace's are unmounted.
///
/// The kernel takes along what an unmount propagates to: the mounts on peers and slaves of the parent
/// of what is unmounted (Documentation/filesystems/sharedsubtree.rst). A container's mount is none of
/// those: its parent is the container's own root.
struct MountReach {
  /// The peer groups that an unmount of ours reaches.
  private let groups: Set<Substring>

  /// From the parents of our mounts of `device`, and from group to slave through all the tables.
  init(of device: DeviceNumber, in own: MountTable, through others: [MountTable]) {
    let parents = Set(own.mounts(of: device).map(\.parentID))
    var groups: Set<Substring> = []
    for mount in own.mounts where parents.contains(mount.id) { groups.formUnion(mount.peerGroups) }
    let all = [own] + others
    var grows = true
    while grows {
      grows = false
      for mount in all.lazy.flatMap(\.mounts) where !mount.masters.isDisjoint(with: groups) {
        if !mount.peerGroups.isSubset(of: groups) {
          groups.formUnion(mount.peerGroups)
          grows = true
        }
      }
    }
    self.groups = groups
  }

  /// Whether a mount of `device` in this table stays.
  func leaves(_ device: DeviceNumber, in table: MountTable) -> Bool {
    table.mounts(of: device).contains { mount in
      guard let parent = table.mounts.first(where: { $0.id == mount.parentID }) else { return true }
      return parent.peerGroups.isDisjoint(with: groups) && parent.masters.isDisjoint(with: groups)
    }
  }
}

extension MountInfo {
  fileprivate var peerGroups: Set<Substring> { groups("shared:") }
  fileprivate var masters: Set<Substring> { groups("master:").union(groups("propagate_from:")) }

  private func groups(_ tag: String) -> Set<Substring> {
    Set(propagation.filter { $0.hasPrefix(tag) }.map { $0.dropFirst(tag.count) })
  }
}
