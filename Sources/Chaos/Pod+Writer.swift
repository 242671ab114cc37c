import Foundation
import Lab
import Linux
import NVMe
import Synchronization

extension Pod {
  /// Starts the writer unless it is at work; after an error it first reads back everything that was
  /// acknowledged.
  func keepWriting() async throws {
    guard !writer.isRunning else { return }
    if let failure = writer.failure {
      let isNew = state.withLock { state in
        defer { state.toldFailure = true }
        return !state.toldFailure
      }
      if isNew {
        report.stopped()
        report.line("    \(plan.name): the writer stops at \(failure)")
      }
    }
    try await verify()
    let isBack = state.withLock { state in
      defer { state.toldFailure = false }
      return state.toldFailure
    }
    if isBack { report.line("    \(plan.name): \(writer.acknowledged) records, goes on") }
    writer.start(limit: .max, pause: .milliseconds(40))
  }

  /// Reads every acknowledged record back; fails when they cannot be read now.
  func verify() async throws {
    guard writer.acknowledged > 0 else { return }
    let writer = writer
    // It waits for the target if need be, which the run's own deadlines bound.
    let wrong = try await onThread(within: .seconds(600), "\(plan.name) to be read") {
      try writer.verify()
    }
    report.verified(writer.acknowledged)
    if wrong > 0 {
      report.violate(
        .keepsWrites, plan.name, "\(wrong) of \(writer.acknowledged) acknowledged records are wrong"
      )
    }
  }

  /// Has the writer stand still, with everything on the device that the file system would write by
  /// itself. False when that cannot be had now.
  func pause() async -> Bool {
    state.withLock { state in
      state.paused = true
      state.quiet = false
    }
    do {
      try await eventually(within: .seconds(5), "\(plan.name) to be quiet") {
        state.withLock { $0.quiet && $0.reached == $0.wanted && $0.goal == .running } && isHealthy
      }
      if plan.use != .block {
        let path = publishPath
        _ = try await onThread(within: .seconds(15), "sync of \(path)") {
          try Program.run("sync", "-f", path)
        }
      }
      return true
    } catch {
      resume()
      return false
    }
  }

  /// Lets the writer go on.
  func resume() {
    state.withLock { state in
      state.paused = false
      state.quiet = false
    }
  }

  // MARK: Health, by what the kernel says

  /// This host's controllers of the volume.
  func controllers() throws -> [Controller] {
    try NVMeSysfs().subsystem(nqn: NQN(volume.nqn)).flatMap(\.controllers)
      .filter { $0.hostNQN == node.host.nqn.rawValue }
  }

  /// The namespace's disk, if it is there and the volume's.
  func head() throws -> Namespace? {
    try NVMeSysfs().subsystem(nqn: NQN(volume.nqn)).flatMap(\.namespaces)
      .first { $0.uuid?.description == volume.uuid && $0.size > 0 }
  }

  /// Whether every path is live and the publish path leads to the volume.
  var isHealthy: Bool {
    guard let controllers = try? controllers(), let head = try? head(),
      controllers.count == plan.portals.count, controllers.allSatisfy({ $0.state == .live })
    else { return false }
    if plan.use == .block {
      return (try? Files.status(publishPath))?.representedDevice == head.device
    }
    return (try? MountTable.current().mounts(at: publishPath).last)?.device == head.device
  }

  /// Something has happened to the volume that it has to recover from, now over.
  func troubled() { state.withLock { $0.mended = .now } }

  /// Tells once that the volume is healthy again.
  func noteHealth() {
    guard
      let mended = state.withLock({
        $0.goal == .running && $0.reached == $0.wanted ? $0.mended : nil
      }),
      isHealthy
    else { return }
    state.withLock { $0.mended = nil }
    report.healed(plan.name, after: .now - mended)
  }
}
