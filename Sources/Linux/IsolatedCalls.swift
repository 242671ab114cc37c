internal import CLinux
internal import SystemPackage

/// System calls that may block for ever on a dead device, each in a forked child that a deadline kills.
/// The child runs only async-signal-safe C and carries no other descriptor than its result pipe.
///
/// A child in an uninterruptible sleep does not die of SIGKILL: the caller gets its answer 200 ms after
/// the deadline, and the child stays in `stuck` until the kernel lets it go.  Cancelling the calling
/// task changes nothing: the call has until its deadline, since what it does cannot be taken back.
public final class IsolatedCalls: Sendable {
  private let watcher: ChildWatcher
  /// Those that stay. Apart, since the others are what they wait for: together they could fill the room.
  let pins: ChildWatcher

  /// At most `limit` children run or are stuck at a time.  More calls wait for their turn until their
  /// deadline; when `limit` children are stuck they are refused at once.
  public convenience init(limit: Int = 64) {
    self.init(limit: limit, kill: ChildWatcher.killGroup)
  }

  /// `kill` is a seam for tests of children that do not die.
  init(limit: Int, kill: @escaping @Sendable (Int32) -> Void) {
    watcher = ChildWatcher(name: "isolated-calls", limit: limit, kill: kill)
    pins = ChildWatcher(name: "device-pins", limit: limit, kill: kill)
  }

  /// The children that were killed and have not died.
  public var stuck: [StuckChild] { watcher.stuck + pins.stuck }

  /// mount(2).  `data` is the file system's own option string; empty `type` and `data` are passed as NULL.
  ///
  /// `target`, and for a bind mount `source`, must have no symbolic link in any component (ELOOP).
  /// They are opened by the child, since a path walk may block as well, and mounted by descriptor.
  public func mount(
    source: String, target: String, type: String, flags: UInt, data: String,
    deadline: ContinuousClock.Instant
  ) async throws(IsolatedCallError) {
    let operation = Operation(
      call: "mount", kind: CLINUX_MOUNT, source: source, target: target, type: type, data: data,
      flags: UInt64(flags))
    _ = try await perform(operation, deadline)
  }

  /// umount2(2), always with UMOUNT_NOFOLLOW.  No component of `target` may be a symbolic link
  /// (ELOOP; EINVAL for the last).
  public func unmount(
    _ target: String, flags: Int32, deadline: ContinuousClock.Instant
  ) async throws(IsolatedCallError) {
    let operation = Operation(
      call: "umount2", kind: CLINUX_UNMOUNT, target: target,
      flags: UInt64(UInt32(bitPattern: flags)))
    _ = try await perform(operation, deadline)
  }

  /// statfs(2).  Follows symbolic links: it changes nothing.
  public func statistics(
    of path: String, deadline: ContinuousClock.Instant
  ) async throws(IsolatedCallError) -> FileSystemStatistics {
    let operation = Operation(call: "statfs", kind: CLINUX_STATFS, target: path)
    let result = try await perform(operation, deadline)
    return FileSystemStatistics(
      blockSize: result.block_size, blocks: result.blocks, blocksFree: result.blocks_free,
      blocksAvailable: result.blocks_available, inodes: result.inodes,
      inodesFree: result.inodes_free, readOnly: result.read_only != 0)
  }

  /// Reads the first entries of a directory: succeeds when it can be read at all.
  public func requireReadable(
    directory path: String, deadline: ContinuousClock.Instant
  ) async throws(IsolatedCallError) {
    _ = try await perform(
      Operation(call: "getdents64", kind: CLINUX_LIST, target: path), deadline)
  }

  /// Succeeds when the file system would take a change to this directory.  None is made: what is asked
  /// for is to remove an extended attribute that is not there.  Needs CAP_SYS_ADMIN.
  ///
  /// An ext4 begins a transaction for it, and writes an empty one to its journal: not to be asked often.
  public func requireWritable(
    directory path: String, deadline: ContinuousClock.Instant
  ) async throws(IsolatedCallError) {
    let operation = Operation(
      call: "fremovexattr", kind: CLINUX_REMOVE_NO_ATTRIBUTE, target: path,
      data: "trusted.nvmeof.csi.dev.probe")
    _ = try await perform(operation, deadline)
  }

