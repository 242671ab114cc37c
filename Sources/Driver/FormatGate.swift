internal import BlockDevice

extension DeviceContent {
  /// A label for what keeps the device from being used as a file system of that type; nil when
  /// nothing does.
  func refusal(wanted: FileSystemType, resuming: Bool) -> String? {
    switch self {
    case .empty: nil
    case .fileSystem(let type, _): type == wanted.rawValue ? nil : "file_system"
    case .partitionTable: "partition_table"
    case .other: "other"
    case .unknownData: resuming ? nil : "unknown_data"
    }
  }
}

/// Decides whether a device is mounted as it is, formatted, or refused.
///
/// Formatting destroys, so the only way there is the proof that the device is empty; everything that
/// is neither that nor the wanted file system is refused with what was found.
enum FormatGate {
  enum Decision {
    /// The wanted file system is there.
    case keep
    /// The device is empty, or holds nothing but our own interrupted mkfs.
    case format(ProvenEmpty)
  }

  static func decide(
    _ content: DeviceContent, on device: BlockDevice, for record: StageRecord,
    wanted: FileSystemType, life: StageRecord.FormatIntent?
  ) throws(DriverError) -> Decision {
    func refuse(_ found: String) -> DriverError {
      DriverError(
        .failedPrecondition,
        """
        volume \(record.volume) at \(device.path) holds \(found), not \(wanted.rawValue); it is not \
        formatted, because that would destroy it. Use the matching fsType or volumeMode, or erase \
        the volume yourself if its data is not wanted
        """)
    }
    switch content {
    case .empty(let proof):
      guard !record.access.mode.isReadOnly else {
        throw DriverError(
          .failedPrecondition,
          "volume \(record.volume) is empty and asked for read-only: there is nothing to read")
      }
      return .format(proof)
    case .fileSystem(let type, _):
      guard type == wanted.rawValue else { throw refuse("a \(type) file system") }
      return .keep
    case .partitionTable(let type):
      throw refuse("a \(type) partition table")
    case .other(let type):
      throw refuse(type)
    case .unknownData(let offset):
      guard let intent = record.formatting, intent == life else {
        let interrupted = record.formatting == nil ? "" : ", perhaps of an interrupted format"
        throw refuse("data of unknown kind (first at byte \(offset))\(interrupted)")
      }
      return .format(ProvenEmpty(resumingFormatOf: device))
    }
  }
}
