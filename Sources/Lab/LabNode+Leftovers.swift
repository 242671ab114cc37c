import Foundation
import Linux
import NVMe

extension LabNode {
  /// What a node without volumes must not have: mounts in the kubelet's directory, block nodes in it,
  /// connections of the plugin's, disks that the kernel has kept without any, stage records, processes
  /// in an uninterruptible sleep.
  public func leftovers() throws -> [String] {
    var found: [String] = []
    for line in try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)
      .split(separator: "\n")
    {
      let fields = line.split(separator: " ")
      if fields.count > 4, fields[4].hasPrefix(kubelet + "/") {
        found.append("mount at \(fields[4])")
      }
    }
    if let walk = FileManager.default.enumerator(atPath: kubelet) {
      for case let name as String in walk {
        if try Files.status("\(kubelet)/\(name)")?.kind == .blockDevice {
          found.append("device node \(kubelet)/\(name)")
        }
      }
    }
    for controller in try NVMeSysfs().subsystems().flatMap(\.controllers)
    where controller.hostNQN == host.nqn.rawValue {
      found.append("controller \(controller.summary) of \(controller.subsystemNQN)")
    }
    for disk in try NVMeSysfs().subsystems().flatMap(\.namespaces) where !disk.hasPath {
      found.append("disk \(disk.name) without a controller")
    }
    let state = driver.directory + "/state"
    for name in (try? Files.names(inDirectory: state)) ?? [] where !name.hasPrefix(".") {
      found.append("stage record \(name)")
    }
    found += try Self.uninterruptible()
    return found
  }

  /// Processes that stay in state D for half a second; many pass through it for a moment.
  public static func uninterruptible() throws -> [String] {
    func now() throws -> Set<String> {
      var found: Set<String> = []
      for name in try Files.names(inDirectory: "/proc") where Int(name) != nil {
        guard let stat = try? String(contentsOfFile: "/proc/\(name)/stat", encoding: .utf8),
          let end = stat.lastIndex(of: ")")
        else { continue }
        let fields = stat[end...].dropFirst(2).split(separator: " ")
        // The kernel's own threads, children of kthreadd, wait for a target in that state as they should.
        if fields.count > 1, fields[0] == "D", fields[1] != "2" {
          found.insert(String(stat[...end]))
        }
      }
      return found
    }
    var stuck = try now()
    for _ in 0..<5 where !stuck.isEmpty {
      Thread.sleep(forTimeInterval: 0.1)
      stuck.formIntersection(try now())
    }
    return stuck.map { "process in D: \($0)" }
  }
}
