internal import Glibc
internal import Linux
internal import Synchronization
internal import SystemPackage

/// The directory behind a `FileStateStore`.  Its calls block and are made by one thread.
final class StateDirectory: Sendable {
  private let path: String
  /// Holds the lock for as long as it lives; the kernel lets go of it when the process dies.
  private let lock: Descriptor
  /// What `path` led to when it was locked.
  private let lockFile: FileStatus?
  /// The highest version on disk or given out.  Versions of deleted values from before are forgotten,
  /// which does no harm: whoever held one was a process that is gone.
  private let lastVersion: Mutex<UInt64>
  /// The keys that had a file set aside when the directory was opened, or since then. Nobody else sets
  /// one aside while the lock is held; whether a file still lies there is looked up on the disk. So only
  /// these cost a reading of the directory when they are asked for.
  private let brokenKeys: Mutex<Set<[UInt8]>>

  init(_ path: String) throws(StateStoreError) {
    self.path = path
    lastVersion = Mutex(0)
    brokenKeys = Mutex([])
    let lockPath = "\(path)/.lock"
    let lock = try Self.call { () throws(SystemCallError) in
      try Files.makeDirectories(path, mode: 0o700)
      try Files.setMode(path, 0o700)
      return try Descriptor.open(lockPath, flags: O_RDWR | O_CREAT, mode: 0o600)
    }
    guard try Self.call({ () throws(SystemCallError) in try lock.tryLock() }) else {
      throw .locked(directory: path)
    }
    self.lock = lock
    lockFile = try Self.call { () throws(SystemCallError) in try Files.status(lockPath) }
    try removeTemporaries()
    let broken = try brokenFiles().map { Array($0.key.utf8) }
    brokenKeys.withLock { $0 = Set(broken) }
    for name in try list().compactMap({ FileName(text: $0) }) {
      // A broken one is set aside by this; one that cannot be read now may be readable when asked for.
      _ = try? read(name)
    }
  }

  func read(_ name: FileName) throws(StateStoreError) -> StoredValue? {
    let file = filePath(name)
    let bytes: [UInt8]
    do {
      bytes = try Files.read(file, limit: Envelope.fileLimit)
    } catch  where error.errno == .noSuchFileOrDirectory {
      // Without this, a value that was set aside would be a value that never was.
      if let broken = try brokenFile(of: name) { throw .broken(broken) }
      try checkPlace()
      return nil
    } catch  where error.errno == .fileTooLarge {
      throw try setAside(name, "is longer than any value")
    } catch {
      throw .failed(error)
    }
    do {
      let value = try Envelope.open(bytes, key: name.key)
      lastVersion.withLock { $0 = max($0, value.version) }
      return value
    } catch {
      throw try setAside(name, error.reason)
    }
  }

  func write(
    _ name: FileName, _ bytes: [UInt8], ifVersion version: UInt64?
  ) throws(StateStoreError) -> UInt64 {
    try check(name, version)
    // Given out even if the write fails, which may have happened all the same.
    let next = lastVersion.withLock { last in
      last += 1
      return last
    }
    let file = Envelope.seal(StoredValue(bytes: bytes, version: next), key: name.key)
    try Self.call { () throws(SystemCallError) in
      // Under a name that is always the same: what a life that was cut short left of it needs no search.
      try Directory(path).replaceDurably(
        name.text, with: file, temporaryName: ".\(name.text).tmp-1", mode: 0o600)
    }
    return next
  }

  func remove(_ name: FileName, ifVersion version: UInt64) throws(StateStoreError) {
    try check(name, version)
    try Self.call { () throws(SystemCallError) in try Files.removeDurably(filePath(name)) }
  }

  /// Whoever has a value that was set aside must not be taken for one who never had any.
  func keys(beginningWith prefix: String) throws(StateStoreError) -> [String] {
    let start = FileName.escape(prefix)
    let names = try list().filter { $0.utf8.starts(with: start.utf8) }
      .compactMap { FileName(text: $0) ?? Self.nameSetAside($0) }
    return Set(names).map(\.key).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  func brokenFiles() throws(StateStoreError) -> [BrokenFile] {
    try list().compactMap { text in
      guard let name = Self.nameSetAside(text) else { return nil }
      return BrokenFile(key: name.key, path: "\(path)/\(text)", reason: "is not what was written")
    }
  }

  private func brokenFile(of name: FileName) throws(StateStoreError) -> BrokenFile? {
    guard brokenKeys.withLock({ $0.contains(Array(name.key.utf8)) }) else { return nil }
    return try brokenFiles().first { $0.key.utf8.elementsEqual(name.key.utf8) }
  }

  /// The name that a file had before it was set aside; nil for any other file.
  private static func nameSetAside(_ text: String) -> FileName? {
    guard let dot = text.utf8.firstIndex(of: UInt8(ascii: ".")),
      text[dot...].hasPrefix(brokenSuffix)
    else { return nil }
    return FileName(text: String(text[..<dot]))
  }

  private static let brokenSuffix = ".broken-"

  private func check(_ name: FileName, _ expected: UInt64?) throws(StateStoreError) {
    let found = try read(name)?.version
    guard found == expected else {
      throw .conflict(key: name.key, expected: expected, found: found)
    }
  }

  /// Renames a broken file and returns the error that says so.
  private func setAside(
    _ name: FileName, _ reason: String
  ) throws(StateStoreError) -> StateStoreError {
    let taken = Set(try list())
    var number = 1
    while taken.contains("\(name.text)\(Self.brokenSuffix)\(number)") { number += 1 }
    let target = "\(filePath(name))\(Self.brokenSuffix)\(number)"
    // Before the file is gone from its place: see `read`.
    brokenKeys.withLock { _ = $0.insert(Array(name.key.utf8)) }
    try Self.call { () throws(SystemCallError) in
      try Files.renameDurably(filePath(name), to: target)
    }
    return .broken(BrokenFile(key: name.key, path: target, reason: reason))
  }

  /// What a life that was cut short left: the lock says that nobody is writing them.
  private func removeTemporaries() throws(StateStoreError) {
    for text in try list() where text.hasPrefix(".") && text.contains(".tmp-") {
      try Self.call { () throws(SystemCallError) in _ = try Files.unlink("\(path)/\(text)") }
    }
  }

  private func filePath(_ name: FileName) -> String { "\(path)/\(name.text)" }

  private func list() throws(StateStoreError) -> [String] {
    let names = try Self.call { () throws(SystemCallError) in
      try Files.names(inDirectory: path)
    }
    try checkPlace()
    return names
  }

  /// Fails unless the path still leads to the directory that was locked: in one that was unmounted,
  /// moved away or mounted over, nothing is there, which says nothing about what was.
  private func checkPlace() throws(StateStoreError) {
    let lockPath = "\(path)/.lock"
    let found = try Self.call { () throws(SystemCallError) in try Files.status(lockPath) }
    guard let found, found.inode == lockFile?.inode, found.device == lockFile?.device else {
      throw .failed(
        SystemCallError(call: "lstat", subject: lockPath, errno: .staleNFSFileHandle))
    }
  }

  private static func call<Value>(
    _ body: () throws(SystemCallError) -> Value
  ) throws(StateStoreError) -> Value {
    do {
      return try body()
    } catch {
      throw .failed(error)
    }
  }
}
