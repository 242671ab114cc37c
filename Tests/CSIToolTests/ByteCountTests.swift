import Testing

@testable import CSITool

@Suite("A size on the command line")
struct ByteCountTests {
  static let sizes: [(String, Int64)] = [
    ("0", 0), ("1", 1), ("1073741824", 1 << 30), ("512B", 512), ("1k", 1000), ("1kB", 1000),
    ("1K", 1000), ("10M", 10_000_000), ("2G", 2_000_000_000), ("2GB", 2_000_000_000),
    ("3T", 3_000_000_000_000), ("1KiB", 1024), ("1Ki", 1024), ("1MiB", 1 << 20), ("1Gi", 1 << 30),
    ("100GiB", 100 << 30), ("1TiB", 1 << 40), ("1.5GiB", 3 << 29), ("0.25KiB", 256),
    ("0.001k", 1), ("9223372036854775807", .max), ("8191PiB", 8191 << 50), ("1.125MiB", 9 << 17),
  ]

  @Test("is a number with an IEC or SI unit", arguments: sizes)
  func reads(text: String, bytes: Int64) {
    #expect(ByteCount(text)?.bytes == bytes)
  }

  @Test(
    "or nothing",
    arguments: [
      "", "G", "-1", "+1", "1 G", "1g", "1gb", "1BB", "1Kib", "1.G", ".5G", "1.5", "1.2.3G",
      "1.0001k",
      "0.3KiB", "9223372036854775808", "8192PiB", "9223372036854775807k", "1e3", "0x10", "٣G",
      "1GiBB",
      "8191.999PiB1", "1,5G",
    ])
  func refuses(text: String) {
    #expect(ByteCount(text) == nil)
  }

  static let texts: [(Int64, String?)] = [
    (0, nil), (1023, nil), (-1, nil), (.min, nil), (1024, "1KiB"), (1025, "1KiB"),
    (1536, "1.5KiB"), (1 << 20, "1MiB"), (11_005_853_696, "10.25GiB"), (1_085_276_160, "1.01GiB"),
    (1_610_612_736_000, "1.46TiB"), (.max, "8191.99PiB"),
  ]

  @Test("is told in the largest unit that fits, cut to two decimals", arguments: texts)
  func tells(bytes: Int64, text: String?) {
    #expect(ByteCount.text(bytes) == text)
  }
}
