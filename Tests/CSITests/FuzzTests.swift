import JSON
import ProtobufC
import Testing

@testable import CSI

/// SplitMix64: the same corpus on every machine and every run.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

/// Ways to break a message, each of which leaves most of it as it was.
struct Mutator {
  var random: SeededGenerator
  let corpus: [[UInt8]]

  private static let tokens: [[UInt8]] = [
    [0], [0xff], [0xc3], [0x0b], [0x0c], [0x80, 0x80, 0x80, 0x80, 0x00],
    [0xff, 0xff, 0xff, 0xff, 0x0f], Array(repeating: 0xff, count: 9) + [0x01],
    Array(repeating: 0x80, count: 10) + [0x01], [0x22, 0x00], [0x0a, 0x00], [0x12, 0x00],
    [0x2a, 0x00], [0xff, 0xff, 0xff, 0xff, 0x07], [0xf8, 0xff, 0xff, 0xff, 0x0f, 0x00],
  ]

  mutating func next() -> [UInt8] {
    var bytes = corpus[index(corpus.count)]
    for _ in 0...index(4) { mutate(&bytes) }
    return bytes
  }

  private mutating func index(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }

  private mutating func range(of bytes: [UInt8]) -> Range<Int> {
    let start = index(bytes.count + 1)
    return start..<min(bytes.count, start + index(24))
  }

  private mutating func mutate(_ bytes: inout [UInt8]) {
    guard !bytes.isEmpty else { return bytes = Self.tokens[index(Self.tokens.count)] }
    let place = index(bytes.count)
    switch index(8) {
    case 0: bytes[place] ^= 1 << UInt8(index(8))
    case 1: bytes[place] = UInt8(index(256))
    case 2: bytes.removeLast(bytes.count - place)
    case 3: bytes.removeSubrange(range(of: bytes))
    case 4: bytes.insert(contentsOf: bytes[range(of: bytes)], at: place)
    case 5: bytes.insert(contentsOf: Self.tokens[index(Self.tokens.count)], at: place)
    case 6:
      // Most often a length, since these are short: off by a little.
      bytes[place] &+= UInt8(truncatingIfNeeded: index(9) - 4)
    default:
      let other = corpus[index(corpus.count)]
      if !other.isEmpty { bytes.insert(contentsOf: other[range(of: other)], at: place) }
    }
  }
}

@Suite("Broken bytes")
struct FuzzTests {
  // As many seeds as there are; each makes `count` inputs, and each is given to every message type.
  private static let count = 5_000

  @Test("are a message or an error, never more than that", arguments: 0..<UInt64(6))
  func survives(seed: UInt64) async throws {
    let goldens = GoldenMessages.all.filter(\.isRequest)
    var mutator = Mutator(
      random: SeededGenerator(state: seed), corpus: try goldens.map { try $0.fixture })
    var accepted = 0
    for _ in 0..<Self.count {
      let bytes = mutator.next()
      // Other tests want the pool's threads too.
      await Task.yield()
      for golden in goldens {
        guard case .success(let again) = golden.transcode(bytes) else { continue }
        accepted += bytes.isEmpty ? 0 : 1
        // What was taken is said again in the same bytes, and in JSON too.
        if golden.transcode(again) != .success(again) {
          Issue.record("\(golden) is not stable for \(bytes)")
        }
        do {
          let json = try golden.descriptor.json(bytes)
          _ = try golden.descriptor.bytes(json)
        } catch {
          Issue.record("\(golden) cannot be had as JSON for \(bytes): \(error)")
        }
      }
    }
    // The corpus is neither all good nor all bad.
    #expect(accepted > Self.count / 10)
    #expect(accepted < Self.count * goldens.count / 2)
  }

  @Test("answers too: a client reads what a foreign server sends", arguments: 6..<UInt64(8))
  func responses(seed: UInt64) async throws {
    let goldens = GoldenMessages.all.filter { !$0.isRequest }
    var mutator = Mutator(
      random: SeededGenerator(state: seed), corpus: try goldens.map { try $0.fixture })
    for _ in 0..<Self.count {
      let bytes = mutator.next()
      // Other tests want the pool's threads too.
      await Task.yield()
      for golden in goldens { _ = golden.transcode(bytes) }
      for service in services {
        for method in service.methods { _ = try? method.response.json(bytes) }
      }
    }
  }
}
