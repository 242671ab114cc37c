import Logging
import Testing
import Udev

@testable import Driver

@Suite("A watch on changes")
struct ChangeWatchTests {
  let changes = ChangeHints(UdevMonitor(subsystems: ["block"]), logger: LogLines().logger)

  /// Whether a pause that could last a minute ended long before.
  private func isShort(_ pause: (Duration) async -> Void) async -> Bool {
    let start = ContinuousClock.now
    await pause(.seconds(60))
    return ContinuousClock.now - start < .seconds(50)
  }

  @Test("wake whoever pauses")
  func wake() async {
    async let wasShort = isShort { await changes.pause($0) }
    // Until it pauses, and after.
    for _ in 0..<100 {
      try? await Task.sleep(for: .milliseconds(10))
      changes.wakeAll()
    }
    #expect(await wasShort)
  }

  @Test("that come between a look and the pause end the pause at once")
  func lost() async {
    let count = changes.count
    changes.wakeAll()
    #expect(await isShort { await changes.pause($0, since: count) })

    let watch = changes.watch()
    changes.wakeAll()
    #expect(await isShort(watch.pause))
    changes.wakeAll()
    #expect(await isShort(watch.pause))
    // Nothing since.
    let start = ContinuousClock.now
    await watch.pause(.milliseconds(50))
    #expect(ContinuousClock.now - start >= .milliseconds(45))
  }

  @Test("are not waited for by a task that is cancelled")
  func cancelled() async {
    let wasShort = await withTaskGroup { group in
      group.addTask { await isShort { await changes.pause($0) } }
      group.cancelAll()
      return await group.next()
    }
    #expect(wasShort == true)
  }
}
