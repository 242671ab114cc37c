internal import Linux
internal import SystemPackage

/// Reads a directory of a `FileStateStore` while somebody else works with it: takes no lock, changes
/// nothing, sets nothing aside. Each value is whole; two of them need not be of the same moment.
///
/// Its calls block.
public struct StateReader: Sendable {
  /// What a key's file holds.
  public enum Content: Hashable, Sendable {
    /// What was put
    case value([UInt8])
    /// Not what was put, and why, or where it was set aside
    case broken(String)
  }

  private let directory: String

  /// Looks at nothing yet.
  public init(directory: String) { self.directory = directory }

  /// Every key that there is, sorted by its bytes. Fails with `failed` when the directory or one of
  /// its files cannot be read.
  public func contents() throws(StateStoreError) -> [(key: String, content: Content)] {
    do {
      var contents: [(key: String, content: Content)] = []
      for text in try Files.names(inDirectory: directory) {
        if let name = FileName(text: text) {
          guard let content = try content(of: name) else { continue }
          contents.append((name.key, content))
        } else if let dot = text.firstIndex(of: "."), text[dot...].hasPrefix(".broken-"),
          let name = FileName(text: String(text[..<dot]))
        {
          contents.append((name.key, .broken("set aside as \(directory)/\(text)")))
        }
      }
      return contents.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    } catch {
      throw .failed(error)
    }
  }

  /// Nil: it went since the directory was read.
  private func content(of name: FileName) throws(SystemCallError) -> Content? {
    let bytes: [UInt8]
    do {
      bytes = try Files.read("\(directory)/\(name.text)", limit: Envelope.fileLimit)
    } catch  where error.errno == .noSuchFileOrDirectory {
      return nil
    } catch  where error.errno == .fileTooLarge {
      return .broken("is longer than any value")
    }
    do { return .value(try Envelope.open(bytes, key: name.key).bytes) } catch {
      return .broken(error.reason)
    }
  }
}
