import Foundation
import Linux

/// The volumes that people made in this guest by name, with what the target itself forgets when a
/// subsystem is removed or no longer exported.
public struct VolumeCatalog: Sendable {
  /// One volume as it was asked for.
  public struct Entry: Codable, Sendable {
    /// The volume's name.
    public var name: String
    /// The namespace's UUID.
    public var uuid: String
    /// Bytes.
    public var size: UInt64
    /// The portals' ids.
    public var portals: [Int]
    /// The NQNs of those who may connect.
    public var hosts: [String]
  }

  private let target: NVMeTarget
  private let directory: String

  /// Keeps a file for each volume in `directory`.
  public init(_ target: NVMeTarget, directory: String = "/run/lab/catalog") throws {
    self.target = target
    self.directory = directory
    try Files.makeDirectories(directory, mode: 0o700)
  }

  /// Every volume, by name.
  public func entries() throws -> [Entry] {
    try Files.names(inDirectory: directory).map { name in
      try JSONDecoder().decode(
        Entry.self, from: Data(contentsOf: URL(fileURLWithPath: "\(directory)/\(name)")))
    }
  }

  /// The volume of this name; fails when there is none.
  public func entry(_ name: String) throws -> Entry {
    guard let entry = try entries().first(where: { $0.name == name }) else {
      throw LabError("there is no volume '\(name)'; `volume list` shows those there are")
    }
    return entry
  }

  /// The volume of this name at the target.
  public func volume(_ name: String) throws -> TargetVolume { volume(try entry(name)) }

  /// The entry's volume at the target, whether its subsystem is there or not.
  public func volume(_ entry: Entry) -> TargetVolume {
    TargetVolume(
      existing: target, name: entry.name, uuid: entry.uuid,
      portals: entry.portals.map { TargetVolume.Portal($0) })
  }

  /// Makes a volume that `host` may use. The name becomes part of the NQN and the serial number.
  public func create(
    _ name: String, size: UInt64, portals: Int, host: String
  ) throws -> TargetVolume {
    guard (1...20).contains(name.utf8.count),
      name.utf8.allSatisfy({ Self.nameCharacters.contains($0) })
    else {
      throw LabError("'\(name)' is no name for a volume: want 1 to 20 of a-z, 0-9, '-' and '.'")
    }
    guard try !entries().contains(where: { $0.name == name }) else {
      throw LabError("there is a volume '\(name)' already")
    }
    let entry = Entry(
      name: name, uuid: UUID().uuidString.lowercased(), size: size,
      portals: Array(1...max(1, portals)), hosts: [host])
    let volume = volume(entry)
    do {
      try volume.create(size: size, hosts: entry.hosts)
      try save(entry)
    } catch {
      try? target.deleteEverything(volume.nqn)
      throw error
    }
    return volume
  }

  /// Changes the size; connected hosts are told.
  public func resize(_ name: String, to size: UInt64) throws {
    var entry = try entry(name)
    try volume(entry).resize(to: size)
    entry.size = size
    try save(entry)
  }

  /// Removes the volume with its bytes.
  public func delete(_ name: String) throws {
    try volume(name).delete()
    try Files.unlink(file(name))
  }

  /// Removes the subsystem, as a target that lost its configuration; the bytes stay.
  public func removeSubsystem(_ name: String) throws {
    let volume = try volume(name)
    try volume.portDown()
    try target.deleteSubsystem(volume.nqn)
  }

  /// Removes the subsystem and makes it anew over the same bytes, exported where it was.
  public func recreateSubsystem(_ name: String, uuid: String?) throws {
    try removeSubsystem(name)
    var entry = try entry(name)
    entry.uuid = uuid ?? entry.uuid
    try volume(entry).create(size: entry.size, hosts: entry.hosts)
    try save(entry)
  }

  /// Lets a host connect.
  public func allow(_ host: String, _ name: String) throws {
    var entry = try entry(name)
    try target.allow(host, volume(entry).nqn)
    if !entry.hosts.contains(host) { entry.hosts.append(host) }
    try save(entry)
  }

  /// Lets a host connect no more; a connection that it has goes on.
  public func disallow(_ host: String, _ name: String) throws {
    var entry = try entry(name)
    guard entry.hosts.contains(host) else {
      throw LabError("\(host) was not allowed to use '\(name)'; `volume list` shows who is")
    }
    try target.disallow(host, volume(entry).nqn)
    entry.hosts.removeAll { $0 == host }
    try save(entry)
  }

  private static let nameCharacters = Set("abcdefghijklmnopqrstuvwxyz0123456789-.".utf8)

  private func file(_ name: String) -> String { "\(directory)/\(name).json" }

  private func save(_ entry: Entry) throws {
    try JSONEncoder().encode(entry).write(
      to: URL(fileURLWithPath: file(entry.name)), options: .atomic)
  }
}
