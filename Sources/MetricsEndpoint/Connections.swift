internal import NIOCore
internal import Synchronization

/// The open connections, up to a limit.
final class Connections: Sendable {
  struct TooMany: Error {}

  private let limit: Int
  private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])

  init(limit: Int) { self.limit = limit }

  /// Keeps a connection until it is closed.
  func add(_ channel: any Channel) throws(TooMany) {
    let id = ObjectIdentifier(channel)
    let isAdded = channels.withLock { channels in
      guard channels.count < limit else { return false }
      channels[id] = channel
      return true
    }
    guard isAdded else { throw TooMany() }
    channel.closeFuture.whenComplete { _ in self.channels.withLock { $0[id] = nil } }
  }

  func closeAll() {
    for channel in channels.withLock({ Array($0.values) }) { channel.close(promise: nil) }
  }
}
