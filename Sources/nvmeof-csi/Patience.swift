import ArgumentParser

/// A number of seconds, or `off`.
enum Patience: ExpressibleByArgument {
  case off
  case seconds(Int64)

  init?(argument: String) {
    if argument == "off" {
      self = .off
    } else if let seconds = Int64(argument), (1...31_536_000).contains(seconds) {
      self = .seconds(seconds)
    } else {
      return nil
    }
  }

  var defaultValueDescription: String {
    switch self {
    case .off: "off"
    case .seconds(let seconds): "\(seconds)"
    }
  }

  var duration: Duration? {
    switch self {
    case .off: nil
    case .seconds(let seconds): .seconds(seconds)
    }
  }
}
