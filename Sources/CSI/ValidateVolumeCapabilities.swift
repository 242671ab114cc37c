internal import CCSI
internal import ProtobufC

/// csi.v1.ValidateVolumeCapabilitiesRequest
public struct ValidateVolumeCapabilitiesRequest: Sendable {
  /// The volume.
  public var volumeID: String = ""
  /// What CreateVolume answered, or what the static volume says.
  public var volumeContext: [String: String] = [:]
  /// How it is to be accessed: in each of these ways.
  public var volumeCapabilities: [VolumeCapability] = []
  /// A StorageClass's.
  public var parameters: [String: String] = [:]
  /// What the operation needs to authenticate.
  public var secrets: Secrets = Secrets()
  /// A VolumeAttributesClass's; they go before `parameters`.
  public var mutableParameters: [String: String] = [:]

  /// Nothing set.
  public init() {}
}

extension ValidateVolumeCapabilitiesRequest: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__validate_volume_capabilities_request__init)

  init(_ wire: Csi__V1__ValidateVolumeCapabilitiesRequest) {
    volumeID = unsafe readString(wire.volume_id)
    volumeContext = unsafe readMap(wire.volume_context, wire.n_volume_context)
    volumeCapabilities = unsafe readMessages(wire.volume_capabilities, wire.n_volume_capabilities)
    parameters = unsafe readMap(wire.parameters, wire.n_parameters)
    secrets = Secrets(unsafe readMap(wire.secrets, wire.n_secrets))
    mutableParameters = unsafe readMap(wire.mutable_parameters, wire.n_mutable_parameters)
  }

  func fill(_ wire: inout Csi__V1__ValidateVolumeCapabilitiesRequest, in arena: Arena) {
    unsafe wire.volume_id = arena.string(volumeID)
    unsafe (wire.n_volume_context, wire.volume_context) = arena.map(
      volumeContext, csi__v1__validate_volume_capabilities_request__volume_context_entry__init)
    unsafe (wire.n_volume_capabilities, wire.volume_capabilities) = arena.array(
      volumeCapabilities.map { unsafe $0.nested(in: arena) })
    unsafe (wire.n_parameters, wire.parameters) = arena.map(
      parameters, csi__v1__validate_volume_capabilities_request__parameters_entry__init)
    unsafe (wire.n_secrets, wire.secrets) = arena.map(
      secrets.exposed, csi__v1__validate_volume_capabilities_request__secrets_entry__init)
    unsafe (wire.n_mutable_parameters, wire.mutable_parameters) = arena.map(
      mutableParameters,
      csi__v1__validate_volume_capabilities_request__mutable_parameters_entry__init)
  }
}

/// csi.v1.ValidateVolumeCapabilitiesResponse
public struct ValidateVolumeCapabilitiesResponse: Hashable, Sendable {
  /// What of a request was confirmed.
  public struct Confirmed: Hashable, Sendable {
    /// What CreateVolume answered, or what the static volume says.
    public var volumeContext: [String: String]
    /// All that were asked about.
    public var volumeCapabilities: [VolumeCapability]
    /// A StorageClass's.
    public var parameters: [String: String]
    /// A VolumeAttributesClass's; they go before `parameters`.
    public var mutableParameters: [String: String]

    /// All of it.
    public init(
      volumeContext: [String: String], volumeCapabilities: [VolumeCapability],
      parameters: [String: String], mutableParameters: [String: String]
    ) {
      self.volumeContext = volumeContext
      self.volumeCapabilities = volumeCapabilities
      self.parameters = parameters
      self.mutableParameters = mutableParameters
    }
  }

  /// What the volume can do; nil: not what was asked.
  public var confirmed: Confirmed?
  /// Why not, for people.
  public var message: String

  /// All of it.
  public init(confirmed: Confirmed?, message: String) {
    self.confirmed = confirmed
    self.message = message
  }
}

extension ValidateVolumeCapabilitiesResponse: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__validate_volume_capabilities_response__init)

  init(_ wire: Csi__V1__ValidateVolumeCapabilitiesResponse) {
    confirmed = unsafe wire.confirmed.map { unsafe Confirmed($0.pointee) }
    message = unsafe readString(wire.message)
  }

  func fill(_ wire: inout Csi__V1__ValidateVolumeCapabilitiesResponse, in arena: Arena) {
    unsafe wire.confirmed = confirmed.map { unsafe $0.nested(in: arena) }
    unsafe wire.message = arena.string(message)
  }
}

extension ValidateVolumeCapabilitiesResponse.Confirmed: @unsafe Message {
  static let wireType = unsafe MessageType(
    csi__v1__validate_volume_capabilities_response__confirmed__init)

  init(_ wire: Csi__V1__ValidateVolumeCapabilitiesResponse__Confirmed) {
    volumeContext = unsafe readMap(wire.volume_context, wire.n_volume_context)
    volumeCapabilities = unsafe readMessages(wire.volume_capabilities, wire.n_volume_capabilities)
    parameters = unsafe readMap(wire.parameters, wire.n_parameters)
    mutableParameters = unsafe readMap(wire.mutable_parameters, wire.n_mutable_parameters)
  }

  func fill(_ wire: inout Csi__V1__ValidateVolumeCapabilitiesResponse__Confirmed, in arena: Arena) {
    unsafe (wire.n_volume_context, wire.volume_context) = arena.map(
      volumeContext,
      csi__v1__validate_volume_capabilities_response__confirmed__volume_context_entry__init)
    unsafe (wire.n_volume_capabilities, wire.volume_capabilities) = arena.array(
      volumeCapabilities.map { unsafe $0.nested(in: arena) })
    unsafe (wire.n_parameters, wire.parameters) = arena.map(
      parameters, csi__v1__validate_volume_capabilities_response__confirmed__parameters_entry__init)
    unsafe (wire.n_mutable_parameters, wire.mutable_parameters) = arena.map(
      mutableParameters,
      csi__v1__validate_volume_capabilities_response__confirmed__mutable_parameters_entry__init)
  }
}
