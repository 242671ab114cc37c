internal import Synchronization

extension LVMPool {
  /// What may be promised to new volumes: of a thin pool what no volume may come to need, else what is
  /// free; less what is being made now and does not show yet.
  func available(_ survey: Survey) -> Int64 {
    state.withLock { available(survey, except: nil, $0) }
  }

  private func available(_ survey: Survey, except id: ObjectID?, _ state: State) -> Int64 {
    var shown: [ObjectID: Int64] = [:]
    for lv in survey.volumes {
      if let id = ObjectID(lv.name) { shown[id] = Self.promised(lv) }
    }
    let beyond = state.promises.beyond(survey: survey.number, shown: shown, except: id)
    guard let pool = survey.thinPool else {
      return max(0, survey.group.free - configuration.reserve - beyond)
    }
    let promised = survey.volumes.filter { $0.pool == pool.name }
      .reduce(Int64(0)) { sum, lv in sum &+ Self.promised(lv) }
    let stretched = Double(pool.size - configuration.reserve) * configuration.overcommit
    let supply =
      configuration.overcommit == 1
      ? pool.size - configuration.reserve : Int64(exactly: stretched.rounded(.down)) ?? .max
    return max(0, supply - promised - beyond)
  }

  /// A snapshot is never written: it keeps what it has.
  private static func promised(_ lv: LVMReport.Volume) -> Int64 {
    ObjectID(lv.name)?.kind == .snapshot ? lv.mapped : lv.size
  }

  /// Promises a volume or snapshot that it will have `total` bytes, `more` of them new, in one step with
  /// the look at what is left; to be ended with `release`.
  ///
  /// Fails with `exhausted` when there are not so many, `unavailable` when the thin pool is not well: it
  /// would take the volume and not its bytes.
  func reserve(
    _ id: ObjectID, _ more: Int64, total: Int64, in survey: Survey
  ) throws(BackendError) {
    if let pool = survey.thinPool, let illness = pool.illness {
      throw BackendError(
        .unavailable,
        "thin pool \(configuration.volumeGroup)/\(pool.name) \(illness); see lvmthin(7)")
    }
    if let metadata = survey.thinPool?.metadataPercent, metadata > 90 {
      throw BackendError(
        .exhausted,
        "\(metadata) % of the metadata of thin pool \(configuration.volumeGroup) are taken; run "
          + "'lvextend --poolmetadatasize'")
    }
    let refused = state.withLock { state -> Int64? in
      let left = self.available(survey, except: id, state)
      guard more > left else {
        state.promises.begin(id, total)
        return nil
      }
      return left
    }
    guard let refused else { return }
    throw BackendError(
      .exhausted,
      "\(path(id)) may come to need \(more) bytes more, and there are \(refused) that are not "
        + "promised")
  }

  /// What was promised shows by now, or will not be.
  func release(_ id: ObjectID) { state.withLock { $0.promises.end(id) } }
}
