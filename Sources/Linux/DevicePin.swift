internal import CLinux
internal import Synchronization

/// A block device that a child of this process holds open, and so keeps what it is: the kernel gives
/// neither its number nor its name to another disk before the last one closes it.
///
/// Kernel: an open block device holds its inode, and with it the minor (bdev_free_inode, block/bdev.c);
/// an NVMe disk that is open holds its head, and that its subsystem, and with them the name
/// (nvme_free_ns_head, drivers/nvme/host/core.c).
public final class DevicePin: Sendable {
  /// What fstat(2) said of the descriptor that is held.
  public let device: DeviceNumber
  /// BLKGETDISKSEQ; nil before Linux 5.15.
  public let diskSequence: UInt64?

  private let watcher: ChildWatcher
  private let lease: ChildLease
  /// Closing it lets the child go.
  private let lifeline: Mutex<Descriptor?>

  init(
    device: DeviceNumber, diskSequence: UInt64?, watcher: ChildWatcher, lease: ChildLease,
    lifeline: Descriptor
  ) {
    self.device = device
    self.diskSequence = diskSequence
    self.watcher = watcher
    self.lease = lease
    self.lifeline = Mutex(lifeline)
  }

  /// False once the child has ended, for whatever reason: from then on the device may be another.
  public var isHeld: Bool { !lease.isOver }

  /// Closes the device, which may wait for what others have written to it. The child is killed at
  /// `deadline`; one that does not die of that is left to the kernel, 200 ms later.
  public func release(by deadline: ContinuousClock.Instant) async {
    lifeline.withLock { $0 = nil }
    watcher.end(lease, by: deadline)
    await lease.ended()
  }
}

extension IsolatedCalls {
  /// Opens a block device, read-only and not exclusively, in a child that keeps it open until it is
  /// released, `limit` has passed, or this process ends. Anything but a block device is ENOTBLK.
  ///
  /// `deadline` is for the opening. At most as many are held at a time as there may be other calls.
  public func pin(
    device path: String, until limit: ContinuousClock.Instant, deadline: ContinuousClock.Instant
  ) async throws(IsolatedCallError) -> DevicePin {
    var operation = Operation(call: "open", kind: CLINUX_PIN, target: path)
    let pipe: (read: Descriptor, write: Descriptor)
    do throws(SystemCallError) { pipe = try Descriptor.pipe() } catch { throw .failed(error) }
    operation.descriptor = pipe.read
    let lease = ChildLease(until: limit)
    let result = try await perform(operation, deadline, by: pins, lease: lease)
    // It may have answered and been killed at one moment.
    guard !lease.isOver else {
      throw .deadlineExceeded(call: operation.call, subject: path, stuck: false)
    }
    return DevicePin(
      device: DeviceNumber(raw: result.device),
      diskSequence: result.disk_sequence == 0 ? nil : result.disk_sequence, watcher: pins,
      lease: lease, lifeline: pipe.write)
  }
}
