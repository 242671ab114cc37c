internal import Linux
internal import Logging
internal import ServiceLifecycle
internal import Synchronization
internal import Udev

/// Wakes whoever waits for the kernel to show something, when a uevent says that something changed.
///
/// Only hints: waiting ends by itself after the time it was given, and whoever waited reads sysfs
/// again. Without uevents (a container that gets none) everything works, a little later.
final class ChangeHints: Service {
  private let monitor: UdevMonitor
  private let events: UdevMonitor.Events
  private let logger: Logger
  private let state = Mutex(State())
  private let nextID = Atomic<UInt64>(0)

  private struct State {
    /// How many times something may have changed.
    var changes: UInt64 = 0
    var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
  }

  init(_ monitor: UdevMonitor, logger: Logger) {
    self.monitor = monitor
    self.logger = logger
    events = monitor.subscribe()
  }

  /// Reads uevents until the plugin stops.
  func run() async {
    await cancelWhenGracefulShutdown {
      await withTaskGroup { group in
        group.addTask {
          do {
            try await self.monitor.start()
            self.logger.notice(
              "uevents are heard",
              metadata: ["source": "the kernel's own group, with and without udevd"])
            try await self.monitor.run()
          } catch {
            self.logger.warning(
              "no uevents: changes are seen by polling only", metadata: ["reason": "\(error)"])
            // The service goes on: a plugin that stops for want of hints would be worse than a slow one.
            try? await Task.sleep(for: .seconds(86_400 * 365))
          }
        }
        group.addTask {
          if Fault.isDeaf { self.logger.warning("uevents are ignored: NVMEOF_CSI_DEAF is set") }
          for await element in self.events where !Fault.isDeaf {
            if element == .overflow {
              self.logger.info("uevents were lost: everything is looked at anew")
            }
            self.wakeAll()
          }
        }
      }
    }
  }

  /// What the kernel says from now on, for who wants to know what has changed; where uevents fail it
  /// ends, or is silent.
  func subscribe() -> UdevMonitor.Events { monitor.subscribe() }

  /// Counts the changes, for `pause(_:since:)`.
  var count: UInt64 { state.withLock { $0.changes } }

  /// Returns after `duration`, or before when something may have changed.
  @Sendable func pause(_ duration: Duration) async { await pause(duration, since: count) }

  /// The same; at once when something may have changed since `count` was read, so that no change is
  /// missed by somebody who looks between two pauses.
  func pause(_ duration: Duration, since count: UInt64) async {
    await withTaskGroup { group in
      group.addTask { try? await Task.sleep(for: duration) }
      group.addTask { await self.nextChange(since: count) }
      await group.next()
      group.cancelAll()
    }
  }

  private func nextChange(since count: UInt64) async {
    let id = nextID.add(1, ordering: .relaxed).newValue
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          if state.changes == count { state.waiters[id] = continuation }
          return state.changes != count
        }
        if isOver { continuation.resume() }
        // Cancelled before it was registered: the handler found nothing to resume.
        if Task.isCancelled { wake(id) }
      }
    } onCancel: {
      wake(id)
    }
  }

  private func wake(_ id: UInt64) {
    state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
  }

  /// Something may have changed.
  func wakeAll() {
    let waiting = state.withLock { state in
      defer { state.waiters = [:] }
      state.changes += 1
      return state.waiters
    }
    for continuation in waiting.values { continuation.resume() }
  }
}
