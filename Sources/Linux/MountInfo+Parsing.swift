extension MountInfo {
  /// Parses one line without its newline; nil when it is malformed.
  ///
  /// ```
  /// 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
  /// ```
  init?(line: ArraySlice<UInt8>) {
    // Empty fields count: a mount may have an empty source.
    let fields = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    guard fields.count >= 10,
      let separator = fields[6...].firstIndex(where: { $0.elementsEqual("-".utf8) }),
      fields.count >= separator + 4,
      let id = UInt64(Self.decode(fields[0])),
      let parentID = UInt64(Self.decode(fields[1])),
      let device = DeviceNumber(Self.decode(fields[2])),
      !fields[3].isEmpty, fields[4].first == UInt8(ascii: "/"), !fields[5].isEmpty,
      !fields[separator + 1].isEmpty
    else { return nil }
    self.init(
      id: id, parentID: parentID, device: device, root: Self.decode(fields[3]),
      mountPoint: Self.decode(fields[4]), options: Self.list(fields[5]),
      propagation: fields[6..<separator].map(Self.decode),
      fileSystemType: Self.decode(fields[separator + 1]),
      source: Self.decode(fields[separator + 2]),
      // The last field is the file system's own text, and not all escape its spaces.
      superOptions: Self.list(fields[(separator + 3)...].joined(separator: " ".utf8))
    )
  }

  private static func list(_ field: some Sequence<UInt8>) -> [String] {
    Array(field).split(separator: UInt8(ascii: ",")).map(decode)
  }

  /// Decodes `\ooo`: the kernel writes space, tab, newline, backslash and `#` so.  A backslash that no
  /// three octal digits follow stands for itself.
  private static func decode(_ field: ArraySlice<UInt8>) -> String {
    guard field.contains(UInt8(ascii: "\\")) else {
      return String(decoding: field, as: UTF8.self)
    }
    var bytes: [UInt8] = []
    var rest = field
    while let byte = rest.popFirst() {
      let digits = rest.prefix(3)
      if byte == UInt8(ascii: "\\"), digits.count == 3,
        digits.allSatisfy({ (0x30...0x37).contains($0) }),
        let value = UInt8(exactly: digits.reduce(0) { $0 * 8 + Int($1 - 0x30) })
      {
        bytes.append(value)
        rest.removeFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
