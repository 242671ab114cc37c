internal import BlockDevice
internal import Linux
internal import Logging
internal import NVMe
internal import Synchronization

/// The device nodes that raw block volumes are published as, and the watch over where they lead: to
/// their own volume's disk or nowhere.
///
/// Recovery's plan says the same of each volume. This is for what cannot wait until a volume's turn
/// comes, since the kernel may give the number of a lost disk away at any time: it looks at every node
/// at once, needs no reservation, and waits for no target. As long as every node is right that costs
/// an lstat(2) and one sysfs attribute for each.
final class PublishedNodes: Sendable {
  private let sysfs: NVMeSysfs
  private let metrics: DriverMetrics
  private let logger: Logger
  private let state = Mutex(State())

  private struct State {
    /// The stage records of published raw block volumes, as the store has them.
    var records: [VolumeID: StageRecord] = [:]
    /// What could not be done, told once.
    var failures: [VolumeID: String] = [:]
  }

  /// Knows no node yet.
  init(sysfs: NVMeSysfs, metrics: DriverMetrics, logger: Logger) {
    self.sysfs = sysfs
    self.metrics = metrics
    self.logger = logger
  }

  /// The record is in the store. A target is recorded before its node is made and forgotten after it
  /// is gone, so no node is ever missing here.
  func note(_ record: StageRecord) {
    let isPublished = record.access.isBlock && !record.targets.isEmpty
    guard isPublished else { return forget(record.volume) }
    state.withLock { $0.records[record.volume] = record }
  }

  /// The record is no longer in the store.
  func forget(_ volume: VolumeID) {
    state.withLock { state in
      state.records[volume] = nil
      state.failures[volume] = nil
    }
  }

  private var records: [StageRecord] { state.withLock { Array($0.records.values) } }

  /// Has every node lead nowhere that does not lead to its volume's disk, also of a volume that is not
  /// kept up: one of an earlier boot, or one that is being unstaged. What cannot be seen is left as it
  /// is, and what cannot be done is told.
  func blankStray() {
    for record in records {
      for target in record.targets {
        do throws(BlockDeviceError) {
          guard let device = try DeviceNode.device(at: target.path), device != .nowhere else {
            continue
          }
          if let served = try? sysfs.wwid(of: device), served == record.identity?.wwid { continue }
          try blank(target.path, leadingTo: device, of: record)
        } catch {
          tell(error, record, target.path)
        }
      }
    }
  }

  /// Has the node at a target of the volume lead nowhere, unless it leads to the volume's disk.
  func blank(_ path: String, of record: StageRecord) throws(BlockDeviceError) {
    guard let device = try DeviceNode.device(at: path), device != .nowhere else { return }
    try blank(path, leadingTo: device, of: record)
  }

  /// Takes care that no other volume's node names `device`, which is the volume's now: the others' are
  /// made to lead nowhere. Fails when one goes on to lead here.
  ///
  /// Another volume's node that is made at this moment is seen here, or sees for itself that the device
  /// is not its own: see `confirm`.
  func clear(_ device: DeviceNumber, for volume: VolumeID) throws(DriverError) {
    for record in records where record.volume != volume {
      for target in record.targets {
        do throws(BlockDeviceError) {
          guard try DeviceNode.device(at: target.path) == device else { continue }
          try blank(target.path, leadingTo: device, of: record)
          guard try DeviceNode.device(at: target.path) == device else { continue }
        } catch {
          // What cannot be looked at cannot be opened either.
          guard (try? DeviceNode.device(at: target.path)) == device else { continue }
          tell(error, record, target.path)
        }
        throw DriverError(
          .unavailable,
          """
          volume \(volume) is \(device) now, and so is the device node of volume \(record.volume) at \
          \(target.path), which could not be taken away: nothing is done before only one volume \
          leads there; retry, or unpublish volume \(record.volume)
          """)
      }
    }
  }

  /// Makes sure that the node that was just made of `device` leads to the volume: whoever got its
  /// number after that has looked at this node, or will. Fails when the disk has gone meanwhile.
  func confirm(_ path: String, _ device: DeviceNumber, of record: StageRecord) throws(DriverError) {
    let isGone: Bool
    do { isGone = try blank(path, leadingTo: device, of: record) } catch {
      throw DriverError(error)
    }
    guard isGone else { return }
    throw DriverError(
      .unavailable,
      "volume \(record.volume): its disk \(device) went away while it was being published; retry")
  }

  @discardableResult
  private func blank(
    _ path: String, leadingTo device: DeviceNumber, of record: StageRecord
  ) throws(BlockDeviceError) -> Bool {
    let start = ContinuousClock.now
    let served = (try? sysfs.wwid(of: device)) ?? "nothing"
    guard try DeviceNode.blank(path, leadingTo: device, unless: { isDisk(device, of: record) })
    else { return false }
    metrics.took(Operations.recovery, "blank", .now - start, nil)
    state.withLock { $0.failures[record.volume] = nil }
    logger.warning(
      "a device node leads nowhere from now on, until its volume's disk is back",
      metadata: [
        "volume": "\(record.volume)", "path": "\(path)", "device": "\(device)",
        "led_to": "\(served)",
      ])
    return true
  }

  /// Whether the device is a disk of the volume; also when that cannot be read.
  private func isDisk(_ device: DeviceNumber, of record: StageRecord) -> Bool {
    guard let subsystems = try? sysfs.subsystem(nqn: record.source.nqn) else { return true }
    return subsystems.flatMap(\.namespaces).contains {
      $0.device == device && $0.nsid == record.source.nsid
        && record.identity == .init($0)
    }
  }

  private func tell(_ error: BlockDeviceError, _ record: StageRecord, _ path: String) {
    let previous = state.withLock {
      $0.failures.updateValue(error.message, forKey: record.volume)
    }
    guard previous != error.message else { return }
    logger.error(
      "where a device node leads could not be settled; whoever opens it may get another volume",
      metadata: ["volume": "\(record.volume)", "path": "\(path)", "reason": "\(error.message)"])
  }
}
