public import NVMe

/// The name of a volume or a snapshot on the storage: `nv-` or `ns-` and 26 characters of a hash, so
/// that it fits every storage's limits (32 bytes) and needs escaping nowhere.
public struct ObjectID: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// Volume or snapshot.
  public enum Kind: String, Sendable {
    /// A volume
    case volume = "nv-"
    /// A snapshot
    case snapshot = "ns-"
  }

  /// The name.
  public let description: String
  /// Read off the prefix.
  public let kind: Kind

  /// Nil for what is no name of ours: another prefix, length, or a character outside `a`–`z`, `2`–`7`.
  public init?(_ text: String) {
    guard let kind = Kind(rawValue: String(text.prefix(3))), text.utf8.count == 29,
      text.utf8.dropFirst(3).allSatisfy({
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
          || (UInt8(ascii: "2")...UInt8(ascii: "7")).contains($0)
      })
    else { return nil }
    description = text
    self.kind = kind
  }

  /// By name.
  public static func < (left: Self, right: Self) -> Bool { left.description < right.description }
}

/// What a new volume is to be.
public struct VolumeSpecification: Hashable, Sendable {
  /// What a volume holds at first.
  public enum Content: Hashable, Sendable {
    /// Zeros
    case empty
    /// What a snapshot holds
    case snapshot(ObjectID)
    /// What another volume holds now
    case volume(ObjectID)
  }

  /// Its name.
  public var id: ObjectID
  /// A size that the backend can make.
  public var size: Int64
  /// What it holds at first.
  public var content: Content
  /// The backend's own parameters.
  public var parameters: [String: String]

  /// All of it.
  public init(id: ObjectID, size: Int64, content: Content, parameters: [String: String]) {
    self.id = id
    self.size = size
    self.content = content
    self.parameters = parameters
  }
}

/// A volume as a backend has it.
public struct BackendVolume: Hashable, Sendable {
  /// Its name.
  public var id: ObjectID
  /// In bytes.
  public var size: Int64
  /// What it held at first.
  public var content: VolumeSpecification.Content
  /// How hosts reach it.
  public var export: Export
  /// Why it does not serve; nil when it does.
  public var fault: String?
  /// Its storage is there, and what the backend knew of its export is lost: see `Backend.adopt`.
  public var isUnrecorded = false

  /// All of it.
  public init(
    id: ObjectID, size: Int64, content: VolumeSpecification.Content, export: Export, fault: String?
  ) {
    self.id = id
    self.size = size
    self.content = content
    self.export = export
    self.fault = fault
  }
}

/// How hosts reach a volume, and which may.
public struct Export: Hashable, Sendable {
  /// The subsystem.
  public var nqn: NQN
  /// The namespace in it.
  public var nsid: UInt32
  /// The namespace's UUID.
  public var uuid: UUID
  /// Where it is served.
  public var portals: [TransportAddress]
  /// Hosts that are let in.
  public var allowedHosts: Set<NQN>

  /// All of it.
  public init(
    nqn: NQN, nsid: UInt32, uuid: UUID, portals: [TransportAddress], allowedHosts: Set<NQN>
  ) {
    self.nqn = nqn
    self.nsid = nsid
    self.uuid = uuid
    self.portals = portals
    self.allowedHosts = allowedHosts
  }
}

/// A snapshot as a backend has it.
public struct BackendSnapshot: Hashable, Sendable {
  /// Its name.
  public var id: ObjectID
  /// The volume it was taken of, which may be gone by now.
  public var source: ObjectID
  /// In bytes, of a volume made from it.
  public var size: Int64
  /// When it was taken, in nanoseconds since 1970-01-01T00:00:00Z.
  public var takenAt: Int64
  /// Volumes can be made from it.
  public var isReady: Bool

  /// All of it.
  public init(id: ObjectID, source: ObjectID, size: Int64, takenAt: Int64, isReady: Bool) {
    self.id = id
    self.source = source
    self.size = size
    self.takenAt = takenAt
    self.isReady = isReady
  }
}

/// How much a backend has to give.
public struct BackendCapacity: Hashable, Sendable {
  /// Bytes that new volumes may have in all, the reserve taken off.
  public var available: Int64
  /// The largest volume that can be made, nil when only `available` bounds it.
  public var largestVolume: Int64?

  /// Both.
  public init(available: Int64, largestVolume: Int64?) {
    self.available = available
    self.largestVolume = largestVolume
  }
}

/// A call into the kernel that was given up at its deadline and is not back: nothing else is done for the
/// same object until it is.
public struct StuckCall: Hashable, Sendable {
  /// What does not answer.
  public enum Part: String, Sendable, CaseIterable {
    /// The kernel's target
    case target
    /// Where the bytes are
    case pool
  }

  /// What does not answer.
  public var part: Part
  /// What it was to do, for people.
  public var what: String
  /// When it was given up.
  public var since: ContinuousClock.Instant

  /// All of it.
  public init(of part: Part, what: String, since: ContinuousClock.Instant) {
    self.part = part
    self.what = what
    self.since = since
  }
}

/// Part of a volume or snapshot whose other parts are not there.
public struct Leftover: Hashable, Sendable {
  /// The volume or snapshot it was part of.
  public var id: ObjectID
  /// What it is, for people: `image file without an export`.
  public var what: String

  /// Both.
  public init(id: ObjectID, what: String) {
    self.id = id
    self.what = what
  }
}
