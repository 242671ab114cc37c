/// What bounds getting the exports back.
struct RestoreLimits: Sendable {
  /// How long the ports stay closed for a volume that has hosts and is not ready: while they are, those
  /// hosts just go on trying.
  var patience: Duration = .seconds(30)
  /// What one volume may take before it is left behind.
  var volume: Duration = .seconds(20)
  /// Between two looks at what is not ready.
  var pause: Duration = .seconds(1)
  /// Volumes that are worked on at a time.
  var concurrency = 8
}
