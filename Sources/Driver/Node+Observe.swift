internal import Linux
internal import Mount
internal import NVMe
internal import Recovery

extension Node {
  /// What recovery is to keep up; nil for a volume that is not ours to keep up without being asked: it
  /// was never staged to the end, or in an earlier boot. After a reboot the orchestrator may have
  /// given the volume to another node, so nothing is connected until it stages the volume again.
  func desired(_ record: StageRecord) -> DesiredVolume? {
    guard record.phase == .staged, let identity = record.identity, let boot = record.bootID,
      boot == Self.bootID
    else { return nil }
    let use: DesiredVolume.Use =
      switch record.access.kind {
      case .block: .block
      case .fileSystem: .fileSystem(readOnly: record.access.mode.isReadOnly)
      }
    var desired = DesiredVolume(
      nqn: record.source.nqn, nsid: record.source.nsid,
      identity: .init(uuid: identity.uuid, nguid: identity.nguid, wwid: identity.wwid),
      portals: record.source.portals, use: use, removalDelay: removalDelay(of: record.source),
      stagingPath: record.stagingPath,
      targets: record.targets.map(\.path))
    desired.lossTimeout = .init(record.source.options)
    return desired
  }

  /// Reads what there is of the volume. Fails rather than leaving something out.
  ///
  /// With a view, nothing is read anew that it has, and no file system is asked: one that does not look
  /// well has an unknown health.
  func observe(
    _ desired: DesiredVolume, of record: StageRecord, deadline: ContinuousClock.Instant,
    in view: NodeView? = nil
  ) async throws(DriverError) -> ObservedVolume {
    let subsystems = try subsystems(of: desired.nqn, in: view)
    sightings.saw(subsystems, of: desired.nqn, for: record.volume)
    let controllers = subsystems.flatMap(\.controllers).filter {
      $0.hostNQN == host.nqn.rawValue
    }
    let namespaces = subsystems.flatMap(\.namespaces).filter { $0.nsid == desired.nsid }
    let table = try MountView(view) { () throws(DriverError) in try self.table() }
    var staging: ObservedVolume.Mounted?
    if case .fileSystem = desired.use, let mount = table.mounts(at: desired.stagingPath).last {
      let isGone = try isGone(mount.device)
      // Only of a device that is there and has a live path is there anything to ask.
      let isLive =
        controllers.contains { $0.state == .live }
        && namespaces.contains { $0.device == mount.device && $0.hasPath }
      var health = MountHealth.good
      if let stranger = try strangers(
        among: table.mounts(at: desired.stagingPath), own: namespaces
      ).last {
        health = .unknown(
          "\(desired.stagingPath) is \(stranger.summary), which is not the volume's")
      } else if isLive, view != nil {
        health = mounts.impression(of: mount, knownErrors: record.fileSystemErrors)
      } else if isLive {
        recoveries.asked(record.volume)
        health = await mounts.health(
          of: mount, knownErrors: record.fileSystemErrors, deadline: deadline)
      }
      var hold: ObservedVolume.Hold?
      if let whole = table.whole { hold = try self.hold(on: mount, health, of: record, in: whole) }
      staging = .init(
        device: mount.device, health: .init(health), isGone: isGone, hold: hold)
    }
    var targets: [String: ObservedVolume.Target] = [:]
    for path in desired.targets { targets[path] = try target(at: path, own: namespaces, in: table) }
    var isAlive = false
    for disk in namespaces where !isAlive { isAlive = try self.isAlive(disk, record) }
    return ObservedVolume(
      controllers: controllers, namespaces: namespaces, staging: staging, targets: targets,
      isAlive: isAlive)
  }

  private func target(
    at path: String, own: [Namespace], in table: MountView
  ) throws(DriverError) -> ObservedVolume.Target {
    let stacked = table.mounts(at: path)
    if let mount = stacked.last, !mount.isCover {
      if let stranger = try strangers(among: stacked, own: own).last {
        return .other("\(stranger.summary), which is not the volume's")
      }
      return try isGone(mount.device) ? .remains(mount.device) : .mount(mount.device)
    }
    do throws(SystemCallError) {
      guard let status = try Files.status(path) else {
        let parent = String(
          path[..<(path.utf8.lastIndex(of: UInt8(ascii: "/")) ?? path.startIndex)])
        return try Files.status(parent) == nil ? .abandoned : .missing
      }
      switch status.kind {
      case .directory: return .missing
      case .blockDevice: return .node(status.representedDevice)
      default: return .other("a \(status.kind)")
      }
    } catch { throw DriverError(error) }
  }

  /// Which boot of this machine it is; nil where the kernel does not say.
  static let bootID: String? = {
    let bytes = try? Files.read("/proc/sys/kernel/random/boot_id", limit: 64)
    return bytes.map { String(decoding: $0, as: UTF8.self).filter { !$0.isNewline } }
  }()
}

extension ObservedVolume.Health {
  init(_ health: MountHealth) {
    switch health {
    case .good: self = .good
    case .failed(let reason): self = .failed(reason)
    case .unknown(let reason): self = .unknown(reason)
    }
  }
}
