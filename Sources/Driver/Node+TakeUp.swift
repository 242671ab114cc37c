internal import Linux
internal import Mount
internal import NVMe

extension Node {
  /// Whether the volume's file system is mounted at its staging path already, and works. One that leads
  /// nowhere any more, or that has stopped, is restored first: nobody is given what only fails.
  ///
  /// False: there is nothing, or nothing any more, and the volume is to be mounted from the start.
  func takeUp(
    _ record: inout StageRecord, _ namespace: Namespace, _ operation: Operation
  ) async throws(DriverError) -> Bool {
    let staging = record.stagingPath
    let table = try table()
    guard !table.mounts(at: staging).isEmpty else { return false }
    try requireOwn(at: staging, of: record, in: table)
    if let trouble = try await trouble(with: record, on: namespace, operation) {
      guard desired(record) != nil else {
        // Never staged to the end, so nobody was given it.
        try await operation.step("unmount") { [record] () async throws(DriverError) in
          try await unmountOwn(staging, of: record, deadline: operation.deadline)
        }
        return false
      }
      if let state = try await restore(record, operation) {
        recoveries.note(state, of: record.volume)
      }
      record.fileSystemErrors = try await records.record(of: record.volume)?.fileSystemErrors
      let present = try await self.namespace(of: record, deadline: operation.deadline)
      if let left = try await self.trouble(with: record, on: present, operation) {
        throw DriverError(
          .unavailable,
          "volume \(record.volume): \(left); it could not be restored so far "
            + "(at first: \(trouble)); the volume's condition says what is in the way")
      }
    }
    if record.fileSystemErrors == nil { record.fileSystemErrors = try errorCount(of: record) }
    return true
  }

  /// Why what is mounted at the staging path is of no use to a pod; nil when it is. What could not be
  /// asked speaks not against it.
  private func trouble(
    with record: StageRecord, on namespace: Namespace, _ operation: Operation
  ) async throws(DriverError) -> String? {
    let staging = record.stagingPath
    guard let top = try table().mounts(at: staging).last else {
      return "nothing is mounted at \(staging)"
    }
    guard top.device == namespace.device else {
      return
        "\(staging) is \(top.summary), and the volume is \(namespace.name) (\(namespace.device)) now"
    }
    let health = await mounts.health(
      of: top, knownErrors: record.fileSystemErrors,
      deadline: min(operation.deadline, .now + .seconds(10)))
    if case .failed(let reason) = health { return reason }
    return nil
  }
}
