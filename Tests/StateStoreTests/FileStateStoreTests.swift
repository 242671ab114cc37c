import Linux
import SystemPackage
import Testing

@testable import StateStore

@Suite struct FileStateStoreTests {
  private static let key = "nv-1"
  private static let value = Array("{\"volume\":\"nv-1\"}\n".utf8)

  /// Lends a directory with one value at version 1, closed, and the value's file.
  private func withValue(_ body: (String, String) async throws -> Void) async throws {
    try await withTemporaryDirectory { directory in
      do {
        let store = try await FileStateStore(directory: directory)
        _ = try await store.put(Self.key, Self.value, ifVersion: nil)
      }
      try await body(directory, "\(directory)/\(Self.key)")
    }
  }

  private func overwrite(_ path: String, _ bytes: some Sequence<UInt8>) throws {
    try Files.replaceDurably(path, with: Array(bytes), mode: 0o600)
  }

  @Test("The file is a line and the value, readable by its owner only")
  func format() async throws {
    try await withValue { directory, file in
      let text = String(decoding: try Files.read(file, limit: 1000), as: UTF8.self)
      #expect(text == "nvmeof-csi-state 1 1 18 fc856b66\n{\"volume\":\"nv-1\"}\n")
      #expect(try Files.status(file)?.mode == 0o600)
      #expect(try Files.status(directory)?.mode == 0o700)
      #expect(try Files.names(inDirectory: directory) == [".lock", "nv-1"])
    }
  }

  @Test("CRC-32C is the one of RFC 3720: 123456789 gives e3069283")
  func checksum() {
    var sum = CRC32C()
    sum.update(with: "123456789".utf8)
    #expect(sum.value == 0xe306_9283)
  }

  @Test("A store that is opened again has the values, and goes on with the versions")
  func reopened() async throws {
    try await withValue { directory, _ in
      let store = try await FileStateStore(directory: directory)
      let value = try await store.get(Self.key)
      #expect(value == StoredValue(bytes: Self.value, version: 1))
      let next = try await store.put("other", [], ifVersion: nil)
      #expect(next == 2)
    }
  }

