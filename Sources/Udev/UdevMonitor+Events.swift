extension UdevMonitor {
  /// What a subscriber gets.
  public enum Element: Hashable, Sendable {
    /// Something changed.
    case event(UdevEvent)
    /// Events were lost here, in the kernel or because the subscriber was slow: it has to look at
    /// everything anew.  Events that were waiting before it are among the lost.
    case overflow
  }

  /// The events from the moment of subscribing on, for one task at a time.
  ///
  /// It ends when the monitor is over, or the task that waits is cancelled.  The subscription is given
  /// up with the last copy of the sequence and its iterators.
  public struct Events: AsyncSequence, Sendable {
    /// It never fails: it ends.
    public typealias Failure = Never

    let subscription: UdevSubscription

    /// Takes the events off this subscription: two iterators share them.
    public func makeAsyncIterator() -> Iterator { Iterator(subscription: subscription) }

    /// Takes the events off their subscription.
    public struct Iterator: AsyncIteratorProtocol, Sendable {
      let subscription: UdevSubscription

      /// Waits for the next element; nil when it is over.
      public mutating func next(
        isolation actor: isolated (any Actor)? = #isolation
      ) async -> UdevMonitor.Element? {
        await subscription.buffer.next()
      }
    }
  }
}

/// A buffer that leaves its fan-out when nobody can read it any more.
final class UdevSubscription: Sendable {
  let buffer: UdevBuffer
  private let id: UInt64
  private let fanOut: UdevFanOut

  init(to fanOut: UdevFanOut, capacity: Int) {
    self.fanOut = fanOut
    (id, buffer) = fanOut.add(capacity: capacity)
  }

  deinit { fanOut.remove(id) }
}
