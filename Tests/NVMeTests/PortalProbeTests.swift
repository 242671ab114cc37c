import Glibc
import Testing

@testable import NVMe

@Suite("Asking a portal first")
struct PortalProbeTests {
  private func errno(
    _ portal: TransportAddress, _ deadline: ContinuousClock.Instant = .ample,
    _ change: (inout ConnectOptions) -> Void = { _ in }
  ) async -> Int32 {
    var options = ConnectOptions()
    change(&options)
    return await PortalProbe.errno(of: portal, from: options, deadline: deadline)
  }

  @Test("finds one that listens")
  func listening() async throws {
    let listener = try Listener()
    #expect(await errno(listener.portal) == 0)
  }

  @Test("is refused by one that does not")
  func closed() async throws {
    #expect(await errno(try closedPortal()) == ECONNREFUSED)
  }

  @Test("does not wait for a black hole beyond the deadline")
  func blackHole() async throws {
    let listener = try Listener()
    try listener.swallow()
    let start = ContinuousClock.now
    #expect(await errno(listener.portal, .soon) == ETIMEDOUT)
    // The kernel would go on for two minutes.
    #expect(start.duration(to: .now) < .seconds(60))
  }

  @Test("ends with its task")
  func cancelled() async throws {
    let listener = try Listener()
    try listener.swallow()
    let portal = listener.portal
    let probe = Task { await errno(portal) }
    probe.cancel()
    #expect(await probe.value == ETIMEDOUT)
  }

  @Test(
    "sends from the host's address",
    arguments: [
      ("127.0.0.3", [0]), ("192.0.2.77", [EADDRNOTAVAIL]), ("nowhere", [EINVAL]),
      ("::1", [EAFNOSUPPORT, EINVAL]),
    ] as [(String, [Int32])])
  func hostAddress(address: String, answers: [Int32]) async throws {
    let listener = try Listener()
    let answer = await errno(listener.portal) { $0.hostAddress = address }
    #expect(answers.contains(answer))
  }

  @Test(
    "goes through the host's interface",
    arguments: [("lo", [0, EPERM]), ("absent0", [ENODEV, EPERM])] as [(String, [Int32])])
  func hostInterface(name: String, answers: [Int32]) async throws {
    let listener = try Listener()
    let answer = await errno(listener.portal) { $0.hostInterface = name }
    #expect(answers.contains(answer))
  }
}
