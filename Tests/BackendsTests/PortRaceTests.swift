import Linux
import NVMe
import StateStore
import Synchronization
import SystemPackage
import Testing

@testable import Backends

@Suite("Ports that several volumes make at once")
struct PortRaceTests {
  /// Configfs in which another volume makes each port whole just before this one makes it.
  private final class Rival: ConfigFS {
    let base: ImitatedConfigFS
    var root: String { base.root }

    init(_ base: ImitatedConfigFS) { self.base = base }

    func makeDirectory(_ path: String) throws(SystemCallError) -> Bool {
      let ports = try base.names(in: "ports").count
      guard path.hasPrefix("ports/"), try !base.exists(path), ports < TargetBench.portals.count
      else { return try base.makeDirectory(path) }
      let portal = TargetBench.portals[ports]
      _ = try base.makeDirectory(path)
      try base.write("tcp", to: "\(path)/addr_trtype")
      try base.write(portal.address.contains(":") ? "ipv6" : "ipv4", to: "\(path)/addr_adrfam")
      try base.write(portal.service, to: "\(path)/addr_trsvcid")
      try base.write(portal.address, to: "\(path)/addr_traddr")
      return false
    }

    func names(in directory: String) throws(SystemCallError) -> [String] {
      try base.names(in: directory)
    }
    func exists(_ path: String) throws(SystemCallError) -> Bool { try base.exists(path) }
    func read(_ attribute: String) throws(SystemCallError) -> String { try base.read(attribute) }
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

  @Test("are one at each address: the second at one could not listen")
  func rival() async throws {
    try await TargetBench.run { bench in
      let driver = try NVMetBackend(
        NVMetConfiguration(
          owner: PoolOwner(driver: "nvmeof.csi.dev", cluster: "c1"), portals: TargetBench.portals),
        pool: ScratchPool(bench.storage, life: KillSwitch()), store: bench.store,
        fs: Rival(bench.configFS), settle: {}, report: { _ in })
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
