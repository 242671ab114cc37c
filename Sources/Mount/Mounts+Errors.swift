public import Linux
internal import SystemPackage

extension Mounts {
  /// How many errors a mounted ext4 has found in itself since e2fsck last cleared the count; nil for
  /// another file system, and where the kernel does not say.
  ///
  /// Kernel: Documentation/ABI/testing/sysfs-fs-ext4, `errors_count`.  Reading it waits for nothing.
  public func errorCount(of mount: MountInfo) throws(MountError) -> UInt64? {
    guard mount.fileSystemType == "ext4", let name = try diskName(mount.device),
      let text = try text("\(sysRoot)/fs/ext4/\(name)/errors_count")
    else { return nil }
    return UInt64(text)
  }

  /// `nvme0n1` for `259:1`; nil when there is no such disk any more.
  private func diskName(_ device: DeviceNumber) throws(MountError) -> Substring? {
    let uevent = try text("\(sysRoot)/dev/block/\(device)/uevent") ?? ""
    let line = uevent.split(separator: "\n").first { $0.hasPrefix("DEVNAME=") }
    return line?.dropFirst("DEVNAME=".count)
  }

  /// nil when the attribute, or what it belongs to, is not there.
  private func text(_ path: String) throws(MountError) -> String? {
    do {
      var text = String(decoding: try Files.read(path, limit: 65_536), as: UTF8.self)
      while text.hasSuffix("\n") { text.removeLast() }
      return text
    } catch {
      let gone: [Errno] = [
        .noSuchFileOrDirectory, .notDirectory, .noSuchAddressOrDevice,
        .operationNotSupportedByDevice,
      ]
      if gone.contains(error.errno) { return nil }
      throw MountError(code: .other, message: "read what the file system says of itself: \(error)")
    }
  }
}
