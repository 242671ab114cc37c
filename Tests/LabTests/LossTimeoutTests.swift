import Lab
import Linux
import NVMe
import Testing

@Suite("The kernel's patience with a lost controller", .lab, .serialized)
struct LossTimeoutTests {
  @Test("is what the volume asks for, also after something else has changed it")
  func overruled() async throws {
    try await Scenario.run { lab in
      let node = lab.node
      for (context, expected) in [([:], nil), (["ctrlLossTmo": "30"], 30)]
        as [([String: String], Int?)]
      {
        let volume = try lab.volume(size: 16 << 20)
        try await node.stage(volume, .block, context: context)
        let controller = try #require(try volume.controllers().first)
        // As a rule of udev would.
        try Files.writeAttribute("600", to: "/sys/class/nvme/\(controller.name)/ctrl_loss_tmo")
        #expect(try volume.controllers().first?.ctrlLossTimeout == 600)
        try await eventually(within: .seconds(60), "recovery to set it back") {
          try volume.controllers().first?.ctrlLossTimeout == expected
        }
        try await node.unstage(volume, .block)
      }
    }
  }
}
