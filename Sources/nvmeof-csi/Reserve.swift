import ArgumentParser
import Backends
import CSITool

/// `5%`, `20GiB`, `21474836480`
struct Reserve: ExpressibleByArgument {
  let amount: FilePoolConfiguration.Reserve

  init?(argument: String) {
    if argument.hasSuffix("%") {
      guard let percent = Int(argument.dropLast()), (0...99).contains(percent) else { return nil }
      amount = .percent(percent)
      return
    }
    guard let count = ByteCount(argument) else { return nil }
    amount = .bytes(count.bytes)
  }
}
