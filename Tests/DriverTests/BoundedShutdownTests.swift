import Logging
import Recovery
import ServiceLifecycle
import ServiceLifecycleTestKit
import Testing

@testable import Driver

@Suite("An order to stop")
struct BoundedShutdownTests {
  /// A recovery whose one repair waits in the kernel: neither cancellation nor its deadline end it.
  private struct StuckRecovery: Service {
    let operations: Operations
    let volume: VolumeID
    let stuck: AsyncStream<Void>
    let isStuck = AsyncStream.makeStream(of: Void.self)

    func run() async {
      let reconciler = Reconciler<VolumeID>(limit: 1) { volume in
        try? await operations.run(
          Operations.recovery, volume: volume, deadline: .now + .seconds(60)
        ) { (operation) throws(DriverError) in
          try await operation.step("check") { () async throws(DriverError) in
            isStuck.continuation.finish()
            // In a task of its own, so that no cancellation reaches it.
            await Task.detached { for await _ in stuck {} }.value
          }
        }
        return .settled
      }
      reconciler.enqueue(volume)
      await cancelWhenGracefulShutdown { await reconciler.run() }
    }
  }

  @Test("ends the process although a repair hangs, and says which", .timeLimit(.minutes(1)))
  func stuck() async throws {
    let log = LogLines()
    let operations = Operations(logger: log.logger, metrics: DriverMetrics())
    let (stuck, release) = AsyncStream.makeStream(of: Void.self)
    let recovery = StuckRecovery(
      operations: operations, volume: try VolumeID("v"), stuck: stuck)
    let exits = LogLines()
    try await testGracefulShutdown { trigger in
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          let bounded = BoundedShutdown(
            service: recovery, limit: .milliseconds(100), operations: [operations],
            logger: log.logger
          ) {
            exits.logger.info("exit")
            release.finish()
          }
          try await bounded.run()
        }
        for await _ in recovery.isStuck.stream {}
        #expect(exits.count("exit") == 0)
        trigger.triggerGracefulShutdown()
        try await group.waitForAll()
      }
    }
    #expect(exits.count("exit") == 1)
    #expect(log.count("stopping in the middle of an operation; a retry will finish it") == 1)
  }

  @Test("does not make loops that wait for the target go round without a pause")
  func cancelledPause() async throws {
    let volume = try VolumeID("v")
    let error = await withTaskGroup { group in
      group.addTask { () -> DriverError? in
        do throws(DriverError) {
          try await Task.pause(.seconds(3_600), for: volume)
          return nil
        } catch { return error }
      }
      group.cancelAll()
      return await group.next() ?? nil
    }
    #expect(error?.code == .unavailable)
  }
}
