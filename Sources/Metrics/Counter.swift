internal import Synchronization

/// A number that only grows.
public final class Counter: Sendable {
  private let value = AtomicDouble()

  init() {}

  /// Adds one, or an amount that is not negative.
  public func increment(by amount: Double = 1) {
    precondition(amount >= 0, "a counter only grows")
    value.add(amount)
  }
}

/// A number that goes up and down.
public final class Gauge: Sendable {
  private let value = AtomicDouble()

  init() {}

  /// Replaces the value.
  public func set(_ newValue: Double) { value.store(newValue) }

  /// Adds an amount, which may be negative.
  public func add(_ amount: Double) { value.add(amount) }
}

extension Counter: WritableSeries {
  func write(_ header: FamilyHeader, _ labelValues: [String], to output: inout Exposition) {
    output.sample(header.name, header.labels, labelValues, value.load())
  }
}

extension Gauge: WritableSeries {
  func write(_ header: FamilyHeader, _ labelValues: [String], to output: inout Exposition) {
    output.sample(header.name, header.labels, labelValues, value.load())
  }
}

/// A double that several threads add to. Nothing else is published through it: relaxed is enough.
private struct AtomicDouble: ~Copyable {
  private let bits = Atomic<UInt64>(0)

  func load() -> Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

  func store(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

  func add(_ amount: Double) {
    var old = bits.load(ordering: .relaxed)
    while true {
      let new = (Double(bitPattern: old) + amount).bitPattern
      let (exchanged, current) = bits.weakCompareExchange(
        expected: old, desired: new, ordering: .relaxed)
      if exchanged { return }
      old = current
    }
  }
}
