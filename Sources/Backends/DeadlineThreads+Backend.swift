internal import Linux
internal import Synchronization

/// Blocking work of a backend: one piece after another for one subject, and a subject that hangs holds up
/// nothing but itself.
extension DeadlineThreads {
  /// Threads whose absence is an error of the backend.
  static func start(_ name: String, limit: Int) throws(BackendError) -> DeadlineThreads {
    do {
      return try DeadlineThreads(name: name, limit: limit)
    } catch {
      throw BackendError(.failed, "start the threads of \(name)", cause: error)
    }
  }

  /// Runs `body` on a thread that is left behind at the deadline. `isGivenUp` turns true then, and what
  /// the thread is in the middle of may still happen.
  func run<Value: Sendable>(
    _ what: String, on subject: String, deadline: ContinuousClock.Instant,
    _ body:
      @escaping @Sendable (_ isGivenUp: @escaping @Sendable () -> Bool) throws(BackendError) ->
      Value
  ) async throws(BackendError) -> Value {
    let result: Result<Value, BackendError>
    do throws(DeadlineThreadError) {
      result = try await perform(what, subject: subject, deadline: deadline, body)
    } catch {
      let code: BackendError.Code =
        switch error {
        case .deadlineExceeded, .neverStarted: .timedOut
        case .subjectIsStuck, .tooMany: .unavailable
        }
      throw BackendError(code, name, cause: error)
    }
    return try result.get()
  }

  /// Runs `body`, which takes up to hours and asks now and then whether it was given up. It is, too, when
  /// the task is cancelled; then its end is waited for.
  func copy<Value: Sendable>(
    _ what: String, on subject: String, deadline: ContinuousClock.Instant,
    _ body: @escaping @Sendable (_ isGivenUp: () -> Bool) throws(BackendError) -> Value
  ) async throws(BackendError) -> Value {
    let isCancelled = Atomic(false)
    let result: Result<Value, BackendError> = await withTaskCancellationHandler {
      do throws(BackendError) {
        return .success(
          try await run(what, on: subject, deadline: deadline) {
            (isGivenUp) throws(BackendError) in
            try body { isGivenUp() || isCancelled.load(ordering: .acquiring) }
          })
      } catch {
        return .failure(error)
      }
    } onCancel: {
      isCancelled.store(true, ordering: .releasing)
    }
    return try result.get()
  }
}
