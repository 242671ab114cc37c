import Linux
import NVMe
import Testing

@testable import Backends
@testable import BackendsTestSupport

@Suite("Hosts of an nvmet volume")
struct HostAccessTests {
  @Test("only those that are allowed connect")
  func allow() async throws {
    try await TargetBench.run { bench in
      let volume = try await bench.volume("a", hosts: ["node-1"])
      let nqn = volume.export.nqn.rawValue
      #expect(volume.export.allowedHosts == [hostNQN("node-1")])
      #expect(try bench.configFS.connect(hostNQN("node-1").rawValue, nqn))
      #expect(try !bench.configFS.connect(hostNQN("node-2").rawValue, nqn))
      #expect(
        try bench.configFS.read("subsystems/\(nqn)/attr_allow_any_host") == "0")
      _ = bench.configFS.takeLog()
      try await bench.driver().allow(hostNQN("node-1"), volume: volume.id, deadline: .ample)
      #expect(bench.configFS.takeLog() == [])
      await expectError(.notFound) {
        try await bench.driver().allow(
          hostNQN("node-1"), volume: ObjectID.volume("b"), deadline: .ample)
      }
    }
  }

  @Test("one that is revoked is cut, and nothing of it is under way any more")
  func revokeLast() async throws {
    try await TargetBench.run { bench in
      let volume = try await bench.volume("a", hosts: ["node-1"])
      let other = try await bench.volume("b", hosts: ["node-1"])
      let nqn = volume.export.nqn.rawValue
      let host = hostNQN("node-1").rawValue
      for volume in [volume, other] {
        try bench.configFS.connect(host, volume.export.nqn.rawValue)
      }
      let before = try bench.configFS.contents()
      _ = bench.configFS.takeLog()
      try await bench.driver().revoke(hostNQN("node-1"), volume: volume.id, deadline: .ample)
      let log = bench.configFS.takeLog()
      #expect(!bench.configFS.isConnected(host, nqn))
      #expect(bench.configFS.isConnected(host, other.export.nqn.rawValue))
      #expect(try !bench.configFS.connect(host, nqn))
      #expect(log.first == "unlink subsystems/\(nqn)/allowed_hosts/\(host)")
      let unlinked = log.lastIndex { $0.hasPrefix("unlink ports/") }
      let drained = log.firstIndex(of: "rmdir subsystems/\(nqn)/namespaces/1")
      let linked = log.firstIndex { $0.hasPrefix("symlink ports/") }
      #expect(try #require(unlinked) < (try #require(drained)))
      #expect(try #require(drained) < (try #require(linked)))
      // All is as before but for the link: the other volume still has the host.
      #expect(
        try bench.configFS.contents()
          == before.filter { $0 != "/subsystems/\(nqn)/allowed_hosts/\(host) ->" })

      try await bench.driver().revoke(hostNQN("node-1"), volume: volume.id, deadline: .ample)
      #expect(bench.configFS.takeLog() == [])
      try await bench.driver().revoke(hostNQN("node-1"), volume: other.id, deadline: .ample)
      #expect(try bench.configFS.names(in: "hosts") == [])
      try await bench.driver().revoke(
        hostNQN("node-1"), volume: ObjectID.volume("c"), deadline: .ample)
    }
  }

  @Test("with another host left each port is linked again at once and the namespace is not touched")
  func revokeOneOfTwo() async throws {
    try await TargetBench.run { bench in
      let volume = try await bench.volume("a", hosts: ["node-1", "node-2"])
      let nqn = volume.export.nqn.rawValue
      for node in ["node-1", "node-2"] {
        try bench.configFS.connect(hostNQN(node).rawValue, nqn)
      }
      let ports = try bench.configFS.names(in: "ports")
      _ = bench.configFS.takeLog()
      try await bench.driver().revoke(hostNQN("node-1"), volume: volume.id, deadline: .ample)
      let host = hostNQN("node-1").rawValue
      let log = bench.configFS.takeLog().filter { !$0.hasPrefix("listen") }
      #expect(
        log == [
          "unlink subsystems/\(nqn)/allowed_hosts/\(host)", "rmdir hosts/\(host)",
          "unlink ports/\(ports[0])/subsystems/\(nqn)",
          "symlink ports/\(ports[0])/subsystems/\(nqn)",
          "unlink ports/\(ports[1])/subsystems/\(nqn)",
          "symlink ports/\(ports[1])/subsystems/\(nqn)",
        ])
      #expect(!bench.configFS.isConnected(host, nqn))
      #expect(try bench.configFS.connect(hostNQN("node-2").rawValue, nqn))
    }
  }

  @Test("a host that somebody linked by hand is cut as soon as it is seen")
  func stranger() async throws {
    try await TargetBench.run { bench in
      let volume = try await bench.volume("a", hosts: ["node-1"])
      let nqn = volume.export.nqn.rawValue
      let stranger = hostNQN("stranger").rawValue
      _ = try bench.configFS.makeDirectory("hosts/\(stranger)")
      _ = try bench.configFS.link(
        "subsystems/\(nqn)/allowed_hosts/\(stranger)", to: "hosts/\(stranger)")
      try bench.configFS.write("DHHC-1:00:key:", to: "hosts/\(stranger)/dhchap_key")
      try bench.configFS.connect(stranger, nqn)
      try await bench.driver().allow(hostNQN("node-1"), volume: volume.id, deadline: .ample)
      #expect(!bench.configFS.isConnected(stranger, nqn))
      #expect(
        try bench.configFS.names(in: "subsystems/\(nqn)/allowed_hosts")
          == [hostNQN("node-1").rawValue])
      // It has a key: somebody wants it to stay.
      #expect(try bench.configFS.names(in: "hosts").contains(stranger))
    }
  }
}
