import NVMe
import Testing

@testable import Backends
@testable import BackendsTestSupport

@Suite("A kernel that does not answer")
struct StuckKernelTests {
  @Test("holds up one volume and no other, and the call ends when it does at its next step")
  func oneVolume() async throws {
    try await TargetBench.run { bench in
      let driver = try bench.driver()
      let volume = try await bench.volume("a")
      let other = try await bench.volume("b")
      let path = "subsystems/\(volume.export.nqn)/namespaces/1"
      bench.configFS.hang(path)
      await expectError(.timedOut) {
        try await driver.deleteVolume(volume.id, deadline: .now + .milliseconds(300)) { _, _ in }
      }
      #expect(driver.stuck.count == 1)
      await expectError(.unavailable, "sits in the kernel") {
        try await driver.deleteVolume(volume.id, deadline: .ample) { _, _ in }
      }
      try await driver.allow(hostNQN("node-1"), volume: other.id, deadline: .ample)
      bench.configFS.letGo(path)
      for _ in 0..<1000 where !driver.stuck.isEmpty {
        try await Task.sleep(for: .milliseconds(10))
      }
      // The rest of the abandoned call was not done behind anybody's back.
      #expect(try bench.configFS.exists("subsystems/\(volume.export.nqn)"))
      try await driver.deleteVolume(volume.id, deadline: .ample) { _, _ in }
      #expect(try !bench.configFS.exists("subsystems/\(volume.export.nqn)"))
    }
  }
}
