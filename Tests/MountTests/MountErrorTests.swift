import Linux
import SystemPackage
import Testing

@testable import Mount

@Suite struct MountErrorTests {
  private func error(
    _ errno: CInt, call: String = "mount", _ options: [String] = []
  ) throws
    -> MountError
  {
    Mounts.refusal(
      of: "mount /dev/nvme0n1",
      .failed(SystemCallError(call: call, subject: "/x", errno: Errno(rawValue: errno))),
      type: "ext4", options: try MountOptions(options))
  }

  @Test(
    "Each errno of mount(2) has its code",
    arguments: [
      (16, .busy), (6, .noSuchDevice), (19, .noSuchDevice), (2, .noSuchDevice),
      (15, .noSuchDevice), (22, .wrongFileSystem), (5, .ioError), (117, .ioError), (74, .ioError),
      (67, .ioError), (121, .ioError), (1, .notAllowed), (13, .notAllowed), (30, .notAllowed),
      (12, .other), (40, .other), (20, .other),
    ] as [(CInt, MountError.Code)])
  func codes(_ errno: CInt, _ code: MountError.Code) throws {
    let error = try error(errno)
    #expect(error.code == code)
    #expect(error.message.hasPrefix("mount /dev/nvme0n1: "))
    #expect(error.message.contains(Errno(rawValue: errno).description))
  }

  @Test("With options of the file system's own, EINVAL is laid to them, and the text names both")
  func invalid() throws {
    let error = try error(22, ["discard"])
    #expect(error.code == .badOption)
    #expect(error.message.contains("holds no ext4 file system"))
    #expect(error.message.contains("one of the options"))
  }

  @Test("A mount point that is not there is not a device that is not there")
  func missingTarget() throws {
    #expect(try error(2, call: "openat2").code == .other)
    #expect(try error(40, call: "openat2").message.contains("symbolic link"))
  }

  @Test("A deadline says whether the process is stuck", arguments: [true, false])
  func deadline(_ stuck: Bool) {
    let error = MountError(
      "unmount /x", .deadlineExceeded(call: "umount2", subject: "/x", stuck: stuck))
    #expect(error.code == .deadlineExceeded)
    #expect(error.message.contains("sits in the kernel") == stuck)
    #expect(error.message.contains("was killed") != stuck)
  }

  @Test("No room for a call is a deadline, since waiting may help")
  func crowded() {
    #expect(MountError("unmount /x", .tooMany(running: 64)).code == .deadlineExceeded)
  }
}
