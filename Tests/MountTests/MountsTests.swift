import Glibc
import Linux
import Testing

@testable import Mount

/// On real mounts of this machine, in a directory of the test's own.
@Suite(
  .serialized, .timeLimit(.minutes(2)),
  .enabled("mounts need privileges") { await Playground.isPermitted() })
struct MountsTests {
  @Test("A mount whose device is not the one asked for is taken away again")
  func wrongDevice() async throws {
    try await Playground.run { playground in
      let path = try playground.directory("stage")
      let error = await #expect(throws: MountError.self) {
        try await playground.mounts.mount(
          "none", device: DeviceNumber(major: 259, minor: 1), at: path, type: "tmpfs",
          options: MountOptions(["size=1m"]), deadline: soon())
      }
      #expect(error?.code == .conflict)
      #expect(error?.message.hasSuffix("it was unmounted again") == true)
      #expect(try playground.top(path) == nil)
    }
  }

  @Test("The kernel's refusals have their codes")
  func refusals() async throws {
    try await Playground.run { playground in
      let path = try playground.directory("stage")
      let device = DeviceNumber(major: 259, minor: 1)
      func attempt(
        _ source: String, _ target: String, _ type: String, _ options: [String]
      ) async throws -> MountError.Code? {
        let options = try MountOptions(options)
        return await code { () async throws(MountError) in
          try await playground.mounts.mount(
            source, device: device, at: target, type: type, options: options, deadline: soon())
        }
      }
      #expect(try await attempt("/dev/none", path, "ext4", []) == .noSuchDevice)
      #expect(try await attempt("/dev/null", path, "ext4", []) == .noSuchDevice)
      #expect(try await attempt("/dev/null", path, "nonefs", []) == .noSuchDevice)
      #expect(try await attempt("none", path, "tmpfs", ["nonsense=1"]) == .badOption)
      #expect(try await attempt("none", path + "/none", "tmpfs", []) == .other)
      #expect(unsafe symlink(path, path + "-link") == 0)
      #expect(try await attempt("none", path + "-link", "tmpfs", []) == .other)
    }
  }

  @Test("A cover takes no writes, is made once, is bound over, and goes with what is on it")
  func cover() async throws {
    try await Playground.run { playground in
      let (stage, pod) = (try playground.directory("stage"), try playground.directory("pod"))
      try await playground.mountTemporary(at: stage, flags: 0)
      for _ in 0..<2 { try await playground.mounts.cover(pod, deadline: soon()) }
      let covers = try playground.mounts.table().mounts(at: pod)
      #expect(covers.map(\.isCover) == [true])
      #expect(unsafe open(pod + "/lost", O_WRONLY | O_CREAT, 0o600) == -1)
      #expect(errno == EROFS)
      try await playground.mounts.bind(
        stage, at: pod, options: MountOptions([]), deadline: soon())
      // What is there is left alone.
      try await playground.mounts.cover(pod, deadline: soon())
      let top = try #require(try playground.top(pod))
      #expect(try !top.isCover && top.device == playground.top(stage)?.device)
      try await playground.mounts.unmount(pod, deadline: soon())
      #expect(try playground.top(pod) == nil)
    }
  }

  @Test("A bind keeps the restrictions of its origin, adds its own, and can be repeated")
  func bind() async throws {
    try await Playground.run { playground in
      let (stage, pod) = (try playground.directory("stage"), try playground.directory("pod"))
      // nosuid, nodev, noatime
      try await playground.mountTemporary(at: stage, flags: 2 | 4 | 1 << 10)
      let options = try MountOptions(["ro", "noexec", "discard"])
      for _ in 0..<3 {
        try await playground.mounts.bind(stage, at: pod, options: options, deadline: soon())
      }
      let origin = try #require(try playground.top(stage))
      let mounts = try playground.mounts.table().mounts(at: pod)
      #expect(mounts.count == 1)
      let mount = try #require(mounts.last)
      #expect(mount.device == origin.device)
      #expect(Set(mount.options) == ["ro", "nosuid", "nodev", "noexec", "noatime"])
      #expect(Set(origin.options) == ["rw", "nosuid", "nodev", "noatime"])

      let conflict = await code { () async throws(MountError) in
        var writable = options
        writable.readOnly = false
        try await playground.mounts.bind(stage, at: pod, options: writable, deadline: soon())
      }
      #expect(conflict == .conflict)
    }
  }

  @Test("A bind that was cut short before its flags were set is finished")
  func halfBound() async throws {
    try await Playground.run { playground in
      let (stage, pod) = (try playground.directory("stage"), try playground.directory("pod"))
      try await playground.mountTemporary(at: stage)
      let plain = try MountOptions([])
      let readOnly = try MountOptions(["ro"])
      try await playground.mounts.bind(stage, at: pod, options: plain, deadline: soon())
      #expect(try playground.top(pod)?.options.contains("rw") == true)
      try await playground.mounts.bind(stage, at: pod, options: readOnly, deadline: soon())
      #expect(try playground.top(pod)?.options.contains("ro") == true)
      #expect(try playground.mounts.table().mounts(at: pod).count == 1)
    }
  }

  @Test("A writer keeps a half-made bind from turning read-only: busy, and it stays")
  func writer() async throws {
    try await Playground.run { playground in
      let (stage, pod) = (try playground.directory("stage"), try playground.directory("pod"))
      try await playground.mountTemporary(at: stage)
      let plain = try MountOptions([])
      let readOnly = try MountOptions(["ro"])
      try await playground.mounts.bind(stage, at: pod, options: plain, deadline: soon())
      let file = unsafe open(pod + "/file", O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
      let busy = await code { () async throws(MountError) in
        try await playground.mounts.bind(stage, at: pod, options: readOnly, deadline: soon())
      }
      close(file)
      #expect(busy == .busy)
      #expect(try playground.top(pod)?.options.contains("rw") == true)
    }
  }

  @Test("Nothing is bound over another mount")
  func occupied() async throws {
    try await Playground.run { playground in
      let (stage, pod) = (try playground.directory("stage"), try playground.directory("pod"))
      try await playground.mountTemporary(at: stage)
      try await playground.mountTemporary(at: pod)
      let before = try playground.top(pod)
      let options = try MountOptions([])
      let conflict = await code { () async throws(MountError) in
        try await playground.mounts.bind(stage, at: pod, options: options, deadline: soon())
      }
      #expect(conflict == .conflict)
      #expect(try playground.top(pod) == before)
    }
  }

  @Test("Everything that is stacked is unmounted, and again is fine")
  func stacked() async throws {
    try await Playground.run { playground in
      let path = try playground.directory("stage")
      for _ in 0..<4 { try await playground.mountTemporary(at: path) }
      #expect(try playground.mounts.table().mounts(at: path).count == 4)
      try await playground.mounts.unmount(path + "/", deadline: soon())
      #expect(try playground.mounts.table().mounts(at: path) == [])
      try await playground.mounts.unmount(path, deadline: soon())
    }
  }

  @Test("A mount that is in use is busy, and stays")
  func busy() async throws {
    try await Playground.run { playground in
      let path = try playground.directory("stage")
      try await playground.mountTemporary(at: path)
      let directory = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      let error = await #expect(throws: MountError.self) {
        try await playground.mounts.unmount(path, deadline: soon())
      }
      close(directory)
      #expect(error?.code == .busy)
      #expect(error?.message.contains(path) == true)
      #expect(try playground.top(path) != nil)
    }
  }

  @Test("Statistics are those of the mount")
  func statistics() async throws {
    try await Playground.run { playground in
      let path = try playground.directory("stage")
      try await playground.mountTemporary(at: path)
      let found = try await playground.mounts.statistics(at: path, deadline: soon())
      #expect(found.blocks * found.blockSize == 1 << 20)
      let missing = await code { () async throws(MountError) in
        _ = try await playground.mounts.statistics(at: path + "/none", deadline: soon())
      }
      #expect(missing == .noSuchDevice)
    }
  }
}

