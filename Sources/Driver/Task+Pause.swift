extension Task where Success == Never, Failure == Never {
  /// Waits between two looks at a volume. Fails when the call was cancelled, by its caller or since the
  /// plugin stops: a loop that went on would not pause any more.
  static func pause(_ duration: Duration, for volume: VolumeID) async throws(DriverError) {
    do { try await Task.sleep(for: duration) } catch {
      throw DriverError(
        .unavailable, "volume \(volume): the call was cancelled before its work was done; retry",
        cause: error)
    }
  }
}
