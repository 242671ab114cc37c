import CSI
import Foundation
import GRPC
import Lab
import NVMe
import Testing

@Suite("A target that does not do as it should", .lab, .serialized)
struct ConnectTests {
  @Test("nothing listens: UNAVAILABLE at once, with NQN, portal and reason")
  func refused() async throws {
    try await Scenario.run { lab in
      let volume = try lab.volume(size: 64 << 20)
      try volume.portDown()
      await expectRefusal(.unavailable, volume.nqn, "127.0.0.2:4420", "Connection refused") {
        try await lab.node.stage(volume, .ext4)
      }
      try volume.portUp()
      try await lab.node.stage(volume, .ext4)
      try await lab.node.unstage(volume, .ext4)
    }
  }

  @Test("no such subsystem there: NOT_FOUND")
  func unknownSubsystem() async throws {
    try await Scenario.run { lab in
      let volume = try lab.volume(size: 64 << 20)
      await expectRefusal(.notFound, "nqn.2024-01.io.example:no-such", "no such subsystem") {
        try await lab.node.stage(volume, .ext4, context: ["nqn": "nqn.2024-01.io.example:no-such"])
      }
    }
  }

  @Test("this host is not allowed: FAILED_PRECONDITION, with our host NQN; once allowed it works")
  func notAllowed() async throws {
    try await Scenario.run { lab in
      let volume = try lab.volume(size: 64 << 20)
      let host = lab.node.host.nqn.rawValue
      try lab.target.disallow(host, volume.nqn)
      await expectRefusal(.failedPrecondition, host, "does not allow this host") {
        try await lab.node.stage(volume, .ext4)
      }
      #expect(try lab.node.leftovers() == [])
      try lab.target.allow(host, volume.nqn)
      try await lab.node.stage(volume, .ext4)
      try await lab.node.unstage(volume, .ext4)
    }
  }

  @Test("no such namespace: within the deadline, and nothing stays connected")
  func noNamespace() async throws {
    try await Scenario.run { lab in
      let volume = try lab.volume(size: 64 << 20)
      await expectRefusal(.deadlineExceeded, "namespace 7", "namespaces there: 1") {
        try await lab.node.stage(volume, .ext4, context: ["nsid": "7"], timeout: .seconds(10))
      }
      // Not a final error: the kubelet unstages or retries.
      try await lab.node.unstage(volume, .ext4)
    }
  }

  @Test("one of two portals is a black hole: the volume is staged over the other")
  func halfBlackHole() async throws {
    try await Scenario.run { lab in
      try LabNetwork.makeBlackHole()
      let volume = try lab.volume(size: 64 << 20)
      let portals = LabNetwork.blackHole + "," + volume.portals[0].description
      try await lab.node.stage(volume, .ext4, context: ["portals": portals])
      let condition = try await lab.node.stats(
        volume, at: lab.node.stagingPath(volume, .ext4)
      ).volumeCondition
      #expect(condition?.abnormal == true)
      #expect(condition?.message.contains("1 of 2 paths") == true)
      try await lab.node.unstage(volume, .ext4)
    }
  }

  @Test("a black hole: an answer within the deadline, and nobody else waits")
  func blackHole() async throws {
    try await Scenario.run { lab in
      try LabNetwork.makeBlackHole()
      let node = lab.node
      let lost = try lab.volume(size: 64 << 20)
      let healthy = try lab.volume(size: 96 << 20)
      let start = ContinuousClock.now
      async let answer: Void = expectRefusal(.deadlineExceeded, LabNetwork.blackHole) {
        try await node.stage(
          lost, .ext4, context: ["portals": LabNetwork.blackHole], timeout: .seconds(30))
      }
      try await Task.sleep(for: .milliseconds(500))
      for _ in 0..<5 {
        let asked = ContinuousClock.now
        _ = try await node.withClient {
          try await IdentityClient($0).probe(deadline: .now + .seconds(2))
        }
        #expect(ContinuousClock.now - asked < .seconds(1))
      }
      try await node.stage(healthy, .ext4)
      try await node.unstage(healthy, .ext4)
      await answer
      #expect(ContinuousClock.now - start < .seconds(30))
      try await node.unstage(lost, .ext4)
    }
  }

  @Test("shutting down with a stage that hangs takes less than five seconds")
  func shutdown() async throws {
    try await Scenario.run { lab in
      try LabNetwork.makeBlackHole()
      let node = lab.node
      let lost = try lab.volume(size: 64 << 20)
      async let answer: Void? = try? node.stage(
        lost, .ext4, context: ["portals": LabNetwork.blackHole], timeout: .seconds(60))
      try await Task.sleep(for: .seconds(1))
      #expect(try await node.driver.stop() < .seconds(5))
      _ = await answer
      try await node.start()
      try await node.unstage(lost, .ext4)
    }
  }

  @Test("somebody else's connection to the subsystem is neither used nor cut")
  func foreign() async throws {
    try await Scenario.run { lab in
      let volume = try lab.volume(size: 64 << 20)
      let foreign = HostIdentity(nodeID: "somebody else")
      try lab.target.allow(foreign.nqn.rawValue, volume.nqn)
      try runProgram([
        "nvme", "connect", "-t", "tcp", "-a", volume.portals[0].address, "-s", "4420", "-n",
        volume.nqn, "--hostnqn=\(foreign.nqn)", "--hostid=\(foreign.id)",
      ])
      await expectRefusal(.failedPrecondition, foreign.nqn.rawValue, "another host identity") {
        try await lab.node.stage(volume, .ext4)
      }
      let left = try NVMeSysfs().subsystem(nqn: NQN(volume.nqn)).flatMap(\.controllers)
      #expect(left.map(\.hostNQN) == [foreign.nqn.rawValue])
      #expect(left.map(\.state) == [.live])
      try runProgram(["nvme", "disconnect", "-n", volume.nqn])
    }
  }
}
