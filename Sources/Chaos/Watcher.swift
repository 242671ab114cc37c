import CSI
import Foundation
import Lab
import Linux
import NVMe
import Synchronization

/// Looks at the node every second, beside whatever happens there.
final class Watcher: Sendable {
  let pods: [Pod]
  let plugin: Plugin
  let stranger: Stranger
  let report: Report
  private let state = Mutex(State())

  private struct State {
    /// Of each file system, since it was made.
    var fileSystems: [String: Data] = [:]
    /// Since when a device node leads to another volume, and since when it does so though the plugin is
    /// up.
    var stray: [String: ContinuousClock.Instant] = [:]
    var late: [String: ContinuousClock.Instant] = [:]
    /// Told once.
    var told: Set<String> = []
    /// The plugin's life that has answered.
    var answered = 0
  }

  init(_ pods: [Pod], _ plugin: Plugin, _ stranger: Stranger, report: Report) {
    self.pods = pods
    self.plugin = plugin
    self.stranger = stranger
    self.report = report
  }

  /// Until the task is cancelled.
  func run() async {
    await withDiscardingTaskGroup { group in
      group.addTask {
        while !Task.isCancelled {
          self.look()
          try? await Task.sleep(for: .milliseconds(700))
        }
      }
      group.addTask {
        while !Task.isCancelled {
          await self.ask()
          try? await Task.sleep(for: .seconds(2))
        }
      }
    }
  }

  private func look() {
    do {
      if plugin.hasDied { once(.neverHangs, "", "the plugin has ended by itself") }
      if let disturbance = try stranger.disturbance() {
        once(.touchesNothing, stranger.volume.name, disturbance)
      }
      for pod in pods {
        try checkMounts(pod)
        if pod.plan.use == .block { try checkNode(pod) } else { try checkFileSystem(pod) }
        pod.noteHealth()
      }
    } catch {
      report.hazard("the watcher could not look: \(error)")
    }
  }

  private func once(_ invariant: Invariant, _ volume: String, _ detail: String) {
    let isNew = state.withLock { $0.told.insert("\(invariant) \(volume)").inserted }
    if isNew { report.violate(invariant, volume, detail) }
  }

  /// A mount that leads to a namespace leads to the volume's. A dead one leads to none.
  private func checkMounts(_ pod: Pod) throws {
    for mount in try foreignMounts(pod) {
      // One that went while it was looked at may have left its number to another device.
      guard try foreignMounts(pod).contains(mount) else { continue }
      once(.trueIdentity, pod.plan.name, "\(mount.mountPoint) is a mount of \(mount.device)")
    }
  }

  private func foreignMounts(_ pod: Pod) throws -> [MountInfo] {
    try MountTable.current().mounts.filter { mount in
      guard mount.mountPoint.contains("/\(pod.plan.name)/"), mount.device.major == 259,
        let namespace = try NVMeSysfs().namespace(device: mount.device)
      else { return false }
      return namespace.uuid?.description != pod.volume.uuid
    }
  }

  /// How long a device node may lead to another volume while the plugin is up and answers. Without any
  /// uevent it looks every five seconds.
  private static var patience: Duration { .seconds(5) }

  /// A device node leads to its volume's disk or nowhere; while no plugin is there to see to that, the
  /// kernel may give its number away.
  private func checkNode(_ pod: Pod) throws {
    let name = pod.plan.name
    guard let status = try Files.status(pod.publishPath), status.kind == .blockDevice,
      let namespace = try NVMeSysfs().namespace(device: status.representedDevice),
      namespace.uuid?.description != pod.volume.uuid
    else {
      let since = state.withLock { state in
        state.late[name] = nil
        return state.stray.removeValue(forKey: name)
      }
      if let since {
        report.hazard("the device node of \(name) led to another volume for \((.now - since).text)")
      }
      return
    }
    let life = plugin.life?.number
    let now = ContinuousClock.now
    let late = state.withLock { state in
      state.stray[name] = state.stray[name] ?? now
      state.late[name] = state.answered == life ? state.late[name] ?? now : nil
      return state.late[name].map { now - $0 }
    }
    if let late, late > Self.patience {
      once(.trueIdentity, name, "its device node leads to \(namespace.wwid) for \(late.text)")
    }
  }

  private func checkFileSystem(_ pod: Pod) throws {
    guard case .fileSystem(let type, _) = pod.plan.use else { return }
    let uuid = try fileSystemUUID(in: pod.volume.backingFile, type: type)
    let before = state.withLock { state in
      defer { state.fileSystems[pod.plan.name] = uuid }
      return state.fileSystems[pod.plan.name]
    }
    if let before, before != uuid {
      once(.neverFormats, pod.plan.name, "its file system was made anew")
    }
  }

  /// A plugin that is up answers, whatever its volumes do.
  private func ask() async {
    guard let life = plugin.life,
      life.age > .seconds(60) || state.withLock({ $0.answered == life.number })
    else {
      // Its first answer may take its time.
      if let life = plugin.life, await probe() { state.withLock { $0.answered = life.number } }
      return
    }
    guard await !probe(), plugin.life?.number == life.number else { return }
    once(.neverHangs, "", "the plugin did not answer Probe within 20 s")
  }

  private func probe() async -> Bool {
    do {
      _ = try await plugin.node.withClient { client in
        try await IdentityClient(client).probe(deadline: .now + .seconds(20))
      }
      return true
    } catch { return false }
  }
}
