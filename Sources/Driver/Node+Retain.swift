internal import Linux
internal import Logging
internal import NVMe
internal import SystemPackage

/// `delayed_removal_secs`: how long the kernel keeps a volume's disk once its last controller is gone.
extension Node {
  /// What a volume's disk is to have. With a limit of its own on how long I/O may wait, 0: the kernel
  /// holds I/O back for as long as it keeps the disk, whatever ctrl_loss_tmo and fast_io_fail_tmo say
  /// (nvme_available_path, drivers/nvme/host/multipath.c).
  func removalDelay(of source: VolumeSource) -> UInt32 {
    let isPatient = source.options.ctrlLossTimeout < 0 && source.options.fastIOFailTimeout == nil
    return isPatient ? configuration.removalDelay : 0
  }

  /// Has the kernel keep the disk, where it can. Without it a lost controller costs a new device
  /// number, which recovery deals with; so this never fails.
  func retain(_ namespace: Namespace, of record: StageRecord, _ operation: Operation) async {
    let wanted = removalDelay(of: record.source)
    guard let present = namespace.removalDelay else {
      logger.debug(
        "the kernel cannot keep a disk without controllers (no delayed_removal_secs)",
        metadata: ["volume": "\(record.volume)", "device": "\(namespace.name)"])
      return
    }
    guard present != wanted else { return }
    do throws(DriverError) {
      try await operation.step("retain") { () async throws(DriverError) in
        try await setRemovalDelay(wanted, of: namespace, deadline: operation.deadline)
      }
    } catch {
      logger.warning(
        "the kernel does not keep the volume's disk when its controllers are lost",
        metadata: ["volume": "\(record.volume)", "reason": "\(error)"])
    }
  }

  /// Has the kernel let the disk go with its last controller.
  func release(_ record: StageRecord, deadline: ContinuousClock.Instant) async throws(DriverError) {
    for disk in try disks(of: record) where (disk.removalDelay ?? 0) != 0 {
      try await setRemovalDelay(0, of: disk, deadline: deadline)
    }
  }

  /// The disks of the volume's NSID.
  func disks(of record: StageRecord) throws(DriverError) -> [Namespace] {
    try subsystems(of: record.source.nqn).flatMap(\.namespaces)
      .filter { $0.nsid == record.source.nsid }
  }

  private func setRemovalDelay(
    _ seconds: UInt32, of namespace: Namespace, deadline: ContinuousClock.Instant
  ) async throws(DriverError) {
    let attribute = sysfs.removalDelayAttribute(of: namespace)
    do {
      try await calls.set(attribute: attribute, to: String(seconds), deadline: deadline)
    } catch {
      if case .failed(let failure) = error, failure.errno == .noSuchFileOrDirectory { return }
      throw DriverError(
        error.isDeadline ? .deadlineExceeded : .internal, "\(error)", cause: error)
    }
  }
}

extension IsolatedCallError {
  var isDeadline: Bool {
    if case .deadlineExceeded = self { return true }
    return false
  }
}
