internal import Linux
internal import Logging
internal import Recovery
internal import ServiceLifecycle
internal import Udev

/// Keeps every staged volume as its record says: looks at all of them at start and every few seconds,
/// since the kernel says nothing when a controller begins to reconnect, and at one of them whenever a
/// uevent is about it, or it is its turn at a portal.
struct RecoveryService: Service {
  let node: Node
  let changes: ChangeHints
  let logger: Logger

  /// How often a volume is looked at without any event.
  private static var pollInterval: Duration { .seconds(5) }
  /// Volumes that are worked on at a time. More than the programs that may be needed for them: connects
  /// are counted by portal, and a portal that does not answer keeps those waiting that ask it.
  private static var concurrency: Int { 32 }

  func run() async {
    // A reading of sysfs and mountinfo takes a while where there are many volumes.
    let reader = try? SerialThread(name: "sweep")
    let events = changes.subscribe()
    let reconciler = Reconciler<VolumeID>(limit: Self.concurrency) { volume in
      await node.recover(volume)
    }
    @Sendable func sweep() async {
      let view = await reader?.perform { () throws(Never) in node.view() } ?? node.view()
      await node.sweep(view) { reconciler.enqueue($0) }
    }
    await cancelWhenGracefulShutdown {
      await withTaskGroup { group in
        group.addTask { await reconciler.run() }
        group.addTask {
          while !Task.isCancelled {
            await sweep()
            try? await Task.sleep(for: Self.pollInterval)
          }
        }
        group.addTask {
          // A disk that has gone leaves its number to the next that comes: no volume's turn is waited for.
          while !Task.isCancelled {
            let seen = changes.count
            node.nodes.blankStray()
            // Events come in bursts: one look at the first and one after the last are enough.
            try? await Task.sleep(for: .milliseconds(100))
            await changes.pause(Self.pollInterval, since: seen)
          }
        }
        group.addTask {
          for await element in events where !Fault.isDeaf {
            guard let volumes = node.volumes(for: element) else {
              await sweep()
              continue
            }
            for volume in volumes {
              node.recoveries.expedite(volume)
              reconciler.enqueue(volume)
            }
          }
        }
        group.addTask {
          for await volume in node.portals.turns { reconciler.enqueue(volume) }
        }
      }
    }
  }
}
