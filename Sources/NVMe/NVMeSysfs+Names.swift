internal import Linux

extension NVMeSysfs {
  /// The NQN of the subsystem behind a controller's or a subsystem's name, `nvme3` or `nvme-subsys3`;
  /// nil when there is none (any more).
  public func nqn(of name: String) -> String? {
    let kind = name.hasPrefix("nvme-subsys") ? "nvme-subsystem" : "nvme"
    let attribute = "\(root)/class/\(kind)/\(name)/subsysnqn"
    guard let bytes = try? Files.read(attribute, limit: 4096) else { return nil }
    return String(decoding: bytes, as: UTF8.self).filter { !$0.isNewline }
  }
}
