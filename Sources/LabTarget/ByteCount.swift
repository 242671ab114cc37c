import ArgumentParser

/// A size on the command line: `512M`, `2G`, `1048576`.
struct ByteCount: ExpressibleByArgument {
  let bytes: UInt64

  init(bytes: UInt64) { self.bytes = bytes }

  init?(argument: String) {
    let units: [Character: UInt64] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40]
    var number = argument[...]
    var unit: UInt64 = 1
    if number.hasSuffix("i") || number.hasSuffix("B") { number.removeLast() }
    if let last = number.last, let factor = units[last] {
      unit = factor
      number.removeLast()
    }
    guard let count = UInt64(number), count > 0 else { return nil }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: unit)
    guard !overflow, bytes <= UInt64(Int64.max) else { return nil }
    self.bytes = bytes
  }

  var defaultValueDescription: String { bytes % (1 << 20) == 0 ? "\(bytes >> 20)M" : "\(bytes)" }
}
