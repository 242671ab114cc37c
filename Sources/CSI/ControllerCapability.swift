internal import CCSI
internal import ProtobufC

/// csi.v1.ControllerServiceCapability.RPC.Type, with the numbers of csi.proto.
public enum ControllerCapability: Int32, Sendable, CaseIterable {
  case createDeleteVolume = 1, publishUnpublishVolume, listVolumes, getCapacity
  case createDeleteSnapshot, listSnapshots, cloneVolume, publishReadonly, expandVolume
  case listVolumesPublishedNodes, volumeCondition, getVolume, singleNodeMultiWriter, modifyVolume
  case getSnapshot
}

extension ControllerCapability {
  /// nil: one that this driver does not know.
  init?(_ wire: Csi__V1__ControllerServiceCapability) {
    guard unsafe wire.type_case == CSI__V1__CONTROLLER_SERVICE_CAPABILITY__TYPE_RPC,
      let rpc = unsafe wire.rpc
    else { return nil }
    self.init(rawValue: Int32(bitPattern: unsafe rpc.pointee.type.rawValue))
  }

  func wire(in arena: Arena) -> UnsafeMutablePointer<Csi__V1__ControllerServiceCapability>? {
    unsafe arena.message(csi__v1__controller_service_capability__init) { wire in
      unsafe wire.type_case = CSI__V1__CONTROLLER_SERVICE_CAPABILITY__TYPE_RPC
      unsafe wire.rpc = arena.message(csi__v1__controller_service_capability__rpc__init) { rpc in
        unsafe rpc.type = Csi__V1__ControllerServiceCapability__RPC__Type(
          UInt32(bitPattern: rawValue))
      }
    }
  }
}
