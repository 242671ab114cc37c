import Linux
import NVMe
import Testing

@testable import Backends

@Suite("The static backend")
struct StaticBackendTests {
  private static let entry = """
    {"id": "nv-aaaaaaaaaaaaaaaaaaaaaaaaaa", "nqn": "nqn.2014-08.org.example:array", \
    "portals": ["192.0.2.1:4420"], "uuid": "5ca1ab1e-0000-4000-8000-000000000001", "size": 4096}
    """

  private func withList<Value>(
    _ text: String, _ body: (StaticBackend) async throws -> Value
  ) async throws -> Value {
    let path = "/tmp/static-volumes-\(UInt64.random(in: .min ... .max)).json"
    try Files.replaceDurably(path, with: Array(text.utf8), mode: 0o600)
    defer { try? Files.removeDurably(path) }
    return try await body(StaticBackend(file: path))
  }

  @Test("without a list can do nothing, and lets nobody in")
  func bare() async throws {
    let backend = StaticBackend(file: nil)
    let id = try ObjectID.volume("a")
    #expect(backend.capabilities == [])
    #expect(backend.size(holding: 1) == nil)
    await expectError(.unsupported) {
      _ = try await backend.createVolume(
        VolumeSpecification(id: id, size: 1, content: .empty, parameters: [:]), deadline: .ample
      ) { _, _ in }
    }
    await expectError(.unsupported) { _ = try await backend.volumes(deadline: .ample) }
    await expectError(.invalid, "portals") { try backend.check(parameters: ["portals": ""]) }
    await expectError(.unsupported) {
      try await backend.allow(hostNQN("n1"), volume: id, deadline: .ample)
    }
    #expect(try await backend.leftovers(deadline: .ample) == [])
  }

  @Test("lists what its file lists")
  func list() async throws {
    try await withList("[\(Self.entry)]") { backend in
      #expect(backend.capabilities == [.listing])
      let id = try ObjectID.volume("a")
      let volume = BackendVolume(
        id: id, size: 4096, content: .empty,
        export: Export(
          nqn: try NQN("nqn.2014-08.org.example:array"), nsid: 1,
          uuid: try #require(UUID("5ca1ab1e-0000-4000-8000-000000000001")),
          portals: [try TransportAddress("192.0.2.1:4420", transport: .tcp)], allowedHosts: []),
        fault: nil)
      #expect(try await backend.volumes(deadline: .ample) == [volume])
      #expect(try await backend.volume(id, deadline: .ample) == volume)
      #expect(try await backend.volume(ObjectID.volume("b"), deadline: .ample) == nil)
    }
  }

  @Test("tells of those only that are asked for")
  func several() async throws {
    let other = Self.entry.replacing("aaaaaaaaaa", with: "bbbbbbbbbb")
    try await withList("[\(Self.entry), \(other)]") { backend in
      let a = try ObjectID.volume("a")
      let ids = try await backend.volumeIDs(deadline: .ample)
      #expect(ids.count == 2 && ids.first == a)
      let found = try await backend.volumes([a, try .volume("z")], deadline: .ample)
      #expect(found.keys.sorted() == [a])
      #expect(try found[a]?.get().size == 4096)
    }
  }

  @Test(
    "a file that is not understood is an error that says where",
    arguments: [
      ("{}", "no list"), ("[7]", "entry 1: no object"), ("[", "invalid JSON"),
      ("[\(entry), \(entry)]", "listed twice"),
      ("[\(entry.replacing("nv-", with: "xx-"))]", "'id'"),
      ("[\(entry.replacing("\"size\"", with: "\"sise\""))]", "'sise' is unknown"),
      ("[\(entry.replacing(":4420", with: ""))]", "no port"),
      ("[\(entry.replacing("5ca1ab1e", with: "5ca1able"))]", "'uuid'"),
      ("[\(entry.replacing("4096", with: "-1"))]", "'size'"),
      ("[\(entry.replacing("{", with: "{\"nsid\": 0,"))]", "'nsid'"),
      ("[\(entry.replacing("{", with: "{\"transport\": \"fc\","))]", "'transport'"),
    ])
  func damaged(text: String, reason: String) async throws {
    try await withList(text) { backend in
      await expectError(.broken, reason) { _ = try await backend.volumes(deadline: .ample) }
    }
  }

  @Test("a file that is not there is unavailable, never an empty list")
  func missing() async throws {
    let backend = StaticBackend(file: "/nonexistent/volumes.json")
    await expectError(.unavailable) { _ = try await backend.volumes(deadline: .ample) }
  }
}
