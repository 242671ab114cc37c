import Command
import Linux
import Testing

@testable import NVMe

@Suite("Disconnecting")
struct FabricsDisconnectTests {
  private func controllers(_ machine: Machine) throws -> [String] {
    try machine.sysfs.subsystems().flatMap(\.controllers).map(\.name)
  }

  /// `nvme disconnect` as it is.
  private func disconnecting(_ machine: Machine) -> FakeRunner {
    FakeRunner { command in
      let name = command.arguments.last?.split(separator: "=").last ?? ""
      try machine.disappear("\(machine.subsystem)/\(name)")
      return .success
    }
  }

  @Test("removes our controllers, one by one, and nobody else's")
  func onlyOurs() async throws {
    let machine = try Machine("live-two-portals")
    let portal = try TransportAddress("192.0.2.1:4420", transport: .tcp)
    try machine.addController("nvme2", at: portal, as: nodeB)
    let runner = disconnecting(machine)
    try await machine.fabrics(runner).disconnect(volume, as: nodeA, deadline: .ample)
    #expect(
      runner.commands == [
        ["nvme", "disconnect", "--device=nvme0"], ["nvme", "disconnect", "--device=nvme1"],
      ])
    #expect(try controllers(machine) == ["nvme2"])
  }

  @Test("removes those as well that the kernel tries to restore")
  func connecting() async throws {
    let machine = try Machine("connecting")
    let runner = disconnecting(machine)
    try await machine.fabrics(runner).disconnect(volume, as: nodeA, deadline: .ample)
    #expect(runner.commands.count == 2)
    #expect(try controllers(machine) == [])
  }

  @Test("is done where there is none of ours")
  func none() async throws {
    let machine = try Machine("live-two-portals")
    let runner = FakeRunner()
    try await machine.fabrics(runner).disconnect(volume, as: nodeB, deadline: .ample)
    try await machine.fabrics(runner).disconnect(empty, as: nodeA, deadline: .ample)
    try machine.disappear(machine.subsystem)
    try await machine.fabrics(runner).disconnect(volume, as: nodeA, deadline: .ample)
    #expect(runner.commands == [])
  }

  @Test("leaves a name alone that has gone meanwhile, or to a stranger")
  func renamed() async throws {
    let machine = try Machine("live-two-portals")
    let portal = try TransportAddress("192.0.2.1:4420", transport: .tcp)
    let runner = FakeRunner { _ in
      try machine.disappear("\(machine.subsystem)/nvme0")
      try machine.disappear("\(machine.subsystem)/nvme1")
      try machine.addController("nvme1", at: portal, as: nodeB)
      return .success
    }
    try await machine.fabrics(runner).disconnect(volume, as: nodeA, deadline: .ample)
    #expect(runner.commands == [["nvme", "disconnect", "--device=nvme0"]])
  }

  @Test("waits for what goes slowly, whatever nvme-cli says")
  func slow() async throws {
    let machine = try Machine("no-namespaces")
    let fabrics = machine.fabrics(FakeRunner { _ in .failure("no luck") })
    let task = Task { try await fabrics.disconnect(empty, as: nodeA, deadline: .ample) }
    try await Task.sleep(for: .milliseconds(100))
    try machine.disappear("\(machine.subsystem)/nvme0")
    try await task.value
  }

  @Test("fails at the deadline while one is still there")
  func stillPresent() async throws {
    let machine = try Machine("live-two-portals")
    let runner = FakeRunner { command in
      guard command.arguments.last == "--device=nvme0" else {
        throw CommandError.deadlineExceeded(program: "nvme", after: .seconds(3), stuck: true)
      }
      return .failure("Failed to write to delete_controller:\nDevice or resource busy\n")
    }
    let error = await #expect(throws: FabricsError.self) {
      try await machine.fabrics(runner).disconnect(volume, as: nodeA, deadline: .soon)
    }
    #expect(error?.code == .stillPresent)
    #expect(
      error?.message
        == "disconnect \(volume): still there: nvme0 (tcp 127.0.0.1:4420, live), nvme1 (tcp "
        + "127.0.0.2:4420, live) (Failed to write to delete_controller:; Device or resource "
        + "busy; nvme: deadline exceeded after 3.0 seconds, it does not die, it sits in the "
        + "kernel)")
  }

  @Test("needs nvme-cli")
  func notFound() async throws {
    let machine = try Machine("live-two-portals")
    let runner = FakeRunner()
    let error = await #expect(throws: FabricsError.self) {
      try await machine.fabrics(runner).disconnect(volume, as: nodeA, deadline: .ample)
    }
    #expect(error?.code == .noNVMeCLI)
    #expect(error?.message == "disconnect \(volume): nvme: not found; install nvme-cli")
    #expect(runner.commands.count == 1)
  }
}
