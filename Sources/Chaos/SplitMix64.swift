/// The generator that decides everything in a run: the same seed gives the same choices on every
/// machine and with every version of the standard library.
///
/// Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators" (OOPSLA 2014), section 4.
struct SplitMix64 {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// A number of the range, each as likely as the others.
  mutating func pick(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + Int(next().multipliedFullWidth(by: UInt64(range.count)).high)
  }

  /// One of them; nil of none.
  mutating func pick<Element>(_ elements: [Element]) -> Element? {
    elements.isEmpty ? nil : elements[pick(0...elements.count - 1)]
  }

  /// One of them, each as likely as its weight says.
  mutating func pick<Element>(weighted elements: [(weight: Int, element: Element)]) -> Element? {
    let sum = elements.reduce(0) { $0 + $1.weight }
    guard sum > 0 else { return nil }
    var left = pick(0...sum - 1)
    for (weight, element) in elements {
      if left < weight { return element }
      left -= weight
    }
    return nil
  }
}
