import CSI
import GRPC
import Lab
import Synchronization

extension Pod {
  /// Makes a call that nobody has a reason for, and judges the answer.
  func perform(_ call: Call, decoy: Decoy, seconds: Int, number: Int) async {
    let timeout = Duration.seconds(seconds)
    let start = ContinuousClock.now
    var code = StatusCode.ok
    var message = ""
    do {
      try await send(call, decoy, timeout)
    } catch let error as RPCError {
      code = error.code
      message = ": " + error.message
    } catch {
      message = ": \(error)"
      code = .unknown
    }
    let took = ContinuousClock.now - start
    report.answered(code)
    let name = call == .stageDecoy ? decoy.volume.name : plan.name
    report.line(
      "    #\(number) \(call.rawValue), \(name): \(code) in \(took.text)\(message.prefix(160))")
    if took > timeout + .seconds(10) {
      report.violate(
        .neverHangs, name, "#\(number) \(call.rawValue) took \(took.text), allowed \(timeout.text)")
    }
    switch code {
    case .ok where call.isRefused:
      report.violate(.answersRight, name, "#\(number) \(call.rawValue) succeeded")
    case .unknown, .unimplemented, .dataLoss, .unauthenticated, .permissionDenied,
      .invalidArgument:
      report.violate(.answersRight, name, "#\(number) \(call.rawValue): \(code)\(message)")
    default: break
    }
    switch call {
    case .unpublish, .unstage, .stageOtherwise: recheck()
    case .stage, .publish, .publishSecond, .publishReadOnlyBlock:
      if state.withLock({ $0.goal != .running }) { recheck() }
    default: break
    }
  }

  private func send(_ call: Call, _ decoy: Decoy, _ timeout: Duration) async throws {
    switch call {
    case .stage: try await node.stage(volume, plan.use, context: plan.context, timeout: timeout)
    case .unstage: try await node.unstage(volume, plan.use, timeout: timeout)
    case .publish: try await node.publish(volume, plan.use, timeout: timeout)
    case .unpublish: try await node.unpublish(volume, plan.use, timeout: timeout)
    case .publishSecond:
      try await node.publish(volume, plan.use, pod: "pod-2", timeout: timeout)
    case .unpublishSecond:
      try await node.unpublish(volume, plan.use, pod: "pod-2", timeout: timeout)
    case .stats: _ = try await node.stats(volume, at: publishPath, timeout: timeout)
    case .stagingStats:
      _ = try await node.stats(volume, at: node.stagingPath(volume, plan.use), timeout: timeout)
    case .strangeStats:
      _ = try await node.stats(volume, at: node.kubelet + "/nowhere", timeout: timeout)
    case .expand:
      let size = state.withLock { $0.size }
      _ = try await node.expand(
        volume, at: publishPath, to: Int64(clamping: size), timeout: timeout)
    case .stageOtherwise:
      try await node.stage(volume, otherUse, context: plan.context, timeout: timeout)
    case .publishReadOnlyBlock:
      try await node.publish(volume, plan.use, readonly: true, timeout: timeout)
    case .stageDecoy: try await node.stage(decoy.volume, .ext4, timeout: timeout)
    }
  }
}
