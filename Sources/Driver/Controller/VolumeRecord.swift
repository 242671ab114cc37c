internal import Backends
internal import CSI
internal import NVMe

/// What the controller knows of a volume, and the task that is under way on it: durable before the
/// backend is asked, so that a retry or the next life of the controller finishes what was begun.
struct VolumeRecord: Hashable, Sendable {
  /// Where the volume is in its life.
  enum Phase: String, Hashable, Sendable {
    /// CreateVolume has begun: the backend may have all, half or nothing of it.
    case creating
    /// The volume is there and was given out.
    case ready
    /// DeleteVolume has begun, or a create is being undone.
    case deleting
  }

  /// What CreateVolume was asked for. A retry under the same name must ask for the same.
  struct Request: Hashable, Sendable {
    /// At least so many bytes; 0: not said.
    var required: Int64
    /// At most so many bytes; 0: not said.
    var limit: Int64
    /// What it holds at first.
    var content: VolumeSpecification.Content
    /// Goes into the volume context as it is: how nodes connect.
    var connection: [String: String]
    /// The backend's own.
    var parameters: [String: String]
    /// The ways it is to be accessed in, as text, sorted: `block SINGLE_NODE_WRITER`.
    var access: [String]
  }

  /// How nodes reach it. Fixed when the volume is made: pods' volume contexts hold it.
  struct Location: Hashable, Sendable {
    var nqn: NQN
    var nsid: UInt32
    var uuid: UUID
    var portals: [TransportAddress]
  }

  /// A node that ControllerPublishVolume gave the volume to.
  struct Holder: Hashable, Sendable {
    /// What the target knows the node by.
    var host: NQN
    /// As the orchestrator asked; nodes mount it so, the target does not know.
    var isReadOnly: Bool
    /// Raw block or file system.
    var isBlock: Bool
    var mode: VolumeCapability.AccessMode
  }

  let id: ObjectID
  /// The orchestrator's name for it.
  let name: String
  var phase: Phase
  /// Which life of which controller works on it, while it is not ready.
  var owner: String
  var request: Request
  /// The size that was chosen, then the size that was made.
  var size: Int64
  /// Set while it is being expanded to this.
  var targetSize: Int64?
  /// Known once it was ready.
  var location: Location?
  /// By node id.
  var holders: [String: Holder] = [:]
  /// How far a copy is.
  var progress: CopyProgress?
  /// Nanoseconds since 1970-01-01T00:00:00Z.
  let createdAt: Int64

  init(
    id: ObjectID, name: String, phase: Phase, owner: String, request: Request, size: Int64,
    createdAt: Int64
  ) {
    self.id = id
    self.name = name
    self.phase = phase
    self.owner = owner
    self.request = request
    self.size = size
    self.createdAt = createdAt
  }
}
