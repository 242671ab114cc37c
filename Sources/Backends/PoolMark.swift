internal import JSON
internal import Linux
internal import SystemPackage

/// The file that says whose a file pool is.
struct PoolMark {
  static let name = "nvmeof-csi-pool.json"
  private static let half = "nvmeof-csi-pool.json.half"
  private static let directories = ["volumes", "snapshots"]
  /// What a new file system has in it.
  private static let harmless = ["lost+found", half]

  let owner: PoolOwner

  /// The file.
  var bytes: [UInt8] {
    let value: JSONValue = [
      "cluster": .string(owner.cluster), "driver": .string(owner.driver), "format": 1,
    ]
    return Array((value.serialized(sortedKeys: true) + "\n").utf8)
  }

  func isThere(in root: Directory) throws(BackendError) -> Bool {
    try BackendError.attempt("pool \(root.path)") { () throws(SystemCallError) in
      try root.status(Self.name) != nil
    }
  }

  /// Fails unless the mark is there and names us.
  func check(in root: Directory) throws(BackendError) {
    let found: [UInt8]
    do {
      found = try root.read(Self.name, limit: 1 << 14)
    } catch  where error.errno == .noSuchFileOrDirectory {
      throw BackendError(
        .unavailable,
        "pool \(root.path): it does not carry our mark any more: is its file system mounted?")
    } catch {
      throw .storage("pool \(root.path): read its mark", error)
    }
    guard found != bytes else { return }
    guard let value = try? JSONValue.parse(found), let driver = value["driver"]?.stringValue,
      let cluster = value["cluster"]?.stringValue, let format = value["format"]?.int64Value
    else {
      throw BackendError(.broken, "pool \(root.path): its mark \(Self.name) is damaged")
    }
    guard format == 1 else {
      throw BackendError(
        .broken, "pool \(root.path): its mark has format \(format), and this driver knows 1")
    }
    throw BackendError(
      .notOurs,
      "pool \(root.path) is of driver '\(driver)' in cluster '\(cluster)', and this is driver "
        + "'\(owner.driver)' in cluster '\(owner.cluster)'")
  }

  /// Makes an empty place ours: the mark comes last.
  func make(in root: Directory) throws(BackendError) {
    let foreign = try BackendError.attempt("pool \(root.path)") { () throws(SystemCallError) in
      for name in try root.names() where !Self.harmless.contains(name) {
        // An earlier life may have come as far as this.
        guard Self.directories.contains(name), try root.status(name)?.kind == .directory,
          try root.directory(name).names().isEmpty
        else { return name as String? }
      }
      return nil
    }
    if let foreign {
      throw BackendError(
        .notOurs,
        "pool \(root.path): there is '\(foreign)' in it and no mark of ours; give an empty directory"
      )
    }
    try BackendError.attempt("pool \(root.path): make it ours") { () throws(SystemCallError) in
      for name in Self.directories { try root.makeDirectory(name, mode: 0o700) }
      try root.replaceDurably(Self.name, with: bytes, temporaryName: Self.half, mode: 0o600)
    }
  }
}
