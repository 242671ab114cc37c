/// What a pool knows of a logical volume besides its bytes, in the volume's tags: LVM changes them with
/// the volume, in one write of its metadata.
struct LVMTags: Hashable {
  private static let prefix = "nvmeof-csi."
  private static let ownerPrefix = "nvmeof-csi.owner="

  /// Whose it is.
  var owner: PoolOwner
  /// It is being made: its bytes are not what they will be.
  var isHalf = false
  /// What its bytes came from.
  var source: ObjectID?
  /// When the snapshot was taken, in nanoseconds since 1970.
  var takenAt: Int64?
  /// It was this long, and what is beyond is not zeroed yet.
  var growingFrom: Int64?

  init(owner: PoolOwner) { self.owner = owner }

  /// Nil when no tag is ours; throws for tags of ours that make no sense.
  init?(_ tags: [String]) throws(Broken) {
    guard let text = tags.first(where: { $0.hasPrefix(Self.ownerPrefix) }) else {
      guard !tags.contains(where: { $0.hasPrefix(Self.prefix) }) else {
        throw Broken(reason: "its tags name no owner")
      }
      return nil
    }
    guard let owner = Self.owner(text.dropFirst(Self.ownerPrefix.count)) else {
      throw Broken(reason: "its tag '\(text)' names no owner")
    }
    self.owner = owner
    for tag in tags where tag.hasPrefix(Self.prefix) && tag != text {
      let parts = tag.dropFirst(Self.prefix.count)
        .split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let value = parts.count == 2 ? String(parts[1]) : ""
      switch parts[0] {
      case "half" where parts.count == 1: isHalf = true
      case "source": source = try Self.parse(tag, ObjectID(value))
      case "taken": takenAt = try Self.parse(tag, Int64(value))
      case "growing-from": growingFrom = try Self.parse(tag, Int64(value))
      default: throw Broken(reason: "its tag '\(tag)' is not one that this driver knows")
      }
    }
  }

  /// Why tags are not what was written.
  struct Broken: Error { let reason: String }

  /// The tags.
  var texts: [String] {
    var texts = [Self.text(of: owner)]
    if isHalf { texts.append(Self.half) }
    if let source { texts.append("\(Self.prefix)source=\(source)") }
    if let takenAt { texts.append("\(Self.prefix)taken=\(takenAt)") }
    if let growingFrom { texts.append(Self.growing(from: growingFrom)) }
    return texts
  }

  static let half = "nvmeof-csi.half"

  static func growing(from size: Int64) -> String { "\(prefix)growing-from=\(size)" }

  /// LVM allows letters, digits and `_ + . - / = ! : & #` in a tag; what else a name has is `+XX`.
  static func text(of owner: PoolOwner) -> String {
    "\(ownerPrefix)\(escape(owner.driver))/\(escape(owner.cluster))"
  }

  private static func owner(_ text: Substring) -> PoolOwner? {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let driver = unescape(parts[0]), let cluster = unescape(parts[1])
    else { return nil }
    return PoolOwner(driver: driver, cluster: cluster)
  }

  private static func escape(_ name: String) -> String {
    let digits = Array("0123456789ABCDEF")
    return name.utf8.reduce(into: "") { text, byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
        UInt8(ascii: "."):
        text.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        text += "+\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
      }
    }
  }

  private static func unescape(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "+") else {
        bytes.append(byte)
        continue
      }
      guard rest.count >= 2, let value = UInt8(String(Substring(rest.prefix(2))), radix: 16) else {
        return nil
      }
      bytes.append(value)
      rest.removeFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
  }

  private static func parse<Value>(_ tag: String, _ value: Value?) throws(Broken) -> Value {
    guard let value else { throw Broken(reason: "its tag '\(tag)' makes no sense") }
    return value
  }
}
