/// The flags of mount(2), which Glibc's overlay does not import.
struct MountFlags: OptionSet, Hashable, Sendable {
  let rawValue: UInt

  static let readOnly = MountFlags(rawValue: 1)
  static let noSetUserID = MountFlags(rawValue: 1 << 1)
  static let noDevices = MountFlags(rawValue: 1 << 2)
  static let noExecution = MountFlags(rawValue: 1 << 3)
  static let synchronous = MountFlags(rawValue: 1 << 4)
  static let remount = MountFlags(rawValue: 1 << 5)
  static let directorySynchronous = MountFlags(rawValue: 1 << 7)
  static let noSymbolicLinks = MountFlags(rawValue: 1 << 8)
  static let noAccessTimes = MountFlags(rawValue: 1 << 10)
  static let noDirectoryAccessTimes = MountFlags(rawValue: 1 << 11)
  static let bind = MountFlags(rawValue: 1 << 12)
  static let silent = MountFlags(rawValue: 1 << 15)
  static let relativeAccessTimes = MountFlags(rawValue: 1 << 21)
  static let inodeVersion = MountFlags(rawValue: 1 << 23)
  static let strictAccessTimes = MountFlags(rawValue: 1 << 24)
  static let lazyTimes = MountFlags(rawValue: 1 << 25)

  /// Of these a mount has at most one; with none the kernel takes `relatime`.
  static let accessTimeModes: MountFlags = [
    .noAccessTimes, .relativeAccessTimes, .strictAccessTimes,
  ]

  /// What belongs to one mount and not to the file system: a remount of a bind changes these alone.
  static let perMount: MountFlags = accessTimeModes.union([
    .readOnly, .noSetUserID, .noDevices, .noExecution, .noSymbolicLinks, .noDirectoryAccessTimes,
  ])

  /// What an option sets and what it clears; nil for one that is the file system's business.
  static func effect(of option: String) -> (set: MountFlags, cleared: MountFlags)? {
    switch option {
    case "defaults": ([], [])
    case "ro": (.readOnly, [])
    case "rw": ([], .readOnly)
    case "nosuid": (.noSetUserID, [])
    case "suid": ([], .noSetUserID)
    case "nodev": (.noDevices, [])
    case "dev": ([], .noDevices)
    case "noexec": (.noExecution, [])
    case "exec": ([], .noExecution)
    case "nosymfollow": (.noSymbolicLinks, [])
    case "symfollow": ([], .noSymbolicLinks)
    case "sync": (.synchronous, [])
    case "async": ([], .synchronous)
    case "dirsync": (.directorySynchronous, [])
    case "noatime": (.noAccessTimes, accessTimeModes)
    case "atime": ([], .noAccessTimes)
    case "relatime": (.relativeAccessTimes, accessTimeModes)
    case "norelatime": ([], .relativeAccessTimes)
    case "strictatime": (.strictAccessTimes, accessTimeModes)
    case "nostrictatime": ([], .strictAccessTimes)
    case "nodiratime": (.noDirectoryAccessTimes, [])
    case "diratime": ([], .noDirectoryAccessTimes)
    case "lazytime": (.lazyTimes, [])
    case "nolazytime": ([], .lazyTimes)
    case "iversion": (.inodeVersion, [])
    case "noiversion": ([], .inodeVersion)
    case "silent": (.silent, [])
    case "loud": ([], .silent)
    default: nil
    }
  }

  /// The per-mount options of a line of mountinfo.  There a mount without an access time mode is one
  /// with `strictatime`.
  init(mountInfoOptions options: [String]) {
    var flags: MountFlags = []
    for option in options {
      if let effect = Self.effect(of: option) {
        flags = flags.subtracting(effect.cleared).union(effect.set)
      }
    }
    flags.formIntersection(.perMount)
    if flags.isDisjoint(with: .accessTimeModes) { flags.insert(.strictAccessTimes) }
    self = flags
  }

  init(rawValue: UInt) { self.rawValue = rawValue }

  /// As in /etc/fstab, in the order of this list.
  var names: [String] {
    let names: [(MountFlags, String)] = [
      (.readOnly, "ro"), (.noSetUserID, "nosuid"), (.noDevices, "nodev"), (.noExecution, "noexec"),
      (.noSymbolicLinks, "nosymfollow"), (.synchronous, "sync"), (.directorySynchronous, "dirsync"),
      (.noAccessTimes, "noatime"), (.relativeAccessTimes, "relatime"),
      (.strictAccessTimes, "strictatime"), (.noDirectoryAccessTimes, "nodiratime"),
      (.lazyTimes, "lazytime"), (.inodeVersion, "iversion"), (.silent, "silent"),
    ]
    return names.filter { contains($0.0) }.map(\.1)
  }
}
