internal import CSI
internal import NVMe

/// What a volume on this node should look like: the desired state that every operation, retry and
/// repair starts from. One per volume, durable before the first side effect, gone after the last.
struct StageRecord: Hashable, Sendable {
  /// How far NodeStageVolume got.
  enum Phase: String, Hashable, Sendable {
    /// Begun: side effects may exist, none is certain.
    case staging
    /// Done and verified.
    case staged
  }

  /// Which namespace the volume turned out to be. A later connect must find the same.
  struct Identity: Hashable, Sendable {
    var uuid: UUID?
    var nguid: NGUID?
    var wwid: String
  }

  /// One publish target.
  struct Target: Hashable, Sendable {
    var path: String
    var readOnly: Bool
    var mode: VolumeCapability.AccessMode
  }

  var volume: VolumeID
  var phase: Phase
  var source: VolumeSource
  var access: VolumeAccess
  var stagingPath: String
  /// Known from the first connect on.
  var identity: Identity?
  /// The device was proven empty and mkfs was started: bytes that no probe can name are then the
  /// leftover of that mkfs, and formatting again loses nothing. Cleared when mkfs succeeded.
  var formatting = false
  var targets: [Target] = []

  init(volume: VolumeID, source: VolumeSource, access: VolumeAccess, stagingPath: String) {
    self.volume = volume
    self.phase = .staging
    self.source = source
    self.access = access
    self.stagingPath = stagingPath
  }
}
