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
    /// NodeUnstageVolume has begun: nothing of it is kept up any more.
    case unstaging
  }

  /// Which namespace the volume turned out to be. A later connect must find the same.
  struct Identity: Hashable, Sendable {
    var uuid: UUID?
    var nguid: NGUID?
    var wwid: String

    init(uuid: UUID?, nguid: NGUID?, wwid: String) {
      self.uuid = uuid
      self.nguid = nguid
      self.wwid = wwid
    }

    /// The identity of a namespace as sysfs shows it.
    init(_ namespace: Namespace) {
      self.init(uuid: namespace.uuid, nguid: namespace.nguid, wwid: namespace.wwid)
    }
  }

  /// One life of a disk on this node, in which our mkfs was started.
  ///
  /// Bytes that no probe can name are the leftover of that mkfs, and formatting again loses nothing,
  /// but only in the same life: what happened to the volume elsewhere after a reboot or a new
  /// connection nobody here knows.
  struct FormatIntent: Hashable, Sendable {
    var bootID: String
    var diskSequence: UInt64
  }

  /// One publish target.
  struct Target: Hashable, Sendable {
    var path: String
    var readOnly: Bool
    var mode: VolumeCapability.AccessMode
    /// The volume came back as another device after this was published: whoever had it open, or has it
    /// mounted in a mount namespace of its own, still has the old one.
    var isRenewed = false
  }

  var volume: VolumeID
  var phase: Phase
  var source: VolumeSource
  var access: VolumeAccess
  var stagingPath: String
  /// Known from the first connect on.
  var identity: Identity?
  /// Set while mkfs runs on a device that was proven empty; gone, durably, before the first mount.
  var formatting: FormatIntent?
  /// How many errors the ext4 had found in itself when it was mounted last; nil when nobody knows.
  var fileSystemErrors: UInt64?
  /// In which boot of this machine it was staged. After another one nothing is kept up until the
  /// orchestrator stages the volume anew: it may be another node's by now.
  var bootID: String?
  var targets: [Target] = []

  init(volume: VolumeID, source: VolumeSource, access: VolumeAccess, stagingPath: String) {
    self.volume = volume
    self.phase = .staging
    self.source = source
    self.access = access
    self.stagingPath = stagingPath
  }
}
