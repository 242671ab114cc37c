import Foundation

/// Directories and files as sysfs has them for `count` subsystems with two paths each, as Linux 6.1
/// shows them (see Tests/NVMeTests/Fixtures), symbolic links included.
struct SysfsTree {
  private let root: String

  static func nqn(_ number: Int) -> String { "nqn.2014-08.org.nvmexpress:uuid:\(uuid(number))" }

  private static func uuid(_ number: Int) -> String {
    "5ca1ab1e-0000-4000-8000-" + String(format: "%012d", number)
  }

  init(_ count: Int, at root: String) throws {
    self.root = root
    for directory in ["class/nvme-subsystem", "class/nvme", "dev/block"] {
      try Self.makeDirectory("\(root)/\(directory)")
    }
    for number in 0..<count { try make(number) }
  }

  func remove() { try? FileManager.default.removeItem(atPath: root) }

  private func make(_ number: Int) throws {
    let subsystem = "\(root)/devices/virtual/nvme-subsystem/nvme-subsys\(number)"
    let head = "\(subsystem)/nvme\(number)n1"
    try attributes(subsystem, ["subsysnqn": Self.nqn(number)])
    try attributes(
      head,
      [
        "nsid": "1", "uuid": Self.uuid(number), "wwid": "uuid.\(Self.uuid(number))",
        "nguid": "00000000-0000-0000-0000-000000000000", "dev": "259:\(number)",
        "size": "2097152", "diskseq": "\(number + 10)", "uevent": "DEVNAME=nvme\(number)n1",
      ])
    try Self.makeDirectory("\(head)/holders")
    for path in 0..<2 {
      let name = "nvme\(number * 2 + path)"
      let controller = "\(root)/devices/virtual/nvme-fabrics/ctl/\(name)"
      try attributes(
        controller,
        [
          "transport": "tcp", "subsysnqn": Self.nqn(number), "hostnqn": Self.nqn(1 << 20),
          "hostid": Self.uuid(1 << 20), "ctrl_loss_tmo": "off", "reconnect_delay": "2",
          "fast_io_fail_tmo": "off", "state": "live",
          "address": "traddr=192.0.2.\(path + 1),trsvcid=4420,src_addr=192.0.2.9",
        ])
      try attributes(
        "\(controller)/nvme\(number)c\(number * 2 + path)n1",
        ["nsid": "1", "ana_state": "optimized"])
      try link("\(subsystem)/\(name)", controller)
      try link("\(root)/class/nvme/\(name)", controller)
    }
    try link("\(root)/class/nvme-subsystem/nvme-subsys\(number)", subsystem)
    try link("\(root)/dev/block/259:\(number)", head)
  }

  private static func makeDirectory(_ path: String) throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  private func attributes(_ directory: String, _ values: [String: String]) throws {
    try Self.makeDirectory(directory)
    for (name, value) in values {
      try (value + "\n").write(toFile: "\(directory)/\(name)", atomically: false, encoding: .utf8)
    }
  }

  private func link(_ path: String, _ destination: String) throws {
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: destination)
  }
}
