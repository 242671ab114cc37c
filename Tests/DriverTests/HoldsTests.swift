import Testing

@testable import Driver

@Suite("What is known of file systems that could not be unmounted")
struct HoldsTests {
  static let start = ContinuousClock.now

  @Test("says to wait twice as long after each attempt, two minutes at most")
  func waits() throws {
    let holds = Holds()
    let volume = try VolumeID("v")
    var now = Self.start
    for wait in [5, 10, 20, 40, 80, 120, 120] {
      holds.note("process \(wait)", of: volume, targets: ["/a"], at: now)
      let early = holds.hold(of: volume, targets: ["/a"], at: now + .seconds(wait - 1))
      #expect(early?.holder == "process \(wait)")
      #expect(early?.mayBeOver == false, "\(wait)")
      now += .seconds(wait)
      #expect(holds.hold(of: volume, targets: ["/a"], at: now)?.mayBeOver == true, "\(wait)")
    }
    holds.forget(volume)
    #expect(holds.hold(of: volume, targets: ["/a"], at: now) == nil)
    // What has unmounted nothing costs nobody anything.
    for _ in 0..<3 {
      holds.note("x", of: volume, targets: ["/a"], wasHarmless: true, at: now)
      now += .seconds(5)
      #expect(holds.hold(of: volume, targets: ["/a"], at: now)?.mayBeOver == true)
    }
    holds.forget(volume)
    holds.note("x", of: volume, targets: ["/a"], at: now)
    #expect(holds.hold(of: volume, targets: ["/a"], at: now + .seconds(5))?.mayBeOver == true)
  }

  @Test("says that it may be over when a target has gone; of each volume by itself")
  func targets() throws {
    let holds = Holds()
    let volume = try VolumeID("v")
    holds.note("x", of: volume, targets: ["/a", "/b"], at: Self.start)
    #expect(holds.hold(of: volume, targets: ["/a", "/b"], at: Self.start)?.mayBeOver == false)
    #expect(holds.hold(of: volume, targets: ["/a"], at: Self.start)?.mayBeOver == true)
    #expect(holds.hold(of: try VolumeID("w"), targets: ["/a", "/b"], at: Self.start) == nil)
  }
}
