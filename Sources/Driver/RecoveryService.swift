internal import Logging
internal import Recovery
internal import ServiceLifecycle

/// Keeps every staged volume as its record says: looks at all of them at start, whenever a uevent
/// says that something changed, and every few seconds, since the kernel says nothing when a controller
/// begins to reconnect.
struct RecoveryService: Service {
  let node: Node
  let changes: ChangeHints
  let logger: Logger

  /// How often a volume is looked at without any event.
  private static var pollInterval: Duration { .seconds(5) }
  /// Volumes that are worked on at a time.
  private static var concurrency: Int { 8 }

  func run() async {
    let reconciler = Reconciler<VolumeID>(limit: Self.concurrency) { volume in
      await node.recover(volume)
    }
    await cancelWhenGracefulShutdown {
      await withTaskGroup { group in
        group.addTask { await reconciler.run() }
        group.addTask {
          while !Task.isCancelled {
            let seen = changes.count
            node.nodes.blankStray()
            if let volumes = await node.records.volumes() {
              node.recoveries.forgetAll(but: volumes)
              node.outages.forgetAll(but: volumes)
              for volume in volumes { reconciler.enqueue(volume) }
            }
            await changes.pause(Self.pollInterval, since: seen)
            // A disk that has gone leaves its number to the next that comes: no volume's turn is waited
            // for, nor the end of the burst.
            node.nodes.blankStray()
            // Events come in bursts: one look after a burst is enough.
            try? await Task.sleep(for: .milliseconds(100))
          }
        }
      }
    }
  }
}
