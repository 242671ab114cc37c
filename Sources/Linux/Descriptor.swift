internal import CLinux
internal import Glibc
internal import SystemPackage

/// A file descriptor that closes itself with its last reference.
package final class Descriptor: Sendable {
  /// Valid only while the object lives: keep it in a property, or in `withExtendedLifetime`.
  package let number: Int32

  /// Takes over an open descriptor.
  package init(owning number: Int32) { self.number = number }

  deinit {
    // Never repeated: after EINTR Linux has closed it.
    close(number)
  }

  /// pipe2(2) with O_CLOEXEC.
  package static func pipe() throws(SystemCallError) -> (read: Descriptor, write: Descriptor) {
    var ends: [Int32] = [-1, -1]
    try systemCall("pipe2", "for a child") { unsafe clinux_pipe(&ends) }
    return (Descriptor(owning: ends[0]), Descriptor(owning: ends[1]))
  }

  /// open(2) with O_CLOEXEC.
  package static func open(
    _ path: String, flags: Int32, mode: UInt32 = 0
  ) throws(SystemCallError) -> Descriptor {
    Descriptor(owning: try Files.open(path, flags, mode: mode))
  }

  /// flock(2), exclusive: for as long as the descriptor is open.  False when another holds it.
  package func tryLock() throws(SystemCallError) -> Bool {
    do {
      try systemCall("flock", "descriptor \(number)") { flock(number, LOCK_EX | LOCK_NB) }
      return true
    } catch  where error.errno == .wouldBlock {
      return false
    }
  }

  /// O_NONBLOCK: for our end of a pipe; the other end keeps its own flags.
  package func makeNonBlocking() throws(SystemCallError) {
    try systemCall("fcntl", "descriptor \(number)") { fcntl(number, F_SETFL, O_NONBLOCK) }
  }
}
