import Foundation
import Lab

/// `nvmeof-csi-demo`: the driver's main job told from beginning to end on a real kernel.
///
/// Runs in the lab's guest only, since it breaks what it works with: see hack/demo. Exit codes: 0 when
/// every claim was proven, 1 when one was not or a step failed, 2 outside of the lab.
@main
enum Demo {
  static func main() async {
    guard ProcessInfo.processInfo.environment["NVMEOF_CSI_LAB"] == "1" else {
      Output.standard.line("nvmeof-csi-demo runs in the lab's guest only; start it with hack/demo")
      exit(2)
    }
    let timeline = Timeline()
    var story: Story?
    do {
      let begun = try Story(timeline)
      story = begun
      try await begun.tell()
    } catch {
      timeline.fail(error)
      if let story {
        if !story.node.driver.isRunning { timeline.note("the plugin is not running") }
        timeline.quote("the plugin's last lines", story.node.driver.logTail(40))
        timeline.quote("the controller's last lines", story.controller.process.logTail(20))
        await story.release()
      }
    }
    exit(timeline.summary() ? 0 : 1)
  }
}
