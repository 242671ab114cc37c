import Foundation
import Linux

/// What the bytes of a controller's volumes are in: made in the guest's memory, gone after use.
public struct LabPool: Sendable {
  /// Every kind that the controller knows.
  public enum Kind: String, CaseIterable, Sendable {
    /// Files in memory. A snapshot or a clone is a copy.
    case memory
    /// Files of an ext4 on a disk that can be made slow. A snapshot or a clone is a copy.
    case disk
    /// Files of an xfs, which share blocks.
    case reflinks
    /// Logical volumes in a thin pool, which share blocks.
    case thin
    /// Logical volumes without one. A clone is a copy.
    case linear

    /// Whether its volumes can be kept in snapshots and can grow.
    public var hasSnapshots: Bool { self != .linear }
    /// Whether no host may write to a volume while it is copied.
    public var copies: Bool { self != .reflinks && self != .thin }
    var isVolumeGroup: Bool { self == .thin || self == .linear }
  }

  /// Its kind.
  public let kind: Kind
  private let directory: String
  /// The volume group, or the disk of files.
  private let name: String
  private let bytes: Int64
  private var files: String { directory + "/pool" }
  private var image: String { directory + "/pool.img" }

  /// The pool of the test `name`, of a disk of so many bytes, all of them sparse.
  public init(_ kind: Kind, name: String, bytes: Int64 = 1 << 30) {
    self.kind = kind
    self.name = "lab-\(name)"
    self.bytes = bytes
    directory = "/run/lab/\(name)"
  }

  /// The flags that have a controller use it.
  public var arguments: [String] {
    switch kind {
    case .memory: ["--pool-dir", files]
    case .disk, .reflinks: ["--pool-dir", files, "--pool-is-mount", "--reserve", "0"]
    case .thin: ["--pool-vg", name, "--thin-pool", "pool"]
    case .linear: ["--pool-vg", name]
    }
  }

  /// Makes it.
  public func make() throws {
    try Files.makeDirectories(files, mode: 0o700)
    guard kind != .memory else { return }
    try Program.run("truncate", "-s", String(bytes), image)
    let loop = try Program.run("losetup", "--find", "--show", image).line
    switch kind {
    case .memory: break
    case .disk:
      try Program.run("modprobe", "-a", "dm-mod", "dm-delay")
      try Program.run("dmsetup", "create", name, "--table", table(over: loop, delay: 0))
      try Program.run("mkfs.ext4", "-q", "-m", "0", "/dev/mapper/\(name)")
      try mount()
    case .reflinks:
      try Program.run("mkfs.xfs", "-q", "-m", "reflink=1", loop)
      try mount()
    case .thin, .linear:
      try Program.run("modprobe", "-a", "dm-mod", "dm-thin-pool")
      // LVM keeps copies of its metadata there, and the guest's own files are read-only.
      if try MountTable.current().mounts(at: "/etc/lvm").isEmpty {
        try Program.run("mount", "-t", "tmpfs", "none", "/etc/lvm")
      }
      try Self.lvm("vgcreate", name, loop)
      guard kind == .thin else { return }
      try Self.lvm(
        "lvcreate", "--yes", "--type", "thin-pool", "--extents", "80%FREE", "--name", "pool", name)
    }
  }

  /// What is in it: files of volumes and snapshots, or logical volumes, sorted.
  public func contents() throws -> [String] {
    if kind.isVolumeGroup {
      let output = try Self.lvm(
        "lvs", "--noheadings", "--nameprefixes", "--unquoted", "--options", "lv_name", name)
      // What has no such prefix is a warning: of each descriptor that it inherits LVM says that it leaked.
      let prefix = "LVM2_LV_NAME="
      let words = output.text.split { $0.isWhitespace }.filter { $0.hasPrefix(prefix) }
      return words.map { String($0.dropFirst(prefix.count)) }.filter { $0 != "pool" }.sorted()
    }
    return try ["volumes", "snapshots"].flatMap { kind in
      guard try Files.status("\(files)/\(kind)") != nil else { return [String]() }
      return try Files.names(inDirectory: "\(files)/\(kind)")
    }.sorted()
  }

  /// What it has for these volumes and snapshots and for nothing else, when all of them are whole.
  public func contents(for objects: some Sequence<String>) -> [String] {
    objects.flatMap { kind.isVolumeGroup ? [$0] : ["\($0).img", "\($0).json"] }.sorted()
  }

  /// It is found as a machine finds it that has just been started: not active, or newly mounted.
  public func restart() throws {
    switch kind {
    case .memory: break
    case .disk, .reflinks:
      try Program.run("umount", files)
      try mount()
    case .thin, .linear: try Self.lvm("vgchange", "--activate", "n", name)
    }
  }

  /// From now on every read from the disk takes so long; what lies in memory is forgotten.
  public func slowDown(byMilliseconds delay: Int) throws {
    try Program.run(
      "dmsetup", "reload", name, "--table", table(over: try loopDevice(), delay: delay))
    try Program.run("dmsetup", "resume", name)
    try Files.writeAttribute("3", to: "/proc/sys/vm/drop_caches")
  }

  /// Removes it with all that is in it.
  public func remove() throws {
    guard kind != .memory else {
      try Program.run("rm", "-r", "--one-file-system", files)
      return
    }
    if kind.isVolumeGroup {
      try Self.lvm("vgremove", "--yes", "--force", name)
    } else {
      try Program.run("umount", files)
    }
    if kind == .disk { try Program.run("dmsetup", "remove", "--retry", name) }
    try Program.run("losetup", "--detach", try loopDevice())
    try Files.unlink(image)
  }

  /// This target is its own host. LVM reads every disk that it finds, and one whose target is away does
  /// not answer. The controller has to see to that by itself, so lvm.conf says nothing of it.
  @discardableResult
  private static func lvm(_ program: String, _ arguments: String...) throws -> Program.Output {
    try Program.run(
      [program, "--config", "devices{global_filter=[\"r|^/dev/nvme|\"]}"] + arguments)
  }

  private func mount() throws {
    try Program.run("mount", kind == .disk ? "/dev/mapper/\(name)" : try loopDevice(), files)
  }

  private func loopDevice() throws -> String {
    try Program.run("losetup", "--noheadings", "--output", "NAME", "--associated", image).line
  }

  /// Reads are delayed, writes are not.
  private func table(over device: String, delay: Int) -> String {
    "0 \(bytes / 512) delay \(device) 0 \(delay) \(device) 0 0"
  }
}

extension Program.Output {
  /// The first line of what it printed, without blanks around it.
  var line: String {
    String(
      text.prefix { !$0.isNewline }.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
