import Foundation
import Lab

extension Chaos {
  /// The plugin's last lines on a volume, or its last lines of all.
  func log(of volume: String) -> String {
    let text = (try? String(contentsOfFile: plugin.node.driver.logFile, encoding: .utf8)) ?? ""
    return text.split(separator: "\n")
      .filter { volume.isEmpty || ($0 + " ").contains("volume=\(volume) ") }
      .suffix(60).joined(separator: "\n")
  }
}
