import NVMe
import Testing

@testable import Driver

@Suite("The users of a subsystem")
struct SubsystemUsersTests {
  let users = SubsystemUsers([])
  let nqn: NQN
  let first: VolumeID
  let second: VolumeID

  init() throws {
    nqn = try NQN("nqn.2024-01.io.example:shared")
    first = try VolumeID("v1")
    second = try VolumeID("v2")
  }

  private func leave(_ volume: VolumeID) async throws -> Bool {
    var disconnected = false
    try await users.leave(nqn, volume) { () throws(DriverError) in disconnected = true }
    return disconnected
  }

  @Test("disconnect only when the last one leaves")
  func last() async throws {
    try users.join(nqn, 1, first)
    try users.join(nqn, 2, second)
    #expect(try await leave(first) == false)
    #expect(try await leave(second) == true)
  }

  @Test("tell whether a volume is alone")
  func alone() throws {
    #expect(users.isOnlyUser(first, of: nqn))
    try users.join(nqn, 1, first)
    #expect(users.isOnlyUser(first, of: nqn))
    #expect(!users.isOnlyUser(second, of: nqn))
    try users.join(nqn, 2, second)
    #expect(!users.isOnlyUser(first, of: nqn))
  }

  @Test("count a volume once however often it joins")
  func idempotent() async throws {
    try users.join(nqn, 1, first)
    try users.join(nqn, 1, first)
    #expect(try await leave(first) == true)
  }

  @Test("never share a namespace")
  func twin() throws {
    try users.join(nqn, 1, first)
    let error = try #require(throws: DriverError.self) { try users.join(nqn, 1, second) }
    #expect(error.code == .failedPrecondition)
    #expect(error.message.contains("staged as volume v1 already"))
  }

  @Test("turn a newcomer away while the last one disconnects")
  func disconnecting() async throws {
    try users.join(nqn, 1, first)
    var refusal: DriverError?
    try await users.leave(nqn, first) { () throws(DriverError) in
      do throws(DriverError) { try users.join(nqn, 2, second) } catch { refusal = error }
    }
    #expect(refusal?.code == .operationPending)
    try users.join(nqn, 2, second)
  }

  @Test("stay users when disconnecting failed")
  func failed() async throws {
    try users.join(nqn, 1, first)
    await #expect(throws: DriverError.self) {
      try await users.leave(nqn, first) { () throws(DriverError) in
        throw DriverError(.deadlineExceeded, "still there")
      }
    }
    let error = try #require(throws: DriverError.self) { try users.join(nqn, 1, second) }
    #expect(error.code == .failedPrecondition)
  }
}
