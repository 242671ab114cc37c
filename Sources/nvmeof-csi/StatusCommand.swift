import ArgumentParser
import Driver
import StateStore
import SystemPackage

/// `nvmeof-csi status`: what a controller has and does, from its state directory.
struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show a controller's volumes and snapshots, how far its work is, and what hangs.",
    discussion: """
      Reads the state directory of a controller on this machine, whether that runs or not; changes \
      nothing. A copy's progress is written down every few seconds.

      Exit codes: 0 all records were read; 1 some are broken, and are named on standard error.
      """)

  @Option(
    help: ArgumentHelp("The controller's state directory.", valueName: "directory"))
  var stateDir = ControllerCommand.defaultStateDirectory

  func run() throws {
    let status = try ControllerStatus(StateReader(directory: stateDir))
    print(Self.text(status.volumes), terminator: "")
    if !status.snapshots.rows.isEmpty { print("\n" + Self.text(status.snapshots), terminator: "") }
    if !status.stuck.isEmpty {
      print("\n" + status.stuck.map { "stuck: \(Self.visible($0))\n" }.joined(), terminator: "")
    }
    guard !status.broken.isEmpty else { return }
    for broken in status.broken {
      try FileDescriptor.standardError.writeAll("broken: \(Self.visible(broken))\n".utf8)
    }
    throw ExitCode(1)
  }

  /// The table with each column as wide as its widest cell; what is empty is a dash.
  private static func text(_ table: ControllerStatus.Table) -> String {
    let rows = [table.heading] + table.rows.map { $0.map { $0.isEmpty ? "-" : visible($0) } }
    let widths = table.heading.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      var line = ""
      for (cell, width) in zip(row, widths) {
        line += cell + String(repeating: " ", count: width - cell.count + 2)
      }
      while line.hasSuffix(" ") { line.removeLast() }
      return line + "\n"
    }.joined()
  }

  /// A name comes from whoever made the volume: it must not steer the terminal.
  private static func visible(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { $0.value < 0x20 || (0x7f...0x9f).contains($0.value) ? "?" : $0 }))
  }
}
