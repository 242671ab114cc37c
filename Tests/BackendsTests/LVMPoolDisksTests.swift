import Linux
import NVMe
import Synchronization
import Testing

@testable import Backends
@testable import BackendsTestSupport

/// A program of LVM reads every disk it finds, and one whose target is away makes it hang.
@Suite("LVM pool on a machine with NVMe disks") struct LVMPoolDisksTests {
  /// A subsystem with one namespace, as sysfs shows it.
  private struct Disk {
    let number: Int
    /// Of each controller.
    let transports: [String]
    /// Without, the kernel keeps the head only for the time that its controllers may need to come back.
    var hasPath = true
  }

  @Test(
    "LVM passes over those that come over NVMe-oF, by the filter that the administrator left free",
    arguments: [
      ("", "global_filter"), ("filter=[\"a|.*|\"]\n", "global_filter"),
      ("global_filter=\"r|^/dev/zd|\"\n", "filter"),
      ("global_filter=\"r|^/dev/zd|\"\nfilter=\"r|^/dev/drbd|\"\n", nil),
    ])
  func passesOver(filters: String, option: String?) async throws {
    let disks = [
      Disk(number: 0, transports: ["pcie"]), Disk(number: 1, transports: ["tcp", "tcp"]),
      Disk(number: 2, transports: ["pcie", "tcp"]), Disk(number: 3, transports: []),
      Disk(number: 4, transports: ["pcie"], hasPath: false),
      Disk(number: 15, transports: ["rdma"]),
    ]
    // As names are sorted.
    let patterns = [15, 1, 3, 4].map { "\"r|^/dev/nvme\($0)n1(p[0-9]+)?$|\"" }
    let expected = option.map { "devices{\($0)=[\(patterns.joined(separator: ","))]}" }
    try await settings(disks, filters: filters) { settings in
      #expect(settings.count > 3)
      #expect(settings.allSatisfy { $0 == expected }, "\(settings)")
    }
  }

  @Test("LVM is as the administrator left it where none does")
  func local() async throws {
    try await settings([Disk(number: 0, transports: ["pcie"])], filters: "") { settings in
      #expect(settings.count > 3)
      #expect(settings.allSatisfy { $0 == nil }, "\(settings)")
    }
  }

  @Test("The disks are those of the moment")
  func anew() async throws {
    try await withSysfs([]) { root in
      let lvm = FakeLVM()
      let pool = try self.pool(lvm, root)
      _ = try await pool.volumes(deadline: .ample)
      try self.add(Disk(number: 7, transports: ["tcp"]), root)
      _ = try await pool.volumes(deadline: .ample)
      let settings = lvm.state.withLock { $0.settings }
      #expect(settings.first == .some(nil))
      #expect(settings.last??.contains("/dev/nvme7n1(") == true)
    }
  }

  /// The settings of each program that a volume's life takes.
  private func settings(
    _ disks: [Disk], filters: String, _ body: ([String?]) -> Void
  ) async throws {
    try await withSysfs(disks) { root in
      let lvm = FakeLVM()
      lvm.change { $0.filters = filters }
      let pool = try self.pool(lvm, root)
      let id = try ObjectID.volume("a")
      try await pool.create(id, size: 64 << 20)
      try await pool.delete(id)
      #expect(lvm.volumes == [:])
      body(lvm.state.withLock { $0.settings })
    }
  }

  private func pool(_ lvm: FakeLVM, _ root: String) throws -> LVMPool {
    try LVMPool(
      LVMPoolConfiguration(volumeGroup: "tank", thinPool: "pool"), owner: .ours, runner: lvm,
      sysfs: NVMeSysfs(root: root))
  }

  private func withSysfs(_ disks: [Disk], _ body: (String) async throws -> Void) async throws {
    let root = "/tmp/lvm-disks-tests-\(UInt64.random(in: .min ... .max))"
    try Files.makeDirectories(root, mode: 0o700)
    defer { try? removeTree(root) }
    for disk in disks { try add(disk, root) }
    try await body(root)
  }

  private func add(_ disk: Disk, _ root: String) throws {
    let number = disk.number
    let path = "\(root)/class/nvme-subsystem/nvme-subsys\(number)"
    let head = "\(path)/nvme\(number)n1"
    var attributes = [
      "\(path)/subsysnqn": "nqn.2024-01.io.example:\(number)", "\(head)/nsid": "1",
      "\(head)/dev": "259:\(number)", "\(head)/size": "2048", "\(head)/wwid": "eui.\(number)",
    ]
    for (index, transport) in disk.transports.enumerated() {
      let controller = "\(path)/nvme\(number * 10 + index)"
      attributes["\(controller)/transport"] = transport
      attributes["\(controller)/state"] = "connecting"
      attributes["\(controller)/subsysnqn"] = "nqn.2024-01.io.example:\(number)"
      if disk.hasPath { attributes["\(controller)/nvme\(number)c\(index)n1/nsid"] = "1" }
    }
    for (file, text) in attributes {
      try Files.makeDirectories(
        String(file[..<(file.lastIndex(of: "/") ?? file.endIndex)]), mode: 0o700)
      try Files.replaceDurably(file, with: Array("\(text)\n".utf8), mode: 0o600)
    }
  }
}
