import Glibc

/// A connection whose bytes the test writes itself. Sending never waits and never signals; what
/// the other side does not take is lost.
final class Peer {
  private var descriptor: Int32

  init(_ path: String) throws {
    descriptor = streamSocket()
    let result = unsafe withSocketAddress(path) { unsafe connect(descriptor, $0, $1) }
    guard result == 0 else { throw SystemError(code: errno) }
  }

  deinit { close() }

  func send(_ bytes: [UInt8]) {
    _ = unsafe Glibc.send(
      descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
  }

  /// Whether these bytes arrive before the connection ends or the time is up.
  func receive(until expected: [UInt8]) async -> Bool {
    var received: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    var isOver = false
    var hasCome = false
    // Never waits in the system: the server's handlers need the thread that this runs on.
    _ = await eventually(within: .seconds(30)) {
      let count = unsafe recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
      if count > 0 { received += buffer.prefix(count) }
      isOver = count == 0
      let last = received.count - expected.count
      hasCome = last >= 0 && (0...last).contains { received[$0...].starts(with: expected) }
      return isOver || hasCome
    }
    return hasCome
  }

  func closeSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  func close() {
    guard descriptor >= 0 else { return }
    Glibc.close(descriptor)
    descriptor = -1
  }
}

/// Somebody else's listening socket. Closing it leaves its file, as a killed server does.
struct Listener {
  private let descriptor: Int32

  init(_ path: String, backlog: Int32 = 8) throws {
    descriptor = streamSocket()
    let result = unsafe withSocketAddress(path) { unsafe bind(descriptor, $0, $1) }
    guard result == 0, listen(descriptor, backlog) == 0 else { throw SystemError(code: errno) }
  }

  func close() { Glibc.close(descriptor) }
}

struct SystemError: Error { let code: Int32 }

/// HTTP/2 as far as a hostile peer needs it.
enum HTTP2 {
  /// The client's preface with empty settings.
  static let preface =
    Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(type: 4, flags: 0, stream: 0, [])

  static func frame(type: UInt8, flags: UInt8, stream: UInt32, _ payload: [UInt8]) -> [UInt8] {
    let length = payload.count
    return [UInt8(length >> 16 & 0xff), UInt8(length >> 8 & 0xff), UInt8(length & 0xff)]
      + [type, flags] + [24, 16, 8, 0].map { UInt8(stream >> $0 & 0xff) } + payload
  }

  /// A call's HEADERS; nothing in it is compressed.
  static func headers(_ path: String, stream: UInt32 = 1) -> [UInt8] {
    let fields = [
      (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost"),
      ("te", "trailers"), ("content-type", "application/grpc"),
    ]
    var block: [UInt8] = []
    for (name, value) in fields {
      block += [0, UInt8(name.utf8.count)] + name.utf8 + [UInt8(value.utf8.count)] + value.utf8
    }
    return frame(type: 1, flags: 0x4, stream: stream, block)
  }

  /// A whole unary call with one message of less than 256 bytes.
  static func request(_ path: String, message: [UInt8]) -> [UInt8] {
    headers(path)
      + frame(type: 0, flags: 0x1, stream: 1, [0, 0, 0, 0, UInt8(message.count)] + message)
  }
}

private func streamSocket() -> Int32 {
  socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
}

private func withSocketAddress(
  _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
) -> Int32 {
  var address = sockaddr_un()
  address.sun_family = sa_family_t(AF_UNIX)
  unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
  return unsafe withUnsafePointer(to: &address) { address in
    unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
      unsafe body(address, socklen_t(MemoryLayout<sockaddr_un>.size))
    }
  }
}