  /// One write(2) to an attribute of sysfs, where the kernel may wait for I/O before it answers.
  public func set(
    attribute path: String, to value: String, deadline: ContinuousClock.Instant
  ) async throws(IsolatedCallError) {
    let operation = Operation(call: "write", kind: CLINUX_SET, target: path, data: value)
    _ = try await perform(operation, deadline)
  }

  /// The same to an attribute that is open already, by whatever `name` it has in messages: what it
  /// belongs to was looked at, and its path may lead to something else by now.
  package func write(
    _ value: String, to attribute: Descriptor, named name: String,
    deadline: ContinuousClock.Instant
  ) async throws(IsolatedCallError) {
    var operation = Operation(call: "write", kind: CLINUX_WRITE, target: name, data: value)
    operation.descriptor = attribute
    _ = try await perform(operation, deadline)
  }

  /// Opens O_RDONLY | O_DIRECT | O_CLOEXEC (and O_EXCL when asked), fstat, BLKGETSIZE64, and reads whole:
  /// `edges` bytes at each end, and `samples` pieces of `sampleLength` bytes evenly between them, all
  /// widened to blocks of 4096 bytes and cut at the device's end.
  ///
  /// Any failed or short read is an error: unreadable is never "zero".  Anything but a block device is
  /// refused with ENOTBLK.  The descriptor is closed before this returns, so an O_EXCL that follows
  /// does not meet this one.  Names and links are followed: what was read is what `device` says.
  public func scan(
    device path: String, exclusive: Bool, edges: UInt64, samples: Int, sampleLength: UInt64,
    deadline: ContinuousClock.Instant
  ) async throws(IsolatedCallError) -> RegionScan {
    var operation = Operation(call: "scan", kind: CLINUX_SCAN, target: path)
    operation.exclusive = exclusive
    operation.edges = edges
    operation.samples = UInt64(max(0, samples))
    operation.sampleLength = sampleLength
    let result = try await perform(operation, deadline)
    return RegionScan(
      device: DeviceNumber(raw: result.device), size: result.size,
      firstNonZero: result.found_non_zero != 0 ? result.first_non_zero : nil,
      head: unsafe withUnsafeBytes(of: result.head) { unsafe Array($0) })
  }

  private func perform(
    _ operation: Operation, _ deadline: ContinuousClock.Instant
  ) async throws(IsolatedCallError) -> clinux_result {
    try await perform(operation, deadline, by: watcher, lease: nil)
  }

  func perform(
    _ operation: Operation, _ deadline: ContinuousClock.Instant, by watcher: ChildWatcher,
    lease: ChildLease?
  ) async throws(IsolatedCallError) -> clinux_result {
    let subject = operation.target
    do {
      try operation.validate()
      try watcher.start()
    } catch {
      throw .failed(error)
    }
    var request = ChildRequest(what: "\(operation.call) \(subject)", deadline: deadline) {
      () throws(SystemCallError) in try operation.launch()
    }
    request.lease = lease
    switch await watcher.run(request) {
    case .ended(_, let outputs), .answered(let outputs):
      guard let result = Operation.result(outputs) else {
        throw .failed(SystemCallError(call: operation.call, subject: subject, errno: .ioError))
      }
      return try operation.check(result)
    case .deadlineExceeded(let stuck, let outputs):
      // It was done in time, and only its process' end takes long.
      if let result = Operation.result(outputs) { return try operation.check(result) }
      throw .deadlineExceeded(call: operation.call, subject: subject, stuck: stuck)
    case .launchFailed(let error):
      throw .failed(error)
    case .tooMany(let running):
      throw .tooMany(running: running)
    case .notRunning, .goesOn:
      // The watcher stops with `self` and not before, and every call is killed at its deadline.
      throw .failed(SystemCallError(call: operation.call, subject: subject, errno: .canceled))
    }
  }
}
