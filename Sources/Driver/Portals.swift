internal import NVMe
internal import Resilience
internal import Synchronization

/// The portals that this node connects to: which of them may be tried now, how many connects are in
/// flight at each, and which volumes wait for their turn.
///
/// What befalls a portal befalls all of its volumes, so it is found out once and not by each of them: of
/// those that wait at a portal that refuses one looks again, the scout, and as soon as the portal answers
/// the others follow, a few at a time. A portal that is silent is left alone by its circuit breaker.
final class Portals: Sendable {
  /// Connects in flight at one portal. The kernel makes one at a time, on the whole node
  /// (nvmf_dev_mutex, drivers/nvme/host/fabrics.c): a second one is ready when the first is through.
  static var limit: Int { 2 }

  /// That a connect may begin. To be handed back with what came of it.
  struct Pass: Sendable {
    let portal: TransportAddress
    fileprivate let permit: CircuitBreaker.Permit
  }

  /// What a connect told about the portal.
  enum Outcome: Hashable, Sendable {
    /// It is there, whether or not it serves the subsystem.
    case answered
    /// It said no at once: nobody listens, or no way leads there.
    case refused
    /// It was given its time and said nothing.
    case silent
    /// Nothing: the connect failed on this machine, or ran out of its caller's time.
    case unknown

    /// What an error tells; nil: a success.
    init(_ error: FabricsError?) {
      switch error?.code {
      case nil, .unknownSubsystem, .hostNotAllowed, .authentication: self = .answered
      case .refused, .unreachable: self = .refused
      case .silent: self = .silent
      case .timedOut, .noKernelModule, .noNVMeCLI, .identityConflict, .invalidArgument, .notOurs,
        .stillPresent, .busy, .other:
        self = .unknown
      }
    }
  }

  /// Volumes that may go on, since there is room at a portal that they waited for.
  let turns: AsyncStream<VolumeID>

  private let turn: AsyncStream<VolumeID>.Continuation
  private let breakers: CircuitBreakers<TransportAddress>
  private let state = Mutex<[TransportAddress: Portal]>([:])

  private struct Portal {
    var connecting = 0
    var refusedUntil: ContinuousClock.Instant?
    /// Looks again by itself.
    var scout: VolumeID?
    /// In the order they came; the scout may be among them.
    var waiting: [VolumeID] = []

    var isForgettable: Bool {
      connecting == 0 && refusedUntil == nil && scout == nil && waiting.isEmpty
    }

    func hasRoom(at now: ContinuousClock.Instant) -> Bool {
      connecting < Portals.limit && refusedUntil.map { $0 <= now } ?? true
    }

    /// Those who may go on now.
    mutating func next(_ isOpen: Bool) -> [VolumeID] {
      guard isOpen, refusedUntil == nil else { return [] }
      let count = min(max(0, Portals.limit - connecting), waiting.count)
      defer { waiting.removeFirst(count) }
      return Array(waiting.prefix(count))
    }
  }

