import StateStore
import Testing

@Suite struct StateStoreTests {
  @Test("What was put is there, until it is deleted", arguments: Kind.allCases)
  func life(kind: Kind) async throws {
    try await kind.withStore { store in
      let before = try await store.get("a")
      #expect(before == nil)
      let first = try await store.put("a", [1], ifVersion: nil)
      let one = try await store.get("a")
      #expect(one == StoredValue(bytes: [1], version: first))
      let second = try await store.put("a", [], ifVersion: first)
      let two = try await store.get("a")
      #expect(two == StoredValue(bytes: [], version: second))
      try await store.delete("a", ifVersion: second)
      let after = try await store.get("a")
      #expect(after == nil)
    }
  }

  @Test("Versions grow over all keys and over deletions", arguments: Kind.allCases)
  func versions(kind: Kind) async throws {
    try await kind.withStore { store in
      var last: UInt64 = 0
      for round in 0..<3 {
        for key in ["a", "b"] {
          let version = try await store.put(key, [], ifVersion: nil)
          #expect(version > last)
          last = try await store.put(key, [UInt8(round)], ifVersion: version)
          #expect(last > version)
          try await store.delete(key, ifVersion: last)
        }
      }
    }
  }

  @Test("Whoever saw another version is refused and changes nothing", arguments: Kind.allCases)
  func conflicts(kind: Kind) async throws {
    try await kind.withStore { store in
      await #expect(throws: StateStoreError.conflict(key: "a", expected: 7, found: nil)) {
        try await store.put("a", [1], ifVersion: 7)
      }
      await #expect(throws: StateStoreError.conflict(key: "a", expected: 7, found: nil)) {
        try await store.delete("a", ifVersion: 7)
      }
      let version = try await store.put("a", [1], ifVersion: nil)
      await #expect(throws: StateStoreError.conflict(key: "a", expected: nil, found: version)) {
        try await store.put("a", [2], ifVersion: nil)
      }
      await #expect(
        throws: StateStoreError.conflict(key: "a", expected: version + 1, found: version)
      ) { try await store.delete("a", ifVersion: version + 1) }
      let value = try await store.get("a")
      #expect(value == StoredValue(bytes: [1], version: version))
    }
  }

  @Test("Of many that change one value at once, one wins each round", arguments: Kind.allCases)
  func race(kind: Kind) async throws {
    try await kind.withStore { store in
      var version: UInt64?
      for _ in 0..<10 {
        let seen = version
        let winners = await withTaskGroup(of: UInt64?.self) { group in
          for writer: UInt8 in 0..<20 {
            group.addTask { try? await store.put("a", [writer], ifVersion: seen) }
          }
          return await group.compactMap { $0 }.reduce(into: []) { $0.append($1) }
        }
        #expect(winners.count == 1)
        version = winners.first
      }
    }
  }

  @Test("Any text is a key, and those that look alike are two", arguments: Kind.allCases)
  func keys(kind: Kind) async throws {
    try await kind.withStore { store in
      let keys = [
        "../../etc/passwd", "/", ".", "..", ".hidden", "%2F", "A", "a", "a b", "a.broken-1",
        "caf\u{E9}", "cafe\u{301}", "nqn.2014-08.org.nvmexpress:uuid:x", "x\0y", "\n",
      ]
      for key in keys { _ = try await store.put(key, Array(key.utf8), ifVersion: nil) }
      for key in keys {
        let value = try await store.get(key)
        #expect(value?.bytes == Array(key.utf8))
      }
      let found = try await store.keys().map { Array($0.utf8) }
      #expect(found == keys.map { Array($0.utf8) }.sorted { $0.lexicographicallyPrecedes($1) })
    }
  }

  @Test("Keys are listed by how they begin, byte for byte", arguments: Kind.allCases)
  func prefixes(kind: Kind) async throws {
    try await kind.withStore { store in
      let keys = ["a", "a/", "a/1", "a/2", "ab/1", "caf\u{E9}/1", "cafe\u{301}/1", "%2F"]
      for key in keys { _ = try await store.put(key, [], ifVersion: nil) }
      for (prefix, expected) in [
        ("a/", ["a/", "a/1", "a/2"]), ("a", ["a", "a/", "a/1", "a/2", "ab/1"]), ("b", []),
        ("caf\u{E9}", ["caf\u{E9}/1"]), ("%", ["%2F"]), ("/", []),
      ] {
        let found = try await store.keys(beginningWith: prefix).map { Array($0.utf8) }
        #expect(found == expected.map { Array($0.utf8) }, "\(prefix)")
      }
    }
  }

  @Test("Keys and values that are no good are refused", arguments: Kind.allCases)
  func refused(kind: Kind) async throws {
    try await kind.withStore { store in
      for key in ["", String(repeating: "x", count: 201), String(repeating: "/", count: 67)] {
        await #expect(throws: StateStoreError.invalidKey(key)) { try await store.get(key) }
        await #expect(throws: StateStoreError.invalidKey(key)) {
          try await store.put(key, [], ifVersion: nil)
        }
        await #expect(throws: StateStoreError.invalidKey(key)) {
          try await store.delete(key, ifVersion: 1)
        }
      }
      let limit = 1 << 20
      let largest = [UInt8](repeating: 7, count: limit)
      await #expect(throws: StateStoreError.tooLarge(key: "a", size: limit + 1, limit: limit)) {
        try await store.put("a", largest + [7], ifVersion: nil)
      }
      _ = try await store.put(String(repeating: "x", count: 200), largest, ifVersion: nil)
      let value = try await store.get(String(repeating: "x", count: 200))
      #expect(value?.bytes == largest)
    }
  }
}
