import Backends
import Foundation
import Lab
import Linux
import NVMe
import StateStore
import Synchronization
import Testing

@Suite("The nvmet backend on the real kernel", .lab, .serialized)
struct NVMetBackendTests {
  @Test("a volume is made, connected, written and cut, comes back, and is gone with all it had")
  func life() async throws {
    try await Storage.run { storage in
      try await storage.withBackend { backend in
        try await backend.restore(deadline: storage.ample)
        let volume = try await storage.create("a", backend)
        #expect(volume.fault == nil)
        let host = HostIdentity(nodeID: "lab-host")
        #expect(!storage.connects(host, volume), "nobody is allowed yet")
        try await backend.allow(host.nqn, volume: volume.id, deadline: storage.ample)
        let disk = try await storage.connect(host, volume)
        #expect(disk.uuid == volume.export.uuid)
        #expect(disk.nsid == volume.export.nsid)
        #expect(disk.size == UInt64(volume.size))

        let writer = ChecksumWriter(path: "/dev/\(disk.name)")
        writer.start()
        try await eventually(within: .seconds(60), "first records") { writer.acknowledged > 50 }
        let larger = try await backend.expandVolume(
          volume.id, toSize: volume.size * 2, deadline: storage.ample)
        try await eventually(within: .seconds(30), "the host to see the new size") {
          try storage.disks(volume).map(\.size) == [UInt64(larger.size)]
        }

        try await backend.revoke(host.nqn, volume: volume.id, deadline: storage.ample)
        let cutAt = writer.acknowledged
        let bytes = try storage.checksum(volume)
        try await eventually(within: .seconds(30), "the host to lose its connection") {
          try storage.controllers(volume).allSatisfy { $0.state != .live }
        }
        try await Task.sleep(for: .seconds(5))
        #expect(try storage.controllers(volume).allSatisfy { $0.state != .live })
        #expect(writer.acknowledged <= cutAt + 1)
        #expect(try storage.checksum(volume) == bytes, "written after revoke returned")

        try await backend.allow(host.nqn, volume: volume.id, deadline: storage.ample)
        if try !storage.controllers(volume).isEmpty {
          // Linux 6.1: a refused host goes on asking.
          try await eventually(within: .seconds(60), "the writer to go on") {
            writer.acknowledged > cutAt + 50
          }
          try await writer.stop()
          #expect(writer.failure == nil)
          #expect(try writer.verify() == 0)
        } else {
          try await writer.stop()
        }
        try storage.disconnect(volume)
        try await backend.revoke(host.nqn, volume: volume.id, deadline: storage.ample)
        try await backend.deleteVolume(volume.id, deadline: storage.ample) { _, _ in }
        #expect(try storage.target() == [])
        #expect(try storage.images() == [])
        #expect(try await backend.leftovers(deadline: storage.ample) == [])
      }
    }
  }

  @Test(
    "after a reboot of the target the hosts of all volumes go on, with what they had queued and on the same controllers"
  )
  func restore() async throws {
    try await Storage.run { storage in
      let host = HostIdentity(nodeID: "lab-host")
      let volumes = try await storage.withBackend { backend in
        var volumes: [BackendVolume] = []
        for letter in "abcdefgh" {
          let id = try await storage.create(letter, backend).id
          try await backend.allow(host.nqn, volume: id, deadline: storage.ample)
          volumes.append(try #require(try await backend.volume(id, deadline: storage.ample)))
        }
        return volumes
      }
      let volume = volumes[0]
      var disks: [Namespace] = []
      for volume in volumes { disks.append(try await storage.connect(host, volume)) }
      let disk = disks[0]
      let controllers = try volumes.map { try storage.controllers($0).map(\.name) }
      let writer = ChecksumWriter(path: "/dev/\(disk.name)")
      writer.start()
      try await eventually(within: .seconds(60), "first records") { writer.acknowledged > 50 }

      try storage.loseConfiguration()
      try await Task.sleep(for: .seconds(6))
      let stalledAt = writer.acknowledged
      #expect(try storage.controllers(volume).allSatisfy { $0.state != .live })
      try await storage.withBackend { backend in
        let left = try await backend.restore(deadline: storage.ample)
        #expect(left.isEmpty)
        let found = try await backend.volumes(volumes.map(\.id), deadline: storage.ample)
        #expect(try volumes.map { try found[$0.id]?.get() } == volumes)
      }
      try await eventually(within: .seconds(60), "the writer to go on") {
        writer.acknowledged > stalledAt + 50
      }
      try await writer.stop()
      #expect(writer.failure == nil)
      #expect(writer.longestWait > .seconds(5))
      #expect(try writer.verify() == 0)
      try await eventually(within: .seconds(60), "every controller to be live") {
        try volumes.allSatisfy { try storage.controllers($0).allSatisfy { $0.state == .live } }
      }
      #expect(try volumes.map { try storage.controllers($0).map(\.name) } == controllers)
      #expect(try volumes.flatMap { try storage.disks($0).map(\.name) } == disks.map(\.name))
      #expect(
        try volumes.flatMap { try storage.disks($0).map(\.uuid) } == volumes.map(\.export.uuid))

      for volume in volumes { try storage.disconnect(volume) }
      try await storage.withBackend { backend in
        for volume in volumes {
          try await backend.revoke(host.nqn, volume: volume.id, deadline: storage.ample)
          try await backend.deleteVolume(volume.id, deadline: storage.ample) { _, _ in }
        }
      }
      #expect(try storage.target() == [])
    }
  }

