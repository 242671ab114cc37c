import Command
import Linux
import Testing

@testable import NVMe

@Suite("Why a connect failed")
struct FabricsFailureTests {
  /// A failed connect: what the kernel and nvme-cli said is in Fixtures/connect/<name>.
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var nqn: NQN
    var host: HostIdentity
    var code: FabricsError.Code
    /// What follows `connect <nqn> at <portal> as <host NQN>: `.
    var reason: String
    var testDescription: String { name }
  }

  private static let nowhere = NQN(wellFormed: "nqn.2026-01.org.example:nowhere")
  private static let written = "Failed to write to /dev/nvme-fabrics: "
  private static let failed =
    written + "Input/output error; could not add new controller: failed to write to nvme-fabrics "
    + "device"
  private static let invalid =
    written + "Invalid argument; could not add new controller: invalid arguments/configuration"

  private static let cases = [
    Case(
      name: "unknown-subsystem", nqn: nowhere, host: nodeA, code: .unknownSubsystem,
      reason: "the target has no such subsystem: nvme nvme2: Connect Invalid Data Parameter, "
        + "subsysnqn \"\(nowhere)\" (\(failed))"),
    Case(
      name: "not-allowed", nqn: empty, host: nodeB, code: .hostNotAllowed,
      reason: "the target does not allow this host: nvme nvme2: Connect for subsystem \(empty) "
        + "is not allowed, hostnqn: \(nodeB.nqn) (\(failed))"),
    Case(
      name: "refused", nqn: empty, host: nodeA, code: .refused,
      reason: written + "Connection refused; could not add new controller: connection refused"),
    // Linux 6.12; 6.1 connects, or says what the target says.
    Case(
      name: "same-hostid", nqn: empty, host: nodeB, code: .identityConflict,
      reason: "nvme_fabrics: found same hostid \(nodeA.id) but different hostnqn \(nodeB.nqn) "
        + "(\(invalid))"),
    Case(
      name: "same-hostnqn", nqn: empty, host: nodeA, code: .identityConflict,
      reason: "nvme_fabrics: found same hostnqn \(nodeA.nqn) but different hostid \(nodeB.id) "
        + "(\(invalid))"),
    Case(
      name: "already-connected", nqn: volume, host: nodeB, code: .identityConflict,
      reason: "already connected"),
  ]

  private func error(
    _ nqn: NQN, _ host: HostIdentity, _ portal: TransportAddress, log: String,
    _ body: @escaping @Sendable () throws -> CommandOutput
  ) async throws -> FabricsError {
    let machine = try Machine("no-namespaces")
    // Nobody's, for the subsystem of the fixture to be out of the way.
    try machine.write("nqn.2026-01.org.example:other\n", "\(machine.subsystem)/subsysnqn")
    let runner = FakeRunner { _ in
      try machine.log(log)
      return try body()
    }
    return try #require(
      await #expect(throws: FabricsError.self) {
        try await machine.fabrics(runner).connect(
          nqn, at: portal, as: host, options: ConnectOptions(), deadline: .ample)
      })
  }

  @Test("is what the kernel's log says, else what nvme-cli says", arguments: cases)
  func real(_ failure: Case) async throws {
    let listener = try Listener()
    let said = try fixture("connect/\(failure.name)/stderr")
    let log = try fixture("connect/\(failure.name)/kmsg")
    let error = try await error(failure.nqn, failure.host, listener.portal, log: log) {
      .failure(said)
    }
    #expect(error.code == failure.code)
    #expect(
      error.message
        == "connect \(failure.nqn) at \(listener.portal) as \(failure.host.nqn): "
        + failure.reason)
  }

  @Test(
    "is guessed from nvme-cli's words where the kernel's log cannot be read",
    arguments: [
      ("unknown-subsystem", .unknownSubsystem), ("not-allowed", .unknownSubsystem),
      ("refused", .refused), ("same-hostid", .invalidArgument),
    ] as [(String, FabricsError.Code)])
  func noLog(name: String, code: FabricsError.Code) throws {
    let portal = try TransportAddress("192.0.2.1:4420", transport: .tcp)
    let output = CommandOutput.failure(try fixture("connect/\(name)/stderr"))
    #expect(Fabrics.failure(volume, portal, nodeA, .success(output), []).code == code)
  }

  @Test(
    "is none that the log tells of another subsystem, another host, or as the target",
    arguments: [
      // A longer name that begins with ours.
      "nvme nvme2: Connect Invalid Data Parameter, subsysnqn \"\(volume)0\"",
      "nvme nvme2: Connect for subsystem \(volume)0 is not allowed, hostnqn: \(nodeA.nqn)",
      "nvmet: connect request for invalid subsystem \(volume)!",
      "nvmet: connect by host \(nodeA.nqn) for subsystem \(volume) not allowed",
      "nvme_fabrics: found same hostid \(nodeA.id) but different hostnqn \(nodeB.nqn)",
      "nvme nvme0: failed to connect socket: -111",
    ])
  func unrelated(line: String) async throws {
    let listener = try Listener()
    let error = try await error(volume, nodeA, listener.portal, log: "3,1,1,-;\(line)\n") {
      .failure("No such luck")
    }
    #expect(error.code == .other)
    #expect(error.message.hasSuffix(": No such luck"))
  }

  @Test("is found for subsystems that have the target's module in their name")
  func namedLikeTheTarget() async throws {
    let listener = try Listener()
    let nqn = NQN(wellFormed: "nqn.2026-01.org.example.nvmet:volume")
    let line = "nvme nvme2: Connect Invalid Data Parameter, subsysnqn \"\(nqn)\""
    let error = try await error(nqn, nodeA, listener.portal, log: "3,1,1,-;\(line)\n") {
      .failure("Input/output error")
    }
    #expect(error.code == .unknownSubsystem)
  }

  @Test(
    "is told by the errno in nvme-cli's words",
    arguments: [
      ("Network is unreachable", .unreachable), ("No route to host", .unreachable),
      ("Connection timed out", .silent), ("Resource temporarily unavailable", .silent),
      ("Required key not available", .authentication),
      ("Key was rejected by service", .authentication),
      ("Operation already in progress", .busy), ("Invalid argument", .invalidArgument),
      ("Input/output error", .unknownSubsystem), ("Cannot allocate memory", .other),
    ] as [(String, FabricsError.Code)])
  func words(text: String, code: FabricsError.Code) throws {
    let portal = try TransportAddress("192.0.2.1:4420", transport: .tcp)
    let output = CommandOutput.failure("\(Self.written)\(text)\ncould not add new controller\n")
    #expect(Fabrics.failure(volume, portal, nodeA, .success(output), []).code == code)
  }

  @Test("is the kernel's module where its device cannot be opened")
  func noDevice() throws {
    let portal = try TransportAddress("192.0.2.1:4420", transport: .tcp)
    let output = CommandOutput.failure(
      "Failed to open /dev/nvme-fabrics: No such file or directory\n")
    #expect(Fabrics.failure(volume, portal, nodeA, .success(output), []).code == .noKernelModule)
  }

  @Test(
    "is told apart where nvme-cli did not run to its end",
    arguments: [
      (.notFound(program: "nvme"), .noNVMeCLI, "nvme: program not found; install nvme-cli"),
      (
        .deadlineExceeded(program: "nvme", after: .seconds(9), stuck: true), .timedOut,
        "nvme: deadline exceeded after 9.0 seconds, it does not die, it sits in the kernel"
      ),
      (.tooMany(running: 64), .busy, "64 programs are stuck or running already"),
      (.notRunning, .busy, "programs are not run any more, or not yet"),
      (
        .launchFailed(program: "nvme", reason: "Permission denied"), .other,
        "nvme: cannot be started: Permission denied"
      ),
    ] as [(CommandError, FabricsError.Code, String)])
  func notRun(failure: CommandError, code: FabricsError.Code, reason: String) async throws {
    let listener = try Listener()
    let error = try await error(volume, nodeA, listener.portal, log: "") { throw failure }
    #expect(error.code == code)
    #expect(
      error.message == "connect \(volume) at \(listener.portal) as \(nodeA.nqn): \(reason)")
  }

  @Test("is unknown where nvme-cli claims success and there is no controller")
  func nothingThere() async throws {
    let listener = try Listener()
    let error = try await error(volume, nodeA, listener.portal, log: "") { .success }
    #expect(error.code == .other)
  }

  @Test("is no longer than a line")
  func oneLine() {
    #expect("a\n\nb\r\nc\n".oneLine == "a; b; c")
    #expect(String(repeating: "a", count: 1000).oneLine == String(repeating: "a", count: 400) + "…")
  }
}