  init(_ breakers: CircuitBreakers<TransportAddress> = CircuitBreakers()) {
    self.breakers = breakers
    // What does not fit is found by the slow poll.
    (turns, turn) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1 << 14))
  }

  /// A pass for a connect now; nil while the portal's circuit is open, or has its one probe under way, or
  /// as many connects are in flight as may be.
  func enter(_ portal: TransportAddress, at now: ContinuousClock.Instant) -> Pass? {
    state.withLock { portals in
      guard portals[portal, default: Portal()].connecting < Self.limit,
        let permit = breakers.permit(for: portal, at: now)
      else { return nil }
      portals[portal, default: Portal()].connecting += 1
      return Pass(portal: portal, permit: permit)
    }
  }

  /// What came of the connect; those who wait for its end have their turn.
  func leave(_ pass: Pass, _ outcome: Outcome, at now: ContinuousClock.Instant) {
    let next = state.withLock { portals in
      breakers.record(.init(outcome), for: pass.portal, permit: pass.permit, at: now)
      let isOpen = isOpen(pass.portal, at: now)
      return with(pass.portal, in: &portals) { portal in
        portal.connecting -= 1
        switch outcome {
        case .answered:
          portal.refusedUntil = nil
          portal.scout = nil
        case .refused: portal.refusedUntil = now + Self.pauseAfterRefusal(of: pass.portal)
        case .silent, .unknown: break
        }
        return portal.next(isOpen)
      }
    }
    for volume in next { turn.yield(volume) }
  }

  /// Whether one of these portals may be tried now by somebody who does not wait.
  func mayTry(_ candidates: [TransportAddress], at now: ContinuousClock.Instant) -> Bool {
    state.withLock { portals in
      candidates.contains { candidate in
        (portals[candidate] ?? Portal()).hasRoom(at: now) && isOpen(candidate, at: now)
      }
    }
  }

  /// Has a volume wait for its turn at any of these portals. Returns after which time it is to look by
  /// itself; nil when others do that.
  func wait(
    _ volume: VolumeID, at candidates: [TransportAddress], since now: ContinuousClock.Instant
  ) -> Duration? {
    state.withLock { portals in
      var soonest: Duration?
      for candidate in candidates {
        let isOpen = isOpen(candidate, at: now)
        let delay = with(candidate, in: &portals) { portal -> Duration? in
          if !portal.waiting.contains(volume) { portal.waiting.append(volume) }
          // Somebody has left since the volume asked.
          if isOpen, portal.hasRoom(at: now) { return .zero }
          guard let until = closedUntil(candidate, portal, now),
            portal.scout == nil || portal.scout == volume
          else { return nil }
          portal.scout = volume
          return until - now
        }
        if let delay { soonest = min(soonest ?? delay, delay) }
      }
      return soonest.map { max($0, .milliseconds(10)) }
    }
  }

  /// The volume has no need to connect now: if it had a turn at any of these, the next one has it.
  func passOn(
    _ volume: VolumeID, at candidates: [TransportAddress], since now: ContinuousClock.Instant
  ) {
    let next = state.withLock { portals in
      candidates.flatMap { candidate -> [VolumeID] in
        guard portals[candidate] != nil else { return [] }
        let isOpen = isOpen(candidate, at: now)
        return with(candidate, in: &portals) { portal in
          portal.waiting.removeAll { $0 == volume }
          if portal.scout == volume { portal.scout = nil }
          return portal.next(isOpen)
        }
      }
    }
    for volume in next { turn.yield(volume) }
  }

  /// Only these volumes are there any more.
  func forgetAll(but volumes: [VolumeID]) {
    let kept = Set(volumes)
    state.withLock { portals in
      for portal in Array(portals.keys) {
        with(portal, in: &portals) { portal in
          portal.waiting.removeAll { !kept.contains($0) }
          if let scout = portal.scout, !kept.contains(scout) { portal.scout = nil }
          if portal.scout == nil, portal.waiting.isEmpty { portal.refusedUntil = nil }
        }
      }
    }
  }

  /// The portals that failed of late, for people and metrics.
  func states(at now: ContinuousClock.Instant) -> [TransportAddress: CircuitBreaker.State] {
    breakers.states(at: now)
  }

  /// How long a portal that refused is left alone: one that is back is to be found at once, and to ask
  /// costs one connection. Not the same for every node of a cluster.
  private static func pauseAfterRefusal(of portal: TransportAddress) -> Duration {
    // Only TCP can be asked without nvme-cli and the kernel.
    .milliseconds(Int64.random(in: portal.transport == .tcp ? 250...450 : 1_000...2_000))
  }

  /// Whether the portal's circuit lets somebody try now.
  func isOpen(_ portal: TransportAddress, at now: ContinuousClock.Instant) -> Bool {
    switch breakers.state(of: portal, at: now) {
    case .closed, .halfOpen(isProbing: false): true
    case .open, .halfOpen(isProbing: true): false
    }
  }

  /// Until when nobody may try it; nil: it is only busy.
  private func closedUntil(
    _ address: TransportAddress, _ portal: Portal, _ now: ContinuousClock.Instant
  ) -> ContinuousClock.Instant? {
    if case .open(let until) = breakers.state(of: address, at: now) { return until }
    return portal.refusedUntil
  }

  private func with<Result>(
    _ address: TransportAddress, in portals: inout [TransportAddress: Portal],
    _ body: (inout Portal) -> Result
  ) -> Result {
    var portal = portals[address] ?? Portal()
    defer { portals[address] = portal.isForgettable ? nil : portal }
    return body(&portal)
  }
}

extension CircuitBreaker.Outcome {
  /// Only silence is worth not asking again soon: a portal that says no at once may say yes the next
  /// second.
  init(_ outcome: Portals.Outcome) {
    switch outcome {
    case .answered: self = .success
    case .silent: self = .failure
    case .refused, .unknown: self = .unknown
    }
  }
}
