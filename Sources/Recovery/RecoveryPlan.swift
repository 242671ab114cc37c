internal import Linux
internal import NVMe

/// How a volume is and what to do about it: a pure function of what should be and what is.
///
/// Never part of any plan: disconnecting a controller that the kernel still retries, formatting,
/// touching a namespace with another identity, acting on what could not be read.
///
/// Part of every plan, whatever the state, and before anything that may take its time: no device node
/// of the volume goes on to name a device that is not the volume's. The kernel gives the number of a
/// disk that is gone to the next one that comes.
public struct RecoveryPlan: Hashable, Sendable {
  /// How the volume is.
  public let state: RecoveryState
  /// What to do, in this order; empty when there is nothing to do, or nothing that may be done.
  public let steps: [RecoveryStep]

  init(_ state: RecoveryState, _ steps: [RecoveryStep] = []) {
    self.state = state
    self.steps = steps
  }

  /// Compares the two.
  public init(_ desired: DesiredVolume, _ observed: ObservedVolume) {
    let plan = Self(comparing: desired, observed)
    let stray = Self.strayNodes(desired, observed).filter { !plan.steps.contains(.node($0)) }
    self.init(plan.state, stray.map { .blank($0) } + plan.steps)
  }

  /// The targets whose device node names something else than a disk of the volume, or nothing.
  private static func strayNodes(
    _ desired: DesiredVolume, _ observed: ObservedVolume
  ) -> [String] {
    guard desired.use == .block else { return [] }
    // Also one that has no path or no size: it is nobody else's.
    let own = observed.namespaces.filter { DesiredVolume.Identity($0) == desired.identity }
    return desired.targets.filter { target in
      guard case .node(let device)? = observed.targets[target], device != .nowhere else {
        return false
      }
      return !own.contains { $0.device == device }
    }
  }

  private init(comparing desired: DesiredVolume, _ observed: ObservedVolume) {
    let staying = observed.controllers.filter { !$0.state.isGoing }
    let missing = desired.portals.filter { portal in
      !staying.contains { $0.leads(to: portal) }
    }
    let present = observed.namespaces.filter { $0.size > 0 }
    if let stranger = present.first(where: { DesiredVolume.Identity($0) != desired.identity }) {
      self.init(
        .foreign(
          "namespace \(stranger.nsid) of \(desired.nqn) is \(stranger.wwid) now, not "
            + desired.identity.wwid))
      return
    }
    if staying.isEmpty {
      self.init(.lost, [.connect(desired.portals)])
      return
    }
    var reconnect = missing.isEmpty ? [] : [RecoveryStep.connect(missing)]
    if let delay = present.first(where: \.hasPath)?.removalDelay, delay != desired.removalDelay {
      reconnect.insert(.retain(desired.removalDelay), at: 0)
    }
    if let timeout = desired.lossTimeout {
      let changed = staying.filter { !timeout.isMet(by: $0) }.map(\.name)
      if !changed.isEmpty { reconnect.insert(.endure(timeout, controllers: changed), at: 0) }
    }
    guard staying.contains(where: { $0.state == .live }) else {
      self.init(.reconnecting, reconnect)
      return
    }
    // A head that no controller leads to is what the kernel keeps of one that the target took away.
    guard let namespace = present.first(where: \.hasPath) else {
      self.init(.absent, reconnect + [.rescan])
      return
    }
    guard present.count == 1 else {
      let names = present.map(\.name).joined(separator: ", ")
      self.init(.unknown("the namespace has several disks: \(names)"), reconnect)
      return
    }
    let repair: RecoveryPlan
    let steps: [RecoveryStep]
    switch desired.use {
    case .block:
      repair = Self.nodes(desired, observed, namespace)
      // A node takes no time, and what is stale there may lead to another volume meanwhile.
      steps = repair.steps + reconnect
    case .fileSystem:
      repair = Self.mounts(desired, observed, namespace)
      steps = reconnect + repair.steps
    }
    if repair.state == .healthy, !missing.isEmpty {
      self.init(.degraded(missing: missing), steps)
    } else {
      self.init(repair.state, steps)
    }
  }

