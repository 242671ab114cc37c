import ArgumentParser
import Foundation
import Lab

/// Random calls and faults, by a seed, while writers write and invariants are checked.
@main
struct ChaosCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "nvmeof-csi-chaos",
    abstract: "Break volumes at random while pods write to them, and check what must hold.",
    discussion: "Runs inside the lab's guest, as root: see hack/chaos.")

  @Option(help: "Decides every choice; default: one of its own, which is printed.")
  var seed: UInt64?

  @Option(help: "How long faults go on; healing and teardown come on top.")
  var minutes = 5.0

  @Option(help: "The driver.")
  var driver = ".build/debug/nvmeof-csi"

  @Flag(help: "Print what would be done, and do nothing.")
  var dryRun = false

  func validate() throws {
    guard minutes > 0, minutes <= 24 * 60 else {
      throw ValidationError("--minutes must be more than 0 and at most 1440")
    }
  }

  func run() async throws {
    let seed = seed ?? UInt64.random(in: 1...999_999)
    let schedule = Schedule(
      seed: seed, length: Int(minutes * 60_000), volumes: VolumePlan.all)
    let report = Report()
    let again = "--seed \(seed) --minutes \(minutes)"
    report.plain("seed \(seed), \(minutes) minutes, \(schedule.items.count) actions")
    if dryRun {
      for item in schedule.items {
        report.plain("\(Duration.milliseconds(item.at).text)  #\(item.number)  \(item.action)")
      }
      return
    }
    guard ProcessInfo.processInfo.environment["NVMEOF_CSI_LAB"] == "1" else {
      throw ValidationError("this runs in the lab's guest only: hack/chaos")
    }
    let chaos = try await Chaos(schedule, driver: driver, report: report)
    var checked: Set<Invariant> = []
    do {
      checked = try await chaos.run()
    } catch {
      report.violate(.neverHangs, "", "the run broke off: \(error)")
    }
    let violations = report.violations
    if let first = violations.first {
      report.plain(
        "--- the plugin's last lines\(first.volume.isEmpty ? "" : " on \(first.volume)")")
      report.plain(chaos.log(of: first.volume))
      report.plain("---")
      await chaos.release()
    }
    report.summary(checked: checked)
    report.plain(
      violations.isEmpty
        ? "\npassed; hack/chaos \(again) makes the same choices again"
        : "\nFAILED: \(violations[0])\nhack/chaos \(again) makes the same choices again")
    // Not by returning: a thread that still waits for a device would be waited for.
    Foundation.exit(violations.isEmpty ? 0 : 1)
  }
}
