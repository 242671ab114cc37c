internal import BlockDevice

extension VolumeAccess: CustomStringConvertible {
  /// `ext4 (SINGLE_NODE_WRITER)`, `raw block (MULTI_NODE_MULTI_WRITER)`
  var description: String {
    switch kind {
    case .block: "raw block (\(mode.specName))"
    case .fileSystem(let type, let flags):
      flags.isEmpty
        ? "\(type.rawValue) (\(mode.specName))"
        : "\(type.rawValue) with \(flags.joined(separator: ",")) (\(mode.specName))"
    }
  }

  var isBlock: Bool { kind == .block }
}
