internal import Linux

/// A store of one file per key in a directory of its own, written durably: after return a value survives
/// a power cut, and at no moment is there half a value.
///
/// A file that is not what was written is set aside under `<name>.broken-<n>`: it is neither guessed at
/// nor deleted, and its key fails with `broken` until somebody has dealt with it.  A file that cannot be
/// read right now (EIO, EMFILE) stays where it is and fails with `failed`.
///
/// The work is done on a thread of its own, one thing after another.
public final class FileStateStore: StateStore {
  private let directory: StateDirectory
  private let thread: SerialThread

  /// Opens the directory, makes it if it is not there (mode 0700), and locks it: `locked` when another
  /// process, or another store in this one, has it open.  Reads every file once; broken ones are set
  /// aside and do not keep the store from opening.
  public init(directory path: String) async throws(StateStoreError) {
    let thread: SerialThread
    do {
      thread = try SerialThread(name: "state-store")
    } catch {
      throw .failed(error)
    }
    self.thread = thread
    directory = try await thread.perform { () throws(StateStoreError) in
      try StateDirectory(path)
    }
  }

  /// The files that were set aside and still lie there, by whichever process.
  public func brokenFiles() async throws(StateStoreError) -> [BrokenFile] {
    try await perform { (directory) throws(StateStoreError) in try directory.brokenFiles() }
  }

  /// The value of a key; nil when there is none.
  public func get(_ key: String) async throws(StateStoreError) -> StoredValue? {
    let name = try FileName(key: key)
    return try await perform { (directory) throws(StateStoreError) in try directory.read(name) }
  }

  /// Puts a value if the key has this version, or none.
  public func put(
    _ key: String, _ bytes: [UInt8], ifVersion version: UInt64?
  ) async throws(StateStoreError) -> UInt64 {
    let name = try FileName(key: key)
    try Envelope.checkSize(bytes, key: key)
    return try await perform { (directory) throws(StateStoreError) in
      try directory.write(name, bytes, ifVersion: version)
    }
  }

  /// Deletes a key if it has this version.
  public func delete(_ key: String, ifVersion version: UInt64) async throws(StateStoreError) {
    let name = try FileName(key: key)
    try await perform { (directory) throws(StateStoreError) in
      try directory.remove(name, ifVersion: version)
    }
  }

  /// The keys that begin so, sorted by their bytes, with those whose file was set aside: one reading of
  /// the directory.
  public func keys(beginningWith prefix: String) async throws(StateStoreError) -> [String] {
    try await perform { (directory) throws(StateStoreError) in
      try directory.keys(beginningWith: prefix)
    }
  }

  private func perform<Success: Sendable>(
    _ body: @escaping @Sendable (StateDirectory) throws(StateStoreError) -> Success
  ) async throws(StateStoreError) -> Success {
    let directory = self.directory
    return try await thread.perform { () throws(StateStoreError) in try body(directory) }
  }
}
