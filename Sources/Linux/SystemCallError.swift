internal import Glibc
public import SystemPackage

/// A system call that failed: which, on what, and how.
public struct SystemCallError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The call, such as `openat2`.
  public let call: String
  /// What it was called on: most often a path.
  public let subject: String
  /// How it failed.
  public let errno: Errno

  /// Names a failed call.
  public init(call: String, subject: String, errno: Errno) {
    self.call = call
    self.subject = subject
    self.errno = errno
  }

  /// `rmdir /var/lib/x: Directory not empty`
  public var description: String { "\(call) \(subject): \(errno)" }
}

/// Makes one system call: the only place that knows of EINTR and of errno.
///
/// A path with a NUL in it is refused with EINVAL before the kernel sees the part in front of it.
@discardableResult
func systemCall<Value: FixedWidthInteger & SignedInteger>(
  _ call: String, _ subject: String, _ body: () -> Value
) throws(SystemCallError) -> Value {
  guard !subject.utf8.contains(0) else {
    throw SystemCallError(call: call, subject: subject, errno: .invalidArgument)
  }
  while true {
    let value = body()
    if value != -1 { return value }
    let number = errno
    if number != EINTR {
      throw SystemCallError(call: call, subject: subject, errno: Errno(rawValue: number))
    }
  }
}
