internal import Synchronization

/// Hands each element to every subscriber.
final class UdevFanOut: Sendable {
  private struct State {
    var buffers: [UInt64: UdevBuffer] = [:]
    var nextID: UInt64 = 0
    var isFinished = false
  }

  private let state = Mutex(State())

  /// How many are subscribed now.
  var count: Int { state.withLock { $0.buffers.count } }

  /// A buffer that gets what is delivered from now on, until it is removed.
  func add(capacity: Int) -> (id: UInt64, buffer: UdevBuffer) {
    let buffer = UdevBuffer(capacity: capacity)
    let (id, isFinished) = state.withLock { state in
      state.nextID += 1
      if !state.isFinished { state.buffers[state.nextID] = buffer }
      return (state.nextID, state.isFinished)
    }
    if isFinished { buffer.finish() }
    return (id, buffer)
  }

  func remove(_ id: UInt64) {
    state.withLock { _ = $0.buffers.removeValue(forKey: id) }
  }

  func deliver(_ element: UdevMonitor.Element) {
    for buffer in state.withLock({ Array($0.buffers.values) }) { buffer.append(element) }
  }

  /// Ends all subscriptions, and those to come.
  func finish() {
    let buffers = state.withLock { state in
      state.isFinished = true
      defer { state.buffers = [:] }
      return Array(state.buffers.values)
    }
    for buffer in buffers { buffer.finish() }
  }
}
