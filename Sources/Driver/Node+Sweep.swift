internal import Linux
internal import Logging
internal import NVMe
internal import Recovery
internal import Udev

extension Node {
  /// Looks at every volume that has a record, and names those that want a closer look of their own, or
  /// something done. A volume for which everything is as it was costs no system call of its own, but
  /// for its record and where it is published.
  func sweep(_ view: NodeView?, _ enqueue: (VolumeID) -> Void) async {
    guard let volumes = await records.volumes() else { return }
    recoveries.forgetAll(but: volumes)
    outages.forgetAll(but: volumes)
    portals.forgetAll(but: volumes)
    sightings.forgetAll(but: volumes)
    for volume in volumes where await wantsLook(volume, view) { enqueue(volume) }
  }

  private func wantsLook(_ volume: VolumeID, _ view: NodeView?) async -> Bool {
    // Without a view, or a record that can be read, the look says what is the matter.
    guard let view, let known = recoveries.entry(of: volume), !known.isUnreadable,
      let record = try? await records.record(of: volume), let desired = desired(record),
      let observed = try? await observe(desired, of: record, deadline: .now, in: view)
    else { return recoveries.entry(of: volume)?.isUnreadable != true }
    outages.note(
      volume, isOut: Reach(observed.controllers, observed.namespaces).isOut, at: .now)
    let plan = RecoveryPlan(desired, observed)
    switch plan.state {
    case .healthy where plan.steps.isEmpty:
      return known.state != .healthy || recoveries.shouldAsk(volume)
    case .reconnecting where plan.steps.isEmpty, .foreign where plan.steps.isEmpty:
      recoveries.note(plan.state, of: volume)
      return false
    default:
      return recoveries.pause(volume, before: plan.steps) == nil && !mustWait(plan)
    }
  }

  /// Whether a plan has nothing but connecting to do, at portals that cannot be tried now.
  func mustWait(_ plan: RecoveryPlan) -> Bool {
    let portals = plan.steps.flatMap(\.portals)
    return !portals.isEmpty && plan.steps.allSatisfy(\.isConnect)
      && !self.portals.mayTry(portals, at: .now)
  }

  /// The volumes that a uevent is about; nil: all of them.
  func volumes(for element: UdevMonitor.Element) -> Set<VolumeID>? {
    guard case .event(let event) = element else { return nil }
    guard case .device(let name) = Sightings.Subject(event) else { return [] }
    let seen = sightings.volumes(of: name)
    // Whoever has the name now is another.
    guard event.action != "remove", let nqn = sysfs.nqn(of: name) else { return seen }
    // One that no look has seen yet, or that was another's when it was seen.
    return seen.union(sightings.volumes(of: nqn))
  }
}

extension RecoveryStep {
  /// Where it makes paths to.
  var portals: [TransportAddress] {
    if case .connect(let portals) = self { return portals }
    return []
  }
}
