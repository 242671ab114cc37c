internal import JSON
internal import Linux
internal import NVMe
internal import SystemPackage

/// The file that lists the volumes of a `StaticBackend`:
///
/// ```json
/// [{"id": "nv-…", "nqn": "nqn.…", "portals": ["192.0.2.1:4420"], "transport": "tcp", "nsid": 1,
///   "uuid": "…", "size": 1073741824}]
/// ```
/// `transport` is tcp and `nsid` is 1 unless it says otherwise; anything else must be there, and
/// nothing more.
enum StaticVolumes {
  private static let sizeLimit = 4 << 20

  static func read(_ path: String) throws(BackendError) -> [BackendVolume] {
    let bytes: [UInt8]
    do throws(SystemCallError) {
      bytes = try Files.read(path, limit: sizeLimit)
    } catch {
      throw BackendError(.unavailable, "read the list of static volumes", cause: error)
    }
    do {
      return try parse(bytes)
    } catch {
      throw BackendError(.broken, "the list of static volumes \(path): \(error)")
    }
  }

  private struct Wrong: Error, CustomStringConvertible {
    let description: String
  }

  private static func parse(_ bytes: [UInt8]) throws -> [BackendVolume] {
    guard let entries = try JSONValue.parse(bytes, maximumSize: sizeLimit).arrayValue else {
      throw Wrong(description: "it is no list")
    }
    var volumes: [BackendVolume] = []
    for (index, entry) in entries.enumerated() {
      do {
        volumes.append(try volume(entry))
      } catch {
        throw Wrong(description: "entry \(index + 1): \(error)")
      }
    }
    volumes.sort { $0.id < $1.id }
    for (one, next) in zip(volumes, volumes.dropFirst()) where one.id == next.id {
      throw Wrong(description: "\(one.id) is listed twice")
    }
    return volumes
  }

  private static func volume(_ entry: JSONValue) throws -> BackendVolume {
    let known = ["id", "nqn", "portals", "transport", "nsid", "uuid", "size"]
    guard let members = entry.objectValue?.members else { throw Wrong(description: "no object") }
    if let other = members.first(where: { !known.contains($0.name) }) {
      throw Wrong(description: "'\(other.name)' is unknown")
    }
    func text(_ name: String, default value: String? = nil) throws -> String {
      if entry[name] == nil, let value { return value }
      guard let text = entry[name]?.stringValue else {
        throw Wrong(description: "'\(name)' is no text")
      }
      return text
    }
    guard let id = ObjectID(try text("id")), id.kind == .volume else {
      throw Wrong(description: "'id' is not nv- and 26 characters of a–z and 2–7")
    }
    guard let transport = Transport(rawValue: try text("transport", default: "tcp")) else {
      throw Wrong(description: "'transport' is not tcp, rdma or loop")
    }
    guard let uuid = UUID(try text("uuid")) else {
      throw Wrong(description: "'uuid' is no UUID")
    }
    guard let size = entry["size"]?.int64Value, size > 0 else {
      throw Wrong(description: "'size' is no number of bytes")
    }
    let nsid = entry["nsid"] == nil ? 1 : entry["nsid"]?.int64Value.flatMap { UInt32(exactly: $0) }
    guard let nsid, nsid > 0, nsid < .max else {
      throw Wrong(description: "'nsid' is no namespace id")
    }
    let portals = entry["portals"]?.arrayValue ?? []
    guard !portals.isEmpty else { throw Wrong(description: "'portals' is no list of portals") }
    return BackendVolume(
      id: id, size: size, content: .empty,
      export: Export(
        nqn: try NQN(try text("nqn")), nsid: nsid, uuid: uuid,
        portals: try portals.map { portal in
          guard let portal = portal.stringValue else {
            throw Wrong(description: "'portals' holds something else than texts")
          }
          return try TransportAddress(portal, transport: transport)
        }, allowedHosts: []), fault: nil)
  }
}
