public import Linux

extension Mounts {
  /// What can be said of a mount's health without asking the file system anything: `unknown` when
  /// something suggests that it should be asked.
  public func impression(of mount: MountInfo, knownErrors: UInt64? = nil) -> MountHealth {
    if let failure = Self.failure(shownBy: mount) { return .unknown(failure) }
    guard let knownErrors else { return .good }
    do throws(MountError) {
      guard let errors = try errorCount(of: mount), errors > knownErrors else { return .good }
      return .unknown("\(mount.mountPoint): errors were found in it")
    } catch { return .unknown("\(mount.mountPoint): \(error)") }
  }
}
