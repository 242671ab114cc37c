internal import CCSI
internal import ProtobufC

/// csi.v1.PluginCapability: its services and when it can expand a volume.
public enum PluginCapability: Hashable, Sendable {
  case controllerService, volumeAccessibilityConstraints, groupControllerService
  case snapshotMetadataService
  case onlineVolumeExpansion, offlineVolumeExpansion
}

extension PluginCapability {
  private var serviceType: UInt32? {
    switch self {
    case .controllerService: 1
    case .volumeAccessibilityConstraints: 2
    case .groupControllerService: 3
    case .snapshotMetadataService: 4
    case .onlineVolumeExpansion, .offlineVolumeExpansion: nil
    }
  }

  private var expansionType: UInt32? {
    switch self {
    case .onlineVolumeExpansion: 1
    case .offlineVolumeExpansion: 2
    default: nil
    }
  }

  private static let all: [Self] = [
    .controllerService, .volumeAccessibilityConstraints, .groupControllerService,
    .snapshotMetadataService, .onlineVolumeExpansion, .offlineVolumeExpansion,
  ]

  /// nil: one that this driver does not know.
  init?(_ wire: Csi__V1__PluginCapability) {
    let service: UInt32?
    let expansion: UInt32?
    switch unsafe wire.type_case {
    case CSI__V1__PLUGIN_CAPABILITY__TYPE_SERVICE:
      service = unsafe wire.service.map { unsafe $0.pointee.type.rawValue }
      expansion = nil
    case CSI__V1__PLUGIN_CAPABILITY__TYPE_VOLUME_EXPANSION:
      service = nil
      expansion = unsafe wire.volume_expansion.map { unsafe $0.pointee.type.rawValue }
    default: return nil
    }
    guard
      let known = Self.all.first(where: {
        $0.serviceType == service && $0.expansionType == expansion
      })
    else { return nil }
    self = known
  }

  func wire(in arena: Arena) -> UnsafeMutablePointer<Csi__V1__PluginCapability>? {
    unsafe arena.message(csi__v1__plugin_capability__init) { wire in
      if let type = serviceType {
        unsafe wire.type_case = CSI__V1__PLUGIN_CAPABILITY__TYPE_SERVICE
        unsafe wire.service = arena.message(csi__v1__plugin_capability__service__init) {
          unsafe $0.type = Csi__V1__PluginCapability__Service__Type(type)
        }
      }
      if let type = expansionType {
        unsafe wire.type_case = CSI__V1__PLUGIN_CAPABILITY__TYPE_VOLUME_EXPANSION
        unsafe wire.volume_expansion = arena.message(
          csi__v1__plugin_capability__volume_expansion__init
        ) {
          unsafe $0.type = Csi__V1__PluginCapability__VolumeExpansion__Type(type)
        }
      }
    }
  }
}