  private static func nodes(
    _ desired: DesiredVolume, _ observed: ObservedVolume, _ namespace: Namespace
  ) -> RecoveryPlan {
    var state = RecoveryState.healthy
    var steps: [RecoveryStep] = []
    for target in desired.targets {
      switch observed.targets[target] ?? .missing {
      case .node(namespace.device), .abandoned: continue
      case .node:
        state = .renumbered
        steps.append(.node(target))
      case .missing:
        if state == .healthy { state = .incomplete }
        steps.append(.node(target))
      case .mount(let device), .remains(let device):
        return RecoveryPlan(.unknown("\(target) is a mount of \(device), not a device node"))
      case .other(let what):
        return RecoveryPlan(.unknown("\(target) is \(what), not a device node"))
      }
    }
    return RecoveryPlan(state, steps)
  }

  private static func mounts(
    _ desired: DesiredVolume, _ observed: ObservedVolume, _ namespace: Namespace
  ) -> RecoveryPlan {
    for target in desired.targets {
      switch observed.targets[target] ?? .missing {
      case .missing, .abandoned, .remains, .mount(namespace.device): continue
      case .mount(let device):
        return RecoveryPlan(
          .unknown("\(target) is a mount of \(device), which is not the volume's"))
      case .node(let device):
        return RecoveryPlan(.unknown("\(target) is a device node of \(device), not a mount"))
      case .other(let what):
        return RecoveryPlan(.unknown("\(target) is \(what)"))
      }
    }
    // Whoever mounted it there uses it: it is neither ours to take away nor to mount over.
    if let staging = observed.staging, staging.device != namespace.device, !staging.isGone {
      guard case .unknown(let reason) = staging.health else {
        return RecoveryPlan(
          .unknown(
            "\(desired.stagingPath) is a mount of \(staging.device), which is not the volume's"))
      }
      return RecoveryPlan(.unknown(reason))
    }
    let targets = desired.targets.filter { observed.targets[$0] != .abandoned }
    let alive = targets.filter { observed.targets[$0] == .mount(namespace.device) }
    // Target by target, so that a pod sees the bare directory under its mount for a moment only.
    let dead = targets.filter {
      if case .remains? = observed.targets[$0] { true } else { false }
    }
    let rebind = targets.flatMap { target -> [RecoveryStep] in
      (dead.contains(target) ? [.detach(target)] : []) + [.bind(target)]
    }
    let rebuild: [RecoveryStep] = [.check, .mount] + targets.map { .bind($0) }
    guard let staging = observed.staging else {
      // The staging mount is gone; what is bound elsewhere, or held by somebody, may still be alive.
      guard alive.isEmpty, !observed.isAlive else {
        let others = targets.filter { !alive.contains($0) }
        return RecoveryPlan(
          .incomplete,
          [.mount] + dead.map { .detach($0) } + others.map { .bind($0) })
      }
      return RecoveryPlan(.incomplete, [.check, .mount] + rebind)
    }
    guard staging.device == namespace.device else {
      return RecoveryPlan(.renumbered, [.detach(desired.stagingPath), .check, .mount] + rebind)
    }
    switch staging.health {
    case .failed(let reason):
      let remake = [.unmount(alive + dead + [desired.stagingPath])] + rebuild
      guard let hold = staging.hold else { return RecoveryPlan(.failed(reason), remake) }
      // It stays where it is, and comes back where it is not: what fails loudly is better than a bare
      // directory, which takes writes for the disk below.
      let keep = targets.filter { !alive.contains($0) }.flatMap { target -> [RecoveryStep] in
        (dead.contains(target) ? [.detach(target)] : []) + [.bind(target)]
      }
      return RecoveryPlan(
        .held("\(reason), and \(hold.holder) holds it"), hold.mayBeOver ? remake : keep)
    case .unknown(let reason):
      return RecoveryPlan(.unknown(reason))
    case .good: break
    }
    var state = RecoveryState.healthy
    var steps: [RecoveryStep] = []
    for target in targets {
      switch observed.targets[target] ?? .missing {
      case .mount: continue
      case .remains:
        state = .renumbered
        steps += [.detach(target), .bind(target)]
      default:
        if state == .healthy { state = .incomplete }
        steps.append(.bind(target))
      }
    }
    return RecoveryPlan(state, steps)
  }
}
