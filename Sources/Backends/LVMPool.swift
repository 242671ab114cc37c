internal import Command
internal import Linux
internal import NVMe
internal import Synchronization

/// A pool of logical volumes in one volume group.
///
/// In a thin pool snapshots and clones share blocks: they take an instant and are of one, whoever is
/// writing. Without one, volumes are linear: they are zeroed whole before they are complete, and clones
/// are copies whose source must be quiet. There are no snapshots; and no expansion, since what a linear
/// volume grows by holds others' data until it is zeroed, and a host that writes to it in that time
/// would lose what it wrote.
///
/// What is known of a volume is in its tags. LVM changes volume and tags in one step; what takes several
/// carries a tag that says so until it is done.
final class LVMPool: Pool {
  struct State {
    var extentSize: Int64?
    /// What runs now, which is no leftover, and the bytes that it takes.
    var promises = LVMPromises()
    /// How often it came to be that programs of an earlier life or call may be at work, since it was last
    /// seen that there are none: not known at first.
    var leftAtWork = 1
  }

  let configuration: LVMPoolConfiguration
  let owner: PoolOwner
  let runner: any CommandRunner
  let threads: DeadlineThreads
  /// Bytes are moved on threads of their own, so that nothing but another copy waits for one.
  let copies: DeadlineThreads
  let state = Mutex(State())
  /// `/dev`, or a test's.
  let deviceRoot: String
  /// Is told what people should know.
  let report: @Sendable (String) -> Void
  /// Where disks that LVM must not read are seen.
  let sysfs: NVMeSysfs
  /// Nil: nobody is kept out.
  let lock: LVMLock?
  /// `/proc`, or a test's.
  let procRoot: String

  /// Does not look at the volume group yet. Fails with `invalid` for a configuration that cannot work.
  init(
    _ configuration: LVMPoolConfiguration, owner: PoolOwner, runner: any CommandRunner,
    deviceRoot: String = "/dev", procRoot: String = "/proc", sysfs: NVMeSysfs = NVMeSysfs(),
    lockDirectory: String? = nil,
    report: @escaping @Sendable (String) -> Void = { _ in }
  ) throws(BackendError) {
    for name in [configuration.volumeGroup, configuration.thinPool ?? "pool"] {
      guard Self.isName(name) else {
        throw BackendError(.invalid, "'\(name)' is no name of a volume group or thin pool")
      }
    }
    guard configuration.overcommit >= 1, configuration.overcommit.isFinite else {
      throw BackendError(
        .invalid,
        "pool \(configuration.volumeGroup): overcommit is \(configuration.overcommit); want 1 or more"
      )
    }
    self.configuration = configuration
    self.owner = owner
    self.runner = runner
    self.deviceRoot = deviceRoot
    self.procRoot = procRoot
    self.report = report
    self.sysfs = sysfs
    lock = lockDirectory.map { LVMLock(configuration, in: $0) }
    threads = try .start("lvm-pool", limit: 4)
    copies = try .start("lvm-pool-copy", limit: 2)
  }

  var stuck: [StuckThread] { threads.stuck + copies.stuck }

  var isThin: Bool { configuration.thinPool != nil }

  var capabilities: Set<BackendCapability> {
    isThin ? [.snapshots, .clones, .expansion, .capacity] : [.clones, .capacity]
  }

  var needsQuietSource: Bool { !isThin }

  /// A multiple of the volume group's extent: of 4 MiB, LVM's default, as long as it was not looked at.
  func size(holding bytes: Int64) -> Int64? {
    let extent = state.withLock { $0.extentSize } ?? 4 << 20
    let (sum, overflow) = max(bytes, 1).addingReportingOverflow(extent - 1)
    return overflow ? nil : sum / extent * extent
  }

  func check(parameters: [String: String]) throws(BackendError) {
    guard let key = parameters.keys.sorted().first else { return }
    throw BackendError(.invalid, "a pool of logical volumes knows no parameter '\(key)'")
  }

  /// A volume group is there or not: there is no empty one in its place.
  func checkHealth(
    isKnown: Bool, deadline: ContinuousClock.Instant
  ) async throws(BackendError) {
    let survey = try await survey(forChanges: true, deadline: deadline)
    if let pool = survey.thinPool, pool.isSuspended { try await resume(pool.name, deadline) }
  }

  func capacity(deadline: ContinuousClock.Instant) async throws(BackendError) -> BackendCapacity {
    let survey = try await survey(forChanges: true, deadline: deadline)
    let available = available(survey)
    return BackendCapacity(available: available, largestVolume: available)
  }

  /// `group/name`, as LVM's programs want it.
  func path(_ id: ObjectID) -> String { "\(configuration.volumeGroup)/\(id)" }

  /// The device node.
  func device(_ id: ObjectID) -> String { "\(deviceRoot)/\(configuration.volumeGroup)/\(id)" }

  /// lvm(8), "valid names"; a leading hyphen would be an option.
  private static func isName(_ text: String) -> Bool {
    guard let first = text.utf8.first, first != UInt8(ascii: "-"), text != ".", text != ".." else {
      return false
    }
    return text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "_"),
        UInt8(ascii: "."), UInt8(ascii: "-"):
        true
      default: false
      }
    }
  }
}
