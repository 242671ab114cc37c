internal import Linux
internal import Logging
internal import Mount
internal import NVMe
internal import Resilience

extension Node {
  /// Connects every portal of the volume side by side; one is enough to go on.
  ///
  /// A portal that is down makes the volume less redundant, not inaccessible: it is logged, shows in
  /// the volume's condition, and the others are not held up for longer than `portalPatience`.
  func connect(
    _ portals: [TransportAddress], of record: StageRecord, deadline: ContinuousClock.Instant
  ) async throws(DriverError) {
    // A number that a disk has left is given to the next one that comes, so none may be in use here.
    nodes.blankStray()
    let source = record.source
    let patience =
      source.portals.count == 1 ? deadline : min(deadline, .now + Self.portalPatience)
    let failures = await withTaskGroup(of: FabricsError?.self) { group in
      for portal in portals {
        group.addTask { await connect(source, portal, deadline: patience) }
      }
      var failures: [FabricsError] = []
      for await failure in group {
        if let failure { failures.append(failure) }
      }
      return failures
    }
    // One of them, or a path that was there before, is enough to go on.
    let live = try controllers(of: source.nqn).filter { $0.state == .live }
    if failures.count == portals.count, live.isEmpty, let first = failures.first {
      let others = failures.dropFirst().map { "; " + $0.message }.joined()
      throw DriverError(FabricsError(code: first.code, message: first.message + others))
    }
    for failure in failures {
      logger.warning(
        "a portal of the volume could not be connected",
        metadata: ["volume": "\(record.volume)", "reason": "\(failure)"])
    }
  }

  /// Tries one portal, unless it has failed so often of late that asking it again would only hold up
  /// the others.
  private func connect(
    _ source: VolumeSource, _ portal: TransportAddress, deadline: ContinuousClock.Instant
  ) async -> FabricsError? {
    guard let permit = portals.permit(for: portal, at: .now) else {
      return FabricsError(
        code: .unreachable,
        message:
          "connect \(source.nqn) at \(portal): not tried, it has not answered several times in "
          + "a row; it is asked again within 30 s")
    }
    do throws(FabricsError) {
      _ = try await fabrics.connect(
        source.nqn, at: portal, as: host, options: source.options, deadline: deadline)
      portals.record(.success, for: portal, permit: permit, at: .now)
      return nil
    } catch {
      // Only what takes time to fail is not worth asking again soon: a portal that says no at once may
      // say yes the next second.
      portals.record(
        error.code == .timedOut ? .failure : .unknown, for: portal, permit: permit, at: .now)
      return error
    }
  }

  private static var portalPatience: Duration { .seconds(15) }

  /// The volume's namespace once the kernel shows it whole: the wanted NSID, the expected identity,
  /// a device number and a size. No other volume's device node leads to it on return.
  func namespace(
    of record: StageRecord, deadline: ContinuousClock.Instant
  )
    async throws(DriverError) -> Namespace
  {
    let wait = NamespaceWait(sysfs: sysfs, pause: changes.pause)
    let namespace: Namespace
    do {
      namespace = try await wait.namespace(
        record.source.nsid, of: record.source.nqn, uuid: record.source.uuid,
        nguid: record.source.nguid, deadline: deadline)
    } catch {
      throw DriverError(error)
    }
    if let known = record.identity {
      try requireSame(known, namespace, record)
    }
    try nodes.clear(namespace.device, for: record.volume)
    return namespace
  }

  /// A volume that had an identity keeps it: another one is another volume's data.
  func requireSame(
    _ known: StageRecord.Identity, _ namespace: Namespace, _ record: StageRecord
  ) throws(DriverError) {
    let found = StageRecord.Identity(
      uuid: namespace.uuid, nguid: namespace.nguid, wwid: namespace.wwid)
    guard found == known else {
      throw DriverError(
        .failedPrecondition,
        """
        volume \(record.volume): namespace \(record.source.nsid) of \(record.source.nqn) was \
        \(known) and is now \(found): the target serves something else under the same name. \
        Nothing was touched; restore the export, or unstage the volume to accept the new one
        """)
    }
  }

  /// Volume's controllers of our host identity.
  func controllers(of nqn: NQN) throws(DriverError) -> [Controller] {
    do {
      return try sysfs.subsystem(nqn: nqn).flatMap(\.controllers).filter {
        $0.hostNQN == host.nqn.rawValue
      }
    } catch { throw DriverError(error) }
  }

  /// Asks the subsystem's live controllers to look for changed namespaces.
  func rescan(_ nqn: NQN) throws(DriverError) {
    for controller in try controllers(of: nqn) where controller.state == .live {
      do throws(SystemCallError) { try sysfs.rescan(controller) } catch { throw DriverError(error) }
    }
  }

  func table() throws(DriverError) -> MountTable {
    do { return try mounts.table() } catch { throw DriverError(error) }
  }

  func mountOptions(_ flags: [String]) throws(DriverError) -> MountOptions {
    do { return try MountOptions(flags) } catch {
      throw DriverError(.invalidArgument, "mount_flags: \(error.reason)", cause: error)
    }
  }

  func createDirectory(_ path: String) throws(DriverError) {
    do { try Files.makeDirectories(path, mode: 0o750) } catch { throw DriverError(error) }
  }
}

extension StageRecord.Identity: CustomStringConvertible {
  var description: String {
    if let uuid { return "uuid \(uuid)" }
    if let nguid { return "nguid \(nguid)" }
    return "wwid \(wwid)"
  }
}