/// On file systems on loop devices.
@Suite(
  .serialized, .timeLimit(.minutes(2)),
  .enabled("there are no loop devices to have") { await LoopDevice.isPermitted() })
struct LoopMountTests {
  @Test("ext4 and xfs are mounted with their options, once", arguments: ["ext4", "xfs"])
  func mount(_ type: String) async throws {
    try await Playground.run { playground in
      try await LoopDevice.run(in: playground, type: type) { device in
        let path = try playground.directory("stage")
        let options = try MountOptions(["noatime", "nosuid", type == "xfs" ? "nouuid" : "discard"])
        for _ in 0..<2 {
          try await playground.mounts.mount(
            device.path, device: device.number, at: path, type: type, options: options,
            deadline: soon())
        }
        let mounts = try playground.mounts.table().mounts(at: path)
        #expect(mounts.map(\.device) == [device.number])
        #expect(mounts.map(\.fileSystemType) == [type])
        #expect(Set(mounts.flatMap(\.options)) == ["rw", "nosuid", "noatime"])
        try await playground.mounts.unmount(path, deadline: soon())
        #expect(try playground.top(path) == nil)
      }
    }
  }

  @Test("The wrong file system, and the wrong option, are told")
  func refusals() async throws {
    try await Playground.run { playground in
      try await LoopDevice.run(in: playground) { device in
        let path = try playground.directory("stage")
        func attempt(_ type: String, _ options: [String]) async throws -> MountError.Code? {
          let options = try MountOptions(options)
          return await code { () async throws(MountError) in
            try await playground.mounts.mount(
              device.path, device: device.number, at: path, type: type, options: options,
              deadline: soon())
          }
        }
        #expect(try await attempt("xfs", []) == .wrongFileSystem)
        #expect(try await attempt("ext4", ["nonsense"]) == .badOption)
        #expect(try playground.top(path) == nil)
      }
    }
  }
}
