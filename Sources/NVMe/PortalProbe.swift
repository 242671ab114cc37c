internal import Glibc

/// Whether anything listens at a TCP portal.
///
/// The kernel makes one connection at a time (nvmf_dev_mutex), so a portal that swallows packets
/// would hold up every other volume of the node for the whole TCP timeout. Asking first, from a
/// socket that nobody waits for, keeps the kernel out of it.
enum PortalProbe {
  /// An errno; 0 when the portal answers.
  static func errno(
    of portal: TransportAddress, from options: ConnectOptions, deadline: ContinuousClock.Instant
  ) async -> Int32 {
    let isIPv6 = portal.address.contains(":")
    let descriptor = socket(
      isIPv6 ? AF_INET6 : AF_INET,
      Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return Glibc.errno }
    defer { close(descriptor) }
    if let interface = options.hostInterface,
      unsafe setsockopt(
        descriptor, SOL_SOCKET, SO_BINDTODEVICE, interface, socklen_t(interface.utf8.count)) != 0
    {
      return Glibc.errno
    }
    if let source = options.hostAddress {
      let bound = unsafe address(source, 0) { unsafe bind(descriptor, $0, $1) }
      if bound != 0 { return bound < 0 ? Glibc.errno : EINVAL }
    }
    let started = unsafe address(portal.address, UInt16(portal.service) ?? 0) {
      unsafe connect(descriptor, $0, $1)
    }
    if started == 0 { return 0 }
    if started > 0 { return EINVAL }
    if Glibc.errno != EINPROGRESS { return Glibc.errno }
    var pause = Duration.milliseconds(1)
    while true {
      var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      if unsafe poll(&ready, 1, 0) > 0 { break }
      guard ContinuousClock.now < deadline, (try? await Task.sleep(for: pause)) != nil else {
        return ETIMEDOUT
      }
      pause = min(pause * 2, .milliseconds(50))
    }
    var code: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size) == 0 else {
      return Glibc.errno
    }
    return code
  }

  /// Calls `body` with a socket address; 1 when the text is none.
  private static func address(
    _ text: String, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    if text.contains(":") {
      var address = sockaddr_in6()
      address.sin6_family = sa_family_t(AF_INET6)
      address.sin6_port = port.bigEndian
      guard unsafe inet_pton(AF_INET6, text, &address.sin6_addr) == 1 else { return 1 }
      return unsafe withUnsafePointer(to: &address) { address in
        unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe body($0, socklen_t(MemoryLayout<sockaddr_in6>.size))
        }
      }
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    guard unsafe inet_pton(AF_INET, text, &address.sin_addr) == 1 else { return 1 }
    return unsafe withUnsafePointer(to: &address) { address in
      unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }
}
