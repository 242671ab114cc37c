import CSI
import Foundation
import Lab
import NVMe

extension Story {
  /// One of two paths goes and comes back.
  func losePath(_ mounted: Mounted) async throws {
    timeline.chapter("One path goes")
    let (volume, writer) = (mounted.volume, mounted.writer)
    let portal = volume.portals[0]
    try await timeline.step("the target closes \(portal.description)") {
      try volume.portDown(portal)
      try await eventually(within: .seconds(20), "a controller to lose its connection") {
        try controllers(volume).contains { $0.state == .connecting }
      }
    }
    timeline.note("controllers: \(try states(volume))")
    let count = writer.acknowledged
    try await timeline.step("50 more records over \(volume.portals[1].description)") {
      try await eventually(within: .seconds(20), "50 records") { writer.acknowledged >= count + 50 }
    }
    let condition = try await timeline.step("NodeGetVolumeStats") {
      try await self.condition(mounted)
    }
    timeline.says(condition.message)
    try timeline.prove(
      .survivesPath,
      condition.abnormal && condition.message.contains("1 of 2") && writer.failure == nil
        && writer.longestWait < .seconds(10),
      "records \(count) to \(writer.acknowledged), longest wait \(writer.longestWait.milliseconds) ms"
    )
    try await timeline.step("the portal is back, both controllers live") {
      try volume.portUp(portal)
      try await waitForLive(2, volume)
    }
  }

  /// The whole target goes for 15 seconds, and the driver is killed in the middle.
  func loseTarget(_ mounted: Mounted) async throws {
    timeline.chapter("The target goes for 15 s or more, and the driver dies in the middle")
    let (volume, writer) = (mounted.volume, mounted.writer)
    try await timeline.step("the target closes both portals") { try volume.portDown() }
    let down = ContinuousClock.now
    try await eventually(within: .seconds(10), "both controllers to lose their connections") {
      try controllers(volume).allSatisfy { $0.state == .connecting }
    }
    var slowest = Duration.zero
    var abnormal = 0
    var samples = 0
    var words: String?

    func sample() async throws {
      let begin = ContinuousClock.now
      let condition = try await self.condition(mounted)
      let took = ContinuousClock.now - begin
      slowest = max(slowest, took)
      samples += 1
      if condition.abnormal { abnormal += 1 }
      let title =
        "\("\((begin - down).seconds) s".aligned(to: 6))  \(writer.acknowledged) acknowledged  "
        + "\(try states(volume))  \(condition.abnormal ? "abnormal" : "normal")"
      timeline.measured(title, begin, took)
      if words == nil {
        words = condition.message
        timeline.says(condition.message)
      }
    }

    let first = down + .milliseconds(2_500)
    try await Task.sleep(until: first)
    try await sample()
    let stuckAt = writer.acknowledged
    try await Task.sleep(until: down + .milliseconds(5_000))
    try await sample()

    let killed = node.driver.processID
    try await timeline.step("kill -9 \(killed): the driver is gone") {
      try await node.driver.killNow()
    }
    let whileDead = try mounts(at: mounted.path).count
    try await timeline.step("the driver is started again") { try await node.start() }
    try await sample()
    let knows = try await self.condition(mounted)
    try timeline.prove(
      .survivesKill,
      whileDead == 1 && node.driver.processID != killed && knows.abnormal
        && knows.message.contains(volume.nqn),
      "process \(node.driver.processID) answers for the volume that \(killed) staged")

    for second in [10, 12, 15] where ContinuousClock.now < down + .seconds(second) {
      try await Task.sleep(until: down + .seconds(second))
      try await sample()
    }
    let outage = ContinuousClock.now - down
    try timeline.prove(
      .waits,
      outage >= .seconds(15) && writer.acknowledged == stuckAt && writer.failure == nil
        && mounts(at: mounted.path).count == 1 && controllers(volume).count == 2,
      """
      the writer waits at record \(stuckAt) without an error; mount and both controllers are there \
      after \(outage.seconds) s
      """)
    try timeline.prove(
      .answers, abnormal == samples && slowest < .seconds(5),
      "\(samples) answers, slowest \(slowest.milliseconds) ms, all abnormal")

    try await timeline.step("the target opens both portals; both controllers live") {
      try volume.portUp()
      try await waitForLive(2, volume)
    }
    try await timeline.step("50 more records") {
      try await eventually(within: .seconds(20), "50 records") {
        writer.acknowledged >= stuckAt + 50
      }
    }
    let condition = try await timeline.step("NodeGetVolumeStats") {
      try await self.condition(mounted)
    }
    timeline.says(condition.message)
    try timeline.prove(
      .returns,
      !condition.abnormal && writer.failure == nil && writer.longestWait >= .seconds(14)
        && writer.longestWait < outage + .seconds(20),
      "records go on at \(writer.acknowledged); the longest wait was \(writer.longestWait.seconds) s"
    )
  }
}

extension Task where Success == Never, Failure == Never {
  /// Until that moment; at once when it has passed.
  fileprivate static func sleep(until moment: ContinuousClock.Instant) async throws {
    try await sleep(until: moment, clock: .continuous)
  }
}
