import Testing

@testable import NVMe

@Suite("An NQN")
struct NQNTests {
  @Test(
    "is kept as it was given",
    arguments: [
      "nqn.2014-08.org.nvmexpress:uuid:11111111-2222-3333-4444-555555555555",
      "nqn.2014-08.org.nvmexpress.discovery",
      "nqn.2026-01.org.example:volume-1",
      "nqn.1992-08.com.netapp:sn.a1b2c3:subsystem.pvc_0",
      "nqn.2026-12.COM.Example-1:A:b::c;=#%&*()[]{}<>?!|~^`$@+",
      "nqn.2026-01.x:" + String(repeating: "a", count: 223 - 14),
    ])
  func valid(text: String) throws {
    let nqn = try NQN(text)
    #expect(nqn.rawValue == text)
    #expect("\(nqn)" == text)
  }

  @Test(
    "is refused with a reason",
    arguments: [
      ("", "want nqn.yyyy-mm.reverse.domain:name"),
      ("volume-1", "want nqn.yyyy-mm.reverse.domain:name"),
      ("nqn.2026-01", "want nqn.yyyy-mm.reverse.domain:name"),
      ("NQN.2026-01.org.example:a", "want nqn.yyyy-mm.reverse.domain:name"),
      ("iqn.2026-01.org.example:a", "want nqn.yyyy-mm.reverse.domain:name"),
      ("nqn.2026.org.example:a", "'2026' is not a year and a month, such as 2014-08"),
      ("nqn.2026-1.org.example:a", "'2026-1' is not a year and a month, such as 2014-08"),
      ("nqn.2026-00.org.example:a", "'2026-00' is not a year and a month, such as 2014-08"),
      ("nqn.2026-13.org.example:a", "'2026-13' is not a year and a month, such as 2014-08"),
      ("nqn.+026-01.org.example:a", "'+026-01' is not a year and a month, such as 2014-08"),
      ("nqn.2026-01.:a", "'' is not a reversed domain name"),
      ("nqn.2026-01.org_example:a", "'org_example' is not a reversed domain name"),
      ("nqn.2026-01.org.example:a b", "it holds a character that is not allowed"),
      ("nqn.2026-01.org.example:a,b", "it holds a character that is not allowed"),
      ("nqn.2026-01.org.example:a/../b", "it holds a character that is not allowed"),
      ("nqn.2026-01.org.example:a\\b", "it holds a character that is not allowed"),
      ("nqn.2026-01.org.example:\"a\"", "it holds a character that is not allowed"),
      ("nqn.2026-01.org.example:it's", "it holds a character that is not allowed"),
      ("nqn.2026-01.org.example:a\n", "it holds a character that is not allowed"),
      ("nqn.2026-01.org.example:a\0", "it holds a character that is not allowed"),
      ("nqn.2026-01.org.example:ä", "it holds a character that is not allowed"),
      (
        "nqn.2026-01.x:" + String(repeating: "a", count: 224 - 14), "it is longer than 223 bytes"
      ),
    ])
  func invalid(text: String, reason: String) {
    let error = #expect(throws: NQN.Invalid.self) { try NQN(text) }
    #expect(error?.reason == "'\(text.prefix(80))' is not an NVMe Qualified Name: \(reason)")
  }
}
