import GRPC
import Glibc
import JSON
import ProtobufC
import Testing

@testable import CSITool

@Suite("A call")
struct CallerTests {
  private static func caller(_ path: String, _ timeout: Duration = .seconds(60)) -> Caller {
    Caller(address: .unix(path: path), timeout: timeout)
  }

  private static func withServer(
    _ handler: @escaping GRPC.Method.Handler,
    at method: String = "/csi.v1.Identity/GetPluginInfo",
    _ body: (String) async throws -> Void
  ) async throws {
    let path = "/tmp/csi-tool-tests-\(getpid())-\(UInt64.random(in: 0 ... .max)).sock"
    let server = try Server(
      Server.Configuration(address: .unix(path: path)),
      methods: [GRPC.Method(method, handler: handler)])
    async let running: Void = server.run()
    try await body(path)
    server.shutDown()
    await running
  }

  private static func slice(_ bytes: [UInt8]) -> Slice {
    unsafe Slice(size: bytes.count) { unsafe $0.copyBytes(from: bytes) }
  }

  @Test("answers with JSON, with the server's error, or with why the answer cannot be read")
  func outcomes() async throws {
    let info = try Methods.find("Identity/GetPluginInfo")
    let other = try Methods.find("Node/NodeGetInfo")
    try await Self.withServer({ _, _ throws(RPCError) in
      Self.slice([0x0a, 1, 0x61, 0x12, 1, 0x62])
    }) { path in
      let answer = await Self.caller(path).outcome(of: info, [])
      #expect(answer == .success(["name": "a", "vendorVersion": "b"]))
      #expect(
        await Self.caller(path).outcome(of: other, [])
          == .failure(RPCError(.unimplemented, "no method /csi.v1.Node/NodeGetInfo")))
    }
    try await Self.withServer({ _, _ throws(RPCError) in Self.slice([0x0a, 2, 0xff, 0xff]) }) {
      path in
      #expect(
        await Self.caller(path).outcome(of: info, [])
          == .failure(
            RPCError(
              .internal,
              """
              /csi.v1.Identity/GetPluginInfo: its answer cannot be read: \
              GetPluginInfoResponse.name: is not UTF-8
              """)))
    }
  }

  @Test("says no where a bool is not on the wire")
  func falseness() async throws {
    let expand = try Methods.find("Controller/ControllerExpandVolume")
    try await Self.withServer(
      { _, _ throws(RPCError) in Self.slice([0x08, 1]) }, at: expand.path
    ) { path in
      #expect(
        await Self.caller(path).outcome(of: expand, [])
          == .success(["capacityBytes": "1", "nodeExpansionRequired": false]))
    }
  }

  @Test("waits for a server that takes its time to come up")
  func slowStart() async throws {
    let info = try Methods.find("Identity/GetPluginInfo")
    let path = "/tmp/csi-tool-tests-\(getpid())-\(UInt64.random(in: 0 ... .max)).sock"
    // It listens from here on, and answers nothing until it runs.
    let server = try Server(
      Server.Configuration(address: .unix(path: path)),
      methods: [
        GRPC.Method("/csi.v1.Identity/GetPluginInfo") { _, _ throws(RPCError) in Self.slice([]) }
      ])
    async let answer = Self.caller(path).outcome(of: info, [])
    try await Task.sleep(for: .seconds(2))
    async let running: Void = server.run()
    #expect(await answer == .success([:]))
    server.shutDown()
    await running
  }

  @Test("ends at its deadline, and at once when nobody listens")
  func ends() async throws {
    let info = try Methods.find("Identity/GetPluginInfo")
    try await Self.withServer({ _, context throws(RPCError) in
      while !context.isCancelled { try? await Task.sleep(for: .milliseconds(10)) }
      throw RPCError(.aborted, "too late")
    }) { path in
      guard
        case .failure(let error) = await Self.caller(path, .milliseconds(300)).outcome(of: info, [])
      else {
        Issue.record("answered")
        return
      }
      #expect(error.code == .deadlineExceeded)
    }
    guard case .failure(let error) = await Self.caller("/tmp/no-such.sock").outcome(of: info, [])
    else {
      Issue.record("answered")
      return
    }
    #expect(error.code == .unavailable)
  }

  @Test("shows its error with the code's documented name, on one line")
  func errors() {
    let error = RPCError(.failedPrecondition, "volume \"a\"\n\u{1B}[2J")
    #expect(error.shown(asJSON: false) == #"FAILED_PRECONDITION: volume "a"\n\u{1B}[2J"# + "\n")
    #expect(
      error.shown(asJSON: true)
        == #"{"code":"FAILED_PRECONDITION","message":"volume \"a\"\n\u001b[2J"}"# + "\n")
    #expect(
      StatusCode.allCases.map(\.documentedName) == [
        "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
        "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
        "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
        "UNAUTHENTICATED",
      ])
  }
}
