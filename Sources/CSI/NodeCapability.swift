internal import CCSI
internal import ProtobufC

/// csi.v1.NodeServiceCapability.RPC.Type, with the numbers of csi.proto.
public enum NodeCapability: Int32, Sendable, CaseIterable {
  case stageUnstageVolume = 1, getVolumeStats, expandVolume, volumeCondition
  case singleNodeMultiWriter, volumeMountGroup
}

extension NodeCapability {
  /// nil: one that this driver does not know.
  init?(_ wire: Csi__V1__NodeServiceCapability) {
    guard unsafe wire.type_case == CSI__V1__NODE_SERVICE_CAPABILITY__TYPE_RPC,
      let rpc = unsafe wire.rpc
    else { return nil }
    self.init(rawValue: Int32(bitPattern: unsafe rpc.pointee.type.rawValue))
  }

  func wire(in arena: Arena) -> UnsafeMutablePointer<Csi__V1__NodeServiceCapability>? {
    unsafe arena.message(csi__v1__node_service_capability__init) { wire in
      unsafe wire.type_case = CSI__V1__NODE_SERVICE_CAPABILITY__TYPE_RPC
      unsafe wire.rpc = arena.message(csi__v1__node_service_capability__rpc__init) { rpc in
        unsafe rpc.type = Csi__V1__NodeServiceCapability__RPC__Type(UInt32(bitPattern: rawValue))
      }
    }
  }
}
