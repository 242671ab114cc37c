import Logging
import Testing
import Udev

@testable import Driver

@Suite("Change hints")
struct ChangeHintsTests {
  private let hints = ChangeHints(
    UdevMonitor(subsystems: ["block"]),
    logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))

  @Test("end a pause that began before the change, and one that began after a look before it")
  func wake() async {
    let start = ContinuousClock.now
    let seen = hints.count
    hints.wakeAll()
    await hints.pause(.seconds(600), since: seen)
    await withTaskGroup { group in
      let now = hints.count
      for _ in 0..<10 { group.addTask { await hints.pause(.seconds(600), since: now) } }
      hints.wakeAll()
    }
    #expect(.now - start < .seconds(300))
  }

  @Test("do not end a pause without a change, nor a second one for the same change")
  func nothing() async {
    hints.wakeAll()
    for _ in 0..<2 {
      let start = ContinuousClock.now
      await hints.pause(.milliseconds(60), since: hints.count)
      await hints.pause(.milliseconds(60))
      #expect(.now - start >= .milliseconds(120))
    }
  }
}
