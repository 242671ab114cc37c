internal import CCSI
internal import ProtobufC

/// csi.v1.GetCapacityRequest
public struct GetCapacityRequest: Hashable, Sendable {
  /// For volumes that can be accessed in each of these ways.
  public var volumeCapabilities: [VolumeCapability] = []
  /// With these parameters of a StorageClass.
  public var parameters: [String: String] = [:]
  /// Reachable from here.
  public var accessibleTopology: Topology? = nil

  /// Nothing set.
  public init() {}
}

extension GetCapacityRequest: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__get_capacity_request__init)

  init(_ wire: Csi__V1__GetCapacityRequest) {
    volumeCapabilities = unsafe readMessages(wire.volume_capabilities, wire.n_volume_capabilities)
    parameters = unsafe readMap(wire.parameters, wire.n_parameters)
    accessibleTopology = unsafe wire.accessible_topology.map { unsafe Topology($0.pointee) }
  }

  func fill(_ wire: inout Csi__V1__GetCapacityRequest, in arena: Arena) {
    unsafe (wire.n_volume_capabilities, wire.volume_capabilities) = arena.array(
      volumeCapabilities.map { unsafe $0.nested(in: arena) })
    unsafe (wire.n_parameters, wire.parameters) = arena.map(
      parameters, csi__v1__get_capacity_request__parameters_entry__init)
    unsafe wire.accessible_topology = accessibleTopology.map { unsafe $0.nested(in: arena) }
  }
}

/// csi.v1.GetCapacityResponse
public struct GetCapacityResponse: Hashable, Sendable {
  /// Bytes that new volumes may have in all.
  public var availableCapacity: Int64
  /// Bytes that one volume may have; nil: not known.
  public var maximumVolumeSize: Int64?
  /// Bytes that a volume has at least; nil: not known.
  public var minimumVolumeSize: Int64?

  /// All of it.
  public init(availableCapacity: Int64, maximumVolumeSize: Int64?, minimumVolumeSize: Int64?) {
    self.availableCapacity = availableCapacity
    self.maximumVolumeSize = maximumVolumeSize
    self.minimumVolumeSize = minimumVolumeSize
  }
}

extension GetCapacityResponse: @unsafe Message {
  static let wireType = unsafe MessageType(csi__v1__get_capacity_response__init)

  init(_ wire: Csi__V1__GetCapacityResponse) {
    availableCapacity = unsafe wire.available_capacity
    maximumVolumeSize = unsafe wire.maximum_volume_size.map { unsafe $0.pointee.value }
    minimumVolumeSize = unsafe wire.minimum_volume_size.map { unsafe $0.pointee.value }
  }

  func fill(_ wire: inout Csi__V1__GetCapacityResponse, in arena: Arena) {
    unsafe wire.available_capacity = availableCapacity
    unsafe wire.maximum_volume_size = maximumVolumeSize.map { value in
      unsafe arena.message(google__protobuf__int64_value__init) { unsafe $0.value = value }
    }
    unsafe wire.minimum_volume_size = minimumVolumeSize.map { value in
      unsafe arena.message(google__protobuf__int64_value__init) { unsafe $0.value = value }
    }
  }
}
