import ArgumentParser
import Foundation
import Lab
import Linux
import NVMe

/// `nvmeof-csi-lab volume`
struct VolumeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "volume", abstract: "Create, list, resize and delete volumes.",
    subcommands: [Create.self, List.self, Resize.self, Delete.self])
}

extension VolumeCommand {
  struct Create: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Create a volume and print its volume context.",
      discussion: """
        A subsystem of its own with one namespace, sparse and empty, at the portals \
        127.0.0.2:4420, 127.0.0.3:4420 and so on. What is printed is the volume context as JSON, \
        as NodeStageVolume takes it.
        """)

    @Argument(help: "1 to 20 of a-z, 0-9, '-' and '.'.")
    var name: String

    @Option(help: ArgumentHelp("512M, 2G or bytes.", valueName: "size"))
    var size = ByteCount(bytes: 512 << 20)

    @Option(help: ArgumentHelp("How many portals export it, 1 to 8.", valueName: "count"))
    var portals = 1

    @Option(help: ArgumentHelp("The host that may use it.", valueName: "nqn"))
    var host: String?

    @Option(
      help: ArgumentHelp(
        "The node that may use it, by the plugin's --node-id; default: this machine's name.",
        valueName: "id"))
    var nodeID: String?

    func validate() throws {
      guard (1...8).contains(portals) else { throw ValidationError("--portals must be 1 to 8") }
      guard host == nil || nodeID == nil else {
        throw ValidationError("give --host or --node-id, not both")
      }
    }

    func run() throws {
      let node = nodeID ?? ProcessInfo.processInfo.hostName
      let volume = try LabCommand.catalog().create(
        name, size: size.bytes, portals: portals,
        host: host ?? HostIdentity(nodeID: node).nqn.rawValue)
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      print(String(decoding: try encoder.encode(volume.context), as: UTF8.self))
    }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the volumes, where they are exported and to whom.")

    func run() throws {
      let catalog = try LabCommand.catalog()
      for entry in try catalog.entries() {
        let volume = catalog.volume(entry)
        guard try volume.target.subsystems().contains(volume.nqn) else {
          print("\(entry.name)\t\(entry.size >> 20)M\t\(entry.uuid)\tsubsystem removed")
          continue
        }
        let portals = try volume.portals.map { portal in
          let isUp = try volume.target.exports(at: portal.id).contains(volume.nqn)
          return portal.description + (isUp ? "" : " (down)")
        }
        print(
          "\(entry.name)\t\(entry.size >> 20)M\t\(entry.uuid)\t\(portals.joined(separator: ", "))")
        for host in try volume.target.allowedHosts(volume.nqn) { print("\tfor \(host)") }
      }
    }
  }

  struct Resize: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Change a volume's size and tell the hosts that are connected.")

    @Argument(help: "The volume.")
    var name: String

    @Argument(help: "1G, 2048M or bytes.")
    var size: ByteCount

    func run() throws { try LabCommand.catalog().resize(name, to: size.bytes) }
  }

  struct Delete: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Delete a volume with its bytes, whoever is connected.")

    @Argument(help: "The volume.")
    var name: String

    func run() throws { try LabCommand.catalog().delete(name) }
  }
}
