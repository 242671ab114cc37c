internal import Linux
internal import SystemPackage

extension BackendError {
  /// A system call that failed on a pool's files: what kind of failure its errno is.
  static func storage(_ action: String, _ error: SystemCallError) -> BackendError {
    switch error.errno {
    case .noSpace, .diskQuotaExceeded:
      BackendError(.exhausted, "\(action): no room", cause: error)
    case .readOnlyFileSystem:
      BackendError(.unavailable, "\(action): the file system is read-only", cause: error)
    case .fileTooLarge:
      BackendError(.outOfRange, "\(action): larger than the file system allows", cause: error)
    case .tooManySymbolicLinkLevels:
      BackendError(
        .notOurs, "\(action): there is a symbolic link, which no pool of ours has", cause: error)
    default:
      BackendError(.failed, action, cause: error)
    }
  }

  /// Does something to a pool's files.
  static func attempt<Value>(
    _ action: @autoclosure () -> String, _ body: () throws(SystemCallError) -> Value
  ) throws(BackendError) -> Value {
    do {
      return try body()
    } catch {
      throw storage(action(), error)
    }
  }
}
