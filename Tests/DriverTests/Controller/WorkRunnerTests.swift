import Backends
import Logging
import Synchronization
import Testing

@testable import Driver

@Suite("The controller's work")
struct WorkRunnerTests {
  let first = VolumeID(ObjectID(.volume, name: "1", cluster: "test"))
  let second = VolumeID(ObjectID(.volume, name: "2", cluster: "test"))
  let copy = WorkOrder.createVolume(
    .init(
      required: 1, limit: 0, content: .volume(ObjectID(.volume, name: "2", cluster: "test")),
      connection: [:], parameters: [:], access: []))

  private func running<Result: Sendable>(
    _ limits: WorkRunner.Limits = .init(), _ body: @Sendable (WorkRunner) async throws -> Result
  ) async throws -> Result {
    let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    let runner = WorkRunner(
      limits: limits, operations: Operations(logger: logger, metrics: DriverMetrics()),
      logger: logger)
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await runner.run() }
      defer { group.cancelAll() }
      return try await body(runner)
    }
  }

  static func soon() -> ContinuousClock.Instant { .now + .seconds(60) }

  /// How work ended for one who asked for it.
  private static func outcome(
    _ runner: WorkRunner, _ order: WorkOrder, on object: VolumeID, reading sources: [VolumeID] = [],
    _ body: @escaping WorkRunner.Body
  ) async -> DriverError.Code? {
    do throws(DriverError) {
      try await runner.perform(order, on: object, reading: sources, deadline: soon(), body)
      return nil
    } catch { return error.code }
  }

  /// Counts what work does.
  private final class Tally: Sendable {
    private let count = Mutex(0)
    var value: Int { count.withLock { $0 } }
    func add() { count.withLock { $0 += 1 } }
  }

  @Test("is done once for all who ask for the same, and each is told how it ended")
  func joined() async throws {
    let (tally, gate, first) = (Tally(), Gate(), first)
    let failures = try await running { runner in
      await withTaskGroup(of: DriverError.Code?.self) { group in
        for _ in 0..<20 {
          group.addTask {
            await Self.outcome(runner, .deleteVolume, on: first) { (_, _) throws(DriverError) in
              tally.add()
              await gate.passed()
              throw DriverError(.unavailable, "no")
            }
          }
        }
        // Time for everybody to ask: who comes too late has it done again.
        while runner.all.isEmpty { try? await Task.sleep(for: .milliseconds(1)) }
        try? await Task.sleep(for: .milliseconds(300))
        gate.open()
        return await group.reduce(into: [DriverError.Code?]()) { $0.append($1) }
      }
    }
    #expect(failures == Array(repeating: .unavailable, count: 20))
    #expect(tally.value == 1)
  }

  @Test("on an object keeps other work from it, except who only changes access while it is read")
  func exclusion() async throws {
    let gate = Gate()
    try await running { runner in
      try runner.begin(copy, on: first, reading: [second]) { (_, _) throws(DriverError) in
        await gate.passed()
      }
      func refusal(
        _ order: WorkOrder, on object: VolumeID, reading: [VolumeID] = []
      )
        -> DriverError?
      {
        do throws(DriverError) {
          try runner.begin(order, on: object, reading: reading) { (_, _) throws(DriverError) in }
          return nil
        } catch { return error }
      }
      #expect(refusal(.deleteVolume, on: first)?.code == .operationPending)
      #expect(refusal(.unpublish(node: nil), on: first)?.code == .operationPending)
      let busy = refusal(.deleteVolume, on: second)
      #expect(busy?.code == .operationPending)
      #expect(busy?.message.contains("createVolume") == true, "\(busy?.message ?? "")")
      #expect(refusal(.expandVolume(size: 1), on: second)?.code == .operationPending)
      // From a volume that is itself being made nothing is copied.
      #expect(refusal(copy, on: second, reading: [first])?.code == .operationPending)
      #expect(refusal(.unpublish(node: "n"), on: second) == nil)
      let third = VolumeID(ObjectID(.volume, name: "3", cluster: "test"))
      #expect(refusal(copy, on: third, reading: [second]) == nil)
      gate.open()
    }
  }

  @Test("that may take long holds up nothing but its own objects, however much of it there is")
  func longOnes() async throws {
    let gate = Gate()
    let tally = Tally()
    try await running(WorkRunner.Limits(work: 100)) { runner in
      for number in 0..<20 {
        let id = VolumeID(ObjectID(.volume, name: "c\(number)", cluster: "test"))
        try runner.begin(copy, on: id, reading: [second]) { (_, _) throws(DriverError) in
          await gate.passed()
          tally.add()
        }
      }
      for order: WorkOrder in [.deleteVolume, .unpublish(node: "n")] {
        try await runner.perform(order, on: first, deadline: Self.soon()) {
          (_, _) throws(DriverError) in
        }
      }
      #expect(tally.value == 0)
      gate.open()
      while !runner.all.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
    }
    #expect(tally.value == 20)
  }

  @Test("that may have to copy or zero a volume has a day, whatever the volume is to hold")
  func limits() {
    let empty = WorkOrder.createVolume(
      .init(
        required: 1, limit: 0, content: .empty, connection: [:], parameters: [:], access: []))
    #expect(empty.limit == .seconds(24 * 3600))
    #expect(copy.limit == empty.limit)
    #expect(WorkOrder.unpublish(node: nil).limit < .seconds(3600))
  }

  @Test("beyond the bound is refused")
  func bound() async throws {
    let gate = Gate()
    try await running(WorkRunner.Limits(work: 1)) { runner in
      try runner.begin(.deleteVolume, on: first) { (_, _) throws(DriverError) in
        await gate.passed()
      }
      let error = #expect(throws: DriverError.self) {
        try runner.begin(.deleteVolume, on: second) { (_, _) throws(DriverError) in }
      }
      #expect(error?.code == .resourceExhausted)
      gate.open()
    }
  }

  @Test("that is cut short by the end of the controller tells whoever waits")
  func shutdown() async throws {
    let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    let runner = WorkRunner(
      limits: WorkRunner.Limits(work: 100),
      operations: Operations(logger: logger, metrics: DriverMetrics()), logger: logger)
    let gate = Gate()
    let (tally, copy, second) = (Tally(), copy, second)
    let codes = await withTaskGroup(of: DriverError.Code?.self) { group in
      for number in 0..<3 {
        let id = VolumeID(ObjectID(.volume, name: "c\(number)", cluster: "test"))
        group.addTask {
          await Self.outcome(runner, copy, on: id, reading: [second]) {
            (_, _) throws(DriverError) in
            tally.add()
            await gate.passed()
            throw DriverError(.unavailable, "cancelled")
          }
        }
      }
      await withTaskGroup(of: Void.self) { service in
        service.addTask { await runner.run() }
        while tally.value == 0 || runner.all.count < 3 {
          try? await Task.sleep(for: .milliseconds(2))
        }
        service.cancelAll()
      }
      return await group.reduce(into: [DriverError.Code?]()) { $0.append($1) }
    }
    #expect(codes == [.unavailable, .unavailable, .unavailable])
    let error = #expect(throws: DriverError.self) {
      try runner.begin(.deleteVolume, on: first) { (_, _) throws(DriverError) in }
    }
    #expect(error?.code == .unavailable)
  }
}
