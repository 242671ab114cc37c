import Metrics
import Synchronization
import Testing

@Suite("Callback gauges", .timeLimit(.minutes(2))) struct CallbackTests {
  @Test("Their values are asked for at each scrape")
  func values() async {
    let registry = makeRegistry()
    let scrapes = Mutex(0)
    registry.callbackGauges("a", help: "A.", labels: ["x"]) {
      let scrape = scrapes.withLock { scrapes in
        scrapes += 1
        return Double(scrapes)
      }
      return [
        GaugeSample(["z"], 0), GaugeSample(["b"], scrape), GaugeSample(["z"], scrape + 1),
      ]
    }
    registry.callbackGauges("empty", help: "Nothing.", labels: ["x"]) { [] }
    registry.callbackGauges("plain", help: "P.", labels: []) { [GaugeSample([], 0.5)] }
    for scrape in 1...3 {
      #expect(
        await registry.text() == """
          # HELP a A.
          # TYPE a gauge
          a{x="b"} \(scrape)
          a{x="z"} \(scrape + 1)
          # HELP plain P.
          # TYPE plain gauge
          plain 0.5

          """)
    }
  }

  @Test("Samples beyond the limit are left out and counted")
  func limit() async {
    let registry = makeRegistry(seriesLimit: 2)
    registry.callbackGauges("a", help: "A.", labels: ["x"]) {
      (0..<5).map { GaugeSample(["\($0)"], 1) } + [GaugeSample(["0"], 2)]
    }
    let lines = await registry.text().split(separator: "\n").filter { !$0.hasPrefix("#") }
    #expect(
      lines == [
        "a{x=\"0\"} 2", "a{x=\"1\"} 1", "own_dropped_series_total{metric=\"a\"} 3",
      ])
  }

  @Test("A late one is left out and counted, and not asked again before it has returned")
  func late() async {
    let registry = makeRegistry(callbackDeadline: .milliseconds(100))
    let gate = Gate()
    let wasCancelled = Atomic<Bool>(false)
    registry.callbackGauges("hangs", help: "H.", labels: []) {
      await gate.pass()
      wasCancelled.store(Task.isCancelled, ordering: .relaxed)
      return [GaugeSample([], 1)]
    }
    registry.gauge("quick", help: "Q.").set(1)
    func expected(late: Int) -> String {
      """
      # HELP own_late_callbacks_total \
      Times a metric was left out of a scrape because its value was not known in time.
      # TYPE own_late_callbacks_total counter
      own_late_callbacks_total{metric="hangs"} \(late)
      # HELP quick Q.
      # TYPE quick gauge
      quick 1

      """
    }
    let start = ContinuousClock.now
    #expect(await registry.text() == expected(late: 1))
    #expect(start.duration(to: .now) >= .milliseconds(100))
    for late in 2...4 { #expect(await registry.text() == expected(late: late)) }
    #expect(gate.entered == 1)
    gate.open()
    #expect(await eventually { await registry.text().contains("hangs 1\n") })
    #expect(wasCancelled.load(ordering: .relaxed) || gate.entered > 1)
  }

  @Test("The deadline is for all of them together")
  func sharedDeadline() async {
    let registry = makeRegistry(callbackDeadline: .seconds(1))
    let gate = Gate()
    for index in 0..<50 {
      registry.callbackGauges("hangs\(index)", help: "H.", labels: []) {
        await gate.pass()
        return []
      }
    }
    registry.callbackGauges("quick", help: "Q.", labels: []) { [GaugeSample([], 1)] }
    let start = ContinuousClock.now
    let text = await registry.text()
    // One after the other they would take fifty seconds.
    #expect(start.duration(to: .now) < .seconds(20))
    #expect(text.contains("\nquick 1\n"))
    #expect(text.split(separator: "\n").count { $0.hasSuffix("\"} 1") } == 50)
    gate.open()
  }

  @Test("Scrapes at the same time share one call")
  func shared() async {
    let registry = makeRegistry()
    let gate = Gate()
    registry.callbackGauges("a", help: "A.", labels: []) {
      await gate.pass()
      return [GaugeSample([], 1)]
    }
    async let first = registry.text()
    #expect(await eventually { gate.entered == 1 })
    async let second = registry.text()
    try? await Task.sleep(for: .milliseconds(50))
    gate.open()
    #expect(await first == "# HELP a A.\n# TYPE a gauge\na 1\n")
    #expect(await second == "# HELP a A.\n# TYPE a gauge\na 1\n")
    #expect(gate.entered <= 2)
  }

  @Test("A scrape that is cancelled ends at once")
  func cancelled() async {
    let registry = makeRegistry(callbackDeadline: .seconds(100))
    let gate = Gate()
    registry.callbackGauges("a", help: "A.", labels: []) {
      await gate.pass()
      return [GaugeSample([], 1)]
    }
    let scrape = Task { await registry.text() }
    #expect(await eventually { gate.entered == 1 })
    scrape.cancel()
    #expect(await scrape.value.contains("own_late_callbacks_total{metric=\"a\"} 1\n"))
    gate.open()
  }
}
