internal import Logging
internal import Recovery

/// What recovery cannot reach: it renews mounts and device nodes on the node, and a container has its own.
///
/// Without mount propagation (`HostToContainer`) a container keeps the mount that it was started with,
/// its device nodes are copies, and what is open stays open. After the volume has come back as another
/// device all of them lead to the old one, which gives nothing but errors. That it has is written into
/// the stage record, target by target, and told until the target is unpublished, as happens when its
/// pod is deleted: nobody tells a node plugin that a container was restarted.
extension Node {
  /// Writes down, before anything is done, which targets the plan renews with another device.
  func noteRenewal(
    by plan: RecoveryPlan, of record: inout StageRecord, _ operation: Operation
  ) async throws(DriverError) {
    guard plan.state == .renumbered else { return }
    let renewed = plan.steps.compactMap(\.renewedTarget)
    let news = record.targets.indices.filter {
      !record.targets[$0].isRenewed && renewed.contains(record.targets[$0].path)
    }
    guard !news.isEmpty else { return }
    for index in news { record.targets[index].isRenewed = true }
    let noted = record
    try await operation.step("renewal") { () async throws(DriverError) in
      try await records.save(noted)
    }
    logger.warning(
      "a volume has come back as another device; containers that were running have to be restarted",
      metadata: [
        "volume": "\(record.volume)",
        "targets": "\(news.map { noted.targets[$0].path }.joined(separator: ", "))",
      ])
  }

  /// What the users of the volume have to do, for its condition; nil: nothing.
  func renewal(of record: StageRecord) -> String? {
    let paths = record.targets.filter(\.isRenewed).map(\.path)
    guard !paths.isEmpty else { return nil }
    return """
      it came back as another device, and what a container had open or mounted before leads to the old \
      one (a mount with propagation HostToContainer follows): delete the pod, or restart its \
      containers, unless that has been done since; published at \(paths.joined(separator: ", "))
      """
  }
}

extension RecoveryStep {
  /// The target at which it puts another device.
  fileprivate var renewedTarget: String? {
    switch self {
    case .node(let target), .bind(let target): target
    default: nil
    }
  }
}
