internal import Linux

extension LVMPool {
  func createVolume(
    _ specification: VolumeSpecification, deadline: ContinuousClock.Instant,
    progress: @escaping Progress
  ) async throws(BackendError) -> PoolObject {
    let id = specification.id
    try check(parameters: specification.parameters)
    try await requireNobodyAtWork(on: id, deadline: deadline)
    let survey = try await survey(forChanges: true, deadline: deadline)
    guard id.kind == .volume, specification.size > 0,
      specification.size % survey.group.extentSize == 0
    else {
      throw BackendError(
        .invalid,
        "make \(id) with \(specification.size) bytes: want a multiple of \(survey.group.extentSize)"
      )
    }
    if let found = try find(id, in: survey) {
      guard found.tags.isHalf else { return try same(found, as: specification) }
      // Of an earlier life: nobody has seen it.
      try await run("lvremove", ["--yes", path(id)], deadline: deadline)
    }
    let source = try source(of: specification, in: survey)
    try reserve(id, specification.size, total: specification.size, in: survey)
    defer { release(id) }
    do {
      if isThin {
        try await makeThin(specification, from: source, deadline)
      } else {
        try await makeLinear(specification, from: source, deadline, progress)
      }
      return try await read(id, deadline: deadline)
    } catch {
      await undo(id)
      throw error
    }
  }

  func deleteVolume(
    _ id: ObjectID, deadline: ContinuousClock.Instant, progress: @escaping Progress
  ) async throws(BackendError) {
    try await delete(id, deadline: deadline)
  }

  func delete(_ id: ObjectID, deadline: ContinuousClock.Instant) async throws(BackendError) {
    try await requireNobodyAtWork(on: id, deadline: deadline)
    let survey = try await survey(forChanges: true, deadline: deadline)
    guard try find(id, in: survey) != nil else { return }
    // LVM itself refuses a volume that is open, and thin volumes do not need what they came from.
    try await run("lvremove", ["--yes", path(id)], deadline: deadline)
  }

