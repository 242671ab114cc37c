internal import Logging
internal import Metrics
internal import ServiceLifecycle
internal import StateStore
internal import Synchronization

/// Says that there are records that are not what was written: they are set aside, and nothing is done
/// for what they were about until somebody has repaired or removed them.
struct BrokenRecords: Service {
  private let stores: [FileStateStore]
  private let logger: Logger

  init(_ stores: [FileStateStore], logger: Logger) {
    self.stores = stores
    self.logger = logger
  }

  /// Logs each file once, at start and as soon as one is found later.
  func run() async {
    await cancelWhenGracefulShutdown {
      var reported: Set<BrokenFile> = []
      while !Task.isCancelled {
        await report(&reported)
        try? await Task.sleep(for: .seconds(30))
      }
    }
  }

  /// Logs what has not been reported yet. One that was dealt with is forgotten.
  func report(_ reported: inout Set<BrokenFile>) async {
    let found = await files()
    for file in found where !reported.contains(file) {
      logger.error(
        "a record is broken and was set aside; nothing is done for what it was about",
        metadata: ["record": "\(file.key)", "file": "\(file.path)", "reason": "\(file)"])
    }
    reported = Set(found)
  }

  /// The number of files that were set aside and still lie there.
  func registerGauge(in registry: MetricsRegistry) {
    registry.callbackGauges(
      "nvmeof_csi_broken_records",
      help: "Records that were not what was written: set aside, and to be repaired or removed.",
      labels: []
    ) { [GaugeSample([], Double(await files().count))] }
  }

  private func files() async -> [BrokenFile] {
    var files: [BrokenFile] = []
    for store in stores { files += (try? await store.brokenFiles()) ?? [] }
    return files
  }
}
