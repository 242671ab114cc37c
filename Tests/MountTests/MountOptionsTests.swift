import Testing

@testable import Mount

@Suite struct MountOptionsTests {
  @Test(
    "Options are told apart into flags and the file system's data",
    arguments: [
      ([], 0, "", "rw"),
      (["ro"], 1, "", "ro"),
      (["rw"], 0, "", "rw"),
      (["nosuid", "nodev", "noexec"], 2 | 4 | 8, "", "rw,nosuid,nodev,noexec"),
      (["sync", "dirsync"], 16 | 128, "", "rw,sync,dirsync"),
      (["noatime", "nodiratime"], 1 << 10 | 1 << 11, "", "rw,noatime,nodiratime"),
      (["relatime"], 1 << 21, "", "rw,relatime"),
      (["strictatime", "lazytime"], 1 << 24 | 1 << 25, "", "rw,strictatime,lazytime"),
      (["silent"], 1 << 15, "", "rw,silent"),
      (["defaults"], 0, "", "rw"),
      (
        ["discard", "noatime", "data=ordered"], 1 << 10, "discard,data=ordered",
        "rw,noatime,discard,data=ordered"
      ),
      (["nouuid", "logbsize=256k"], 0, "nouuid,logbsize=256k", "rw,nouuid,logbsize=256k"),
      (["errors=remount-ro"], 0, "errors=remount-ro", "rw,errors=remount-ro"),
    ] as [([String], UInt, String, String)])
  func parsing(_ options: [String], _ flags: UInt, _ data: String, _ text: String) throws {
    let parsed = try MountOptions(options)
    #expect(parsed.flags.rawValue == flags)
    #expect(parsed.data == data)
    #expect(parsed.description == text)
  }

  @Test(
    "The last of two that contradict each other holds",
    arguments: [
      (["ro", "rw"], "rw"), (["rw", "ro"], "ro"), (["ro", "rw", "ro"], "ro"),
      (["noatime", "relatime"], "rw,relatime"), (["relatime", "noatime"], "rw,noatime"),
      (["strictatime", "noatime"], "rw,noatime"), (["noatime", "atime"], "rw"),
      (["nosuid", "suid"], "rw"), (["suid", "nosuid"], "rw,nosuid"), (["sync", "async"], "rw"),
      (["a=1", "a=2", "a=1"], "rw,a=2,a=1"),
    ])
  func last(_ options: [String], _ text: String) throws {
    #expect(try MountOptions(options).description == text)
  }

  @Test(
    "What is not for an operator to set is refused by name",
    arguments: [
      "bind", "rbind", "remount", "move", "loop", "loop=/dev/loop0", "offset=4096", "sizelimit=1",
      "shared", "rshared", "slave", "private", "rprivate", "unbindable", "make-shared",
      "make-rprivate", "x-systemd.automount", "X-mount.mkdir", "x-", "user", "user=me", "users",
      "nouser", "owner", "group", "auto", "noauto", "nofail", "_netdev", "comment=x",
      "discard,noatime", "a=\"b,c\"", ",\u{301}", "=1",
    ])
  func refused(_ option: String) throws {
    let error = #expect(throws: MountOptions.Invalid.self) { try MountOptions(["ro", option]) }
    #expect(error?.reason.utf8.elementsEqual("".utf8) == false)
    #expect(error?.description.contains("'\(option)'") == true)
  }

  @Test(
    "Empty options and control characters are refused", arguments: ["", "a\nb", "a\0", "\u{7f}"])
  func unprintable(_ option: String) {
    #expect(throws: MountOptions.Invalid.self) { try MountOptions([option]) }
  }

  @Test(
    "Names that only begin as a refused one are the file system's",
    arguments: ["username=x", "grpid", "looped", "xattr"])
  func similar(_ option: String) throws {
    #expect(try MountOptions([option]).data == option)
  }

  @Test("More than a page of data is refused, and leaves the options as they were")
  func length() throws {
    var options = try MountOptions([String(repeating: "a", count: 4000)])
    let before = options
    #expect(throws: MountOptions.Invalid.self) {
      try options.insert(String(repeating: "b", count: 95))
    }
    #expect(options == before)
    try options.insert(String(repeating: "b", count: 94))
    #expect(options.data.utf8.count == 4095)
  }

  @Test("Read-only can be read and set, and an option added")
  func readOnly() throws {
    var options = try MountOptions(["noatime"])
    #expect(!options.readOnly)
    options.readOnly = true
    try options.insert("nouuid")
    #expect(options.readOnly)
    #expect(options.description == "ro,noatime,nouuid")
    try options.insert("rw")
    #expect(!options.readOnly)
    options.readOnly = true
    options.readOnly = false
    #expect(options.description == "rw,noatime,nouuid")
  }
}
