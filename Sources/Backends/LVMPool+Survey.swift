internal import Command
internal import Synchronization

extension LVMPool {
  /// The volume group and all that is in it, at one moment.
  struct Survey: Sendable {
    /// Later ones have higher numbers.
    let number: Int
    let group: LVMReport.Group
    let volumes: [LVMReport.Volume]
    let named: [String: LVMReport.Volume]
    let thinPool: LVMReport.Volume?

    init(
      number: Int, group: LVMReport.Group, volumes: [LVMReport.Volume], thinPool: LVMReport.Volume?
    ) {
      self.number = number
      self.group = group
      self.volumes = volumes
      self.thinPool = thinPool
      named = Dictionary(volumes.map { ($0.name, $0) }) { first, _ in first }
    }
  }

  /// A logical volume of ours.
  struct Owned: Sendable {
    let id: ObjectID
    let lv: LVMReport.Volume
    let tags: LVMTags

    var content: VolumeSpecification.Content {
      guard let source = tags.source else { return .empty }
      return source.kind == .snapshot ? .snapshot(source) : .volume(source)
    }
  }

  /// Looks at the volume group: is it there, whole, and ours? When something is to be changed it is locked,
  /// and marked if nobody has marked it.
  func survey(
    forChanges: Bool, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> Survey {
    if forChanges, let lock, !lock.isTaken {
      try await threads.run("lock the pool", on: "lock", deadline: deadline) {
        (_) throws(BackendError) in try lock.take()
      }
    }
    let survey = try await read(deadline)
    state.withLock { $0.extentSize = survey.group.extentSize }
    let name = configuration.volumeGroup
    guard survey.group.missingDevices == 0 else {
      throw BackendError(
        .unavailable,
        "volume group \(name) misses \(survey.group.missingDevices) of its physical volumes")
    }
    let marked = survey.thinPool?.tags ?? survey.group.tags
    let place = configuration.thinPool.map { "\(name)/\($0)" } ?? name
    guard let mark = try parse(marked, of: place) else {
      if forChanges { try await mark(place, survey, deadline) }
      return survey
    }
    guard mark.owner == owner else {
      throw BackendError(
        .notOurs,
        "\(place) is of driver '\(mark.owner.driver)' in cluster '\(mark.owner.cluster)', and this is "
          + "driver '\(owner.driver)' in cluster '\(owner.cluster)'")
    }
    if forChanges, !survey.group.isWritable {
      throw BackendError(.unavailable, "volume group \(name) is read-only")
    }
    return survey
  }

  /// Nobody has marked it: it may become ours when nothing in it has a name that ours have.
  private func mark(
    _ place: String, _ survey: Survey, _ deadline: ContinuousClock.Instant
  ) async throws(BackendError) {
    if let foreign = survey.volumes.first(where: { ObjectID($0.name) != nil }) {
      throw BackendError(
        .notOurs, "\(place) has no mark of ours and a volume \(foreign.name) in it")
    }
    try await run(
      isThin ? "lvchange" : "vgchange", ["--addtag", LVMTags.text(of: owner), place],
      deadline: deadline)
  }

  private func read(_ deadline: ContinuousClock.Instant) async throws(BackendError) -> Survey {
    let name = configuration.volumeGroup
    let number = state.withLock { $0.promises.beginSurvey() }
    let groups = try await report(
      "vgs", LVMReport.Group.fields, deadline, LVMReport.groups)
    guard let group = groups.first, groups.count == 1, group.name == name else {
      throw BackendError(.broken, "vgs told of \(groups.map(\.name)) when asked for \(name)")
    }
    let volumes = try await report(
      "lvs", LVMReport.Volume.fields, deadline, LVMReport.volumes)
    guard let poolName = configuration.thinPool else {
      return Survey(number: number, group: group, volumes: volumes, thinPool: nil)
    }
    guard let pool = volumes.first(where: { $0.name == poolName && $0.attributes.first == "t" })
    else { throw BackendError(.unavailable, "there is no thin pool \(name)/\(poolName)") }
    guard pool.zeroes else {
      throw BackendError(
        .unavailable,
        "thin pool \(name)/\(poolName) does not zero new chunks, so that a volume could show what "
          + "another held; run 'lvchange --zero y \(name)/\(poolName)'")
    }
    return Survey(number: number, group: group, volumes: volumes, thinPool: pool)
  }

  /// The logical volume of that name; nil when there is none, `notOurs` when it is not ours.
  func find(_ id: ObjectID, in survey: Survey) throws(BackendError) -> Owned? {
    guard let lv = survey.named[id.description] else { return nil }
    guard let owned = try owned(id, lv) else {
      throw BackendError(
        .notOurs, "there is a logical volume \(path(id)) that does not carry our mark")
    }
    return owned
  }

  /// Nil for one that does not carry our mark; `broken` for one whose tags cannot be understood.
  func owned(
    _ id: ObjectID, _ lv: LVMReport.Volume
  ) throws(BackendError) -> Owned? {
    guard let tags = try parse(lv.tags, of: path(id)), tags.owner == owner else { return nil }
    return Owned(id: id, lv: lv, tags: tags)
  }

  private func parse(_ tags: [String], of name: String) throws(BackendError) -> LVMTags? {
    do {
      return try LVMTags(tags)
    } catch {
      throw BackendError(.broken, "\(name): \(error.reason)")
    }
  }
}
