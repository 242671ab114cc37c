import Glibc
import Linux
import Testing

@testable import NVMe

@Suite("The kernel's log")
struct KernelLogTests {
  @Test("is read from the moment on when it was opened, without the devices' names")
  func records() throws {
    let machine = try Machine("no-namespaces")
    try machine.log("3,1,1,-;nvme nvme1: Connect Invalid Data Parameter, subsysnqn \"old\"\n")
    let log = try #require(KernelLog(machine.kernelLog))
    #expect(log.messages() == [])
    try machine.log(fixture("connect/unknown-subsystem/kmsg"))
    #expect(
      log.messages() == [
        "nvme_fabrics: ctrl_loss_tmo < 0 will reconnect forever",
        "nvmet: connect request for invalid subsystem nqn.2026-01.org.example:nowhere!",
        "nvme nvme2: Connect Invalid Data Parameter, subsysnqn \"nqn.2026-01.org.example:nowhere\"",
        "nvme nvme2: failed to connect queue: 0 ret=16770",
      ])
    #expect(log.messages() == [])
  }

  @Test("keeps semicolons of the message")
  func semicolons() throws {
    let machine = try Machine("no-namespaces")
    let log = try #require(KernelLog(machine.kernelLog))
    try machine.log("6,1,1,-;one; two\n6,2,2,c;three\n")
    #expect(log.messages() == ["one; two", "three"])
  }

  @Test("is none where there is no file")
  func absent() {
    #expect(KernelLog("\(here)/Fixtures/absent") == nil)
  }

  @Test(
    "is /dev/kmsg: in the lab's guest, whose log is nobody's",
    .enabled(if: unsafe getenv("NVMEOF_CSI_LAB") != nil && geteuid() == 0))
  func real() throws {
    let log = try #require(KernelLog("/dev/kmsg"))
    // A line without its end is kept back for what may follow.
    try Files.writeAttribute("<6>nvme-tests: first; of two\n", to: "/dev/kmsg")
    try Files.writeAttribute("<6>nvme-tests: second\n", to: "/dev/kmsg")
    let messages = log.messages().filter { $0.hasPrefix("nvme-tests") }
    #expect(messages == ["nvme-tests: first; of two", "nvme-tests: second"])
  }
}
