internal import Logging
internal import ServiceLifecycle

/// Sees to it that shutting a service down ends.
///
/// What waits for the kernel cannot be made to return. When the service has not ended within the limit
/// after the order to stop, the process goes without it: nothing it holds is lost by that.
struct BoundedShutdown: Service {
  let service: any Service
  let limit: Duration
  /// Named in the log when the process goes.
  let operations: [Operations]
  let logger: Logger
  /// Ends the process, after what must not be cut short.
  let exit: @Sendable () async -> Void

  func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await giveUp() }
      defer { group.cancelAll() }
      try await service.run()
    }
  }

  private func giveUp() async {
    guard (try? await gracefulShutdown()) != nil,
      (try? await Task.sleep(for: limit)) != nil
    else { return }
    for (volume, holder) in operations.flatMap(\.held) {
      logger.warning(
        "stopping in the middle of an operation; a retry will finish it",
        metadata: [
          "volume": "\(volume)", "operation": "\(holder.operation)",
          "step": "\(holder.step ?? "between steps")",
        ])
    }
    await exit()
  }
}
