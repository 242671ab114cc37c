internal import BlockDevice
internal import Linux
internal import NVMe

/// A disk is looked at, and then opened by its path by one program after another. In between its
/// connection may be lost, and the next volume that connects gets its name and its number (measured), so
/// the disk is held open from before it is looked at until a mount holds it.
extension Node {
  /// The volume's disk, proven to be its namespace and held open.
  struct PinnedDisk: Sendable {
    let namespace: Namespace
    let pin: DevicePin

    var device: BlockDevice { BlockDevice(namespace) }
  }

  /// Runs `body` while the volume's disk is held open, and lets go of it before it returns.
  func pinning<Result>(
    _ namespace: Namespace, of record: StageRecord, _ operation: Operation,
    _ body: (PinnedDisk) async throws(DriverError) -> Result
  ) async throws(DriverError) -> Result {
    let disk = try await operation.step("pin") { () async throws(DriverError) in
      try await pin(namespace, of: record, deadline: operation.deadline)
    }
    let outcome: Swift.Result<Result, DriverError>
    do throws(DriverError) {
      outcome = .success(try await body(disk))
    } catch {
      outcome = .failure(error)
    }
    await disk.pin.release(by: .now + Self.pinPatience)
    return try outcome.get()
  }

  /// How long letting go may take before the child that holds the disk is killed.
  private static var pinPatience: Duration { .seconds(2) }

  /// Opens the disk first, then compares: what sysfs says of a disk that is open is said of this one.
  private func pin(
    _ namespace: Namespace, of record: StageRecord, deadline: ContinuousClock.Instant
  ) async throws(DriverError) -> PinnedDisk {
    let path = BlockDevice(namespace).path
    let pin: DevicePin
    do {
      // Longer than whatever is done with the disk; mkfs alone has an hour.
      pin = try await calls.pin(
        device: path, until: .forWork(after: deadline) + .seconds(3_600), deadline: deadline)
    } catch {
      throw DriverError(
        error.isDeadline ? .deadlineExceeded : .unavailable,
        "volume \(record.volume): hold \(path) open: \(error)", cause: error)
    }
    do throws(DriverError) {
      let served = try disks(of: record).first { $0.device == pin.device }
      guard pin.device == namespace.device, let served, namespace.isSameLife(as: served),
        pin.diskSequence == nil || pin.diskSequence == namespace.diskSequence
      else {
        let found = served.map { "\($0.name), \($0.wwid)" } ?? "none of the volume's"
        throw DriverError(
          .unavailable,
          """
          volume \(record.volume): its connection was lost, and \(path), which was \(namespace.wwid) \
          (\(namespace.device)), is another disk now (\(pin.device), \(found)); nothing was read or \
          written; retry
          """)
      }
      return PinnedDisk(namespace: namespace, pin: pin)
    } catch {
      await pin.release(by: .now + Self.pinPatience)
      throw error
    }
  }

  /// What was found out and done by the disk's path was found out of and done to this disk. Asked after
  /// a program or the kernel has opened the path, and before anything is made of the answer.
  func requireHeld(_ disk: PinnedDisk, of record: StageRecord) throws(DriverError) {
    guard !disk.pin.isHeld else { return }
    throw DriverError(
      .unavailable,
      """
      volume \(record.volume): the process that held \(disk.device) open is gone, and with it the \
      certainty that this is still the volume's disk; retry
      """)
  }
}

extension Namespace {
  /// The same namespace, on the same disk since the same connection.
  fileprivate func isSameLife(as other: Namespace) -> Bool {
    nsid == other.nsid && uuid == other.uuid && nguid == other.nguid && wwid == other.wwid
      && device == other.device && diskSequence == other.diskSequence
  }
}
