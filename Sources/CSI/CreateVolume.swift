internal import CCSI
internal import ProtobufC

/// csi.v1.CreateVolumeRequest
public struct CreateVolumeRequest: Sendable {
  /// Names the volume to be made: the same name is the same volume.
  public var name: String = ""
  /// How large it should be.
  public var capacityRange: CapacityRange? = nil
  /// How it is to be accessed: in each of these ways.
  public var volumeCapabilities: [VolumeCapability] = []
  /// A StorageClass's.
  public var parameters: [String: String] = [:]
  /// What the operation needs to authenticate.
  public var secrets: Secrets = Secrets()
  /// What it holds at first; nil: nothing.
  public var volumeContentSource: VolumeContentSource? = nil
  /// Where it must be reachable from.
  public var accessibilityRequirements: TopologyRequirement? = nil
  /// A VolumeAttributesClass's; they go before `parameters`.
  public var mutableParameters: [String: String] = [:]

  /// Nothing set.
  public init() {}
}

extension CreateVolumeRequest: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__create_volume_request__init)

  init(_ wire: Csi__V1__CreateVolumeRequest) {
    name = unsafe readString(wire.name)
    capacityRange = unsafe wire.capacity_range.map { unsafe CapacityRange($0.pointee) }
    volumeCapabilities = unsafe readMessages(wire.volume_capabilities, wire.n_volume_capabilities)
    parameters = unsafe readMap(wire.parameters, wire.n_parameters)
    secrets = Secrets(unsafe readMap(wire.secrets, wire.n_secrets))
    volumeContentSource = unsafe wire.volume_content_source.map {
      unsafe VolumeContentSource($0.pointee)
    }
    accessibilityRequirements = unsafe wire.accessibility_requirements.map {
      unsafe TopologyRequirement($0.pointee)
    }
    mutableParameters = unsafe readMap(wire.mutable_parameters, wire.n_mutable_parameters)
  }

  func fill(_ wire: inout Csi__V1__CreateVolumeRequest, in arena: Arena) {
    unsafe wire.name = arena.string(name)
    unsafe wire.capacity_range = capacityRange.map { unsafe $0.nested(in: arena) }
    unsafe (wire.n_volume_capabilities, wire.volume_capabilities) = arena.array(
      volumeCapabilities.map { unsafe $0.nested(in: arena) })
    unsafe (wire.n_parameters, wire.parameters) = arena.map(
      parameters, csi__v1__create_volume_request__parameters_entry__init)
    unsafe (wire.n_secrets, wire.secrets) = arena.map(
      secrets.exposed, csi__v1__create_volume_request__secrets_entry__init)
    unsafe wire.volume_content_source = volumeContentSource.map { unsafe $0.nested(in: arena) }
    unsafe wire.accessibility_requirements = accessibilityRequirements.map {
      unsafe $0.nested(in: arena)
    }
    unsafe (wire.n_mutable_parameters, wire.mutable_parameters) = arena.map(
      mutableParameters, csi__v1__create_volume_request__mutable_parameters_entry__init)
  }
}

/// csi.v1.CreateVolumeResponse
public struct CreateVolumeResponse: Hashable, Sendable {
  /// The volume.
  public var volume: Volume?

  /// All of it.
  public init(volume: Volume?) {
    self.volume = volume
  }
}

extension CreateVolumeResponse: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__create_volume_response__init)

  init(_ wire: Csi__V1__CreateVolumeResponse) {
    volume = unsafe wire.volume.map { unsafe Volume($0.pointee) }
  }

  func fill(_ wire: inout Csi__V1__CreateVolumeResponse, in arena: Arena) {
    unsafe wire.volume = volume.map { unsafe $0.nested(in: arena) }
  }
}
