import Linux
import Logging
import Metrics
import NVMe
import Recovery
import StateStore
import Testing

@testable import Driver

@Suite("What recovery knows of volumes")
struct RecoveriesTests {
  let metrics = DriverMetrics()
  let log = LogLines()
  let recoveries: Recoveries
  let start = ContinuousClock.now
  let volume: VolumeID
  let portal: TransportAddress

  init() throws {
    recoveries = Recoveries(logger: log.logger, metrics: metrics)
    volume = try VolumeID("v")
    portal = try TransportAddress("192.0.2.1:4420", transport: .tcp)
  }

  private func at(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

  /// The families of outages, without their buckets.
  private func outages() async -> [String] {
    await metrics.registry.text().split(separator: "\n").map(String.init).filter {
      $0.hasPrefix("nvmeof_csi_outage") && !$0.contains("_bucket")
    }
  }

  @Test("is one outage from leaving healthy to healthy, whatever the states on the way")
  func outage() async {
    recoveries.note(.healthy, of: volume, at: at(0))
    recoveries.note(.reconnecting, of: volume, at: at(10))
    recoveries.note(.lost, of: volume, at: at(70))
    recoveries.note(.incomplete, of: volume, at: at(72))
    recoveries.note(.healthy, of: volume, at: at(74))
    recoveries.note(.healthy, of: volume, at: at(75))
    #expect(
      await outages() == [
        #"nvmeof_csi_outage_duration_seconds_sum{state="incomplete"} 64"#,
        #"nvmeof_csi_outage_duration_seconds_count{state="incomplete"} 1"#,
        #"nvmeof_csi_outages_total{state="reconnecting"} 1"#,
      ])
  }

