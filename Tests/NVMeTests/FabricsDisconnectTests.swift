import Linux
import Synchronization
import SystemPackage
import Testing

@testable import NVMe

@Suite("Disconnecting")
struct FabricsDisconnectTests {
  /// The controllers that the kernel was told to delete.
  private final class Told: Sendable {
    private let all = Mutex<[String]>([])
    var names: [String] { all.withLock { $0 } }
    func add(_ name: String) { all.withLock { $0.append(name) } }
  }

  private func controllers(_ machine: Machine) throws -> [String] {
    try machine.sysfs.subsystems().flatMap(\.controllers).map(\.name)
  }

  /// `obey` does what the kernel does when it is told to delete the controller of that name.
  private func fabrics(
    _ machine: Machine, _ told: Told,
    obey: @escaping @Sendable (_ attribute: Descriptor, _ name: String) async throws -> Void
  ) -> Fabrics {
    machine.fabrics { (attribute, name, _) async throws(IsolatedCallError) in
      told.add(name)
      do { try await obey(attribute, name) } catch let error as IsolatedCallError {
        throw error
      } catch { Issue.record(error) }
    }
  }

  /// As it is mostly.
  private func obedient(_ machine: Machine, _ told: Told) -> Fabrics {
    fabrics(machine, told) { _, name in try machine.disappear("\(machine.subsystem)/\(name)") }
  }

  @Test("removes our controllers, one by one, and nobody else's")
  func onlyOurs() async throws {
    let machine = try Machine("live-two-portals")
    let portal = try TransportAddress("192.0.2.1:4420", transport: .tcp)
    try machine.addController("nvme2", at: portal, as: nodeB)
    let told = Told()
    try await obedient(machine, told).disconnect(volume, as: nodeA, deadline: .ample)
    #expect(told.names == ["nvme0", "nvme1"])
    #expect(try controllers(machine) == ["nvme2"])
  }

  @Test("removes those as well that the kernel tries to restore")
  func connecting() async throws {
    let machine = try Machine("connecting")
    let told = Told()
    try await obedient(machine, told).disconnect(volume, as: nodeA, deadline: .ample)
    #expect(told.names.count == 2)
    #expect(try controllers(machine) == [])
  }

  @Test("is done where there is none of ours")
  func none() async throws {
    let machine = try Machine("live-two-portals")
    let told = Told()
    let fabrics = obedient(machine, told)
    try await fabrics.disconnect(volume, as: nodeB, deadline: .ample)
    try await fabrics.disconnect(empty, as: nodeA, deadline: .ample)
    try machine.disappear(machine.subsystem)
    try await fabrics.disconnect(volume, as: nodeA, deadline: .ample)
    #expect(told.names == [])
  }

  @Test("leaves a name alone that has gone meanwhile, or to a stranger")
  func renamed() async throws {
    let machine = try Machine("live-two-portals")
    let portal = try TransportAddress("192.0.2.1:4420", transport: .tcp)
    let told = Told()
    let fabrics = fabrics(machine, told) { _, _ in
      try machine.disappear("\(machine.subsystem)/nvme0")
      try machine.disappear("\(machine.subsystem)/nvme1")
      try machine.addController("nvme1", at: portal, as: nodeB)
    }
    try await fabrics.disconnect(volume, as: nodeA, deadline: .ample)
    #expect(told.names == ["nvme0"])
    #expect(try controllers(machine) == ["nvme1"])
  }

  @Test("gives the command to the controller it has looked at, wherever its name leads by then")
  func reused() async throws {
    let machine = try Machine("live-two-portals")
    let portal = try TransportAddress("192.0.2.1:4420", transport: .tcp)
    let calls = IsolatedCalls()
    let fabrics = fabrics(machine, Told()) { attribute, name in
      try machine.disappear("\(machine.subsystem)/\(name)")
      try machine.addController(name, at: portal, as: nodeB)
      try await calls.write("1", to: attribute, named: name, deadline: .ample)
    }
    try await fabrics.disconnect(volume, as: nodeA, deadline: .ample)
    for name in ["nvme0", "nvme1"] {
      #expect(try machine.read("\(machine.subsystem)/\(name)/delete_controller") == "")
    }
  }

  @Test("takes a controller that goes by itself for what was wanted")
  func gone() async throws {
    let machine = try Machine("live-two-portals")
    let fabrics = fabrics(machine, Told()) { _, name in
      try machine.disappear("\(machine.subsystem)/\(name)")
      throw IsolatedCallError.failed(
        SystemCallError(call: "write", subject: name, errno: .operationNotSupportedByDevice))
    }
    try await fabrics.disconnect(volume, as: nodeA, deadline: .ample)
    #expect(try controllers(machine) == [])
  }

  @Test("waits for what goes slowly")
  func slow() async throws {
    let machine = try Machine("no-namespaces")
    let fabrics = fabrics(machine, Told()) { _, _ in }
    let task = Task { try await fabrics.disconnect(empty, as: nodeA, deadline: .ample) }
    try await Task.sleep(for: .milliseconds(100))
    try machine.disappear("\(machine.subsystem)/nvme0")
    try await task.value
  }

  @Test("fails at the deadline while one is still there, with what the kernel said")
  func stillPresent() async throws {
    let machine = try Machine("live-two-portals")
    let fabrics = fabrics(machine, Told()) { _, name in
      let subject = "\(name)/delete_controller"
      if name == "nvme0" {
        throw IsolatedCallError.failed(
          SystemCallError(call: "write", subject: subject, errno: .resourceBusy))
      }
      throw IsolatedCallError.deadlineExceeded(call: "write", subject: subject, stuck: true)
    }
    let error = await #expect(throws: FabricsError.self) {
      try await fabrics.disconnect(volume, as: nodeA, deadline: .soon)
    }
    #expect(error?.code == .stillPresent)
    #expect(
      error?.message
        == "disconnect \(volume): still there: nvme0 (tcp 127.0.0.1:4420, live), nvme1 (tcp "
        + "127.0.0.2:4420, live) (write nvme0/delete_controller: Device or resource busy; write "
        + "nvme1/delete_controller: deadline exceeded, its process does not die, it sits in the "
        + "kernel)")
  }

  @Test("writes the command into sysfs")
  func command() async throws {
    let machine = try Machine("live-two-portals")
    let fabrics = Fabrics(sysfs: machine.sysfs, runner: FakeRunner(), calls: IsolatedCalls())
    // A file of a copy goes on where sysfs would not: so the deadline passes.
    await #expect(throws: FabricsError.self) {
      try await fabrics.disconnect(volume, as: nodeA, deadline: .now + .seconds(5))
    }
    for name in ["nvme0", "nvme1"] {
      #expect(try machine.read("\(machine.subsystem)/\(name)/delete_controller") == "1")
    }
  }
}
