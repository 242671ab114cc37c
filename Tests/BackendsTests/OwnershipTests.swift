import Linux
import NVMe
import Testing

@testable import Backends
@testable import BackendsTestSupport

@Suite("What is not ours at the target")
struct OwnershipTests {
  private let nqn = "nqn.2026-11.dev.nvmeof-csi:nv-aaaaaaaaaaaaaaaaaaaaaaaaaa"

  @Test("a subsystem of our name with another's mark is refused and not touched")
  func foreignSubsystem() async throws {
    try await TargetBench.run { bench in
      _ = try bench.configFS.makeDirectory("subsystems/\(nqn)")
      try bench.configFS.write("somebody's", to: "subsystems/\(nqn)/attr_model")
      let before = try bench.configFS.contents()
      await expectError(.notOurs, "somebody's", nqn) { try await bench.volume("a") }
      let driver = try bench.driver()
      await expectError(.notOurs) {
        try await driver.deleteVolume(ObjectID.volume("a"), deadline: .ample) { _, _ in }
      }
      #expect(try bench.configFS.contents() == before)
    }
  }

  @Test("nor is one with the kernel's own model that somebody put something in")
  func unmarkedSubsystem() async throws {
    try await TargetBench.run { bench in
      _ = try bench.configFS.makeDirectory("subsystems/\(nqn)")
      _ = try bench.configFS.makeDirectory("subsystems/\(nqn)/namespaces/7")
      await expectError(.notOurs, "'Linux'") { try await bench.volume("a") }
      // Empty, it is what a driver leaves that died right after mkdir.
      _ = try bench.configFS.removeDirectory("subsystems/\(nqn)/namespaces/7")
      #expect(try await bench.driver().leftovers(deadline: .ample).count == 1)
      try await bench.volume("a")
    }
  }

  @Test("another cluster's volumes are neither listed, nor leftovers, nor touched")
  func otherCluster() async throws {
    try await TargetBench.run { bench in
      let volume = try await bench.volume("a")
      let before = try bench.configFS.contents()
      let other = try bench.driver(cluster: "c2")
      await expectError(.notOurs) {
        try await other.deleteVolume(volume.id, deadline: .ample) { _, _ in }
      }
      #expect(try bench.configFS.contents() == before)
    }
  }

  @Test("a port that somebody made at our address is used, not changed and not removed")
  func foreignPort() async throws {
    try await TargetBench.run { bench in
      _ = try bench.configFS.makeDirectory("ports/1")
      for (name, value) in [
        ("trtype", "tcp"), ("adrfam", "ipv4"), ("traddr", "192.0.2.1"), ("trsvcid", "4420"),
      ] { try bench.configFS.write(value, to: "ports/1/addr_\(name)") }
      let before = try bench.configFS.contents()
      let volume = try await bench.volume("a")
      #expect(try bench.configFS.exists("ports/1/subsystems/\(nqn)"))
      #expect(try bench.configFS.names(in: "ports").count == 2)
      try await bench.driver().deleteVolume(volume.id, deadline: .ample) { _, _ in }
      #expect(try bench.configFS.contents() == before)
    }
  }

  @Test("a port number that is taken is passed over")
  func takenNumber() async throws {
    try await TargetBench.run { bench in
      let mark = TargetMark(PoolOwner(driver: "nvmeof.csi.dev", cluster: "c1"))
      let numbers = mark.portNumbers(TargetBench.portals[0])
      _ = try bench.configFS.makeDirectory("ports/\(numbers[0])")
      try bench.configFS.write("203.0.113.9", to: "ports/\(numbers[0])/addr_traddr")
      try await bench.volume("a")
      #expect(try bench.configFS.exists("ports/\(numbers[1])/subsystems/\(nqn)"))
      #expect(
        try bench.configFS.read("ports/\(numbers[0])/addr_traddr") == "203.0.113.9")
    }
  }

  @Test("marks fit the kernel's attributes and tell owners and volumes apart")
  func marks() throws {
    let one = TargetMark(PoolOwner(driver: "a", cluster: "bc"))
    let other = TargetMark(PoolOwner(driver: "ab", cluster: "c"))
    #expect(one.model != other.model)
    #expect(one.model.utf8.count <= 40)
    let volume = try ObjectID.volume("a")
    #expect(TargetMark.serial(of: volume).utf8.count == 20)
    #expect(TargetMark.serial(of: volume) != TargetMark.serial(of: try ObjectID.volume("b")))
    #expect(NGUID(TargetMark.nguid(of: volume)) != nil)
    // Frozen: hosts know the volumes by these.
    #expect("\(TargetMark.uuid(of: volume))" == "c77c742c-6658-5fbb-93bd-3ebd821cf5eb")
    #expect(one.portNumbers(TargetBench.portals[0]).allSatisfy { (0x4000..<0xc000).contains($0) })
  }
}
