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
  private let waiters = Mutex<[UInt64: CheckedContinuation<Void, Never>]>([:])
  private let nextID = Atomic<UInt64>(0)

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

  /// Returns after `duration`, or before when something may have changed.
  @Sendable func pause(_ duration: Duration) async {
    await withTaskGroup { group in
      group.addTask { try? await Task.sleep(for: duration) }
      group.addTask { await self.nextChange() }
      await group.next()
      group.cancelAll()
    }
  }

  private func nextChange() async {
    let id = nextID.add(1, ordering: .relaxed).newValue
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        waiters.withLock { $0[id] = continuation }
        // Cancelled before it was registered: the handler found nothing to resume.
        if Task.isCancelled { wake(id) }
      }
    } onCancel: {
      wake(id)
    }
  }

  private func wake(_ id: UInt64) {
    waiters.withLock { $0.removeValue(forKey: id) }?.resume()
  }

  private func wakeAll() {
    let waiting = waiters.withLock { waiters in
      defer { waiters = [:] }
      return waiters
    }
    for continuation in waiting.values { continuation.resume() }
  }
}
