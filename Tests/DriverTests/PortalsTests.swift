import NVMe
import Resilience
import Testing

@testable import Driver

@Suite("Portals")
struct PortalsTests {
  let portals = Portals()
  let start = ContinuousClock.now
  let portal: TransportAddress
  let other: TransportAddress

  init() throws {
    portal = try TransportAddress("192.0.2.1:4420", transport: .tcp)
    other = try TransportAddress("192.0.2.2:4420", transport: .tcp)
  }

  private func volumes(_ count: Int) throws -> [VolumeID] {
    try (0..<count).map { try VolumeID("v\($0)") }
  }

  private func pass(_ portal: TransportAddress, at seconds: Double = 0) throws -> Portals.Pass {
    try #require(portals.enter(portal, at: start + .seconds(seconds)))
  }

  /// Those whose turn came, in order; there must be as many.
  private func turns(_ count: Int) async -> [VolumeID] {
    var iterator = portals.turns.makeAsyncIterator()
    var found: [VolumeID] = []
    while found.count < count, let next = await iterator.next() { found.append(next) }
    return found
  }

  /// What every error says of the portal.
  static let outcomes: [(FabricsError.Code?, Portals.Outcome, CircuitBreaker.Outcome)] = [
    (nil, .answered, .success),
    (.unknownSubsystem, .answered, .success),
    (.hostNotAllowed, .answered, .success),
    (.authentication, .answered, .success),
    (.refused, .refused, .unknown),
    (.unreachable, .refused, .unknown),
    (.silent, .silent, .failure),
    // One volume's, this machine's or the caller's trouble does not close the portal for all.
    (.timedOut, .unknown, .unknown),
    (.busy, .unknown, .unknown),
    (.noKernelModule, .unknown, .unknown),
    (.noNVMeCLI, .unknown, .unknown),
    (.identityConflict, .unknown, .unknown),
    (.invalidArgument, .unknown, .unknown),
    (.notOurs, .unknown, .unknown),
    (.stillPresent, .unknown, .unknown),
    (.other, .unknown, .unknown),
  ]

  @Test("learn from what a connect came to", arguments: outcomes)
  func outcome(
    code: FabricsError.Code?, outcome: Portals.Outcome, breaker: CircuitBreaker.Outcome
  ) {
    let found = Portals.Outcome(code.map { FabricsError(code: $0, message: "") })
    #expect(found == outcome)
    #expect(CircuitBreaker.Outcome(found) == breaker)
  }

  @Test("let two connect at a time, each portal for itself")
  func bound() throws {
    let first = try pass(portal)
    _ = try pass(portal)
    #expect(portals.enter(portal, at: start) == nil)
    #expect(!portals.mayTry([portal], at: start))
    #expect(portals.mayTry([portal, other], at: start))
    _ = try pass(other)
    portals.leave(first, .answered, at: start)
    _ = try pass(portal)
  }

  @Test("are left alone when they are silent three times in a row, and asked by one after that")
  func silent() throws {
    for _ in 0..<3 { portals.leave(try pass(portal), .silent, at: start) }
    #expect(portals.enter(portal, at: start + .seconds(29)) == nil)
    #expect(portals.mayTry([other], at: start))
    let probe = try pass(portal, at: 30)
    #expect(portals.enter(portal, at: start + .seconds(30)) == nil)
    portals.leave(probe, .answered, at: start + .seconds(31))
    _ = try pass(portal, at: 31)
    _ = try pass(portal, at: 31)
  }

  @Test("that refuse are asked again within half a second, by one volume for all")
  func scout() async throws {
    let volumes = try volumes(100)
    portals.leave(try pass(portal), .refused, at: start)
    #expect(!portals.mayTry([portal], at: start))
    let delay = try #require(portals.wait(volumes[0], at: [portal], since: start))
    #expect((.milliseconds(250)...(.milliseconds(500))).contains(delay))
    for volume in volumes.dropFirst() {
      #expect(portals.wait(volume, at: [portal], since: start) == nil)
    }
    // Whatever makes it look meanwhile, it stays the one.
    let later = start + .milliseconds(100)
    #expect(
      portals.wait(volumes[0], at: [portal], since: later) == delay - .milliseconds(100))
    #expect(portals.mayTry([portal], at: start + .milliseconds(500)))

    // The portal answers: the others follow, in order and two at a time.
    let scout = try pass(portal, at: 0.5)
    portals.passOn(volumes[0], at: [portal], since: start + .milliseconds(500))
    portals.leave(scout, .answered, at: start + .milliseconds(600))
    #expect(await turns(2) == Array(volumes[1...2]))
    let two = [try pass(portal, at: 0.6), try pass(portal, at: 0.6)]
    for pass in two { portals.leave(pass, .answered, at: start + .milliseconds(700)) }
    #expect(await turns(3).prefix(2) == volumes[3...4])
  }

  @Test("have a new scout when theirs is no longer there")
  func scoutGone() throws {
    let volumes = try volumes(2)
    portals.leave(try pass(portal), .refused, at: start)
    #expect(portals.wait(volumes[0], at: [portal], since: start) != nil)
    #expect(portals.wait(volumes[1], at: [portal], since: start) == nil)
    portals.forgetAll(but: [volumes[1]])
    #expect(portals.wait(volumes[1], at: [portal], since: start) != nil)
  }

  @Test("give the turn of one that needs none to the next")
  func passedOn() async throws {
    let volumes = try volumes(3)
    let (first, second) = (try pass(portal), try pass(portal))
    for volume in volumes { #expect(portals.wait(volume, at: [portal], since: start) == nil) }
    portals.leave(first, .answered, at: start)
    #expect(await turns(1) == [volumes[0]])
    portals.passOn(volumes[0], at: [portal], since: start)
    #expect(await turns(1) == [volumes[1]])
    portals.leave(second, .answered, at: start)
    #expect(await turns(1) == [volumes[2]])
  }

  @Test("that have room again meanwhile are tried at once")
  func room() throws {
    let delay = portals.wait(try volumes(1)[0], at: [portal], since: start)
    #expect(delay.map { $0 <= .milliseconds(10) } == true)
  }
}
