import ArgumentParser
import Foundation
import NVMe

/// `nvmeof-csi-bench-recovery scan`: on any machine.
struct ScanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scan",
    abstract: "What one reading of sysfs costs, by the number of subsystems.",
    discussion: "On a tree like sysfs, with two controllers and one namespace per subsystem.")

  @Option(help: "Where the tree is made; best a tmpfs.")
  var directory = "/dev/shm"

  @Option(parsing: .upToNextOption, help: "Numbers of subsystems.")
  var subsystems = [16, 64, 256, 1_000]

  @Option(help: "Measured readings of each tree; one more before them does not count.")
  var runs = 9

  func run() throws {
    let root = "\(directory)/nvmeof-csi-scan-\(ProcessInfo.processInfo.processIdentifier)"
    print("one reading of everything (a tree on \(directory)), and of one subsystem by its NQN")
    print("  subsystems   all: median      min      max  per subsystem   one: median    min    max")
    print("                        ms       ms       ms             µs            ms     ms     ms")
    for count in subsystems {
      let tree = try SysfsTree(count, at: root)
      defer { tree.remove() }
      let sysfs = NVMeSysfs(root: root)
      var all = Samples()
      var one = Samples()
      for run in 0...runs {
        let clock = ContinuousClock()
        let wanted = try NQN(SysfsTree.nqn(count / 2))
        let took = try clock.measure {
          guard try sysfs.subsystems().flatMap(\.controllers).count == 2 * count else {
            throw ValidationError("not all of \(count) subsystems were read")
          }
        }
        let tookOne = try clock.measure {
          guard try sysfs.subsystem(nqn: wanted).flatMap(\.namespaces).count == 1 else {
            throw ValidationError("\(wanted) was not read")
          }
        }
        if run > 0 {
          all.add(took)
          one.add(tookOne)
        }
      }
      print(
        String(
          format: "%12d %13.2f %8.2f %8.2f %14.1f %13.2f %6.2f %6.2f", count, all.median * 1e3,
          all.minimum * 1e3, all.maximum * 1e3, all.median * 1e6 / Double(count), one.median * 1e3,
          one.minimum * 1e3, one.maximum * 1e3))
    }
  }
}