  func expandVolume(
    _ id: ObjectID, toSize size: Int64, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> PoolObject {
    guard isThin else {
      throw BackendError(
        .unsupported,
        "expand \(id): linear volumes do not grow; use a thin pool for volumes that do")
    }
    try await requireNobodyAtWork(on: id, deadline: deadline)
    let survey = try await survey(forChanges: true, deadline: deadline)
    guard let found = try find(id, in: survey), !found.tags.isHalf else {
      throw BackendError(.notFound, "expand \(id): there is no such volume")
    }
    let now = found.lv.size
    guard size >= now, size % survey.group.extentSize == 0 else {
      throw BackendError(
        .invalid,
        "expand \(id) to \(size) bytes: it has \(now), never shrinks, and grows in steps of "
          + "\(survey.group.extentSize)")
    }
    if size > now {
      try reserve(id, size - now, total: size, in: survey)
      defer { release(id) }
      try await run("lvextend", ["--size", "\(size)b", path(id)], deadline: deadline)
    }
    return try await read(id, deadline: deadline)
  }

  /// One `vgs` and one `lvs` of the whole group, however few are asked for: LVM reads the group's
  /// metadata as a whole, and `lvs` of names fails as soon as one of them is not there.
  func volumes(
    _ ids: [ObjectID], deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> [ObjectID: Result<PoolObject?, BackendError>] {
    let survey = try await survey(forChanges: false, deadline: deadline)
    var objects: [ObjectID: Result<PoolObject?, BackendError>] = [:]
    for id in ids {
      objects[id] = Result { () throws(BackendError) in
        guard let found = try find(id, in: survey), !found.tags.isHalf else { return nil }
        return object(found)
      }
    }
    return objects
  }

  func volumeIDs(deadline: ContinuousClock.Instant) async throws(BackendError) -> [ObjectID] {
    var ids: [ObjectID] = []
    for lv in try await survey(forChanges: false, deadline: deadline).volumes {
      guard let id = ObjectID(lv.name), id.kind == .volume else { continue }
      do throws(BackendError) {
        guard let owned = try owned(id, lv), !owned.tags.isHalf else { continue }
      } catch {
        // Its tags are damaged, and it holds somebody's data all the same.
      }
      ids.append(id)
    }
    return ids.sorted()
  }

  /// Nil for an empty volume.
  private func source(
    of specification: VolumeSpecification, in survey: Survey
  ) throws(BackendError) -> Owned? {
    let id: ObjectID
    switch specification.content {
    case .empty: return nil
    case .snapshot(let source), .volume(let source): id = source
    }
    guard let source = try find(id, in: survey), !source.tags.isHalf else {
      throw BackendError(.notFound, "make \(specification.id): there is no \(id) to copy")
    }
    guard source.lv.size <= specification.size else {
      throw BackendError(
        .invalid,
        "make \(specification.id): it has \(specification.size) bytes, and \(id), which it is to "
          + "hold, \(source.lv.size)")
    }
    return source
  }

  private func makeThin(
    _ specification: VolumeSpecification, from source: Owned?, _ deadline: ContinuousClock.Instant
  ) async throws(BackendError) {
    let id = specification.id
    var tags = LVMTags(owner: owner)
    tags.source = source?.id
    guard let source else {
      return try await run(
        "lvcreate",
        [
          "--yes", "--thin", "--virtualsize", "\(specification.size)b", "--name", id.description,
        ] + Self.options(tags)
          + ["\(configuration.volumeGroup)/\(configuration.thinPool ?? "")"],
        deadline: deadline)
    }
    tags.isHalf = source.lv.size < specification.size
    try await run(
      "lvcreate",
      [
        "--yes", "--snapshot", "--name", id.description, "--permission", "rw",
        "--setactivationskip", "n", "--activate", "y",
      ] + Self.options(tags) + [path(source.id)], deadline: deadline)
    guard tags.isHalf else { return }
    try await run("lvextend", ["--size", "\(specification.size)b", path(id)], deadline: deadline)
    try await run("lvchange", ["--deltag", LVMTags.half, path(id)], deadline: deadline)
  }

  private func makeLinear(
    _ specification: VolumeSpecification, from source: Owned?, _ deadline: ContinuousClock.Instant,
    _ progress: @escaping Progress
  ) async throws(BackendError) {
    let id = specification.id
    var tags = LVMTags(owner: owner)
    tags.source = source?.id
    tags.isHalf = true
    try await run(
      "lvcreate",
      [
        "--yes", "--type", "linear", "--size", "\(specification.size)b", "--wipesignatures", "n",
        "--zero", "n", "--name", id.description,
      ] + Self.options(tags) + [configuration.volumeGroup], deadline: deadline)
    // What was there before is others' data, and no emptiness that a file system may be made on.
    let copied = source?.lv.size ?? 0
    try await fill(
      id, from: source?.id, copied: copied, zeroed: copied..<specification.size, deadline, progress)
    try await run("lvchange", ["--deltag", LVMTags.half, path(id)], deadline: deadline)
  }

  private func fill(
    _ id: ObjectID, from source: ObjectID?, copied: Int64, zeroed: Range<Int64>,
    _ deadline: ContinuousClock.Instant, _ progress: @escaping Progress
  ) async throws(BackendError) {
    let fill = DeviceFill(
      device: device(id), source: source.map { device($0) }, copied: copied, zeroed: zeroed)
    try await copies.copy("fill \(id)", on: id.description, deadline: deadline) {
      (isGivenUp) throws(BackendError) in
      try fill.run(progress: progress, isGivenUp: isGivenUp)
    }
  }

  static func options(_ tags: LVMTags) -> [String] {
    tags.texts.flatMap { ["--addtag", $0] }
  }

  private func same(
    _ found: Owned, as wanted: VolumeSpecification
  ) throws(BackendError) -> PoolObject {
    guard found.lv.size == wanted.size, found.content == wanted.content else {
      throw BackendError(
        .alreadyExists,
        "\(found.id) is there with \(found.lv.size) bytes, made from \(found.content); asked for "
          + "were \(wanted.size) bytes, from \(wanted.content)")
    }
    return object(found)
  }

  private func read(
    _ id: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) -> PoolObject {
    guard let volume = try await volume(id, deadline: deadline) else {
      throw BackendError(.failed, "\(path(id)) was made and is not there")
    }
    return volume
  }

  func object(_ owned: Owned) -> PoolObject {
    PoolObject(
      id: owned.id, path: device(owned.id), size: owned.lv.size, content: owned.content,
      parameters: [:])
  }

  /// After a failure: whatever of it is there goes, unless it is complete after all.
  private func undo(_ id: ObjectID) async {
    let deadline = ContinuousClock.now + .seconds(10)
    guard let survey = try? await survey(forChanges: true, deadline: deadline),
      let found = try? find(id, in: survey), found.tags.isHalf
    else { return }
    try? await run("lvremove", ["--yes", path(id)], deadline: deadline)
  }
}
