import NVMe
import Recovery
import Testing

@Suite("A controller's ctrl_loss_tmo")
struct LossTimeoutTests {
  private func timeout(_ seconds: Int, delay: Int = 2) -> LossTimeout {
    var options = ConnectOptions()
    options.ctrlLossTimeout = seconds
    options.reconnectDelay = delay
    return LossTimeout(options)
  }

  /// What is asked for, with which delay; what the kernel shows; whether that is it.
  static let rows: [(Int, Int, Int?, Bool)] = [
    (-1, 2, nil, true), (-1, 2, 600, false), (-1, 2, 0, false),
    (600, 2, 600, true), (600, 2, nil, false), (600, 2, 598, false),
    // The kernel rounds up to whole attempts.
    (5, 2, 6, true), (5, 2, 7, false), (5, 10, 10, true), (5, 2, 0, false), (0, 2, 0, true),
  ]

  @Test("is what was asked for, up to the kernel's rounding", arguments: rows)
  func isMet(seconds: Int, delay: Int, shown: Int?, isMet: Bool) {
    let controller = RecoveryPlanTests.controller(1, .live, lossTimeout: shown)
    #expect(timeout(seconds, delay: delay).isMet(by: controller) == isMet)
  }

  @Test("is set again when something has changed it, also while the kernel retries")
  func endure() throws {
    var desired = try RecoveryPlanTests.desired(portals: 2)
    desired.lossTimeout = timeout(-1)
    let step = RecoveryStep.endure(timeout(-1), controllers: ["nvme2"])
    for (state, expected) in [
      (Controller.State.live, RecoveryState.healthy), (.connecting, .reconnecting),
    ] {
      let plan = RecoveryPlan(
        desired,
        RecoveryPlanTests.observed([
          RecoveryPlanTests.controller(1, state),
          RecoveryPlanTests.controller(2, state, lossTimeout: 600),
        ]))
      #expect(plan.state == expected)
      #expect(plan.steps == [step])
    }
  }

  @Test("is nothing to speak of on a controller that is going, or whose namespace is a stranger")
  func leftAlone() throws {
    var desired = try RecoveryPlanTests.desired()
    desired.lossTimeout = timeout(-1)
    let going = RecoveryPlan(
      desired,
      RecoveryPlanTests.observed([RecoveryPlanTests.controller(1, .deleting, lossTimeout: 600)]))
    #expect(going.steps == [.connect(desired.portals)])
    let foreign = RecoveryPlan(
      desired,
      RecoveryPlanTests.observed(
        [RecoveryPlanTests.controller(1, .live, lossTimeout: 600)],
        [RecoveryPlanTests.namespace(RecoveryPlanTests.old, wwid: "uuid.2")]))
    #expect(foreign.steps == [])
  }
}
