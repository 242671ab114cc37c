import Linux
import NVMe
import StateStore
import Synchronization
import SystemPackage
import Testing

@testable import Backends
@testable import BackendsTestSupport

@Suite("Ports that several volumes make at once")
struct PortRaceTests {
  /// What the other volume does to each port that this one makes.
  enum Moment: CaseIterable {
    /// It has made it whole just before.
    case making
    /// It has begun it just before, and completes it before this one looks for its address.
    case looking
    /// Its last volume leaves, and it is removed before this one looks.
    case leaving
  }

  /// Configfs in which another volume is at work at the same time.
  private final class Rival: ConfigFS {
    let base: ImitatedConfigFS
    let moment: Moment
    private let met = Mutex<[String: TransportAddress]>([:])
    /// Ports that it is done with.
    private let left = Mutex<Set<String>>([])
    var root: String { base.root }

    init(_ base: ImitatedConfigFS, _ moment: Moment) {
      self.base = base
      self.moment = moment
    }

    func makeDirectory(_ path: String) throws(SystemCallError) -> Bool {
      let ports = try base.names(in: "ports").count
      guard path.hasPrefix("ports/"), try !base.exists(path), ports < TargetBench.portals.count,
        met.withLock({ $0[path] }) == nil
      else { return try base.makeDirectory(path) }
      let portal = TargetBench.portals[ports]
      met.withLock { $0[path] = portal }
      _ = try base.makeDirectory(path)
      if moment == .making { try complete(path, portal) }
      return false
    }

    func read(_ attribute: String) throws(SystemCallError) -> String {
      let port = attribute.split(separator: "/").prefix(2).joined(separator: "/")
      if attribute.hasSuffix("/addr_traddr"),
        let portal = met.withLock({ $0[port] }), left.withLock({ $0.insert(port).inserted })
      {
        switch moment {
        case .making: break
        case .looking: try complete(port, portal)
        case .leaving: _ = try base.removeDirectory(port)
        }
      }
      return try base.read(attribute)
    }

    private func complete(_ port: String, _ portal: TransportAddress) throws(SystemCallError) {
      try base.write("tcp", to: "\(port)/addr_trtype")
      try base.write(portal.address.contains(":") ? "ipv6" : "ipv4", to: "\(port)/addr_adrfam")
      try base.write(portal.service, to: "\(port)/addr_trsvcid")
      try base.write(portal.address, to: "\(port)/addr_traddr")
    }

    func names(in directory: String) throws(SystemCallError) -> [String] {
      try base.names(in: directory)
    }
    func exists(_ path: String) throws(SystemCallError) -> Bool { try base.exists(path) }
    func write(_ value: String, to attribute: String) throws(SystemCallError) {
      try base.write(value, to: attribute)
    }
    func removeDirectory(_ path: String) throws(SystemCallError) -> Bool {
      try base.removeDirectory(path)
    }
    func link(_ path: String, to object: String) throws(SystemCallError) -> Bool {
      try base.link(path, to: object)
    }
    func unlink(_ path: String) throws(SystemCallError) -> Bool { try base.unlink(path) }
  }

  @Test("are one at each address: the second at one could not listen", arguments: Moment.allCases)
  func rival(_ moment: Moment) async throws {
    try await TargetBench.run { bench in
      let driver = try NVMetBackend(
        NVMetConfiguration(
          owner: PoolOwner(driver: "nvmeof.csi.dev", cluster: "c1"), portals: TargetBench.portals),
        pool: ScratchPool(bench.storage, life: KillSwitch()), store: bench.store,
        fs: Rival(bench.configFS, moment), settle: {}, report: { _ in })
      let volume = try await driver.createVolume(
        bench.specification(try .volume("a")), deadline: .ample
      ) { _, _ in }
      #expect(volume.fault == nil)
      let ports = try bench.configFS.names(in: "ports")
      #expect(ports.count == TargetBench.portals.count)
      for port in ports {
        #expect(try bench.configFS.exists("ports/\(port)/subsystems/\(volume.export.nqn)"))
      }
    }
  }
}
