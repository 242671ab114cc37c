internal import Logging
internal import ServiceLifecycle
internal import Synchronization

/// Runs the controller's work and keeps two pieces of it from the same object.
///
/// Work belongs to this service, not to the RPC that asked for it: it goes on when the RPC's deadline
/// passes, and the same order given again joins it. What is still to be done when the process ends is
/// in the records.
///
/// A volume's bytes and its list of hosts are reserved apart: one piece of work may change who reaches
/// a volume while others copy from it. Everything else about one object excludes each other.
final class WorkRunner: Service {
  typealias Body = @Sendable (Work, Operation) async throws(DriverError) -> Void

  /// What bounds it.
  struct Limits: Sendable {
    /// Pieces of work under way; more are refused. The backend sees to it that those which copy bytes
    /// wait for each other, and for nothing else.
    var work = 512
  }

  private struct Job: Sendable {
    let work: Work
    let body: Body
  }

  private struct State {
    var isOpen = true
    /// Pieces that have an object for themselves.
    var exclusive: [VolumeID: Work] = [:]
    /// Pieces that change who reaches a volume.
    var access: [VolumeID: Work] = [:]
    /// Pieces that read an object's bytes.
    var readers: [VolumeID: [Work]] = [:]

    var count: Int { exclusive.count + access.count }

    /// The piece that keeps this one from its objects.
    func obstacle(to order: WorkOrder, on object: VolumeID, reading sources: [VolumeID]) -> Work? {
      if let work = exclusive[object] ?? access[object] { return work }
      if !order.concernsAccessOnly, let reader = readers[object]?.first { return reader }
      return sources.lazy.compactMap { exclusive[$0] }.first
    }

    mutating func reserve(_ work: Work) {
      if work.order.concernsAccessOnly {
        access[work.object] = work
      } else {
        exclusive[work.object] = work
      }
      for source in work.sources { readers[source, default: []].append(work) }
    }

    mutating func release(_ work: Work) {
      if work.order.concernsAccessOnly {
        access[work.object] = nil
      } else {
        exclusive[work.object] = nil
      }
      for source in work.sources {
        readers[source]?.removeAll { $0 === work }
        if readers[source]?.isEmpty == true { readers[source] = nil }
      }
    }
  }

  private let limits: Limits
  private let operations: Operations
  private let logger: Logger
  private let state = Mutex(State())
  private let jobs: AsyncStream<Job>
  /// Bounded by `limits.work`: what is in it is reserved.
  private let feed: AsyncStream<Job>.Continuation

  init(limits: Limits = Limits(), operations: Operations, logger: Logger) {
    self.limits = limits
    self.operations = operations
    self.logger = logger
    (jobs, feed) = AsyncStream.makeStream()
  }

  /// Every piece of work there is now.
  var all: [Work] {
    state.withLock { Array($0.exclusive.values) + Array($0.access.values) }
  }

  /// Somebody works on the object, other than to read it.
  func isBusy(_ object: VolumeID) -> Bool {
    state.withLock { $0.exclusive[object] != nil || $0.access[object] != nil }
  }

  /// Has `body` done, or joins the same order that is under way, and waits for its end.
  ///
  /// Fails with `operationPending` when other work has the object, with `deadlineExceeded` when this
  /// has not ended by the deadline: it goes on then, and the message says how far it is.
  func perform(
    _ order: WorkOrder, on object: VolumeID, reading sources: [VolumeID] = [],
    deadline: ContinuousClock.Instant, _ body: @escaping Body
  ) async throws(DriverError) {
    let work = try begin(order, on: object, reading: sources, body)
    guard let outcome = await work.outcome(by: deadline) else {
      throw DriverError(
        .deadlineExceeded,
        "\(object): \(work.description), and goes on; ask again for its outcome")
    }
    try outcome.get()
  }

  /// Like `perform`, without waiting.
  @discardableResult
  func begin(
    _ order: WorkOrder, on object: VolumeID, reading sources: [VolumeID] = [],
    _ body: @escaping Body
  ) throws(DriverError) -> Work {
    enum Admission {
      case joined(Work)
      case new(Job)
      case refused(DriverError)
    }
    let admission = state.withLock { state -> Admission in
      if let present = state.obstacle(to: order, on: object, reading: sources) {
        if present.object == object, present.order == order { return .joined(present) }
        return .refused(
          DriverError(
            .operationPending,
            "\(object): \(order.name) has to wait for \(present.object): \(present.description); "
              + "try again when it is over"))
      }
      guard state.isOpen else {
        return .refused(DriverError(.unavailable, "\(object): the controller is stopping"))
      }
      guard state.count < limits.work else {
        return .refused(
          DriverError(
            .resourceExhausted, "\(object): \(limits.work) operations are under way; try again"))
      }
      let work = Work(order, on: object, reading: sources)
      state.reserve(work)
      return .new(Job(work: work, body: body))
    }
    switch admission {
    case .joined(let work): return work
    case .refused(let error): throw error
    case .new(let job):
      feed.yield(job)
      return job.work
    }
  }

  /// Works until the graceful shutdown, then cancels what is under way and returns when it has ended.
  func run() async {
    await cancelWhenGracefulShutdown {
      await withDiscardingTaskGroup { group in
        for await job in self.jobs { group.addTask { await self.run(job) } }
        self.state.withLock { $0.isOpen = false }
        group.cancelAll()
      }
    }
    // Nobody will do these any more in this life; whoever waits is told so.
    for work in all {
      end(
        work,
        .failure(
          DriverError(
            .unavailable,
            "\(work.object): the controller is stopping; \(work.order.name) is done "
              + "by its next life")))
    }
  }

  private func run(_ job: Job) async {
    let (work, body) = (job.work, job.body)
    let outcome: Work.Outcome
    do throws(DriverError) {
      try await operations.run(
        work.order.name, volume: work.object, deadline: .now + work.order.limit
      ) { (operation) throws(DriverError) in
        try await body(work, operation)
      }
      outcome = .success(())
    } catch {
      outcome = .failure(error)
    }
    end(work, outcome)
  }

  private func end(_ work: Work, _ outcome: Work.Outcome) {
    state.withLock { $0.release(work) }
    let wasAwaited = work.finish(outcome)
    if !wasAwaited, case .failure(let error) = outcome {
      logger.warning(
        "work failed that nobody waits for",
        metadata: [
          "object": "\(work.object)", "work": "\(work.order.name)", "reason": "\(error.message)",
        ])
    }
  }
}
