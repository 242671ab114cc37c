import ArgumentParser
import Foundation
import Lab

/// The lab's target in the hands of people: volumes to stage, and faults to inject.
@main
struct LabCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "nvmeof-csi-lab",
    abstract: "Make volumes at the lab's NVMe/TCP target, and break them.",
    discussion: """
      Runs inside the lab's guest only (hack/lab shell), whose kernel is host and target at once.

      Example:
        nvmeof-csi-lab volume create data --size 512M --node-id node-1 >/run/lab/context
        nvmeof-csi-lab port down data        # its connection is lost, I/O waits
        nvmeof-csi-lab port up data          # and goes on
      """,
    subcommands: [
      VolumeCommand.self, PortCommand.self, SubsystemCommand.self, HostCommand.self,
      NetworkCommand.self,
    ])

  /// The volumes; refuses to work outside of the lab, where the target would be somebody's own.
  static func catalog() throws -> VolumeCatalog {
    try requireLab()
    return try VolumeCatalog(NVMeTarget())
  }

  static func requireLab() throws {
    guard ProcessInfo.processInfo.environment["NVMEOF_CSI_LAB"] == "1" else {
      throw LabError("this is for the lab's guest only: start one with hack/lab shell")
    }
  }
}
