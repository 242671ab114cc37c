internal import Command
internal import Glibc

extension Fabrics {
  /// A portal that does not even take a TCP connection.
  ///
  /// Only what had its time says something about the portal: a SYN is sent again after one second and
  /// after three, and a neighbour is asked for three times in three seconds.
  static func unanswered(
    _ nqn: NQN, _ portal: TransportAddress, _ code: Int32, after duration: Duration
  ) -> FabricsError {
    let reason = unsafe String(cString: strerror(code))
    let what = "connect \(nqn) at \(portal): \(reason)"
    switch code {
    case ECONNREFUSED:
      return FabricsError(code: .refused, message: "\(what): nothing listens there")
    case ETIMEDOUT:
      return FabricsError(
        code: duration >= .seconds(3) ? .silent : .timedOut,
        message: "\(what): the portal does not answer; is the network up?")
    case EHOSTUNREACH, EHOSTDOWN:
      // At once when a router says so; a host of the local network that is down is waited for.
      return FabricsError(code: duration >= .seconds(1) ? .silent : .unreachable, message: what)
    case ENETUNREACH, ENETDOWN:
      return FabricsError(code: .unreachable, message: what)
    case EADDRNOTAVAIL, EAFNOSUPPORT, ENODEV, EINVAL:
      return FabricsError(
        code: .invalidArgument, message: "\(what): check hostTraddr and hostIface")
    default:
      return FabricsError(code: .unreachable, message: what)
    }
  }

  /// Why `nvme connect` left no controller behind: the kernel log knows best, then the texts of
  /// nvme-cli, which are its errno's.
  static func failure(
    _ nqn: NQN, _ portal: TransportAddress, _ host: HostIdentity,
    _ outcome: Result<CommandOutput, CommandError>, _ log: [String]
  ) -> FabricsError {
    let what = "connect \(nqn) at \(portal) as \(host.nqn)"
    switch outcome {
    case .failure(let error):
      let code: FabricsError.Code =
        switch error {
        case .notFound: .noNVMeCLI
        case .deadlineExceeded, .goesOn: .timedOut
        case .tooMany, .notRunning: .busy
        case .launchFailed: .other
        }
      let advice = code == .noNVMeCLI ? "; install nvme-cli" : ""
      return FabricsError(code: code, message: "\(what): \(error)\(advice)")
    case .success(let output):
      let said = output.oneLine
      if let (code, line) = reason(in: log, nqn, host) {
        return FabricsError(code: code, message: "\(what): \(line) (\(said))")
      }
      return FabricsError(code: code(of: said), message: "\(what): \(said)")
    }
  }

  /// The host's messages of nvmf_log_connect_error() and nvmf_host_add(), drivers/nvme/host/fabrics.c.
  ///
  /// Other volumes connect at the same time, and the target may be in this kernel as well: only a line
  /// of the host's that names this subsystem, or this host, whole counts.
  private static func reason(
    in log: [String], _ nqn: NQN, _ host: HostIdentity
  ) -> (FabricsError.Code, String)? {
    for line in log.reversed() where line.hasPrefix("nvme ") || line.hasPrefix("nvme_fabrics: ") {
      if line.contains("found same host"), line.contains(host.nqn.rawValue) {
        return (.identityConflict, line)
      }
      if line.contains("Connect for subsystem \(nqn) is not allowed") {
        return (.hostNotAllowed, "the target does not allow this host: \(line)")
      }
      if line.contains("Connect Invalid Data Parameter, subsysnqn \"\(nqn)\"") {
        return (.unknownSubsystem, "the target has no such subsystem: \(line)")
      }
    }
    return nil
  }

  /// strerror(3)'s texts, as nvme-cli prints them.
  private static func code(of text: String) -> FabricsError.Code {
    let texts: [(String, FabricsError.Code)] = [
      ("refused", .refused), ("unreachable", .unreachable), ("o route to host", .unreachable),
      ("timed out", .silent), ("temporarily unavailable", .silent),
      ("Required key", .authentication), ("Key was rejected", .authentication),
      // The kernel's EALREADY: a controller that sysfs does not show below its subsystem yet.
      ("already in progress", .busy), ("already connected", .identityConflict),
      ("Invalid argument", .invalidArgument), ("Failed to open /dev/nvme-fabrics", .noKernelModule),
      // Without the kernel's log a host that is not allowed looks the same.
      ("Input/output error", .unknownSubsystem),
    ]
    return texts.first { text.contains($0.0) }?.1 ?? .other
  }
}

extension CommandOutput {
  /// What the program printed, errors first.
  var oneLine: String { "\(standardError)\n\(standardOutput)".oneLine }
}

extension String {
  /// What a program printed, in one line of bounded length.
  var oneLine: String {
    let line = split(whereSeparator: \.isNewline).joined(separator: "; ")
    return line.count > 400 ? line.prefix(400) + "…" : line
  }
}
