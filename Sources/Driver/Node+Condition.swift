internal import CSI
internal import Linux
internal import NVMe
internal import Recovery

extension Node {
  /// How a volume is and since when, for whoever asks (NodeGetVolumeStats).
  func condition(
    of record: StageRecord, deadline: ContinuousClock.Instant
  ) async throws(DriverError) -> VolumeCondition {
    guard let desired = desired(record) else {
      return VolumeCondition(
        abnormal: true,
        message: "the volume is not completely staged (\(record.phase.rawValue)); it is not kept up"
      )
    }
    let observed = try await observe(desired, of: record, deadline: deadline)
    let state = RecoveryPlan(desired, observed).state
    let text = Self.text(state, desired, observed)
    guard let text else {
      let paths = "\(desired.portals.count) of \(desired.portals.count) paths live"
      let renewal = renewal(of: record)
      return VolumeCondition(
        abnormal: renewal != nil, message: renewal.map { "\(paths); \($0)" } ?? paths)
    }
    let known = recoveries.entry(of: record.volume)
    var message = text
    if Self.leadsNowhere(desired, observed) {
      message += "; the volume's device nodes lead nowhere until its disk is back"
    }
    if let known, known.state.name == state.name, state != .healthy {
      message += "; for \((ContinuousClock.now - known.since).components.seconds) s"
    }
    if let failure = known?.failure { message += "; the last attempt to restore it: \(failure)" }
    return VolumeCondition(abnormal: true, message: message)
  }

  private static func leadsNowhere(_ desired: DesiredVolume, _ observed: ObservedVolume) -> Bool {
    desired.use == .block && observed.targets.values.contains(.node(.nowhere))
      && !observed.namespaces.contains { DesiredVolume.Identity($0) == desired.identity }
  }

  /// What is the matter; nil when nothing is.
  private static func text(
    _ state: RecoveryState, _ desired: DesiredVolume, _ observed: ObservedVolume
  ) -> String? {
    let nqn = desired.nqn
    let states = observed.controllers.map { "\($0.name) \($0.state.rawValue)" }
      .joined(separator: ", ")
    let live = observed.controllers.filter { $0.state == .live }.count
    switch state {
    case .healthy, .degraded:
      guard live < desired.portals.count else { return nil }
      return "\(live) of \(desired.portals.count) paths to \(nqn) are live (\(states))"
    case .reconnecting:
      return "\(nqn) does not answer (\(states)); I/O waits for the target"
    case .lost:
      return "the kernel has no controller for \(nqn) any more; it is being connected again"
    case .renumbered:
      return "\(nqn) came back as another device; mounts and device nodes are being renewed"
    case .failed(let reason):
      return "\(reason); it is unmounted, checked and mounted again as soon as nobody uses it"
    case .held(let what):
      return
        "\(what): restart the pod that uses it; it is unmounted, checked and mounted again as soon "
        + "as nobody holds it"
    case .incomplete:
      return "mounts or device nodes of the volume are missing; they are being made again"
    case .absent:
      guard observed.namespaces.contains(where: { !$0.hasPath }) else {
        return "\(nqn) has no namespace \(desired.nsid) any more"
      }
      // With a disk to compare with, the kernel does not even show a stranger.
      return
        "\(nqn) does not serve namespace \(desired.nsid) as it was: it is gone, or another is in "
        + "its place (the kernel log tells); I/O waits for it, and nothing is touched"
    case .foreign(let what):
      return "\(what): another volume's data is served under this name; nothing is touched"
    case .unknown(let why):
      return why
    }
  }
}
