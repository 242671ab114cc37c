import Foundation
import Lab
import NVMe
import Synchronization

/// Breaks and mends what the schedule says: at the target, on the network, behind the driver's back.
final class Saboteur: Sendable {
  private let pods: [String: Pod]
  private let report: Report
  /// The bytes of every volume that has another identity now.
  private let foreign = Mutex<[String: Snapshot]>([:])

  init(_ pods: [Pod], report: Report) {
    self.pods = Dictionary(uniqueKeysWithValues: pods.map { ($0.plan.name, $0) })
    self.report = report
  }

  private func pod(_ name: String) throws -> Pod {
    guard let pod = pods[name] else { throw LabError("no volume \(name)") }
    return pod
  }

  func begin(_ fault: Fault, _ name: String) async throws {
    let pod = try pod(name)
    let volume = pod.volume
    let host = pod.node.host.nqn.rawValue
    switch fault {
    case .portsDown(let portals):
      try await target { for portal in portals { try volume.portDown(.init(portal)) } }
    case .subsystemGone:
      try await target {
        try volume.portDown()
        try volume.target.deleteSubsystem(volume.nqn)
      }
    case .disallowed:
      try await target {
        try volume.target.disallow(host, volume.nqn)
        for portal in volume.portals { try LabNetwork.cut(portal) }
      }
    case .foreign:
      // What waits in an outage the kernel sends to whatever answers, before it looks who that is: no
      // driver can help that. So nothing may be waiting.
      guard await pod.pause() else {
        report.line("    \(name): not quiet and healthy now; left out")
        return
      }
      let before = try await target {
        try volume.portDown()
        let before = try Snapshot(volume.backingFile)
        try volume.recreate(uuid: "00000000-0000-4000-8000-00000000dead", host: host)
        try volume.portUp()
        return before
      }
      foreign.withLock { $0[name] = before }
    }
  }

  func end(_ fault: Fault, _ name: String) async throws {
    let pod = try pod(name)
    let volume = pod.volume
    let host = pod.node.host.nqn.rawValue
    switch fault {
    case .portsDown(let portals):
      try await target { for portal in portals { try volume.portUp(.init(portal)) } }
    case .subsystemGone:
      try await target {
        try volume.recreate(host: host)
        try volume.portUp()
      }
    case .disallowed:
      try await target { try volume.target.allow(host, volume.nqn) }
    case .foreign:
      guard let before = foreign.withLock({ $0.removeValue(forKey: name) }) else { return }
      let isUnchanged = try await target {
        try volume.portDown()
        let isUnchanged = try Snapshot(volume.backingFile) == before
        try volume.recreate(host: host)
        try volume.portUp()
        return isUnchanged
      }
      if !isUnchanged {
        report.violate(
          .touchesNothing, name, "its bytes changed while the namespace had another identity")
      }
      pod.resume()
    }
    pod.troubled()
  }

  func disconnect(_ name: String) async {
    guard let pod = try? pod(name) else { return }
    let nqn = pod.volume.nqn
    do {
      // Ends with an error when there is nothing to disconnect.
      _ = try await onThread(within: .seconds(150), "nvme disconnect -n \(nqn)") {
        try Program.run("nvme", "disconnect", "-n", nqn, accepting: [0, 1])
      }
    } catch {
      report.violate(.neverHangs, name, "the lab: \(error)")
    }
    pod.troubled()
  }

  func cut(_ portal: Int) async throws {
    try await target { try LabNetwork.cut(.init(portal)) }
    for pod in pods.values where pod.plan.portals.contains(portal) { pod.troubled() }
  }

  /// By 8 MiB, up to twice its first size.
  func grow(_ name: String) async throws {
    let pod = try pod(name)
    let size = pod.state.withLock { state in
      state.size = min(state.size + 8 << 20, pod.plan.size * 2)
      return state.size
    }
    try await target { try pod.volume.resize(to: size) }
  }

  func network(isUp: Bool) async throws {
    try await target { try isUp ? LabNetwork.restore() : LabNetwork.drop() }
    if isUp { for pod in pods.values { pod.troubled() } }
  }

  /// After the run: everything is exported and connected again, whatever came before.
  func mendAll() async {
    try? LabNetwork.restore()
    for pod in pods.values {
      let volume = pod.volume
      let host = pod.node.host.nqn.rawValue
      _ = try? await target {
        if try !volume.target.subsystems().contains(volume.nqn) { try volume.recreate(host: host) }
        try volume.target.allow(host, volume.nqn)
        try volume.portUp()
      }
    }
  }

  /// The kernel's target waits for queues that go, so its files are written by a thread of their own.
  private func target<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
    try await onThread(within: .seconds(90), "the target", body)
  }
}
