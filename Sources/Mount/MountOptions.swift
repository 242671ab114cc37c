/// Options as a StorageClass writes them, told apart into mount(2) flags and file-system data.
///
/// As with mount(8), the last of two options that contradict each other holds.
public struct MountOptions: Hashable, Sendable, CustomStringConvertible {
  /// An option that is refused.
  public struct Invalid: Error, Hashable, Sendable, CustomStringConvertible {
    /// Names the option and what is wrong with it.
    public let reason: String
    /// The reason.
    public var description: String { reason }
  }

  private(set) var flags: MountFlags = []
  private var dataOptions: [String] = []

  /// The kernel takes one page, and cuts off the rest of it without a word.
  private static let dataLimit = 4095

  /// Refuses options that are not for an operator to set (`bind`, `remount`, `move`, `loop`,
  /// propagation, those of mount(8) alone), anything with a comma or control character, the empty one.
  public init(_ options: [String]) throws(Invalid) {
    for option in options { try insert(option) }
  }

  /// Whether the mount is read-only: `ro`.
  public var readOnly: Bool {
    get { flags.contains(.readOnly) }
    set { if newValue { flags.insert(.readOnly) } else { flags.remove(.readOnly) } }
  }

  /// Adds one more option behind the others.  Throws, and changes nothing, for one that is refused.
  public mutating func insert(_ option: String) throws(Invalid) {
    if let reason = Self.refusal(of: option) { throw Invalid(reason: reason) }
    if let effect = MountFlags.effect(of: option) {
      flags = flags.subtracting(effect.cleared).union(effect.set)
      return
    }
    // The last of two counts, so a repetition goes to the end.
    var changed = dataOptions.filter { $0 != option }
    changed.append(option)
    guard changed.joined(separator: ",").utf8.count <= Self.dataLimit else {
      throw Invalid(reason: "mount options are longer than \(Self.dataLimit) bytes together")
    }
    dataOptions = changed
  }

  /// The file system's own options, separated by commas.
  var data: String { dataOptions.joined(separator: ",") }

  /// All of them as in /etc/fstab, `rw` or `ro` first.
  public var description: String {
    ((readOnly ? [] : ["rw"]) + flags.names + dataOptions).joined(separator: ",")
  }

  private static func refusal(of option: String) -> String? {
    guard !option.isEmpty else { return "an empty mount option" }
    // By bytes: a comma with a combining mark is no comma to Swift, but one to the kernel.
    guard option.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
      return "mount option \(option.debugDescription) contains a control character"
    }
    guard !option.utf8.contains(UInt8(ascii: ",")) else {
      return "mount option '\(option)' contains a comma: write each option as an element of its own"
    }
    let name =
      option.utf8.split(
        separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false
      ).first.map { String(Substring($0)) } ?? option
    guard !name.isEmpty else { return "mount option '\(option)' has no name" }
    if operations.contains(name) || propagations.contains(name) {
      return "mount option '\(option)' is not for an operator to set: the driver decides it"
    }
    if helpers.contains(name) || name.lowercased().hasPrefix("x-") {
      return "mount option '\(option)' means something to mount(8) only, which is not used here"
    }
    return nil
  }

  private static let operations: Set<String> = [
    "bind", "rbind", "remount", "move", "loop", "offset", "sizelimit", "encryption",
  ]

  private static let propagations: Set<String> = Set(
    ["shared", "slave", "private", "unbindable"].flatMap { mode in
      [mode, "r\(mode)", "make-\(mode)", "make-r\(mode)"]
    })

  private static let helpers: Set<String> = [
    "user", "users", "nouser", "owner", "noowner", "group", "nogroup", "auto", "noauto", "nofail",
    "_netdev", "comment", "helper", "uhelper", "pri",
  ]
}
