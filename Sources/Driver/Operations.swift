internal import Logging
internal import Synchronization

/// The per-volume reservation: at most one operation works on a volume at a time.
///
/// A second one is refused (ABORTED, the CSI specification's "Operation pending for volume"), not
/// queued: the orchestrator retries, and a queue behind a dead target would only grow. Only recovery,
/// which nobody asked for, is waited for a while. The reservation lasts as long as the work, also when
/// the caller's deadline has passed, and it knows who holds it, since when and at which step.
final class Operations: Sendable {
  /// Who holds a volume.
  struct Holder: Hashable, Sendable {
    /// `stage`
    let operation: String
    /// When the reservation was made.
    let since: ContinuousClock.Instant
    /// The step under way, nil between steps.
    var step: String?
  }

  private let holders = Mutex<[VolumeID: Holder]>([:])
  private let logger: Logger
  private let metrics: DriverMetrics

  /// No volume is reserved at first.
  init(logger: Logger, metrics: DriverMetrics) {
    self.logger = logger
    self.metrics = metrics
  }

  /// Every reservation there is now.
  var held: [VolumeID: Holder] { holders.withLock { $0 } }

  /// Reserves `volume`, runs `body`, and gives the volume back however `body` ends.
  func run<Result>(
    _ name: String, volume: VolumeID, deadline: ContinuousClock.Instant,
    _ body: (Operation) async throws(DriverError) -> Result
  ) async throws(DriverError) -> Result {
    if let present = await reserve(volume, name, deadline: deadline) {
      let step = present.step.map { ", now at \($0)" } ?? ""
      throw DriverError(
        .operationPending,
        """
        volume \(volume): \(present.operation) has been working on it for \
        \(ContinuousClock.now - present.since)\(step); try again when it is over
        """)
    }
    let start = ContinuousClock.now
    let operation = Operation(
      name: name, volume: volume, deadline: deadline, metrics: metrics
    ) { step in
      self.holders.withLock { $0[volume]?.step = step }
    }
    defer {
      holders.withLock { _ = $0.removeValue(forKey: volume) }
      // Recovery tries again and again while a target is away: what changes is said elsewhere.
      logger.log(
        level: name == Self.recovery ? .debug : .info, "operation finished",
        metadata: [
          "operation": "\(name)", "volume": "\(volume)", "took": "\(ContinuousClock.now - start)",
          "steps": "\(operation.timeline)",
        ])
    }
    return try await body(operation)
  }

  /// The name that recovery's operations have.
  static var recovery: String { "recover" }

  /// Reserves the volume, or returns who holds it.
  private func reserve(
    _ volume: VolumeID, _ name: String, deadline: ContinuousClock.Instant
  ) async -> Holder? {
    let patience = min(deadline, .now + .seconds(20))
    while true {
      let present = holders.withLock { holders -> Holder? in
        if let present = holders[volume] { return present }
        holders[volume] = Holder(operation: name, since: .now)
        return nil
      }
      guard let present, present.operation == Self.recovery, name != Self.recovery,
        ContinuousClock.now < patience, (try? await Task.sleep(for: .milliseconds(20))) != nil
      else { return present }
    }
  }
}

/// One piece of work on one volume: its deadline and the steps it is made of.
///
/// The steps are the seam for whoever wants to know where the time went, the log and the metrics, and
/// for the tests that kill the process in the middle.
final class Operation: Sendable {
  let name: String
  let volume: VolumeID
  /// When the answer must be ready.
  let deadline: ContinuousClock.Instant

  private let metrics: DriverMetrics
  private let enter: @Sendable (String?) -> Void
  private let steps = Mutex<[(name: String, took: Duration)]>([])

  init(
    name: String, volume: VolumeID, deadline: ContinuousClock.Instant, metrics: DriverMetrics,
    enter: @escaping @Sendable (String?) -> Void
  ) {
    self.name = name
    self.volume = volume
    self.deadline = deadline
    self.metrics = metrics
    self.enter = enter
  }

  /// Does one step and keeps its time, also when it fails.
  func step<Result, Failure: Error>(
    _ step: String, _ body: () async throws(Failure) -> Result
  ) async throws(DriverError) -> Result {
    Checkpoint.reached("\(name).\(step).before")
    let start = ContinuousClock.now
    enter(step)
    let outcome: Swift.Result<Result, DriverError>
    do throws(DriverError) {
      outcome = .success(try await translating(body))
    } catch {
      outcome = .failure(error)
    }
    let took = ContinuousClock.now - start
    enter(nil)
    steps.withLock { $0.append((step, took)) }
    var failure: DriverError.Code?
    if case .failure(let error) = outcome { failure = error.code }
    metrics.took(name, step, took, failure)
    let result = try outcome.get()
    Checkpoint.reached("\(name).\(step).after")
    return result
  }

  /// `connect=412ms mount=31ms`
  var timeline: String {
    steps.withLock { steps in
      steps.map { "\($0.name)=\($0.took.milliseconds)ms" }.joined(separator: " ")
    }
  }
}

extension Duration {
  /// Whole milliseconds, rounded down.
  var milliseconds: Int64 {
    components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
  }
}
