internal import NVMe

/// What tells our subsystems and ports from everybody else's, and one volume from another: names that
/// come out the same after every restart, from the owner and the volume id alone.
struct TargetMark: Hashable, Sendable {
  let owner: PoolOwner
  /// `attr_model` of every subsystem of this owner: 35 bytes of the 40 that nvmet takes.
  let model: String

  /// Frozen: with another value every volume would be a stranger to the hosts that have it open.
  private static let namespace = UUID("0b1e3f2c-7d0a-5b52-9c39-4f6d8a1e25c7")

  init(_ owner: PoolOwner) {
    self.owner = owner
    model = "nvmeof-csi \(Self.digits("owner", owner.driver, owner.cluster).prefix(24))"
  }

  /// The namespace's UUID.
  static func uuid(of volume: ObjectID) -> UUID { id("uuid", volume.description) }

  /// The namespace's NGUID.
  static func nguid(of volume: ObjectID) -> String { digits("nguid", volume.description) }

  /// `attr_serial`: the 20 bytes that nvmet takes.
  static func serial(of volume: ObjectID) -> String {
    String(digits("serial", volume.description).prefix(20))
  }

  /// The numbers that a port of ours at this address may have, in the order to be tried. A port has no
  /// attribute to mark, so its number is the mark; people and tools count from 1.
  func portNumbers(_ portal: TransportAddress) -> [Int] {
    (0..<8).map { attempt in
      let digits = Self.digits(
        "port", model, portal.transport.rawValue, portal.description, String(attempt))
      return 0x4000 + (Int(digits.prefix(4), radix: 16) ?? 0) % 0x8000
    }
  }

  private static func id(_ parts: String...) -> UUID { id(parts) }

  private static func digits(_ parts: String...) -> String {
    id(parts).description.filter { $0 != "-" }
  }

  private static func id(_ parts: [String]) -> UUID {
    guard let namespace else { preconditionFailure("the namespace is a UUID") }
    // Lengths, so that no two lists of parts are one text.
    return UUID(
      namespace: namespace, name: parts.map { "\($0.utf8.count):\($0)" }.joined(separator: ","))
  }
}
