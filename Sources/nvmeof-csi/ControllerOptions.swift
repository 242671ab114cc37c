import ArgumentParser
import Driver

/// What the controller service needs.
struct ControllerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Tells this cluster's volumes from others' on the same storage, for instance the UID of the \
      kube-system namespace. Never change it: volumes made under another id are not found again.
      """, valueName: "id"))
  var clusterID: String

  @OptionGroup(title: "Backend") var backend: BackendOptions

  @Option(
    name: .customLong("node"),
    help: ArgumentHelp(
      "A node that there is; repeatable. Without any, every node id is taken for a node.",
      valueName: "name"))
  var nodes: [String] = []

  @Option(
    help: ArgumentHelp(
      "How long a leftover of a half-done create or delete must have been seen before it is removed.",
      valueName: "seconds"))
  var garbageGrace: Int = 600

  @Flag(help: "Leftovers are only logged, never removed.")
  var garbageDryRun = false

  func validate() throws {
    guard (1...128).contains(clusterID.utf8.count),
      clusterID.unicodeScalars.allSatisfy({ ("!"..."~").contains($0) })
    else {
      throw ValidationError("--cluster-id must have 1 to 128 printable characters without blanks")
    }
    guard garbageGrace >= 60 else { throw ValidationError("--garbage-grace must be 60 or more") }
    guard !nodes.contains("") else { throw ValidationError("--node must not be empty") }
  }

  /// The service's part of the plugin. `ownNode` is known besides those that the flags name.
  func part(
    topology: [String: String], stateDirectory: String, ownNode: String? = nil
  ) throws -> Plugin.ControllerPart {
    var controller = ControllerConfiguration(clusterID: clusterID)
    controller.topology = topology
    controller.garbageGrace = .seconds(garbageGrace)
    controller.garbageDryRun = garbageDryRun
    let known = Set(nodes).union(ownNode.map { [$0] } ?? [])
    return Plugin.ControllerPart(
      controller, stateDirectory: stateDirectory, nodes: known.isEmpty ? nil : known,
      backend: try backend.choice())
  }
}
