import CSI
import GRPC
import Testing

@Suite("CSI conformance: a volume's size")
struct VolumeSizeConformance {
  /// The second: 10.25 GiB. The third: 1500 GiB, which is there sparsely.
  static let sizes: [Int64] = [
    1, 11_005_853_696, 1500 * .gibibyte, 16 * .mebibyte + 1, 16 * .mebibyte - 1,
  ]

  @Test("is at least what is required", arguments: Subject.all, sizes)
  func required(subject: Subject, size: Int64) async throws {
    try await subject.with { session async throws in
      let volume = try await session.create(.named("a", .atLeast(size)))
      #expect(volume.capacityBytes >= size)
      // Rounded up to what storage is made in, not to what is easy to say.
      #expect(volume.capacityBytes < size + 8 * .mebibyte)
      #expect(try await session.get(volume.volumeID).volume?.capacityBytes == volume.capacityBytes)
    }
  }

  @Test("is at most the limit", arguments: Subject.all)
  func limit(subject: Subject) async throws {
    try await subject.with { session async throws in
      let exact = try await session.create(.named("exact", .exactly(11_005_853_696)))
      #expect(exact.capacityBytes == 11_005_853_696)
      let limited = try await session.create(.named("limited", .atMost(16 * .mebibyte)))
      #expect((1...16 * .mebibyte).contains(limited.capacityBytes))
      let chosen = try await session.create(.named("chosen", nil))
      #expect(chosen.capacityBytes > 0)
    }
  }

  @Test("that cannot be is refused, and leaves nothing", arguments: Subject.all)
  func impossible(subject: Subject) async throws {
    try await subject.with { session async throws in
      await expectRefusal(.outOfRange, .invalidArgument, saying: ["limit"]) {
        try await session.create(
          .named("a", CapacityRange(requiredBytes: 2 * .gibibyte, limitBytes: .gibibyte)))
      }
      // No storage is made in single bytes.
      await expectRefusal(.outOfRange, saying: ["1"]) {
        try await session.create(.named("a", .exactly(1)))
      }
      await expectRefusal(.outOfRange) { try await session.create(.named("a", .atMost(1))) }
      for size in [subject.tooLarge, .max - 1, .max] {
        await expectRefusal(.outOfRange, .resourceExhausted) {
          try await session.create(.named("a", .atLeast(size)))
        }
      }
      for range in [CapacityRange.atLeast(-1), .atMost(-1), .atLeast(.min)] {
        await expectRefusal(.outOfRange, .invalidArgument) {
          try await session.create(.named("a", range))
        }
      }
      #expect(try await session.volumeIDs() == [])
      _ = try await session.create("a")
    }
  }
}
