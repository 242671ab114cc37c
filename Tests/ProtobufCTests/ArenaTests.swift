import Testing

@testable import ProtobufC

@Suite("An arena")
struct ArenaTests {
  @Test("hands out memory that is aligned to 16, zeroed and no two of it the same")
  func allocations() {
    let arena = Arena()
    var ends: [(start: UInt, end: UInt)] = []
    for size in [0, 1, 15, 16, 17, 4095, 4096, 4097, 100_000, 3, 0, 1 << 20, 5] {
      guard let memory = unsafe arena.allocate(size) else {
        Issue.record("no \(size) bytes")
        continue
      }
      let start = UInt(bitPattern: memory)
      #expect(start.isMultiple(of: 16))
      let bytes = unsafe UnsafeMutableRawBufferPointer(start: memory, count: size)
      #expect(unsafe bytes.allSatisfy { $0 == 0 })
      bytes.indices.forEach { unsafe bytes[$0] = 0xff }
      #expect(ends.allSatisfy { start >= $0.end || start + UInt(size) <= $0.start })
      ends.append((start, start + UInt(max(size, 1))))
    }
  }

  @Test("hands out nothing beyond its limit, and still what fits")
  func limit() {
    let arena = Arena(limit: 64)
    #expect(unsafe arena.allocate(65) == nil)
    #expect(unsafe arena.allocate(48) != nil)
    #expect(unsafe arena.allocate(17) == nil)
    #expect(unsafe arena.allocate(1) != nil)
    // The byte before has taken 16, so that a swarm of small ones cannot exceed the limit.
    #expect(unsafe arena.allocate(1) == nil)
  }

  @Test(
    "refuses sizes that no memory has",
    arguments: [-1, Int.min, Int.max, Int.max - 15, Int.max / 2])
  func absurd(size: Int) {
    let arena = Arena()
    #expect(unsafe arena.allocate(size) == nil)
    #expect(unsafe arena.allocate(16) != nil)
  }

  @Test("a NUL in an outgoing string becomes U+FFFD instead of the string's end")
  func outgoingNUL() {
    let arena = Arena()
    #expect(unsafe readString(arena.string("a\0b\0\u{301}")) == "a\u{FFFD}b\u{FFFD}\u{301}")
    #expect(unsafe readString(arena.string("")) == "")
    #expect(unsafe readString(nil) == "")
  }
}
