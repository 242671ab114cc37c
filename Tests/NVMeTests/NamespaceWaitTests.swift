import Linux
import Synchronization
import Testing

@testable import NVMe

@Suite("Waiting for a namespace")
struct NamespaceWaitTests {
  private let uuid = UUID("11111111-2222-4333-8444-555555555555")
  private let nguid = NGUID("0123456789abcdef0123456789abcdef")

  private func failure(
    _ machine: Machine, _ nsid: UInt32, uuid: UUID? = nil, nguid: NGUID? = nil,
    deadline: ContinuousClock.Instant = .ample
  ) async throws -> FabricsError {
    let wait = NamespaceWait(sysfs: machine.sysfs)
    return try #require(
      await #expect(throws: FabricsError.self) {
        try await wait.namespace(nsid, of: volume, uuid: uuid, nguid: nguid, deadline: deadline)
      })
  }

  @Test("waits for a path to a disk that the kernel has kept without any")
  func pathless() async throws {
    let machine = try Machine("connecting")
    try machine.disappear("\(machine.subsystem)/nvme0/nvme0c0n1")
    try machine.disappear("\(machine.subsystem)/nvme1/nvme0c1n1")
    let error = await #expect(throws: FabricsError.self) {
      try await NamespaceWait(sysfs: machine.sysfs).namespace(
        1, of: volume, uuid: nil, nguid: nil, deadline: .now + .milliseconds(20))
    }
    #expect(error?.code == .timedOut)
    #expect(
      error?.message.contains("1 (nvme0n1, which no controller leads to)") == true,
      "\(error?.message ?? "")")
    let returning = NamespaceWait(sysfs: machine.sysfs) { _ in
      try? Files.makeDirectories("\(machine.subsystem)/nvme1/nvme0c1n1", mode: 0o700)
    }
    let found = try await returning.namespace(
      1, of: volume, uuid: nil, nguid: nil, deadline: .now + .seconds(30))
    #expect(found.name == "nvme0n1")
  }

  @Test("ends at once when it is there")
  func there() async throws {
    let machine = try Machine("live-two-portals")
    let wait = NamespaceWait(sysfs: machine.sysfs) { _ in Issue.record("there was no need") }
    let found = try await wait.namespace(
      1, of: volume, uuid: uuid, nguid: nguid, deadline: .ample)
    #expect(found.name == "nvme0n1")
    let any = try await wait.namespace(3, of: volume, uuid: nil, nguid: nil, deadline: .ample)
    #expect(any.name == "nvme0n3")
    let both = try await wait.namespace(
      4, of: volume, uuid: UUID("0a0b0c0d-0102-4304-8506-0708090a0b0c"),
      nguid: NGUID("0a0b0c0d0102430485060708090a0b0c"), deadline: .ample)
    #expect(both.name == "nvme0n4")
  }

  @Test("ends when it appears, and then gets its size")
  func later() async throws {
    let machine = try Machine("live-two-portals")
    let head = "\(machine.subsystem)/nvme0n1"
    try machine.write("0\n", "\(head)/size")
    try machine.move(head, to: "\(machine.sysfs.root)/aside")
    let rounds = Mutex(0)
    let wait = NamespaceWait(sysfs: machine.sysfs) { _ in
      let round = rounds.withLock { rounds in
        rounds += 1
        return rounds
      }
      do {
        if round == 2 { try machine.move("\(machine.sysfs.root)/aside", to: head) }
        if round == 4 { try machine.write("131072\n", "\(head)/size") }
      } catch {
        Issue.record(error)
      }
    }
    let found = try await wait.namespace(
      1, of: volume, uuid: uuid, nguid: nguid, deadline: .ample)
    #expect(found.size == 64 << 20)
    #expect(rounds.withLock { $0 } == 4)
  }

  @Test("fails at once for another UUID, another NGUID, or none")
  func anotherIdentity() async throws {
    let machine = try Machine("live-two-portals")
    let other = "99999999-2222-4333-8444-555555555555"
    let refusal = "this is not the volume's data; nothing was read or written"
    let uuid = try await failure(machine, 1, uuid: UUID(other), nguid: nguid)
    #expect(uuid.code == .identityConflict)
    #expect(
      uuid.message
        == "namespace 1 of \(volume) (nvme0n1) has UUID 11111111-2222-4333-8444-555555555555, "
        + "expected \(other): \(refusal)")
    let nguid = try await failure(machine, 1, uuid: self.uuid, nguid: NGUID(other))
    #expect(nguid.code == .identityConflict)
    #expect(
      nguid.message
        == "namespace 1 of \(volume) (nvme0n1) has NGUID 0123456789abcdef0123456789abcdef, "
        + "expected 99999999222243338444555555555555: \(refusal)")
    // Its `uuid` attribute is there and says the NGUID's bytes.
    let shown = UUID("fedcba98-7654-3210-fedc-ba9876543210")
    let none = try await failure(machine, 2, uuid: shown)
    #expect(none.code == .identityConflict)
    #expect(none.message.contains("(nvme0n2) has UUID none, expected fedcba98"))
  }

  @Test("gives up at the deadline, and tells what is there")
  func absent() async throws {
    let machine = try Machine("live-two-portals")
    let error = try await failure(machine, 9, deadline: .soon)
    #expect(error.code == .timedOut)
    #expect(
      error.message
        == "namespace 9 of \(volume) did not appear in time; namespaces there: 1, 2, 3, 4; "
        + "controllers: nvme0 (tcp 127.0.0.1:4420, live), nvme1 (tcp 127.0.0.2:4420, live)")
    try machine.disappear(machine.subsystem)
    #expect(
      try await failure(machine, 9, deadline: .soon).message
        == "namespace 9 of \(volume) did not appear in time; namespaces there: none; "
        + "controllers: none")
  }

  @Test("gives up on a disk that gets no size")
  func noSize() async throws {
    let machine = try Machine("connecting")
    try machine.write("0\n", "\(machine.subsystem)/nvme0n1/size")
    let error = try await failure(machine, 1, uuid: uuid, deadline: .soon)
    #expect(error.code == .timedOut)
    #expect(
      error.message
        == "namespace 1 of \(volume) did not appear in time; namespaces there: "
        + "1 (without a size yet); controllers: nvme0 (tcp 127.0.0.1:4420, connecting), "
        + "nvme1 (tcp 127.0.0.2:4420, connecting)")
  }

  @Test("asks the live controllers to look again, after a while and once")
  func rescan() async throws {
    let machine = try Machine("live-two-portals")
    try machine.write("connecting\n", "\(machine.subsystem)/nvme1/state")
    let wait = NamespaceWait(sysfs: machine.sysfs)
    let task = Task {
      try await wait.namespace(9, of: volume, uuid: nil, nguid: nil, deadline: .ample)
    }
    while try machine.read("\(machine.subsystem)/nvme0/rescan_controller") == "" {
      try await Task.sleep(for: .milliseconds(50))
    }
    try machine.write("", "\(machine.subsystem)/nvme0/rescan_controller")
    try await Task.sleep(for: .milliseconds(700))
    task.cancel()
    await #expect(throws: FabricsError.self) { try await task.value }
    #expect(try machine.read("\(machine.subsystem)/nvme0/rescan_controller") == "")
    #expect(try machine.read("\(machine.subsystem)/nvme1/rescan_controller") == "")
  }

  @Test("refuses to choose between two disks of one namespace")
  func twoDisks() async throws {
    let error = try await failure(try Machine("no-multipath"), 1, uuid: uuid)
    #expect(error.code == .identityConflict)
    #expect(
      error.message.hasPrefix("namespace 1 of \(volume) has several disks, nvme0n1, nvme1n1: "))
  }

  @Test("ends with its task")
  func cancelled() async throws {
    let machine = try Machine("live-two-portals")
    let wait = NamespaceWait(sysfs: machine.sysfs)
    let task = Task {
      try await wait.namespace(9, of: volume, uuid: nil, nguid: nil, deadline: .ample)
    }
    task.cancel()
    await #expect(throws: FabricsError.self) { try await task.value }
  }
}
