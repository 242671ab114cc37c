public import SystemPackage

/// A block or character device's number as the kernel writes it, `major:minor`.
public struct DeviceNumber: Hashable, Sendable, CustomStringConvertible {
  public let major: UInt32
  public let minor: UInt32
  public init(major: UInt32, minor: UInt32) {
    self.major = major
    self.minor = minor
  }
  /// Parses `259:1`, sysfs's `dev` attribute.
  public init?(_ text: String) { fatalError() }
  public var description: String { "\(major):\(minor)" }
}

/// A system call that failed: which, on what, and how.
public struct SystemCallError: Error, Hashable, Sendable, CustomStringConvertible {
  public let call: String
  public let subject: String
  public let errno: Errno
  public init(call: String, subject: String, errno: Errno) {
    self.call = call
    self.subject = subject
    self.errno = errno
  }
  public var description: String { "\(call) \(subject): \(errno)" }
}

public struct FileStatus: Hashable, Sendable {
  public enum Kind: Sendable {
    case regular, directory, symbolicLink, blockDevice, characterDevice, fifo, socket
  }
  public let kind: Kind
  /// The file system the file is on.
  public let device: DeviceNumber
  /// The device that a device node stands for.
  public let representedDevice: DeviceNumber
  public let inode: UInt64
  public let size: Int64
  public let mode: UInt32
}

/// Files by path: one throwing function per system call.
public enum Files {
  /// lstat(2); nil when nothing is there (ENOENT, ENOTDIR).
  public static func status(_ path: String) throws(SystemCallError) -> FileStatus? { fatalError() }
  /// mkdir(2), parents included; existing directories are fine.
  public static func makeDirectories(_ path: String, mode: UInt32) throws(SystemCallError) {
    fatalError()
  }
  /// rmdir(2): only an empty directory.  Never recursive. Already gone is fine; returns whether there was one.
  @discardableResult
  public static func removeDirectory(_ path: String) throws(SystemCallError) -> Bool {
    fatalError()
  }
  /// unlink(2). Already gone is fine; returns whether there was one.
  @discardableResult
  public static func unlink(_ path: String) throws(SystemCallError) -> Bool { fatalError() }
  public static func names(inDirectory path: String) throws(SystemCallError) -> [String] {
    fatalError()
  }
  /// Reads a whole small file; fails with EFBIG beyond `limit`.
  public static func read(_ path: String, limit: Int) throws(SystemCallError) -> [UInt8] {
    fatalError()
  }
  /// One write(2) to an existing file: sysfs and configfs attributes.
  public static func writeAttribute(_ value: String, to path: String) throws(SystemCallError) {
    fatalError()
  }
  /// Temporary name, fsync, rename, fsync of the directory: after return the content survives a power cut; at no moment is there half a file.
  public static func replaceDurably(
    _ path: String, with bytes: [UInt8], mode: UInt32
  )
    throws(SystemCallError)
  { fatalError() }
  /// unlink + fsync of the directory.
  public static func removeDurably(_ path: String) throws(SystemCallError) { fatalError() }
  /// mknod(2) for a block device under a temporary name, then rename(2) over `path`.
  public static func replaceWithBlockNode(
    _ path: String, device: DeviceNumber, mode: UInt32
  )
    throws(SystemCallError)
  { fatalError() }
  /// Opens `path` beneath `root` with openat2 RESOLVE_BENEATH|RESOLVE_NO_SYMLINKS and closes it again:
  /// fails if any component beneath `root` is a symbolic link. Missing trailing components are fine.
  public static func requireNoSymbolicLinks(
    in path: String, beneath root: String
  )
    throws(SystemCallError)
  { fatalError() }
}

/// One line of /proc/self/mountinfo, proc_pid_mountinfo(5).
public struct MountInfo: Hashable, Sendable {
  public let id: UInt64
  public let parentID: UInt64
  public let device: DeviceNumber
  public let root: String
  public let mountPoint: String
  public let options: [String]
  public let propagation: [String]
  public let fileSystemType: String
  public let source: String
  public let superOptions: [String]
  public init(
    id: UInt64, parentID: UInt64, device: DeviceNumber, root: String, mountPoint: String,
    options: [String], propagation: [String], fileSystemType: String, source: String,
    superOptions: [String]
  ) {
    self.id = id
    self.parentID = parentID
    self.device = device
    self.root = root
    self.mountPoint = mountPoint
    self.options = options
    self.propagation = propagation
    self.fileSystemType = fileSystemType
    self.source = source
    self.superOptions = superOptions
  }
}

