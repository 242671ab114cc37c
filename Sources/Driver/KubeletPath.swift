internal import Linux

/// A path that the orchestrator asked us to work on: absolute, normal, and beneath the kubelet's
/// directory. Anything else is refused, so that no request can make the driver mount over, unmount
/// or unlink a thing outside it.
struct KubeletPath: Hashable, Sendable, CustomStringConvertible {
  /// The path as it came.
  let rawValue: String

  /// The path as it came.
  var description: String { rawValue }

  /// Parses `text`, the request's `field`, and refuses with `invalidArgument` what is not a plain
  /// path beneath `root`. Symbolic links beneath `root` are refused as well; `root` itself may be
  /// one, as on nodes whose kubelet directory is moved to another disk.
  init(_ text: String, field: String, root: KubeletDirectory) throws(DriverError) {
    func invalid(_ reason: String) -> DriverError {
      DriverError(.invalidArgument, "\(field) \(reason)")
    }
    guard !text.isEmpty else { throw invalid("is missing") }
    guard text.utf8.count < 4096 else { throw invalid("is longer than 4095 bytes") }
    guard text.unicodeScalars.allSatisfy({ !$0.properties.generalCategory.isControl }) else {
      throw invalid("holds a control character")
    }
    guard text.hasPrefix("/") else { throw invalid("'\(text)' is not an absolute path") }
    let components = text.split(separator: "/", omittingEmptySubsequences: true)
    guard !components.contains("."), !components.contains("..") else {
      throw invalid("'\(text)' holds a '.' or '..' component")
    }
    let normal = "/" + components.joined(separator: "/")
    guard normal.hasPrefix(root.path + "/") else {
      throw invalid("'\(text)' is not beneath the kubelet directory \(root.path)")
    }
    do {
      try Files.requireNoSymbolicLinks(in: normal, beneath: root.path)
    } catch {
      throw invalid("'\(text)' cannot be used: \(error)")
    }
    rawValue = normal
  }

  /// The directory that holds this path.
  var parent: String {
    guard let slash = rawValue.utf8.lastIndex(of: UInt8(ascii: "/")), slash > rawValue.startIndex
    else { return "/" }
    return String(rawValue[..<slash])
  }
}

/// The kubelet's directory on this node, `/var/lib/kubelet` unless the kubelet was told otherwise.
public struct KubeletDirectory: Hashable, Sendable {
  /// Absolute, without a trailing slash.
  public let path: String

  /// Refuses a path that is not absolute, or that is the root directory.
  public init(_ text: String) throws(DriverError) {
    let components = text.split(separator: "/", omittingEmptySubsequences: true)
    guard text.hasPrefix("/"), !components.isEmpty, !components.contains("."),
      !components.contains("..")
    else {
      throw DriverError(
        .invalidArgument, "kubelet directory '\(text)' is not an absolute path of a directory")
    }
    path = "/" + components.joined(separator: "/")
  }
}
