import ArgumentParser
import Backends

/// `5%`, `20GiB`, `21474836480`
struct Reserve: ExpressibleByArgument {
  let amount: FilePoolConfiguration.Reserve

  init?(argument: String) {
    if argument.hasSuffix("%") {
      guard let percent = Int(argument.dropLast()), (0...99).contains(percent) else { return nil }
      amount = .percent(percent)
      return
    }
    let units: [(String, Int64)] = [
      ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40), ("", 1),
    ]
    guard let (name, size) = units.first(where: { argument.hasSuffix($0.0) }),
      let count = Int64(argument.dropLast(name.count)), count >= 0
    else { return nil }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
    guard !overflow else { return nil }
    amount = .bytes(bytes)
  }
}
