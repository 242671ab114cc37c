internal import Glibc
internal import Synchronization

/// A unix socket's place in the file system: ours alone while we hold it.
///
/// Left to itself, the core unlinks whatever socket it finds, binds with the mode that the umask
/// gives, and at the end unlinks whatever has its path by then. So it binds in a directory that
/// nobody else can enter, and the socket is then renamed to its path, which replaces a stale one in
/// one step: a caller finds either no listener or this one, never one with another mode. That needs
/// no umask, which is the whole process's, and leaves the core nothing to unlink at the end.
///
/// A lock file beside the socket keeps two servers from taking the same path at once. A listener
/// that knows nothing of the lock is found by connecting to it.
final class SocketFile: Sendable {
  /// sockaddr_un has 108 bytes for the path and its NUL.
  private static let maximumPathLength = 107

  private let path: String
  private let lock: Int32
  private let staging: String
  private let stagingDescriptor: Int32
  private let published = Mutex<Identity?>(nil)

  private struct Identity: Equatable {
    var device: dev_t
    var inode: ino_t
  }

  /// Takes the path, if there is nothing at it but perhaps a socket without a listener.
  init(_ path: String) throws(ServerError) {
    guard path.utf8.count <= Self.maximumPathLength, !path.utf8.contains(0) else {
      throw ServerError(
        "listen at unix://\(path): the path has \(path.utf8.count) bytes, and a socket's may have "
          + "at most \(Self.maximumPathLength); choose a shorter one")
    }
    guard let slash = path.lastIndex(of: "/"), path.index(after: slash) != path.endIndex else {
      throw ServerError("listen at unix://\(path): the path names no file")
    }
    let lock = try Self.lock(path)
    do throws(ServerError) {
      try Self.requireNoListener(at: path)
      let staging = "\(path[...slash]).\(path[path.index(after: slash)...]).new"
      stagingDescriptor = try Self.makeStaging(staging, for: path)
      self.staging = staging
    } catch {
      Self.unlock(lock, path)
      throw error
    }
    self.path = path
    self.lock = lock
  }

  /// Where the core is to bind. Through the descriptor, so that it may be longer than a socket's
  /// path may.
  var bindTarget: String { "unix:/proc/self/fd/\(stagingDescriptor)/s" }

  /// Puts the bound socket at its path.
  func publish() throws(ServerError) {
    var status = stat()
    guard
      unsafe fchmodat(stagingDescriptor, "s", 0o600, 0) == 0,
      unsafe fstatat(stagingDescriptor, "s", &status, AT_SYMLINK_NOFOLLOW) == 0,
      unsafe renameat(stagingDescriptor, "s", AT_FDCWD, path) == 0
    else {
      throw ServerError("listen at unix://\(path): move the socket there: \(Self.systemError())")
    }
    let identity = Identity(device: status.st_dev, inode: status.st_ino)
    published.withLock { $0 = identity }
    unsafe rmdir(staging)
  }

  /// Removes the socket if it is still the one that was published, and lets go of the path. Last,
  /// after the core's server is destroyed; once.
  func withdraw() {
    if let identity = published.withLock({ $0.take() }), Self.identity(of: path) == identity {
      unsafe unlink(path)
    }
    unsafe unlinkat(stagingDescriptor, "s", 0)
    unsafe rmdir(staging)
    close(stagingDescriptor)
    Self.unlock(lock, path)
  }

  // MARK: Lock

  private static func lock(_ path: String) throws(ServerError) -> Int32 {
    let lockPath = path + ".lock"
    while true {
      let descriptor = unsafe open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
      guard descriptor >= 0 else {
        throw ServerError("listen at unix://\(path): open \(lockPath): \(systemError())")
      }
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        let isTaken = errno == EWOULDBLOCK
        let reason = systemError()
        close(descriptor)
        throw ServerError(
          isTaken
            ? "listen at unix://\(path): another server holds \(lockPath); stop it first"
            : "listen at unix://\(path): lock \(lockPath): \(reason)")
      }
      // The holder before may have removed the file between our open and our lock: then the lock
      // is on a file that nobody else will find.
      var status = stat()
      if unsafe fstat(descriptor, &status) == 0,
        identity(of: lockPath) == Identity(device: status.st_dev, inode: status.st_ino)
      {
        return descriptor
      }
      close(descriptor)
    }
  }

  private static func unlock(_ descriptor: Int32, _ path: String) {
    unsafe unlink(path + ".lock")
    close(descriptor)
  }

  // MARK: What is there

  private static func requireNoListener(at path: String) throws(ServerError) {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else {
      if errno == ENOENT { return }
      throw ServerError("listen at unix://\(path): look at it: \(systemError())")
    }
    guard status.st_mode & S_IFMT == S_IFSOCK else {
      throw ServerError(
        "listen at unix://\(path): there is something that is not a socket; remove it or choose "
          + "another path")
    }
    switch connect(to: path) {
    case ECONNREFUSED, ENOENT: return
    case 0, EAGAIN, EINPROGRESS:
      throw ServerError("listen at unix://\(path): another server answers there; stop it first")
    case let code:
      let reason = unsafe String(cString: strerror(code))
      throw ServerError(
        "listen at unix://\(path): cannot tell whether another server is there: connect: \(reason)")
    }
  }

  /// The errno of a connect that does not wait, 0 when it succeeds.
  private static func connect(to path: String) -> Int32 {
    let descriptor = socket(
      AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return errno }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
    let result = unsafe withUnsafePointer(to: &address) { address in
      unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        unsafe Glibc.connect(descriptor, address, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    return result == 0 ? 0 : errno
  }

  private static func makeStaging(_ staging: String, for path: String) throws(ServerError) -> Int32
  {
    // Left by a server that was killed in between; the lock says that nobody is in between now.
    unsafe unlink(staging + "/s")
    unsafe rmdir(staging)
    guard unsafe mkdir(staging, 0o700) == 0 else {
      throw ServerError("listen at unix://\(path): make \(staging): \(systemError())")
    }
    let descriptor = unsafe open(staging, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else {
      let reason = systemError()
      unsafe rmdir(staging)
      throw ServerError("listen at unix://\(path): open \(staging): \(reason)")
    }
    return descriptor
  }

  private static func identity(of path: String) -> Identity? {
    var status = stat()
    guard unsafe lstat(path, &status) == 0 else { return nil }
    return Identity(device: status.st_dev, inode: status.st_ino)
  }

  private static func systemError() -> String { unsafe String(cString: strerror(errno)) }
}
