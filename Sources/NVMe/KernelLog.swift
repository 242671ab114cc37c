internal import Glibc
internal import Linux

/// What the kernel says from now on: the only place where it tells why a connect was turned down
/// (nvme_connect() fails with EIO for an unknown subsystem and for a host that is not allowed).
struct KernelLog {
  private let descriptor: Descriptor

  /// nil where the log cannot be read; then errors are less precise.
  init?(_ path: String) {
    guard let descriptor = try? Descriptor.open(path, flags: O_RDONLY | O_NONBLOCK) else {
      return nil
    }
    lseek(descriptor.number, 0, SEEK_END)
    self.descriptor = descriptor
  }

  /// The messages since the start, at most a thousand.
  func messages() -> [String] {
    var messages: [String] = []
    var record = [UInt8](repeating: 0, count: 8192)
    while messages.count < 1000 {
      let count = unsafe read(descriptor.number, &record, record.count)
      // EPIPE: records were overwritten before they were read; what follows is still there.
      if count < 0, errno == EPIPE || errno == EINTR { continue }
      guard count > 0 else { break }
      let text = String(decoding: record[..<count], as: UTF8.self)
      // `3,529,70647779,-;the message`, then the device in lines that begin with a blank.
      for line in text.split(separator: "\n") where !line.hasPrefix(" ") {
        messages.append(String(line.split(separator: ";", maxSplits: 1).last ?? line))
      }
    }
    return messages
  }
}
