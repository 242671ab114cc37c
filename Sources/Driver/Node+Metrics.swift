internal import Linux
internal import Metrics
internal import NVMe
internal import Recovery
internal import Resilience

extension Node {
  /// What is asked for at each scrape. Nothing here waits for storage: sysfs attributes of NVMe
  /// controllers and the plugin's own memory.
  func registerGauges() {
    let registry = metrics.registry
    registry.callbackGauges(
      "nvmeof_csi_controllers", help: "NVMe controllers that this driver has connected, by state.",
      labels: ["state"]
    ) {
      let all = (try? sysfs.subsystems().flatMap(\.controllers)) ?? []
      let ours = all.filter { $0.hostNQN == host.nqn.rawValue }
      return Dictionary(grouping: ours, by: \.state.rawValue).map {
        GaugeSample([$0.key], Double($0.value.count))
      }
    }
    registry.callbackGauges(
      "nvmeof_csi_volumes", help: "Staged volumes by recovery state.", labels: ["state"]
    ) {
      let states = recoveries.all.values.map(\.state.name)
      return RecoveryState.names.map { name in
        GaugeSample([name], Double(states.count { $0 == name }))
      }
    }
    registry.callbackGauges(
      "nvmeof_csi_unreadable_records",
      help: "Stage records that this driver cannot understand; nothing is done for their volumes.",
      labels: []
    ) { [GaugeSample([], Double(recoveries.all.values.count { $0.isUnreadable }))] }
    registry.callbackGauges(
      "nvmeof_csi_portal_circuit",
      help: "Circuit breaker of a portal that was tried: 0 closed, 1 half-open, 2 open.",
      labels: ["portal"]
    ) {
      portals.states(at: .now).map { portal, state in
        let value: Double =
          switch state {
          case .closed: 0
          case .halfOpen: 1
          case .open: 2
          }
        return GaugeSample([portal.description], value)
      }
    }
  }
}
