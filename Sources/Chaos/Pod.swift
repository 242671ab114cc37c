import Foundation
import GRPC
import Lab
import Linux
import NVMe
import Synchronization

/// A volume with its pod and the kubelet that serves it: keeps calling until the volume is as it is
/// wanted, as a kubelet does, and has a writer at work whenever the pod runs.
final class Pod: Sendable {
  let plan: VolumePlan
  let volume: TargetVolume
  let node: LabNode
  let report: Report
  let writer: ChecksumWriter
  let state: Mutex<State>

  struct State {
    var goal = Goal.running
    /// Counts the reasons to call again, and how many of them have been dealt with.
    var wanted = 1
    var reached = 0
    /// The writer is to stand still.
    var paused = false
    var quiet = false
    /// The writer's failure has been told.
    var toldFailure = false
    /// Bytes at the target.
    var size: UInt64
    /// When the last trouble ended; nil when the volume has been healthy since.
    var mended: ContinuousClock.Instant?
  }

  init(_ plan: VolumePlan, number: Int, target: NVMeTarget, node: LabNode, report: Report) throws {
    self.plan = plan
    self.node = node
    self.report = report
    volume = try TargetVolume(
      target, name: plan.name, number: number, size: plan.size, host: node.host.nqn.rawValue,
      portals: plan.portals.map { .init($0) })
    state = Mutex(State(size: plan.size))
    let path = node.targetPath(volume, plan.use)
    var options = ChecksumWriter.Options()
    options.stamp = UInt64(number) << 32
    options.direct = plan.use == .block
    options.capacity = 2_048
    let uuid = volume.uuid
    // The kernel gives the number of a device that went to another one: a pod that starts now must
    // not be handed that one, and whoever is must not write to it.
    options.admit = { file in
      let device = try DeviceNumber(ofOpen: file)
      let found = try NVMeSysfs().namespace(device: device)?.uuid?.description
      guard found == uuid else {
        throw LabError("\(path) leads to \(device), \(found ?? "no namespace")")
      }
    }
    writer = ChecksumWriter(path: plan.use == .block ? path : path + "/log", options: options)
  }

  var publishPath: String { node.targetPath(volume, plan.use) }

  /// Wants the volume to be so from now on.
  func want(_ goal: Goal) {
    state.withLock { state in
      state.goal = goal
      state.wanted += 1
    }
  }

  /// Somebody has called for the volume: what was reached may be undone.
  func recheck() { state.withLock { $0.wanted += 1 } }

  /// Whether the kubelet has nothing left to do.
  var isReached: Bool { state.withLock { $0.reached == $0.wanted } }

  /// The kubelet's and the pod's work, until the task is cancelled.
  func run() async {
    while !Task.isCancelled {
      let now = state.withLock { state in (state.goal, state.wanted, state.reached, state.paused) }
      let (goal, wanted, reached, paused) = now
      do {
        if goal != .running || paused {
          try await writer.stop(within: .seconds(2))
          state.withLock { $0.quiet = $0.paused }
        }
        if reached != wanted {
          try await reach(goal)
          state.withLock { $0.reached = wanted }
        }
        if goal == .running, !paused { try await keepWriting() }
        try await Task.sleep(for: .milliseconds(200))
      } catch is CancellationError {
        return
      } catch {
        if let error = error as? RPCError { report.answered(error.code) }
        try? await Task.sleep(for: .milliseconds(800))
      }
    }
  }

  private func reach(_ goal: Goal) async throws {
    switch goal {
    case .running:
      do {
        try await node.stage(volume, plan.use, context: plan.context, timeout: .seconds(60))
      } catch let error as RPCError where error.code == .alreadyExists {
        // What a call out of order has begun.
        try await node.unstage(volume, otherUse, timeout: .seconds(30))
        throw error
      }
      try await node.publish(volume, plan.use, timeout: .seconds(60))
    case .unpublished:
      try await node.unpublish(volume, plan.use, timeout: .seconds(30))
    case .gone:
      for pod in ["pod-1", "pod-2"] {
        try await node.unpublish(volume, plan.use, pod: pod, timeout: .seconds(30))
      }
      for use in [plan.use, otherUse] {
        try await node.unstage(volume, use, timeout: .seconds(30))
      }
    }
  }

  /// A use that the volume does not have.
  var otherUse: LabNode.Use { plan.use == .xfs ? .ext4 : .xfs }
}

extension DeviceNumber {
  /// The device behind an open file: of a device node the device, otherwise that of its file system.
  init(ofOpen file: Int32) throws {
    var status = stat()
    guard fstat(file, &status) == 0 else { throw LabError("fstat: errno \(errno)") }
    let device = status.st_mode & S_IFMT == S_IFBLK ? status.st_rdev : status.st_dev
    // As glibc's gnu_dev_major and gnu_dev_minor, which Swift does not import.
    self.init(
      major: UInt32(truncatingIfNeeded: device >> 8 & 0xfff | device >> 32 & ~0xfff),
      minor: UInt32(truncatingIfNeeded: device & 0xff | device >> 12 & ~0xff))
  }
}
