internal import Command
internal import Linux
internal import SystemPackage

/// How the errors of the layers below read in this module's terms.
extension BlockDeviceError {
  init(_ action: String, _ error: IsolatedCallError) {
    switch error {
    case .failed(let call):
      self.init(action, call)
    case .deadlineExceeded:
      self.init(code: .deadlineExceeded, message: "\(action): \(error)")
    case .tooMany:
      self.init(code: .ioError, message: "\(action): \(error)")
    }
  }

  init(_ action: String, _ error: SystemCallError) {
    let code: Code =
      switch error.errno {
      case .resourceBusy: .inUse
      case .notBlockDevice: .wrongDevice
      case .permissionDenied, .notPermitted, .readOnlyFileSystem: .refused
      case .invalidArgument, .noMemory, .tooManyOpenFiles, .tooManyOpenFilesInSystem: .other
      // Whatever open(2) and pread(2) say of a device that went or that fails.
      default: .ioError
      }
    self.init(code: code, message: "\(action): \(error)")
  }

  init(_ action: String, _ error: CommandError) {
    let code: Code =
      switch error {
      case .notFound: .programMissing
      case .launchFailed: .other
      case .deadlineExceeded, .goesOn: .deadlineExceeded
      case .tooMany, .notRunning: .ioError
      }
    self.init(code: code, message: "\(action): \(error)")
  }

  /// A program that ran and said no.
  init(_ action: String, code: Code, _ command: Command, _ output: CommandOutput) {
    let words = output.lastWords
    self.init(
      code: code,
      message: "\(action): \(command.program) \(output.termination.text)"
        + (words.isEmpty ? "" : ": \(words)"))
  }
}

extension CommandOutput {
  /// The lines that tell a human what is the matter.  e2fsck(8) says what is broken on standard output
  /// and what to do about it on standard error; mkfs.xfs(8) says it first and explains itself at length.
  var lastWords: String {
    func lines(_ text: String) -> [Substring] {
      text.split(whereSeparator: \.isNewline).filter { $0.contains { !$0.isWhitespace } }
    }
    let errors = lines(standardError)
    return (lines(standardOutput).suffix(2) + errors.prefix(1) + errors.dropFirst().suffix(2))
      .map { String($0.prefix(240)) }.joined(separator: "; ")
  }
}

extension CommandOutput.Termination {
  var text: String {
    switch self {
    case .exited(let code): "exited with \(code)"
    case .signaled(let signal): "was killed by signal \(signal)"
    }
  }
}
