import Testing

@testable import NVMe

@Suite("A UUID")
struct UUIDTests {
  @Test(
    "is printed in lower case",
    arguments: ["6ba7b810-9dad-11d1-80b4-00c04fd430c8", "00000000-0000-0000-0000-000000000000"])
  func valid(text: String) {
    #expect(UUID(text)?.description == text)
    #expect(UUID(text.uppercased()) == UUID(text))
  }

  @Test(
    "has 8-4-4-4-12 hexadecimal digits and nothing else",
    arguments: [
      "", "6ba7b810", "6ba7b8109dad11d180b400c04fd430c8", "6ba7b810-9dad-11d1-80b4-00c04fd430c",
      "6ba7b810-9dad-11d1-80b4-00c04fd430c8\n", "{6ba7b810-9dad-11d1-80b4-00c04fd430c8}",
      "6ba7b810-9dad-11d1-80b4-00c04fd430cg", "6ba7b8109-dad-11d1-80b4-00c04fd430c8",
      "6ba7b810-9dad-11d1-80b4-00c04fd430c8-", "+ba7b810-9dad-11d1-80b4-00c04fd430c8",
      "６ba7b810-9dad-11d1-80b4-00c04fd430c8",
    ])
  func invalid(text: String) {
    #expect(UUID(text) == nil)
  }

  @Test("of version 5 is the one of RFC 9562, A.4")
  func nameBased() throws {
    let names = try #require(UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8"))
    let uuid = UUID(namespace: names, name: "www.example.com")
    #expect("\(uuid)" == "2ed6657d-e927-568b-95e1-2665a8aea6a2")
  }
}

@Suite("SHA-1")
struct SHA1Tests {
  @Test(
    "gives FIPS 180-4's examples and the edges of its blocks",
    arguments: [
      ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
      ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
      ),
      (String(repeating: "a", count: 55), "c1c8bbdc22796e28c0e15163d20899b65621d65a"),
      (String(repeating: "a", count: 56), "c2db330f6083854c99d4b5bfb6e8f29f201be699"),
      (String(repeating: "a", count: 64), "0098ba824b5c16427bd7a1122a5a442a25ec644d"),
      (String(repeating: "a", count: 10_000), "a080cbda64850abb7b7f67ee875ba068074ff6fe"),
    ])
  func vectors(message: String, digest: String) {
    #expect(hexadecimalText(SHA1.digest(Array(message.utf8))) == digest)
  }
}

@Suite("An NGUID")
struct NGUIDTests {
  @Test(
    "is printed as 32 digits in lower case",
    arguments: [
      "0123456789abcdef0123456789abcdef", "0123456789ABCDEF0123456789ABCDEF",
      "01234567-89ab-cdef-0123-456789abcdef",
    ])
  func valid(text: String) {
    #expect(NGUID(text)?.description == "0123456789abcdef0123456789abcdef")
  }

  @Test(
    "has 32 hexadecimal digits that are not all zero",
    arguments: [
      "", "0123", "0123456789abcdef0123456789abcdefa", "0123456789abcdef0123456789abcdeg",
      "00000000000000000000000000000000", "00000000-0000-0000-0000-000000000000",
      "0123456789abcdef0123456789abcde ",
    ])
  func invalid(text: String) {
    #expect(NGUID(text) == nil)
  }
}
