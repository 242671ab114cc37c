internal import Linux
internal import Logging
internal import Mount
internal import NVMe

extension Node {
  /// Connects every portal of the volume side by side; one is enough to go on.
  ///
  /// A portal that is down makes the volume less redundant, not inaccessible: it is logged, shows in
  /// the volume's condition, and the others are not held up for longer than `portalPatience`.
  ///
  /// Recovery does not wait for its turn at a portal, since it would keep the volume's reservation.
  func connect(
    _ portals: [TransportAddress], of record: StageRecord, deadline: ContinuousClock.Instant,
    asRecovery: Bool = false
  ) async throws(DriverError) {
    // A number that a disk has left is given to the next one that comes, so none may be in use here.
    nodes.blankStray()
    let source = record.source
    let patience =
      source.portals.count == 1 ? deadline : min(deadline, .now + Self.portalPatience)
    let failures = await withTaskGroup(of: FabricsError?.self) { group in
      for portal in portals {
        group.addTask {
          await connect(source, portal, deadline: patience, asRecovery: asRecovery)
        }
      }
      var failures: [FabricsError] = []
      for await failure in group {
        if let failure { failures.append(failure) }
      }
      return failures
    }
    // One of them, or a path that was there before, is enough to go on.
    let subsystems = try subsystems(of: source.nqn)
    sightings.saw(subsystems, of: source.nqn, for: record.volume)
    let live = subsystems.flatMap(\.controllers).filter {
      $0.hostNQN == host.nqn.rawValue && $0.state == .live
    }
    let reasons = failures.map(\.message).joined(separator: "; ")
    // What the target said of this volume tells more than a portal that did not answer.
    if failures.count == portals.count, live.isEmpty,
      let decisive = failures.first(where: { !$0.concernsPortal }) ?? failures.first
    {
      throw DriverError(FabricsError(code: decisive.code, message: reasons))
    }
    guard !failures.isEmpty else { return }
    // Recovery comes back to it again and again.
    guard !asRecovery else { return recoveries.explain(record.volume, reasons) }
    logger.warning(
      "a portal of the volume could not be connected",
      metadata: ["volume": "\(record.volume)", "reason": "\(reasons)"])
  }

  /// Tries one portal, unless it has failed so often of late that asking it again would only hold up
  /// the others.
  private func connect(
    _ source: VolumeSource, _ portal: TransportAddress, deadline: ContinuousClock.Instant,
    asRecovery: Bool
  ) async -> FabricsError? {
    let pass: Portals.Pass
    switch await turn(at: portal, deadline: asRecovery ? .now : deadline) {
    case .success(let given): pass = given
    case .failure(let error):
      return FabricsError(
        code: error.code, message: "connect \(source.nqn) at \(portal): \(error.message)")
    }
    let failure: FabricsError?
    do throws(FabricsError) {
      _ = try await fabrics.connect(
        source.nqn, at: portal, as: host, options: source.options, deadline: deadline)
      failure = nil
    } catch { failure = error }
    portals.leave(pass, Portals.Outcome(failure), at: .now)
    return failure
  }

  /// Waits until a connect may begin at the portal.
  private func turn(
    at portal: TransportAddress, deadline: ContinuousClock.Instant
  ) async -> Result<Portals.Pass, FabricsError> {
    while true {
      if let pass = portals.enter(portal, at: .now) { return .success(pass) }
      guard portals.isOpen(portal, at: .now) else {
        return .failure(
          FabricsError(
            code: .unreachable,
            message:
              "not tried, it has not answered several times in a row; it is asked again within 30 s"
          ))
      }
      guard ContinuousClock.now < deadline,
        (try? await Task.sleep(for: .milliseconds(25))) != nil
      else {
        return .failure(
          FabricsError(
            // As if it had been tried and not answered, which is true of whoever waits for it.
            code: .unreachable,
            message: "not tried, since \(Portals.limit) others are connecting there; try again"))
      }
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
    let wait = NamespaceWait(sysfs: sysfs, pause: changes.watch().pause)
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
    let found = StageRecord.Identity(namespace)
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
    try subsystems(of: nqn).flatMap(\.controllers).filter { $0.hostNQN == host.nqn.rawValue }
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
