internal import Glibc
internal import Linux
internal import Synchronization

/// That one process of this machine has a pool of logical volumes. LVM keeps two of its programs apart, and
/// not two controllers: what one has promised or is making, the other takes for free or for left behind.
final class LVMLock: Sendable {
  /// Where the processes of a machine find each other's locks.
  static let directory = "/run/nvmeof-csi"

  /// `group` or `group:thin pool`; no name has a colon, see lvm(8).
  let name: String
  private let directory: String
  private let file = Mutex<Descriptor?>(nil)

  init(_ configuration: LVMPoolConfiguration, in directory: String) {
    name = [configuration.volumeGroup, configuration.thinPool].compactMap { $0 }
      .joined(separator: ":")
    self.directory = directory
  }

  /// Whether this process has it.
  var isTaken: Bool { file.withLock { $0 != nil } }

  /// Takes it for as long as this object lives; its calls come one after another, and block. Fails with
  /// `unavailable` when another process has it.
  func take() throws(BackendError) {
    guard !isTaken else { return }
    let file = try BackendError.attempt("lock pool \(name)") { () throws(SystemCallError) in
      try Files.makeDirectories(directory, mode: 0o700)
      let file = try Descriptor.open(
        "\(directory)/\(name).lock", flags: O_RDWR | O_CREAT, mode: 0o600)
      return try file.tryLock() ? file : nil
    }
    guard let file else {
      throw BackendError(.unavailable, "pool \(name): another process is using it")
    }
    self.file.withLock { $0 = file }
  }
}
