/// Why a call in a disposable child gave no result.
public enum IsolatedCallError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The call itself failed, or no child could be started for it.
  case failed(SystemCallError)
  /// The deadline passed; the child was killed.  `stuck`: it sits in the kernel and has not died yet,
  /// and what it was told to do may still happen.
  case deadlineExceeded(call: String, subject: String, stuck: Bool)
  /// Too many children are stuck or running already.
  case tooMany(running: Int)

  /// Names the call, its subject and what is the matter.
  public var description: String {
    switch self {
    case .failed(let error):
      return error.description
    case .deadlineExceeded(let call, let subject, let stuck):
      let state = stuck ? "its process does not die, it sits in the kernel" : "it was given up"
      return "\(call) \(subject): deadline exceeded, \(state)"
    case .tooMany(let running):
      return "\(running) system calls that may block are stuck or running already"
    }
  }
}
