public import Backends
internal import Command
public import NVMe
internal import StateStore

/// Which backend makes the volumes, and of what.
public enum BackendChoice: Sendable {
  /// This machine's kernel target, with image files in a directory.
  case nvmetFiles(FilePoolConfiguration, portals: [TransportAddress], nqnPrefix: String)
  /// This machine's kernel target, with logical volumes in a volume group.
  case nvmetLVM(LVMPoolConfiguration, portals: [TransportAddress], nqnPrefix: String)
  /// Nothing is made: volumes that somebody else exports, listed in a file or nowhere.
  case staticVolumes(file: String?)

  /// The backend itself. Fails with `invalid` for a configuration that cannot work; what is not there
  /// yet is seen when it is asked for something.
  func make(
    owner: PoolOwner, store: any StateStore, runner: any CommandRunner,
    report: @escaping @Sendable (String) -> Void
  ) throws(BackendError) -> any Backend {
    switch self {
    case .nvmetFiles(let files, let portals, let nqnPrefix):
      return try NVMetBackend(
        NVMetConfiguration(owner: owner, portals: portals, nqnPrefix: nqnPrefix), files: files,
        store: store, report: report)
    case .nvmetLVM(let lvm, let portals, let nqnPrefix):
      return try NVMetBackend(
        NVMetConfiguration(owner: owner, portals: portals, nqnPrefix: nqnPrefix), lvm: lvm,
        runner: runner, store: store, report: report)
    case .staticVolumes(let file):
      return StaticBackend(file: file)
    }
  }
}
