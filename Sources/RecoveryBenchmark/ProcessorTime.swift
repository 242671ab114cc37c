import Glibc
import Lab
import Linux

/// Seconds of processor time that a process and its programs have used, those of them that have ended.
struct ProcessorTime {
  var process: Double
  var programs: Double

  /// proc_pid_stat(5): utime, stime, cutime, cstime.
  init(of process: pid_t) throws {
    let stat = String(
      decoding: try Files.read("/proc/\(process)/stat", limit: 4_096), as: UTF8.self)
    let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")
    // The third field is the first after the name.
    let ticks = fields.dropFirst(12).prefix(4).compactMap { Double($0) }
    guard ticks.count == 4 else { throw LabError("/proc/\(process)/stat: \(stat)") }
    let second = Double(sysconf(Int32(_SC_CLK_TCK)))
    self.process = (ticks[0] + ticks[1]) / second
    programs = (ticks[2] + ticks[3]) / second
  }

  static func - (now: Self, before: Self) -> Self {
    var difference = now
    difference.process -= before.process
    difference.programs -= before.programs
    return difference
  }
}
