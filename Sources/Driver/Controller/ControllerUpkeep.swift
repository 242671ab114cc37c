internal import Backends
internal import Logging
internal import ServiceLifecycle

/// What the controller does unasked: gets the backend's exports back at start, goes on with unfinished
/// work, and clears away what half-done work of lives without records left on the storage.
struct ControllerUpkeep: Service {
  let controller: VolumeController
  let logger: Logger

  func run() async {
    await cancelWhenGracefulShutdown {
      guard await start() else { return }
      var garbage = Garbage(grace: controller.configuration.garbageGrace)
      var reported: Set<String> = []
      while !Task.isCancelled {
        await round(&garbage, &reported)
        await pause()
      }
    }
  }

  /// Until the next look. What is not exported yet is asked for more often: somebody is waiting.
  private func pause() async {
    let end = ContinuousClock.now + controller.configuration.upkeepInterval
    var wait = Duration.seconds(5)
    while !Task.isCancelled, ContinuousClock.now < end {
      let next = controller.pending.ids.isEmpty ? end : min(end, .now + wait)
      wait *= 2
      try? await Task.sleep(until: next, clock: .continuous)
      guard !Task.isCancelled else { return }
      await controller.restorePending()
    }
  }

  /// False: cancelled before the storage was there.
  private func start() async -> Bool {
    var pause = Duration.milliseconds(500)
    while !Task.isCancelled {
      do throws(DriverError) {
        try await controller.start()
        logger.notice("the storage is ready")
        return true
      } catch {
        controller.readiness.delay(error.message)
        logger.error(
          "the storage is not ready; volumes cannot be made or attached until it is",
          metadata: ["reason": "\(error.message)"])
      }
      try? await Task.sleep(for: pause)
      pause = min(pause * 2, .seconds(30))
    }
    return false
  }

  /// One look at everything.
  private func round(_ garbage: inout Garbage, _ reported: inout Set<String>) async {
    do throws(DriverError) {
      try await controller.adoptUnrecorded()
      try await controller.resume()
      let leftovers = try await controller.clearAway(&garbage, at: .now)
      for leftover in leftovers where reported.insert("\(leftover)").inserted {
        logger.notice(
          "a leftover would be removed, but for the dry run",
          metadata: ["object": "\(leftover.id)", "what": "\(leftover.what)"])
      }
      for stranger in try await controller.mismatches() where reported.insert(stranger).inserted {
        logger.warning("\(stranger)")
      }
    } catch {
      logger.warning("upkeep: tried again later", metadata: ["reason": "\(error.message)"])
    }
  }
}
