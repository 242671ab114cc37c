import Logging
import Testing

@testable import Driver

@Suite("The per-volume reservation")
struct OperationsTests {
  let operations = Operations(
    logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
    metrics: DriverMetrics())
  let deadline = ContinuousClock.now + .seconds(60)

  @Test("refuses a second operation on the volume and says who holds it, and where")
  func busy() async throws {
    let volume = try VolumeID("v1")
    let held = try await operations.run("stage", volume: volume, deadline: deadline) {
      (operation) throws(DriverError) in
      try await operation.step("connect") { () async throws(DriverError) -> DriverError? in
        do throws(DriverError) {
          try await operations.run("unstage", volume: volume, deadline: deadline) {
            (_) throws(DriverError) in
          }
          return nil
        } catch { return error }
      }
    }
    let error = try #require(held)
    #expect(error.code == .operationPending)
    #expect(error.message.contains("volume v1: stage has been working on it for"))
    #expect(error.message.contains("now at connect"))
  }

  @Test("is waited for while recovery holds it, and not by recovery")
  func recovery() async throws {
    let volume = try VolumeID("v1")
    let order = try await operations.run(
      Operations.recovery, volume: volume, deadline: deadline
    ) { (_) throws(DriverError) -> String in
      do throws(DriverError) {
        try await operations.run(Operations.recovery, volume: volume, deadline: deadline) {
          (_) throws(DriverError) in
        }
        return "both"
      } catch { return "\(error.code)" }
    }
    #expect(order == "operationPending")
    let waited = try await withThrowingTaskGroup(of: Duration.self) { group in
      let start = ContinuousClock.now
      group.addTask {
        try await operations.run(Operations.recovery, volume: volume, deadline: deadline) {
          (_) throws(DriverError) in
          try? await Task.sleep(for: .milliseconds(100))
          return .zero
        }
      }
      while operations.held.isEmpty { await Task.yield() }
      group.addTask {
        try await operations.run("publish", volume: volume, deadline: deadline) {
          (_) throws(DriverError) in ContinuousClock.now - start
        }
      }
      return try await group.reduce(.zero) { max($0, $1) }
    }
    #expect(waited >= .milliseconds(95))
  }

  @Test("does not concern other volumes")
  func others() async throws {
    let (first, second) = (try VolumeID("v1"), try VolumeID("v2"))
    let both = try await operations.run("stage", volume: first, deadline: deadline) {
      (_) throws(DriverError) in
      try await operations.run("stage", volume: second, deadline: deadline) {
        (_) throws(DriverError) in Set(operations.held.keys)
      }
    }
    #expect(both == [first, second])
  }

  @Test("ends with the work, whether it succeeds or fails")
  func released() async throws {
    let volume = try VolumeID("v1")
    await #expect(throws: DriverError.self) {
      try await operations.run("stage", volume: volume, deadline: deadline) {
        (_) throws(DriverError) in throw DriverError(.unavailable, "no target")
      }
    }
    #expect(operations.held.isEmpty)
    try await operations.run("stage", volume: volume, deadline: deadline) {
      (_) throws(DriverError) in
    }
    #expect(operations.held.isEmpty)
  }

  @Test("admits exactly one of many at once")
  func race() async throws {
    let volume = try VolumeID("v1")
    let admitted = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<64 {
        group.addTask { [operations, deadline] in
          do throws(DriverError) {
            try await operations.run("stage", volume: volume, deadline: deadline) {
              (_) async throws(DriverError) in
              try? await Task.sleep(for: .milliseconds(300))
            }
            return true
          } catch { return false }
        }
      }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(admitted == 1)
  }

  @Test("keeps the time of each step in order")
  func timeline() async throws {
    let volume = try VolumeID("v1")
    let timeline = try await operations.run("stage", volume: volume, deadline: deadline) {
      (operation) throws(DriverError) in
      try await operation.step("one") { () async throws(DriverError) in
        try? await Task.sleep(for: .milliseconds(20))
      }
      try await operation.step("two") { () throws(DriverError) in }
      return operation.timeline
    }
    let names = timeline.split(separator: " ").map { $0.split(separator: "=")[0] }
    #expect(names == ["one", "two"])
  }
}
