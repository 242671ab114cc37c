internal import Backends
internal import Metrics

extension VolumeController {
  /// What is asked for at each scrape: the controller's own memory, never the storage.
  func registerGauges(in registry: MetricsRegistry) {
    registry.callbackGauges(
      "nvmeof_csi_controller_work", help: "Work of the controller under way, by what it is.",
      labels: ["operation"]
    ) {
      Dictionary(grouping: work.all, by: \.order.name).map {
        GaugeSample([$0.key], Double($0.value.count))
      }
    }
    registry.callbackGauges(
      "nvmeof_csi_controller_oldest_work_seconds",
      help: "Age of the oldest work of the controller under way; 0 without any.", labels: []
    ) {
      let now = ContinuousClock.now
      let oldest = work.all.map { now - $0.since }.max() ?? .zero
      return [GaugeSample([], oldest / .seconds(1))]
    }
    registry.callbackGauges(
      "nvmeof_csi_controller_pending_volumes",
      help: "Volumes whose exports have not come back since the controller began.", labels: []
    ) { [GaugeSample([], Double(pending.ids.count))] }
    registry.callbackGauges(
      "nvmeof_csi_controller_stuck_threads",
      help:
        "Calls of the controller that were given up and sit in the kernel: of its target, or its pool.",
      labels: ["kind"]
    ) {
      let stuck = backend.stuck
      return StuckCall.Part.allCases.map { part in
        GaugeSample([part.rawValue], Double(stuck.count { $0.part == part }))
      }
    }
    registry.callbackGauges(
      "nvmeof_csi_controller_copy_bytes", help: "How far copies are: bytes done, and in all.",
      labels: ["object", "operation", "bytes"]
    ) {
      work.all.flatMap { work -> [GaugeSample] in
        guard let progress = work.progress else { return [] }
        return [
          GaugeSample([work.object.rawValue, work.order.name, "done"], Double(progress.done)),
          GaugeSample([work.object.rawValue, work.order.name, "total"], Double(progress.total)),
        ]
      }
    }
  }
}