/// A snapshot of the mount table in mount order: the last entry for a mount point is the one on top.
public struct MountTable: Sendable {
  public let mounts: [MountInfo]
  public init(parsing text: String) throws(MountTableError) { fatalError() }
  /// Reads `<procRoot>/self/mountinfo`.
  public static func current(procRoot: String = "/proc") throws -> MountTable { fatalError() }
  /// All mounts stacked at exactly this path, bottom first.
  public func mounts(at path: String) -> [MountInfo] { fatalError() }
  public func mounts(of device: DeviceNumber) -> [MountInfo] { fatalError() }
  /// The mount that a path is on: the longest mount point that is a prefix.
  public func mount(containing path: String) -> MountInfo? { fatalError() }
}

public struct MountTableError: Error, Sendable, CustomStringConvertible {
  public let line: String
  public var description: String { "malformed mountinfo line: \(line)" }
}

/// Why a call in a disposable child gave no result.
public enum IsolatedCallError: Error, Hashable, Sendable, CustomStringConvertible {
  case failed(SystemCallError)
  /// The deadline passed; the child was killed. `stuck`: it sits in the kernel and has not died yet.
  case deadlineExceeded(call: String, subject: String, stuck: Bool)
  /// Too many children are stuck or running already.
  case tooMany(running: Int)
  public var description: String { fatalError() }
}

public struct FileSystemStatistics: Hashable, Sendable {
  public let blockSize: UInt64, blocks: UInt64, blocksFree: UInt64, blocksAvailable: UInt64
  public let inodes: UInt64, inodesFree: UInt64
  public let readOnly: Bool
}

/// What a read of a block device's regions found.
public struct RegionScan: Hashable, Sendable {
  /// What fstat(2) said of the descriptor that was read from.
  public let device: DeviceNumber
  /// BLKGETSIZE64, bytes.
  public let size: UInt64
  /// Offset of the first byte that is not zero in the regions read, nil when all were zero.
  public let firstNonZero: UInt64?
}

/// A child process that was killed but has not died: it sits in the kernel.
public struct StuckChild: Hashable, Sendable {
  public let processID: Int32
  public let what: String
  public let since: ContinuousClock.Instant
}

/// System calls that may block for ever on a dead device, each in a forked child that a deadline kills.
/// The child runs only async-signal-safe C and carries no other descriptor than its result pipe.
public final class IsolatedCalls: Sendable {
  public init(limit: Int = 64) { fatalError() }
  public var stuck: [StuckChild] { fatalError() }
  /// mount(2). `data` is the file system's own option string.
  public func mount(
    source: String, target: String, type: String, flags: UInt, data: String,
    deadline: ContinuousClock.Instant
  ) async throws(IsolatedCallError) { fatalError() }
  /// umount2(2).
  public func unmount(
    _ target: String, flags: Int32, deadline: ContinuousClock.Instant
  )
    async throws(IsolatedCallError)
  { fatalError() }
  /// statfs(2).
  public func statistics(
    of path: String, deadline: ContinuousClock.Instant
  )
    async throws(IsolatedCallError) -> FileSystemStatistics
  { fatalError() }
  /// Opens O_RDONLY|O_DIRECT|O_CLOEXEC (and O_EXCL when asked), fstat, BLKGETSIZE64, and reads the regions whole.
  /// Any failed or short read is an error: unreadable is never "zero".
  /// `regions` decides from the size which offsets and lengths to read; beyond the device's end they are cut.
  public func scan(
    device path: String, exclusive: Bool, edges: UInt64, samples: Int, sampleLength: UInt64,
    deadline: ContinuousClock.Instant
  ) async throws(IsolatedCallError) -> RegionScan { fatalError() }
}
