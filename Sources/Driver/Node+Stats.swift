internal import CSI
internal import GRPC
internal import Linux
internal import Mount
internal import NVMe

extension Node {
  /// NodeGetVolumeStats: bytes and inodes of a file system, the size of a raw block volume, and the
  /// volume's condition. Never waits for the target: what needs it is asked under a short deadline.
  func getVolumeStats(
    _ request: NodeGetVolumeStatsRequest, _ context: ServerContext
  )
    async throws(RPCError) -> NodeGetVolumeStatsResponse
  {
    try await answering { () throws(DriverError) in
      let volume = try VolumeID(request.volumeID)
      guard !request.volumePath.isEmpty else {
        throw DriverError(.invalidArgument, "volume_path is missing")
      }
      let record = try await requireRecord(of: volume, at: request.volumePath)
      let condition = try await condition(
        of: record, deadline: min(context.answerDeadline, .now + .seconds(5)))
      try requirePath(request.volumePath, of: record)
      switch record.access.kind {
      case .block:
        let usage: [VolumeUsage] = try disk(of: record).map { [.blockSize($0.size)] } ?? []
        return NodeGetVolumeStatsResponse(usage: usage, volumeCondition: condition)
      case .fileSystem:
        return try await fileSystemStats(
          record, at: request.volumePath, condition,
          deadline: min(context.answerDeadline, .now + .seconds(10)))
      }
    }
  }

  /// Without the volume's own mount on it a path is a directory of the node's own disk, and its numbers
  /// are that disk's: then there are none, and the condition says why.
  private func fileSystemStats(
    _ record: StageRecord, at path: String, _ condition: VolumeCondition,
    deadline: ContinuousClock.Instant
  ) async throws(DriverError) -> NodeGetVolumeStatsResponse {
    let mount = try table().mounts(at: path).last
    guard let mount, try disks(of: record).contains(where: { $0.device == mount.device }) else {
      let what = mount.map { "\(path) is \($0.summary)" } ?? "nothing is mounted at \(path)"
      return NodeGetVolumeStatsResponse(usage: [], volumeCondition: condition.adding(what))
    }
    do throws(MountError) {
      let statistics = try await mounts.statistics(at: path, deadline: deadline)
      return NodeGetVolumeStatsResponse(
        usage: [.bytes(statistics), .inodes(statistics)], volumeCondition: condition)
    } catch  where error.code == .deadlineExceeded {
      return NodeGetVolumeStatsResponse(
        usage: [], volumeCondition: condition.adding(error.message))
    } catch { throw DriverError(error) }
  }

  /// A path that is not there is not found. Of what is mounted nothing is asked, since that may wait,
  /// and of a block volume there is nothing at the staging path.
  private func requirePath(_ path: String, of record: StageRecord) throws(DriverError) {
    if record.access.isBlock, path == record.stagingPath { return }
    guard try table().mounts(at: path).isEmpty else { return }
    let status: FileStatus?
    do { status = try Files.status(path) } catch { throw DriverError(error) }
    guard status != nil else {
      throw DriverError(.notFound, "nothing is at '\(path)' any more, where a volume is to be")
    }
  }

  /// The record of a volume that is staged or published at `path`; not found otherwise, as
  /// NodeGetVolumeStats and NodeExpandVolume want it.
  func requireRecord(
    of volume: VolumeID, at path: String
  ) async throws(DriverError) -> StageRecord {
    guard let record = try await records.record(of: volume) else {
      throw DriverError(.notFound, "volume \(volume) is not staged on this node")
    }
    guard record.stagingPath == path || record.targets.contains(where: { $0.path == path }) else {
      throw DriverError(
        .notFound, "volume \(volume) is neither staged nor published at '\(path)' on this node")
    }
    return record
  }

  /// The volume's disk as it is now, without waiting; nil when there is none, or only a stranger's.
  private func disk(of record: StageRecord) throws(DriverError) -> Namespace? {
    try disks(of: record).first { record.identity == nil || record.identity == .init($0) }
  }

  /// The same, where a stranger in its place is an error.
  func present(_ record: StageRecord) throws(DriverError) -> Namespace? {
    let found = try disks(of: record).first
    if let found, let known = record.identity { try requireSame(known, found, record) }
    return found
  }
}

extension VolumeCondition {
  /// The same and what else is the matter: abnormal then.
  fileprivate func adding(_ trouble: String) -> VolumeCondition {
    VolumeCondition(abnormal: true, message: abnormal ? "\(message); \(trouble)" : trouble)
  }
}

extension VolumeUsage {
  static func blockSize(_ bytes: UInt64) -> VolumeUsage {
    VolumeUsage(unit: .bytes, total: Int64(clamping: bytes), used: 0, available: 0)
  }

  static func bytes(_ statistics: FileSystemStatistics) -> VolumeUsage {
    func bytes(_ blocks: UInt64) -> Int64 {
      let (product, overflow) = blocks.multipliedReportingOverflow(by: statistics.blockSize)
      return overflow ? .max : Int64(clamping: product)
    }
    return VolumeUsage(
      unit: .bytes, total: bytes(statistics.blocks),
      used: bytes(statistics.blocks - min(statistics.blocks, statistics.blocksFree)),
      available: bytes(statistics.blocksAvailable))
  }

  static func inodes(_ statistics: FileSystemStatistics) -> VolumeUsage {
    VolumeUsage(
      unit: .inodes, total: Int64(clamping: statistics.inodes),
      used: Int64(clamping: statistics.inodes - min(statistics.inodes, statistics.inodesFree)),
      available: Int64(clamping: statistics.inodesFree))
  }
}
