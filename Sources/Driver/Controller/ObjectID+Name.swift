internal import Backends
internal import NVMe

extension ObjectID {
  /// The id of what an orchestrator's cluster calls `name`: the same name is the same object for ever,
  /// and two clusters on one target never share one. 130 bits of SHA-1 over the cluster's id, a zero
  /// byte and the name.
  init(_ kind: Kind, name: String, cluster: String) {
    let digest = SHA1.digest(Array(cluster.utf8) + [0] + Array(name.utf8))
    let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)
    var characters: [UInt8] = []
    var bits: UInt32 = 0
    var count = 0
    for byte in digest where characters.count < 26 {
      bits = bits << 8 | UInt32(byte)
      count += 8
      while count >= 5, characters.count < 26 {
        count -= 5
        characters.append(alphabet[Int(bits >> UInt32(count) & 31)])
      }
    }
    let text = kind.rawValue + String(decoding: characters, as: UTF8.self)
    guard let id = ObjectID(text) else { preconditionFailure("base32 has the alphabet of an id") }
    self = id
  }
}

extension ObjectID {
  /// An id of this kind only.
  init?(_ text: String, kind: Kind) {
    guard let id = ObjectID(text), id.kind == kind else { return nil }
    self = id
  }
}

extension VolumeID {
  /// The id as the orchestrator knows it.
  init(_ id: ObjectID) { self.init(wellFormed: id.description) }
}
