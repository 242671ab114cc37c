internal import Linux
internal import Mount
internal import NVMe

/// One reading of what concerns all volumes, so that a sweep over a thousand of them is not a thousand
/// readings.
struct NodeView: Sendable {
  /// By NQN.
  let subsystems: [String: [Subsystem]]
  /// By mount point, bottom first.
  let mounts: [String: [MountInfo]]

  /// Groups what was read.
  init(_ subsystems: [Subsystem], _ table: MountTable) {
    self.subsystems = Dictionary(grouping: subsystems, by: \.nqn)
    mounts = Dictionary(grouping: table.mounts, by: \.mountPoint)
  }
}

/// What is mounted where, as a view has it or as it is now.
struct MountView {
  private let view: NodeView?
  /// The table that was read anew; nil with a view.
  let whole: MountTable?

  init(
    _ view: NodeView?, table: () throws(DriverError) -> MountTable
  ) throws(DriverError) {
    self.view = view
    whole = view == nil ? try table() : nil
  }

  /// All mounts stacked at exactly this path, bottom first.
  func mounts(at path: String) -> [MountInfo] {
    view?.mounts[path] ?? whole?.mounts(at: path) ?? []
  }
}

extension Node {
  /// Reads sysfs and mountinfo; nil when that fails, which the looks at the volumes will explain. Takes
  /// its time on a node with many volumes: not for a cooperative thread.
  func view() -> NodeView? {
    guard let subsystems = try? sysfs.subsystems(), let table = try? mounts.table() else {
      return nil
    }
    return NodeView(subsystems, table)
  }

  /// The subsystems with an NQN, as a view has them or as they are now.
  func subsystems(of nqn: NQN, in view: NodeView? = nil) throws(DriverError) -> [Subsystem] {
    if let view { return view.subsystems[nqn.rawValue] ?? [] }
    do { return try sysfs.subsystem(nqn: nqn) } catch { throw DriverError(error) }
  }
}
