import NVMe
import Testing
import Udev

@testable import Driver

@Suite("Whom a uevent is about")
struct SightingsTests {
  static let controller = "/sys/devices/virtual/nvme-fabrics/ctl/nvme3"
  static let events: [(String, String, String, Sightings.Subject)] = [
    ("change", "nvme", controller, .device("nvme3")),
    ("remove", "nvme", controller, .device("nvme3")),
    // Comes with every connect, also with one that fails.
    ("add", "nvme", controller, .newController),
    (
      "add", "block", "/sys/devices/virtual/nvme-subsystem/nvme-subsys3/nvme3n1",
      .device("nvme-subsys3")
    ),
    (
      "remove", "block", "/sys/devices/virtual/nvme-subsystem/nvme-subsys3/nvme3n1",
      .device("nvme-subsys3")
    ),
    ("add", "block", controller + "/nvme3n1", .device("nvme3")),
    ("change", "block", "/sys/devices/virtual/block/loop0", .other),
    ("change", "block", "/sys/devices/pci0000:00/0000:00:05.0/virtio1/block/vda", .other),
    ("change", "mem", "/sys/devices/virtual/mem/null", .other),
  ]

  @Test("is told by its path", arguments: events)
  func subject(action: String, subsystem: String, path: String, subject: Sightings.Subject) {
    let event = UdevEvent(action: action, subsystem: subsystem, sysfsPath: path)
    #expect(Sightings.Subject(event) == subject)
  }

  private func subsystem(_ number: Int, _ nqn: NQN) -> Subsystem {
    Subsystem(
      name: "nvme-subsys\(number)", nqn: nqn.rawValue,
      controllers: [
        Controller(
          name: "nvme\(number)", state: .live, transport: "tcp", address: [:],
          subsystemNQN: nqn.rawValue, hostNQN: "ours", hostID: "", ctrlLossTimeout: nil)
      ], namespaces: [])
  }

  @Test("is every volume that was seen on it last, and nobody else")
  func volumes() throws {
    let sightings = Sightings()
    let nqn = try NQN("nqn.2024-01.io.example:v")
    let (first, second) = (try VolumeID("a"), try VolumeID("b"))
    for volume in [first, second] { sightings.saw([subsystem(3, nqn)], of: nqn, for: volume) }
    for name in ["nvme3", "nvme-subsys3", nqn.rawValue] {
      #expect(sightings.volumes(of: name) == [first, second])
    }
    // What a failed connect made and removed again.
    #expect(sightings.volumes(of: "nvme4") == [])
    // The controller is gone, and its name may be another's.
    sightings.saw([], of: nqn, for: first)
    #expect(sightings.volumes(of: "nvme3") == [second])
    #expect(sightings.volumes(of: nqn.rawValue) == [first, second])
    sightings.forgetAll(but: [first])
    #expect(sightings.volumes(of: "nvme3") == [])
    #expect(sightings.volumes(of: nqn.rawValue) == [first])
  }
}
