internal import Linux

/// Waits for a namespace after its subsystem was connected.
///
/// Events are hints, sysfs is the truth: `pause` may return as soon as a uevent says that something
/// changed, and then everything is read again.
public struct NamespaceWait: Sendable {
  private let sysfs: NVMeSysfs
  private let pause: @Sendable (Duration) async -> Void

  /// `pause` returns after the given time, or before if something may have changed.
  public init(
    sysfs: NVMeSysfs,
    pause: @escaping @Sendable (Duration) async -> Void = { try? await Task.sleep(for: $0) }
  ) {
    self.sysfs = sysfs
    self.pause = pause
  }

  /// The namespace with this NSID once the kernel shows it with a device number, a size and a path.
  ///
  /// One with another UUID or NGUID than the expected one is `identityConflict`, at once.
  public func namespace(
    _ nsid: UInt32, of nqn: NQN, uuid: UUID?, nguid: NGUID?, deadline: ContinuousClock.Instant
  ) async throws(FabricsError) -> Namespace {
    let start = ContinuousClock.now
    var hasRescanned = false
    var delay = Duration.milliseconds(5)
    while true {
      let subsystems: [Subsystem]
      do { subsystems = try sysfs.subsystem(nqn: nqn) } catch {
        throw FabricsError(code: .other, message: "read NVMe state: \(error)")
      }
      let namespaces = subsystems.flatMap(\.namespaces).filter { $0.nsid == nsid }
      if let found = namespaces.first(where: { $0.size > 0 && $0.hasPath }) {
        try Self.require(found, nqn, uuid, nguid)
        // A head whose last path has gone may stay while it is held open; a new one comes beside it.
        guard namespaces.count == 1 else {
          throw FabricsError(
            code: .identityConflict,
            message: "namespace \(nsid) of \(nqn) has several disks, "
              + namespaces.map(\.name).joined(separator: ", ")
              + ": native multipath is off (nvme_core.multipath=N) and there is one for each portal, "
              + "or one is the remains of a lost connection that something still holds open")
        }
        return found
      }
      guard ContinuousClock.now < deadline, !Task.isCancelled else {
        throw Self.missing(nsid, nqn, subsystems)
      }
      if !hasRescanned, ContinuousClock.now - start > .seconds(2) {
        hasRescanned = true
        for controller in subsystems.flatMap(\.controllers) where controller.state == .live {
          // A hint to the kernel: it does this by itself when the target tells it.
          try? sysfs.rescan(controller)
        }
      }
      await pause(min(delay, deadline - .now))
      delay = min(delay * 2, .milliseconds(500))
    }
  }

  private static func require(
    _ found: Namespace, _ nqn: NQN, _ uuid: UUID?, _ nguid: NGUID?
  ) throws(FabricsError) {
    func conflict(_ kind: String, _ has: String?, _ wanted: String) -> FabricsError {
      FabricsError(
        code: .identityConflict,
        message: "namespace \(found.nsid) of \(nqn) (\(found.name)) has \(kind) "
          + "\(has ?? "none"), expected \(wanted): this is not the volume's data; nothing was "
          + "read or written")
    }
    if let uuid, found.uuid != uuid {
      throw conflict("UUID", found.uuid?.description, uuid.description)
    }
    if let nguid, found.nguid != nguid {
      throw conflict("NGUID", found.nguid?.description, nguid.description)
    }
  }

  private static func missing(
    _ nsid: UInt32, _ nqn: NQN, _ subsystems: [Subsystem]
  ) -> FabricsError {
    let others = subsystems.flatMap(\.namespaces).sorted { $0.nsid < $1.nsid }
      .map {
        "\($0.nsid)"
          + ($0.size == 0
            ? " (without a size yet)"
            : $0.hasPath ? "" : " (\($0.name), which no controller leads to)")
      }
    let controllers = subsystems.flatMap(\.controllers).map(\.summary)
    return FabricsError(
      code: .timedOut,
      message: "namespace \(nsid) of \(nqn) did not appear in time; namespaces there: "
        + (others.isEmpty ? "none" : others.joined(separator: ", ")) + "; controllers: "
        + (controllers.isEmpty ? "none" : controllers.joined(separator: ", ")))
  }
}
