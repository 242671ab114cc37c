import Metrics
import Testing

@Suite("What ends the process at registration", .timeLimit(.minutes(3))) struct ContractTests {
  @Test("A name twice")
  func duplicate() async {
    await #expect(processExitsWith: .failure) {
      let registry = makeRegistry()
      _ = registry.counter("a", help: "A.")
      _ = registry.gauge("a", help: "A.")
    }
  }

  @Test("A name that is a histogram's sample")
  func histogramSample() async {
    await #expect(processExitsWith: .failure) {
      let registry = makeRegistry()
      _ = registry.histogram("a", help: "A.")
      _ = registry.counter("a_count", help: "A.")
    }
  }

  @Test("A wrong name")
  func name() async {
    await #expect(processExitsWith: .failure) { _ = makeRegistry().gauge("1a", help: "A.") }
    await #expect(processExitsWith: .failure) { _ = makeRegistry().gauge("a-b", help: "A.") }
    await #expect(processExitsWith: .failure) { _ = makeRegistry().gauge("", help: "A.") }
  }

  @Test("A wrong label")
  func label() async {
    await #expect(processExitsWith: .failure) {
      _ = makeRegistry().gauges("a", help: "A.", labels: ["b:c"])
    }
    await #expect(processExitsWith: .failure) {
      _ = makeRegistry().gauges("a", help: "A.", labels: ["__b"])
    }
    await #expect(processExitsWith: .failure) {
      _ = makeRegistry().gauges("a", help: "A.", labels: ["b", "b"])
    }
    await #expect(processExitsWith: .failure) {
      _ = makeRegistry().histograms("a", help: "A.", labels: ["le"])
    }
  }

  @Test("Buckets out of order")
  func buckets() async {
    await #expect(processExitsWith: .failure) {
      _ = makeRegistry().histogram("a", help: "A.", buckets: [1, 1])
    }
  }

  @Test("Too few label values, and a counter that shrinks")
  func recording() async {
    await #expect(processExitsWith: .failure) {
      makeRegistry().counters("a", help: "A.", labels: ["b", "c"])["b"].increment()
    }
    await #expect(processExitsWith: .failure) {
      makeRegistry().counter("a", help: "A.").increment(by: -1)
    }
  }
}
