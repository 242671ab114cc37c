internal import CCSI
internal import ProtobufC

/// csi.v1.ListVolumesRequest
public struct ListVolumesRequest: Hashable, Sendable {
  /// At most so many; 0: all.
  public var maxEntries: Int32 = 0
  /// What the page before answered as `nextToken`; empty: from the start.
  public var startingToken: String = ""

  /// Nothing set.
  public init() {}
}

extension ListVolumesRequest: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__list_volumes_request__init)

  init(_ wire: Csi__V1__ListVolumesRequest) {
    maxEntries = unsafe wire.max_entries
    startingToken = unsafe readString(wire.starting_token)
  }

  func fill(_ wire: inout Csi__V1__ListVolumesRequest, in arena: Arena) {
    unsafe wire.max_entries = maxEntries
    unsafe wire.starting_token = arena.string(startingToken)
  }
}

/// csi.v1.ListVolumesResponse
public struct ListVolumesResponse: Hashable, Sendable {
  /// A volume and its status.
  public struct Entry: Hashable, Sendable {
    /// The volume.
    public var volume: Volume?
    /// How it is and where; nil: not known.
    public var status: VolumeStatus?

    /// All of it.
    public init(volume: Volume?, status: VolumeStatus?) {
      self.volume = volume
      self.status = status
    }
  }

  /// One page of them.
  public var entries: [Entry]
  /// Where the next page starts; empty: this was the last.
  public var nextToken: String

  /// All of it.
  public init(entries: [Entry], nextToken: String) {
    self.entries = entries
    self.nextToken = nextToken
  }
}

extension ListVolumesResponse: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__list_volumes_response__init)

  init(_ wire: Csi__V1__ListVolumesResponse) {
    entries = unsafe readMessages(wire.entries, wire.n_entries)
    nextToken = unsafe readString(wire.next_token)
  }

  func fill(_ wire: inout Csi__V1__ListVolumesResponse, in arena: Arena) {
    unsafe (wire.n_entries, wire.entries) = arena.array(entries.map { unsafe $0.nested(in: arena) })
    unsafe wire.next_token = arena.string(nextToken)
  }
}

extension ListVolumesResponse.Entry: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__list_volumes_response__entry__init)

  init(_ wire: Csi__V1__ListVolumesResponse__Entry) {
    volume = unsafe wire.volume.map { unsafe Volume($0.pointee) }
    status = unsafe wire.status.map { unsafe VolumeStatus($0.pointee) }
  }

  func fill(_ wire: inout Csi__V1__ListVolumesResponse__Entry, in arena: Arena) {
    unsafe wire.volume = volume.map { unsafe $0.nested(in: arena) }
    unsafe wire.status = status.map { unsafe $0.nested(in: arena) }
  }
}