  @Test("also for a volume that was not healthy when it was first seen")
  func unwellAtStart() async {
    recoveries.note(.lost, of: volume, at: at(0))
    recoveries.note(.healthy, of: volume, at: at(3))
    #expect(
      await outages() == [
        #"nvmeof_csi_outage_duration_seconds_sum{state="lost"} 3"#,
        #"nvmeof_csi_outage_duration_seconds_count{state="lost"} 1"#,
        #"nvmeof_csi_outages_total{state="lost"} 1"#,
      ])
  }

  @Test("has lasted since the state got its name, not since its text changed")
  func since() throws {
    recoveries.note(.failed("3 errors"), of: volume, at: at(1))
    recoveries.note(.failed("4 errors"), of: volume, at: at(9))
    let entry = try #require(recoveries.entry(of: volume))
    #expect(entry.state == .failed("4 errors"))
    #expect(entry.since == at(1))
    #expect(log.count("a volume's state has changed") == 1)
  }

  @Test("what was done in vain is not done again before its time, whoever looks")
  func notBefore() {
    let steps = [RecoveryStep.connect([portal])]
    recoveries.note(.lost, of: volume, at: at(0))
    #expect(recoveries.pause(volume, before: steps, at: at(0)) == nil)
    #expect(recoveries.failed(volume, steps, after: .zero, at: at(1), jitter: 1) == .seconds(1))
    recoveries.note(.lost, of: volume, at: at(1.1))
    #expect(recoveries.pause(volume, before: steps, at: at(1.5)) == .milliseconds(500))
    #expect(recoveries.pause(volume, before: steps, at: at(2)) == nil)
  }

  @Test("something else is done at once, but for a pause that ends a quarrel of two repairs")
  func otherSteps() {
    recoveries.note(.lost, of: volume, at: at(0))
    _ = recoveries.failed(volume, [.connect([portal])], after: .zero, at: at(1), jitter: 1)
    #expect(
      recoveries.pause(volume, before: [.rescan], at: at(1.1)).map { $0 > .zero } == true)
    #expect(recoveries.pause(volume, before: [.rescan], at: at(1.25)) == nil)
  }

  @Test("an event on the volume advances the next attempt, and no more than that")
  func expedited() {
    let steps = [RecoveryStep.rescan]
    recoveries.note(.absent, of: volume, at: at(0))
    _ = recoveries.failed(volume, steps, after: .seconds(20), at: at(1), jitter: 1)
    #expect(recoveries.pause(volume, before: steps, at: at(30)) != nil)
    recoveries.expedite(volume)
    #expect(recoveries.pause(volume, before: steps, at: at(1.1)) != nil)
    #expect(recoveries.pause(volume, before: steps, at: at(1.25)) == nil)
  }

  @Test("a volume that is healthy again begins anew")
  func healthyAgain() {
    let steps = [RecoveryStep.connect([portal])]
    recoveries.note(.lost, of: volume, at: at(0))
    _ = recoveries.failed(volume, steps, after: .zero, at: at(0), jitter: 1)
    #expect(
      recoveries.failed(volume, steps, after: .zero, at: at(400), jitter: 1) == .seconds(20))
    recoveries.note(.healthy, of: volume, at: at(401))
    recoveries.note(.lost, of: volume, at: at(402))
    #expect(recoveries.pause(volume, before: steps, at: at(402)) == nil)
    #expect(recoveries.failed(volume, steps, after: .zero, at: at(403), jitter: 1) == .seconds(1))
  }

  @Test("a healthy volume with something left to do does not do it again and again in vain")
  func healthyWithWork() {
    let steps = [RecoveryStep.retain(600)]
    recoveries.note(.healthy, of: volume, hasWork: true, at: at(0))
    _ = recoveries.failed(volume, steps, after: .zero, at: at(0), jitter: 1)
    _ = recoveries.failed(volume, steps, after: .zero, at: at(100), jitter: 1)
    recoveries.note(.healthy, of: volume, hasWork: true, at: at(101))
    #expect(recoveries.pause(volume, before: steps, at: at(101)) == .seconds(4))
  }

  @Test("a failure is logged once, and again when it is another")
  func explained() throws {
    recoveries.note(.lost, of: volume, at: at(0))
    for _ in 0..<5 { recoveries.explain(volume, "refused") }
    recoveries.explain(volume, "not allowed")
    #expect(log.count("a volume could not be restored; it will be tried again") == 2)
    #expect(recoveries.entry(of: volume)?.failure == "not allowed")
  }

  @Test("so it is for a volume that could not even be looked at")
  func explainedUnseen() {
    for _ in 0..<5 { recoveries.explain(volume, "mountinfo: EIO") }
    #expect(log.count("a volume could not be restored; it will be tried again") == 1)
    #expect(recoveries.entry(of: volume)?.state == .unknown("mountinfo: EIO"))
    #expect(recoveries.failed(volume, [], after: .zero, at: at(0), jitter: 1) == .milliseconds(500))
    #expect(recoveries.failed(volume, [], after: .zero, at: at(100), jitter: 1) == .seconds(5))
  }

  @Test("a record that cannot be read is an error in the log once, and counted")
  func unreadable() throws {
    for _ in 0..<5 { recoveries.unreadable(volume, "schema 7", at: at(0)) }
    #expect(log.count("a stage record cannot be read; its volume is left as it is") == 1)
    let entry = try #require(recoveries.entry(of: volume))
    #expect(entry.isUnreadable)
    #expect(entry.state == .unknown("schema 7"))
    recoveries.note(.healthy, of: volume, at: at(9))
    #expect(recoveries.entry(of: volume)?.isUnreadable == false)
  }

  @Test("a file system is asked now and then, not at every look")
  func asked() {
    #expect(recoveries.shouldAsk(volume, at: at(0)))
    recoveries.note(.healthy, of: volume, at: at(0))
    #expect(recoveries.shouldAsk(volume, at: at(0)))
    recoveries.asked(volume, at: at(0))
    #expect(!recoveries.shouldAsk(volume, at: at(19)))
    #expect(recoveries.shouldAsk(volume, at: at(30)))
  }
}
