internal import Glibc
internal import Linux
internal import Synchronization
internal import SystemPackage

/// The directory behind a `FileStateStore`.  Its calls block and are made by one thread.
final class StateDirectory: Sendable {
  private let path: String
  /// Holds the lock for as long as it lives; the kernel lets go of it when the process dies.
  private let lock: Descriptor
  /// The highest version on disk or given out.  Versions of deleted values from before are forgotten,
  /// which does no harm: whoever held one was a process that is gone.
  private let lastVersion: Mutex<UInt64>

  init(_ path: String) throws(StateStoreError) {
    self.path = path
    lastVersion = Mutex(0)
    lock = try Self.call { () throws(SystemCallError) in
      try Files.makeDirectories(path, mode: 0o700)
      try Files.setMode(path, 0o700)
      return try Descriptor.open("\(path)/.lock", flags: O_RDWR | O_CREAT, mode: 0o600)
    }
    guard try Self.call({ () throws(SystemCallError) in try lock.tryLock() }) else {
      throw .locked(directory: path)
    }
    try removeTemporaries()
    for name in try names() {
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
      if let broken = try brokenFiles().first(where: { $0.key.utf8.elementsEqual(name.key.utf8) }) {
        throw .broken(broken)
      }
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
      try Files.replaceDurably(filePath(name), with: file, mode: 0o600)
    }
    return next
  }

  func remove(_ name: FileName, ifVersion version: UInt64) throws(StateStoreError) {
    try check(name, version)
    try Self.call { () throws(SystemCallError) in try Files.removeDurably(filePath(name)) }
  }

  /// Whoever has a value that was set aside must not be taken for one who never had any.
  func keys() throws(StateStoreError) -> [String] {
    let names = Set(try list().compactMap { FileName(text: $0) ?? Self.nameSetAside($0) })
    return names.map(\.key).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  func brokenFiles() throws(StateStoreError) -> [BrokenFile] {
    try list().compactMap { text in
      guard let name = Self.nameSetAside(text) else { return nil }
      return BrokenFile(key: name.key, path: "\(path)/\(text)", reason: "is not what was written")
    }
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

  private func names() throws(StateStoreError) -> [FileName] {
    try list().compactMap { FileName(text: $0) }
  }

  private func list() throws(StateStoreError) -> [String] {
    try Self.call { () throws(SystemCallError) in try Files.names(inDirectory: path) }
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
