import CSI
import Foundation
import Lab
import Linux
import NVMe

/// One run from the first volume to the last check.
struct Chaos {
  let schedule: Schedule
  let report: Report
  let plugin: Plugin
  let pods: [Pod]
  let stranger: Stranger
  let decoy: Decoy
  let saboteur: Saboteur

  /// How long after the last fault every volume has to be healthy. The longest part is an emulated
  /// machine's: fsck and mount of every volume at once.
  static let patience = Duration.seconds(120)

  /// Makes the volumes, the stranger and the plugin.
  init(_ schedule: Schedule, driver: String, report: Report) async throws {
    self.schedule = schedule
    self.report = report
    let node = try LabNode("chaos", binary: driver)
    let target = try NVMeTarget()
    stranger = try await Stranger(target)
    decoy = try Decoy(target, host: node.host.nqn.rawValue)
    pods = try VolumePlan.all.enumerated().map { number, plan in
      try Pod(plan, number: number + 1, target: target, node: node, report: report)
    }
    plugin = Plugin(node)
    saboteur = Saboteur(pods, report: report)
    try await plugin.startAndWait()
  }

  /// Runs everything; afterwards the report knows what was violated. Returns what was checked.
  func run() async throws -> Set<Invariant> {
    var checked: Set<Invariant> = []
    try await withThrowingTaskGroup(of: Void.self) { group in
      for pod in pods { group.addTask { await pod.run() } }
      try await everyPod("at work for the first time") { $0.writer.acknowledged > 10 }
      let watcher = Watcher(pods, plugin, stranger, report: report)
      group.addTask { await watcher.run() }
      report.line("every volume has a writer; \(schedule.items.count) actions follow")
      try await act()
      if report.violations.isEmpty {
        try await settle()
        try await takeDown()
        checked = Set(Invariant.allCases)
      }
      group.cancelAll()
    }
    return checked
  }

  /// The schedule, until its end or the first violation.
  private func act() async throws {
    let start = ContinuousClock.now
    await withDiscardingTaskGroup { calls in
      do {
        for item in schedule.items where report.violations.isEmpty {
          try await Task.sleep(until: start + .milliseconds(item.at), clock: .continuous)
          report.begin(item)
          switch item.action {
          case .call(let call, let volume, let seconds):
            guard let pod = pods.first(where: { $0.plan.name == volume }) else { continue }
            calls.addTask {
              await pod.perform(call, decoy: decoy, seconds: seconds, number: item.number)
            }
          case .disconnect(let volume):
            // Takes up to a minute while the network is down: the kernel waits for the target's answer.
            calls.addTask { await saboteur.disconnect(volume) }
          default: try await carryOut(item.action)
          }
        }
      } catch {
        report.violate(.neverHangs, "", "the lab: \(error)")
      }
    }
  }

  private func carryOut(_ action: Action) async throws {
    switch action {
    // Beside the schedule: see act().
    case .call, .disconnect: break
    case .goal(let goal, let volume):
      pods.first { $0.plan.name == volume }?.want(goal)
    case .begin(let fault, let volume, _): try await saboteur.begin(fault, volume)
    case .end(let fault, let volume): try await saboteur.end(fault, volume)
    case .cut(let portal): try await saboteur.cut(portal)
    case .grow(let volume): try await saboteur.grow(volume)
    case .networkDown: try await saboteur.network(isUp: false)
    case .networkUp: try await saboteur.network(isUp: true)
    case .kill: try await plugin.kill()
    case .start: try plugin.start()
    }
  }

  /// Every volume becomes healthy without further help, and its writer goes on.
  private func settle() async throws {
    report.line("the last fault is over")
    let before = pods.map(\.writer.acknowledged)
    let start = ContinuousClock.now
    for (pod, count) in zip(pods, before) {
      let left = Self.patience - (.now - start)
      do {
        try await eventually(within: max(left, .seconds(1)), "\(pod.plan.name) to be healthy") {
          pod.isHealthy && pod.isReached && pod.writer.acknowledged > count + 3
        }
        let condition = try await pod.node.stats(pod.volume, at: pod.publishPath).volumeCondition
        guard condition?.message.contains("paths live") == true else {
          throw LabError(condition?.message ?? "no condition")
        }
      } catch {
        let controllers = (try? pod.controllers().map(\.summary).joined(separator: ", ")) ?? "?"
        let stats = try? await pod.node.stats(pod.volume, at: pod.publishPath)
        report.violate(
          .heals, pod.plan.name,
          """
          \(error); controllers: \(controllers.isEmpty ? "none" : controllers); the driver: \
          \(stats?.volumeCondition?.message ?? "no answer"); the writer: \
          \(pod.writer.failure ?? "at \(pod.writer.acknowledged)"); the kubelet is \
          \(pod.isReached ? "done" : "not done")
          """)
      }
    }
    report.line("settled after \((ContinuousClock.now - start).text)")
  }

  /// The pods end, every record is read back a last time, and nothing may be left.
  private func takeDown() async throws {
    guard report.violations.isEmpty else { return }
    for pod in pods {
      try await pod.writer.stop(within: .seconds(30))
      try await pod.verify()
      pod.want(.gone)
    }
    try await everyPod("gone") { $0.isReached }
    try await plugin.node.unstage(decoy.volume, .ext4)
    let leftovers = try plugin.node.leftovers()
    if !leftovers.isEmpty {
      report.violate(.leavesNothing, "", leftovers.joined(separator: "; "))
    }
    if try !stranger.isUnchanged() {
      report.violate(.touchesNothing, stranger.volume.name, "its bytes changed")
    }
    if try !decoy.isUnchanged() {
      report.violate(.neverFormats, decoy.volume.name, "its bytes changed")
    }
    let log = try String(contentsOfFile: plugin.node.driver.logFile, encoding: .utf8)
    for pod in pods {
      let formats = log.split(separator: "\n").count {
        $0.contains(" format=") && ($0 + " ").contains(" volume=\(pod.plan.name) ")
      }
      if formats > (pod.plan.use == .block ? 0 : 1) {
        report.violate(.neverFormats, pod.plan.name, "formatted \(formats) times")
      }
    }
    let took = try await plugin.stop()
    if took > .seconds(5) { report.violate(.neverHangs, "", "SIGTERM took \(took.text)") }
  }

  private func everyPod(_ what: String, _ condition: (Pod) -> Bool) async throws {
    try await eventually(within: .seconds(240), "every pod to be \(what)") {
      pods.allSatisfy(condition)
    }
  }

  /// So that no thread stays in an uninterruptible sleep and this process can end.
  func release() async {
    await saboteur.mendAll()
    try? await Task.sleep(for: .seconds(5))
  }
}
