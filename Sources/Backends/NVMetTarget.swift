internal import Linux
internal import NVMe
internal import SystemPackage

/// The Linux kernel's NVMe target (nvmet), one subsystem with one namespace for each volume, driven
/// through configfs (drivers/nvme/target/configfs.c).
///
/// Every call looks at what is there first and does only what is missing, so that it can be repeated
/// after a kill at any step. Nothing is changed that does not carry our mark: a subsystem's model, a
/// port's number. Calls block; they belong on a thread that can be left behind.
struct NVMetTarget: Sendable {
  let fs: any ConfigFS
  let mark: TargetMark
  /// Makes a host that is just connecting either known to the target, and so cut with the others, or
  /// refused; see `sever`.
  var settle: @Sendable () -> Void = {}

  // MARK: Whose it is

  /// What a subsystem of a name that we would give is.
  enum Ownership: Equatable {
    case absent
    case ours
    /// Made a moment ago, by whoever died before setting the model: nothing is in it.
    case unmarked
    case foreign(model: String)
  }

  /// Fails with `unavailable` unless the kernel's target is there.
  func requireAvailable() throws(BackendError) {
    let isThere = try attempt("look for nvmet") { () throws(SystemCallError) in
      try fs.exists("subsystems")
    }
    guard isThere else {
      throw BackendError(
        .unavailable,
        "the kernel's NVMe target is not at \(fs.root): load the modules nvmet and nvmet-tcp and "
          + "mount configfs at /sys/kernel/config")
    }
  }

  /// Looks at a subsystem.
  func ownership(of nqn: NQN) throws(BackendError) -> Ownership {
    let path = subsystem(nqn)
    return try attempt("look at subsystem \(nqn)") { () throws(SystemCallError) in
      guard try fs.exists(path) else { return .absent }
      let model = try fs.read("\(path)/attr_model")
      if model == mark.model { return .ours }
      // The kernel's default, NVMET_DEFAULT_CTRL_MODEL.
      if model == "Linux", try fs.names(in: "\(path)/namespaces").isEmpty,
        try fs.names(in: "\(path)/allowed_hosts").isEmpty, try linkedPorts(nqn).isEmpty
      {
        return .unmarked
      }
      return .foreign(model: model)
    }
  }

  /// The subsystem, if it is there and ours; `notOurs` if it is somebody else's.
  func isOurs(_ nqn: NQN) throws(BackendError) -> Bool {
    switch try ownership(of: nqn) {
    case .absent: return false
    case .ours, .unmarked: return true
    case .foreign(let model):
      throw BackendError(
        .notOurs,
        "subsystem \(nqn) has the model '\(model)' and not '\(mark.model)': it is not this driver's, "
          + "or another cluster's. It is left alone; remove or rename it, or change the NQN prefix")
    }
  }

  /// The NQNs of all subsystems that carry our mark.
  func subsystems() throws(BackendError) -> [NQN] {
    try attempt("list the subsystems") { () throws(SystemCallError) in
      var ours: [NQN] = []
      for name in try fs.names(in: "subsystems") {
        guard let nqn = try? NQN(name) else { continue }
        do throws(SystemCallError) {
          if try fs.read("\(subsystem(nqn))/attr_model") == mark.model { ours.append(nqn) }
        } catch  where error.errno == .noSuchFileOrDirectory {
          // Gone in the meantime.
        }
      }
      return ours
    }
  }

  // MARK: Paths and steps

  func subsystem(_ nqn: NQN) -> String { "subsystems/\(nqn)" }
  func namespace(_ nqn: NQN) -> String { "subsystems/\(nqn)/namespaces/\(ExportRecord.nsid)" }
  func allowed(_ host: NQN, _ nqn: NQN) -> String { "subsystems/\(nqn)/allowed_hosts/\(host)" }

  /// Writes an attribute unless it has that value, and reads it back.
  func set(_ attribute: String, to value: String) throws(SystemCallError) {
    guard try fs.read(attribute) != value else { return }
    try fs.write(value, to: attribute)
    guard try fs.read(attribute) == value else {
      // Taken and not kept: the kernel means something else by it.
      throw SystemCallError(
        call: "read back", subject: "\(fs.root)/\(attribute)", errno: .ioError)
    }
  }

  /// Does something to configfs.
  func attempt<Value>(
    _ action: @autoclosure () -> String, _ body: () throws(SystemCallError) -> Value
  ) throws(BackendError) -> Value {
    do {
      return try body()
    } catch {
      let code: BackendError.Code =
        switch error.errno {
        case .canceled: .timedOut
        case .readOnlyFileSystem, .permissionDenied, .notPermitted: .unavailable
        default: .failed
        }
      throw BackendError(code, action(), cause: error)
    }
  }
}