  @Test(
    "a host is shut out of an image that is gone and that nvmet still serves, also after a reboot")
  func goneImage() async throws {
    try await Storage.run { storage in
      try await storage.withBackend { backend in
        let volume = try await storage.create("a", backend)
        let host = HostIdentity(nodeID: "lab-host")
        try await backend.allow(host.nqn, volume: volume.id, deadline: storage.ample)
        let disk = try await storage.connect(host, volume)
        let writer = ChecksumWriter(path: "/dev/\(disk.name)")
        writer.start()
        try await eventually(within: .seconds(60), "first records") { writer.acknowledged > 50 }
        try storage.loseImage(volume)
        let lostAt = writer.acknowledged
        try await eventually(within: .seconds(60), "nvmet to serve what it has open") {
          writer.acknowledged > lostAt + 50
        }

        #expect(try await backend.hosts(of: volume.id, deadline: storage.ample) == [host.nqn])
        try await backend.revoke(host.nqn, volume: volume.id, deadline: storage.ample)
        let cutAt = writer.acknowledged
        try await eventually(within: .seconds(30), "the host to lose its connection") {
          try storage.controllers(volume).allSatisfy { $0.state != .live }
        }
        try await Task.sleep(for: .seconds(3))
        #expect(writer.acknowledged <= cutAt + 1)
        #expect(!storage.connects(host, volume))
        #expect(try await backend.hosts(of: volume.id, deadline: storage.ample) == [])
        let reports = storage.takeReports()
        #expect(reports.count == 1 && reports.allSatisfy { $0.contains("not exported again") })
        try storage.disconnect(volume)
        try? await writer.stop()

        // Nothing of it can be made at the target any more, and still it is taken from the host.
        try storage.loseConfiguration()
        await #expect(throws: BackendError.self) {
          try await backend.allow(host.nqn, volume: volume.id, deadline: storage.ample)
        }
        #expect(try await backend.hosts(of: volume.id, deadline: storage.ample) == [host.nqn])
        try await backend.revoke(host.nqn, volume: volume.id, deadline: storage.ample)
        #expect(try await backend.hosts(of: volume.id, deadline: storage.ample) == [])
        #expect(storage.takeReports().count == 1)
        try await backend.deleteVolume(volume.id, deadline: storage.ample) { _, _ in }
        #expect(try storage.target() == [])
      }
    }
  }

  @Test("a host that stays allowed goes on after another was revoked")
  func oneOfTwo() async throws {
    try await Storage.run { storage in
      try await storage.withBackend { backend in
        let volume = try await storage.create("a", backend)
        let stays = HostIdentity(nodeID: "lab-host")
        let goes = HostIdentity(nodeID: "lab-other")
        for host in [stays, goes] {
          try await backend.allow(host.nqn, volume: volume.id, deadline: storage.ample)
        }
        let disk = try await storage.connect(stays, volume)
        let controllers = try storage.controllers(volume).map(\.name)
        let writer = ChecksumWriter(path: "/dev/\(disk.name)")
        writer.start()
        try await eventually(within: .seconds(60), "first records") { writer.acknowledged > 50 }
        try await backend.revoke(goes.nqn, volume: volume.id, deadline: storage.ample)
        let cutAt = writer.acknowledged
        try await eventually(within: .seconds(60), "the writer to go on") {
          writer.acknowledged > cutAt + 50
        }
        try await writer.stop()
        #expect(writer.failure == nil)
        #expect(try writer.verify() == 0)
        #expect(try storage.controllers(volume).map(\.name) == controllers)
        #expect(!storage.connects(goes, volume))
        try storage.disconnect(volume)
        try await backend.revoke(stays.nqn, volume: volume.id, deadline: storage.ample)
        try await backend.deleteVolume(volume.id, deadline: storage.ample) { _, _ in }
        #expect(try storage.target() == [])
      }
    }
  }
}

/// A pool, a state directory and portals of a test's own.
private struct Storage: Sendable {
  let directory: String
  private let told: Reports
  private static let counter = Atomic(0)
  private static let nvmet = "/sys/kernel/config/nvmet"

  private final class Reports: Sendable {
    let all = Mutex<[String]>([])
  }

  var ample: ContinuousClock.Instant { .now + .seconds(120) }

  static func run(_ body: (Storage) async throws -> Void) async throws {
    let number = counter.add(1, ordering: .relaxed).newValue
    let storage = Storage(directory: "/run/lab/backend-\(number)", told: Reports())
    for name in ["pool", "state"] {
      try Files.makeDirectories("\(storage.directory)/\(name)", mode: 0o700)
    }
    do {
      try await body(storage)
    } catch {
      _ = try? Program.run("nvme", "disconnect-all")
      try? storage.loseConfiguration()
      throw error
    }
    let reports = storage.told.all.withLock { $0 }
    #expect(reports == [])
  }

