public import Linux

extension Mounts {
  /// One process of every other mount namespace that keeps the file system on `device` when it is
  /// unmounted in this one.
  ///
  /// Only as far as this process sees others: in a PID namespace of its own it finds nobody. Nor does
  /// it find what no namespace shows any more, a mount that was detached while it was held open. So
  /// somebody is proof that the file system stays, nobody is no proof that it goes. Reads the mount
  /// table of every namespace: for when there is a reason to ask.
  public func holders(of device: DeviceNumber) throws(MountError) -> [MountHolder] {
    let own = try table()
    var seen: Set<String> = []
    if let link = try? Files.destination(of: "\(procRoot)/self/ns/mnt") { seen.insert(link) }
    var others: [(process: Int, table: MountTable)] = []
    let names: [String]
    do { names = try Files.names(inDirectory: procRoot) } catch {
      throw MountError(code: .other, message: "look for other mount namespaces: \(error)")
    }
    for process in names.compactMap({ Int($0) }).sorted() {
      // A process may end at any time; another one of its namespace will do.
      guard let link = try? Files.destination(of: "\(procRoot)/\(process)/ns/mnt"),
        !seen.contains(link),
        let bytes = try? Files.read("\(procRoot)/\(process)/mountinfo", limit: 1 << 26),
        let table = try? MountTable(parsing: String(decoding: bytes, as: UTF8.self))
      else { continue }
      seen.insert(link)
      others.append((process, table))
    }
    let reach = MountReach(of: device, in: own, through: others.map(\.table))
    return others.filter { reach.leaves(device, in: $0.table) }.map { other in
      let name = (try? Files.read("\(procRoot)/\(other.process)/comm", limit: 64)) ?? []
      return MountHolder(
        processID: other.process,
        command: String(decoding: name, as: UTF8.self).filter { !$0.isNewline })
    }
  }
}
