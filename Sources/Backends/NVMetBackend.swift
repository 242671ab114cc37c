public import Command
internal import Glibc
internal import Linux
public import NVMe
public import StateStore

/// Volumes of a pool on this machine, exported by its kernel's NVMe target.
///
/// A volume is its storage in the pool, an export record in the state store, and the objects in
/// configfs. The record is written first and removed last, and configfs is made from it: by the call that
/// changes it, by `restore`, and by whatever is done next to the volume's hosts. Until then a difference
/// is a fault of the volume, and nobody looks for it unasked.
public final class NVMetBackend: Backend {
  let configuration: NVMetConfiguration
  let pool: any Pool
  let records: ExportRecords
  let quiet = QuietVolumes()
  /// Is told what people should know and no caller is waiting for.
  let report: @Sendable (String) -> Void
  let limits: RestoreLimits
  private let threads: DeadlineThreads
  private let target: NVMetTarget

  /// Volumes in a directory of image files. Fails with `invalid` for a configuration that cannot work;
  /// whether pool and target are there is seen by the first call.
  ///
  /// Export records are kept in `store` under `exports/<volume id>`. `report` is told what people should
  /// know and no caller is waiting for.
  public convenience init(
    _ configuration: NVMetConfiguration, files: FilePoolConfiguration, store: any StateStore,
    report: @escaping @Sendable (String) -> Void
  ) throws(BackendError) {
    try self.init(
      configuration, pool: try FilePool(files, owner: configuration.owner), store: store,
      report: report)
  }

  /// The same in a volume group; `runner` runs LVM's programs.
  public convenience init(
    _ configuration: NVMetConfiguration, lvm: LVMPoolConfiguration, runner: any CommandRunner,
    store: any StateStore, report: @escaping @Sendable (String) -> Void
  ) throws(BackendError) {
    try self.init(
      configuration,
      pool: try LVMPool(
        lvm, owner: configuration.owner, runner: runner, lockDirectory: LVMLock.directory,
        report: report),
      store: store, report: report)
  }

  /// `fs`, `settle` and `limits` are seams for tests.
  init(
    _ configuration: NVMetConfiguration, pool: any Pool, store: any StateStore,
    fs: (any ConfigFS)? = nil, settle: @escaping @Sendable () -> Void = NVMetBackend.pause,
    limits: RestoreLimits = RestoreLimits(), report: @escaping @Sendable (String) -> Void
  ) throws(BackendError) {
    try configuration.check()
    self.configuration = configuration
    self.pool = pool
    self.report = report
    self.limits = limits
    records = ExportRecords(store)
    target = NVMetTarget(
      fs: fs ?? KernelConfigFS(root: configuration.configFS), mark: TargetMark(configuration.owner),
      settle: settle)
    threads = try .start("nvmet", limit: 32)
  }

  /// What the pool can do, on top of what every pool can.
  public var capabilities: Set<BackendCapability> {
    pool.capabilities.union([.volumes, .listing, .hostAccess])
  }

  /// The target's and the pool's.
  public var stuck: [StuckCall] {
    threads.stuck.map { StuckCall(of: .target, what: $0.what, since: $0.since) }
      + pool.stuck.map { StuckCall(of: .pool, what: $0.what, since: $0.since) }
  }

  /// Of the portals that new volumes get.
  public var transports: Set<Transport> { Set(configuration.portals.map(\.transport)) }

  /// The pool's.
  public func size(holding bytes: Int64) -> Int64? { pool.size(holding: bytes) }

  /// The pool's.
  public func check(parameters: [String: String]) throws(BackendError) {
    try pool.check(parameters: parameters)
  }

  /// The pool's.
  public func capacity(
    deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> BackendCapacity {
    try await pool.capacity(deadline: deadline)
  }

  // MARK: The target

  /// What one step at the target may take, also as part of work that copies for hours.
  private static let stepLimit: Duration = .seconds(300)

  /// Does something to the target on a thread that is left behind at the deadline.
  func onTarget<Value: Sendable>(
    _ what: String, subject: String, _ deadline: ContinuousClock.Instant,
    _ body: @escaping @Sendable (NVMetTarget) throws(BackendError) -> Value
  ) async throws(BackendError) -> Value {
    let target = self.target
    let deadline = min(deadline, .now + Self.stepLimit)
    return try await threads.run(what, on: subject, deadline: deadline) {
      (isGivenUp) throws(BackendError) in
      var mine = NVMetTarget(
        fs: AbandonableConfigFS(base: target.fs, isGivenUp: isGivenUp), mark: target.mark)
      mine.settle = target.settle
      return try body(mine)
    }
  }

  /// Does something to one volume's part of the target.
  func onTarget<Value: Sendable>(
    _ what: String, _ volume: ObjectID, _ deadline: ContinuousClock.Instant,
    _ body: @escaping @Sendable (NVMetTarget) throws(BackendError) -> Value
  ) async throws(BackendError) -> Value {
    try await onTarget(
      "\(what) volume \(volume)", subject: volume.description, deadline, body)
  }

  /// How long a connect may be under way inside the target between being let in and being known: it
  /// takes microseconds.
  @Sendable
  static func pause() { usleep(100_000) }
}