  @Test("A second store on the same directory is refused until the first is gone")
  func locked() async throws {
    try await withTemporaryDirectory { directory in
      do {
        let first = try await FileStateStore(directory: directory)
        await #expect(throws: StateStoreError.locked(directory: directory)) {
          try await FileStateStore(directory: directory)
        }
        _ = try await first.keys()
      }
      _ = try await FileStateStore(directory: directory)
    }
  }

  @Test("Temporary files of a life that was cut short are no values, and go at the next start")
  func leftovers() async throws {
    try await withValue { directory, _ in
      for name in [".nv-1.tmp-abc-1", ".nv-2.tmp-abc-2"] {
        try overwrite("\(directory)/\(name)", Self.value.prefix(3))
      }
      let store = try await FileStateStore(directory: directory)
      let keys = try await store.keys()
      #expect(keys == [Self.key])
      #expect(try Files.names(inDirectory: directory) == [".lock", "nv-1"])
    }
  }

  @Test("A file that was cut anywhere is broken, never shorter and never absent")
  func truncation() async throws {
    try await withValue { directory, file in
      let whole = try Files.read(file, limit: 1000)
      let store = try await FileStateStore(directory: directory)
      for length in 0..<whole.count {
        try overwrite(file, whole.prefix(length))
        try await expectBroken(store, directory)
        #expect(try Files.read("\(file).broken-1", limit: 1000) == Array(whole.prefix(length)))
        try Files.unlink("\(file).broken-1")
      }
    }
  }

  @Test("A file with any one bit changed is broken")
  func bitFlips() async throws {
    let whole = Envelope.seal(StoredValue(bytes: Self.value, version: 1), key: Self.key)
    #expect(try Envelope.open(whole, key: Self.key).bytes == Self.value)
    for bit in 0..<(whole.count * 8) {
      var changed = whole
      changed[bit / 8] ^= 1 << (bit % 8)
      #expect(throws: Envelope.Broken.self) { try Envelope.open(changed, key: Self.key) }
    }
  }

  @Test(
    "What is wrong is said",
    arguments: [
      ("", "has no first line"), ("{}\n", "is no state file"),
      ("nvmeof-csi-state 2 1 0 00000000\n", "has a format that this version does not know"),
      ("nvmeof-csi-state 1 1 0\n", "has a malformed first line"),
      ("nvmeof-csi-state 1 1 -1 00000000\n", "has a malformed first line"),
      ("nvmeof-csi-state 1 1 5 00000000\nabc", "has 3 bytes where 5 were written"),
      ("nvmeof-csi-state 1 1 3 00000000\nabc", "has a wrong checksum"),
      ("nvmeof-csi-state 1 1 3 00000000 \nabc", "has a malformed first line"),
    ])
  func reasons(text: String, reason: String) async throws {
    try await withValue { directory, file in
      let store = try await FileStateStore(directory: directory)
      try overwrite(file, text.utf8)
      let broken = BrokenFile(key: Self.key, path: "\(file).broken-1", reason: reason)
      await #expect(throws: StateStoreError.broken(broken)) { try await store.get(Self.key) }
    }
  }

  @Test("A file under another key's name is broken")
  func renamed() async throws {
    try await withValue { directory, file in
      try Files.renameDurably(file, to: "\(directory)/nv-2")
      let store = try await FileStateStore(directory: directory)
      await #expect(throws: StateStoreError.self) { try await store.get("nv-2") }
      let absent = try await store.get(Self.key)
      #expect(absent == nil)
    }
  }

  @Test("A file that is longer than any value is broken, and not read into memory")
  func tooLong() async throws {
    try await withValue { directory, file in
      let store = try await FileStateStore(directory: directory)
      try overwrite(file, [UInt8](repeating: 0, count: (1 << 20) + 129))
      try await expectBroken(store, directory)
    }
  }

  @Test(
    "A broken file does not keep the store from opening nor other keys from working, and is a key")
  func opensBroken() async throws {
    try await withValue { directory, file in
      try overwrite(file, [0])
      let store = try await FileStateStore(directory: directory)
      try await expectBroken(store, directory)
      _ = try await store.put("other", [1], ifVersion: nil)
      let keys = try await store.keys()
      #expect(keys == [Self.key, "other"])
      // Put back by hand, and the broken one kept: one key.
      try overwrite(file, Envelope.seal(StoredValue(bytes: Self.value, version: 1), key: Self.key))
      #expect(try await store.keys() == [Self.key, "other"])
      #expect(try await store.get(Self.key)?.bytes == Self.value)
    }
  }

  @Test("A key whose file was set aside can be written only after that was removed")
  func repair() async throws {
    try await withValue { directory, file in
      try overwrite(file, [0])
      let store = try await FileStateStore(directory: directory)
      for version: UInt64? in [nil, 1] {
        await #expect(throws: StateStoreError.self) {
          try await store.put(Self.key, [], ifVersion: version)
        }
      }
      await #expect(throws: StateStoreError.self) { try await store.delete(Self.key, ifVersion: 1) }
      try Files.unlink("\(file).broken-1")
      _ = try await store.put(Self.key, [], ifVersion: nil)
    }
  }

  @Test("What an earlier life set aside is broken in the next too, until it was removed")
  func brokenBefore() async throws {
    try await withValue { directory, file in
      try overwrite(file, [0])
      do { _ = try await FileStateStore(directory: directory) }
      let store = try await FileStateStore(directory: directory)
      try await expectBroken(store, directory)
      try Files.unlink("\(file).broken-1")
      let absent = try await store.get(Self.key)
      #expect(absent == nil)
    }
  }

  @Test("Each broken file gets a number of its own")
  func numbers() async throws {
    try await withValue { directory, file in
      let store = try await FileStateStore(directory: directory)
      for number in 1...3 {
        try overwrite(file, [UInt8(number)])
        await #expect(throws: StateStoreError.self) { try await store.get(Self.key) }
      }
      let paths = try await store.brokenFiles().map(\.path)
      #expect(paths == (1...3).map { "\(file).broken-\($0)" })
      #expect(try Files.read("\(file).broken-2", limit: 9) == [2])
    }
  }

  @Test("What cannot be read is an error and stays where it is")
  func unreadable() async throws {
    try await withTemporaryDirectory { directory in
      try Files.makeDirectories("\(directory)/nv-1", mode: 0o700)
      let store = try await FileStateStore(directory: directory)
      let error = SystemCallError(call: "read", subject: "\(directory)/nv-1", errno: .isDirectory)
      await #expect(throws: StateStoreError.failed(error)) { try await store.get("nv-1") }
      await #expect(throws: StateStoreError.failed(error)) {
        try await store.put("nv-1", [], ifVersion: nil)
      }
      #expect(try Files.names(inDirectory: directory) == [".lock", "nv-1"])
    }
  }

  @Test(
    "In a directory that is gone, or that another took the place of, nothing is said to be absent")
  func replaced() async throws {
    try await withValue { directory, _ in
      let store = try await FileStateStore(directory: directory)
      let away = directory + "-away"
      let error = StateStoreError.failed(
        SystemCallError(call: "lstat", subject: "\(directory)/.lock", errno: .staleNFSFileHandle))
      try Files.renameDurably(directory, to: away)
      await #expect(throws: StateStoreError.self) { try await store.keys() }
      for isReplaced in [false, true] {
        if isReplaced { _ = try await FileStateStore(directory: directory) }
        await #expect(throws: error) { try await store.get(Self.key) }
        await #expect(throws: error) { try await store.put("other", [], ifVersion: nil) }
      }
      await #expect(throws: error) { try await store.keys() }
      try Files.removeDurably("\(directory)/.lock")
      try Files.removeDirectory(directory)
      try Files.renameDurably(away, to: directory)
      let value = try await store.get(Self.key)
      #expect(value?.bytes == Self.value)
    }
  }

  @Test("A directory that cannot be made is an error")
  func noDirectory() async throws {
    let error = SystemCallError(
      call: "mkdir", subject: "/proc/state", errno: .noSuchFileOrDirectory)
    await #expect(throws: StateStoreError.failed(error)) {
      try await FileStateStore(directory: "/proc/state")
    }
  }

  /// Broken when it is found and ever after, listed, and nothing else in the directory.
  private func expectBroken(_ store: FileStateStore, _ directory: String) async throws {
    for _ in 1...2 {
      let error = await #expect(throws: StateStoreError.self) { try await store.get(Self.key) }
      guard case .broken(let file) = error else {
        Issue.record("\(error as Any)")
        return
      }
      #expect(file.key == Self.key)
      #expect(file.path == "\(directory)/nv-1.broken-1")
    }
    let files = try await store.brokenFiles().map(\.path)
    #expect(files == ["\(directory)/nv-1.broken-1"])
  }
}
