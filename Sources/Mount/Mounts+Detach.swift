internal import Glibc
internal import Linux
internal import SystemPackage

extension Mounts {
  /// Detaches everything stacked at `target`, at once and even while it is held open (MNT_DETACH);
  /// not mounted is fine.
  ///
  /// Only for mounts of devices that are gone: whoever has files open there keeps them, and the file
  /// system lives on for them until they are closed.
  public func detach(
    _ target: String, deadline: ContinuousClock.Instant
  ) async throws(MountError) {
    let point = try MountPoint(target, for: "detach \(target)")
    var detached: Set<UInt64> = []
    while let top = try table().top(at: point) {
      guard detached.insert(top.id).inserted else {
        throw MountError(
          code: .stillMounted,
          message: "detach \(target): the kernel reports success, and \(top.summary) is there still"
        )
      }
      do throws(IsolatedCallError) {
        try await calls.unmount(point.path, flags: Int32(MNT_DETACH), deadline: deadline)
      } catch {
        guard try table().mounts(at: point.path).contains(where: { $0.id == top.id }) else {
          continue
        }
        throw MountError("detach \(top.summary) at \(point)", error)
      }
    }
  }
}