  /// What was reported since it was last asked; the rest has to be nothing.
  func takeReports() -> [String] {
    told.all.withLock { reports in
      defer { reports = [] }
      return reports
    }
  }

  private static var portals: [TransportAddress] {
    get throws {
      try ["127.0.0.41:4420", "127.0.0.42:4420"].map { try TransportAddress($0, transport: .tcp) }
    }
  }

  /// Lends one life of the backend.
  func withBackend<Value>(
    _ body: (NVMetBackend) async throws -> Value
  ) async throws -> Value {
    let store = try await FileStateStore(directory: "\(directory)/state")
    let told = self.told
    let backend = try NVMetBackend(
      NVMetConfiguration(
        owner: PoolOwner(driver: "nvmeof.csi.dev", cluster: "lab"), portals: try Self.portals),
      files: FilePoolConfiguration(directory: "\(directory)/pool", reserve: .bytes(0)),
      store: store,
      report: { text in told.all.withLock { $0.append(text) } })
    return try await body(backend)
  }

  func create(_ letter: Character, _ backend: NVMetBackend) async throws -> BackendVolume {
    let id = try #require(ObjectID("nv-" + String(repeating: letter, count: 26)))
    return try await backend.createVolume(
      VolumeSpecification(id: id, size: 128 << 20, content: .empty, parameters: [:]),
      deadline: ample
    ) { _, _ in }
  }

  // MARK: The host

  private func nvmeConnect(
    _ host: HostIdentity, _ volume: BackendVolume, _ portal: TransportAddress
  ) throws {
    try Program.run(
      "nvme", "connect", "-t", "tcp", "-a", portal.address, "-s", portal.service,
      "-n", volume.export.nqn.rawValue, "--hostnqn", host.nqn.rawValue,
      "--hostid", host.id.description, "--ctrl-loss-tmo=-1", "--reconnect-delay=1")
  }

  func connects(_ host: HostIdentity, _ volume: BackendVolume) -> Bool {
    volume.export.portals.contains { (try? nvmeConnect(host, volume, $0)) != nil }
  }

  func connect(_ host: HostIdentity, _ volume: BackendVolume) async throws -> Namespace {
    for portal in volume.export.portals { try nvmeConnect(host, volume, portal) }
    try await eventually(within: .seconds(30), "the disk") {
      guard let disk = try disks(volume).first, disk.size > 0 else { return false }
      return try Files.status("/dev/\(disk.name)") != nil
    }
    return try #require(try disks(volume).first)
  }

  func disconnect(_ volume: BackendVolume) throws {
    try Program.run("nvme", "disconnect", "-n", volume.export.nqn.rawValue)
  }

  func controllers(_ volume: BackendVolume) throws -> [Controller] {
    try NVMeSysfs().subsystem(nqn: volume.export.nqn).flatMap(\.controllers)
      .sorted { $0.name < $1.name }
  }

  func disks(_ volume: BackendVolume) throws -> [Namespace] {
    try NVMeSysfs().subsystem(nqn: volume.export.nqn).flatMap(\.namespaces)
  }

  // MARK: The target

  func images() throws -> [String] { try Files.names(inDirectory: "\(directory)/pool/volumes") }

  /// The image's names go; whoever has it open keeps it.
  func loseImage(_ volume: BackendVolume) throws {
    for ending in ["json", "img"] {
      try Files.removeDurably("\(directory)/pool/volumes/\(volume.id).\(ending)")
    }
  }

  /// What the image holds now, as the target sees it.
  func checksum(_ volume: BackendVolume) throws -> String {
    try Program.run("md5sum", "\(directory)/pool/volumes/\(volume.id).img").text
  }

  /// Our subsystems, ports and hosts; other suites leave the hosts that they allowed.
  func target() throws -> [String] {
    let hosts = ["lab-host", "lab-other"].map { HostIdentity(nodeID: $0).nqn.rawValue }
    return
      try Files.names(inDirectory: "\(Self.nvmet)/subsystems").filter { $0.contains(":nv-") }
      + Files.names(inDirectory: "\(Self.nvmet)/ports").filter { Int($0) ?? 0 > 1000 }
      + Files.names(inDirectory: "\(Self.nvmet)/hosts").filter { hosts.contains($0) }
  }

  /// As a reboot of the target does, ports first, so that hosts find nothing.
  func loseConfiguration() throws {
    let target = try NVMeTarget()
    for nqn in try target.subsystems() {
      for port in try Files.names(inDirectory: "\(Self.nvmet)/ports") {
        try Files.unlink("\(Self.nvmet)/ports/\(port)/subsystems/\(nqn)")
      }
    }
    for port in try Files.names(inDirectory: "\(Self.nvmet)/ports") {
      try Files.removeDirectory("\(Self.nvmet)/ports/\(port)")
    }
    for nqn in try target.subsystems() { try target.deleteSubsystem(nqn) }
    for host in try Files.names(inDirectory: "\(Self.nvmet)/hosts") {
      try Files.removeDirectory("\(Self.nvmet)/hosts/\(host)")
    }
  }
}
