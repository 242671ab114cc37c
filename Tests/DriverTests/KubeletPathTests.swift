import Linux
import SystemPackage
import Testing

@testable import Driver

@Suite("A path of the orchestrator")
struct KubeletPathTests {
  let root: KubeletDirectory

  init() throws {
    let directory = "/tmp/nvmeof-csi-kubelet-path-tests"
    try Files.makeDirectories(directory + "/pods/a", mode: 0o755)
    root = try KubeletDirectory(directory + "/")
  }

  @Test("beneath the kubelet's directory is taken in its normal form, existing or not")
  func accepted() throws {
    let text = root.path + "//pods/a/volumes/v1/mount/"
    let path = try KubeletPath(text, field: "target_path", root: root)
    #expect(path.rawValue == root.path + "/pods/a/volumes/v1/mount")
    #expect(path.parent == root.path + "/pods/a/volumes/v1")
  }

  @Test(
    "that is anything else is refused with the field's name",
    arguments: [
      "", "relative/path", "/", "/etc/passwd", "ROOT", "ROOT/", "ROOT/../etc", "ROOT/a/./b",
      "ROOTother/a", "ROOT/a\nb", "ROOT/a\u{7f}", "ROOT/" + String(repeating: "x", count: 4096),
    ])
  func refused(template: String) throws {
    let text =
      template.hasPrefix("ROOT") ? root.path + template.dropFirst("ROOT".count) : template
    let error = try #require(throws: DriverError.self) {
      try KubeletPath(text, field: "target_path", root: root)
    }
    #expect(error.code == .invalidArgument)
    #expect(error.message.hasPrefix("target_path "))
  }

  @Test("that leads through a symbolic link is refused")
  func symbolicLink() throws {
    let link = root.path + "/pods/link"
    try Files.unlink(link)
    try Files.symbolicLink(at: link, to: "/etc")
    #expect(throws: DriverError.self) {
      try KubeletPath(link + "/target", field: "target_path", root: root)
    }
  }

  @Test("needs a kubelet directory that is one", arguments: ["", "/", "var/lib", "/var/../lib"])
  func badRoot(text: String) {
    #expect(throws: DriverError.self) { try KubeletDirectory(text) }
  }
}
