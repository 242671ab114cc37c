import Linux
import StateStore

/// A directory of a test's own, removed with all that is in it when the test is over.
func withTemporaryDirectory<Result>(
  _ body: (String) async throws -> Result
) async throws -> Result {
  let path = "/tmp/state-store-tests-\(UInt64.random(in: .min ... .max))"
  try Files.makeDirectories(path, mode: 0o700)
  defer { try? empty(path) }
  return try await body(path)
}

private func empty(_ directory: String) throws {
  for name in try Files.names(inDirectory: directory) {
    let path = "\(directory)/\(name)"
    if try Files.status(path)?.kind == .directory {
      try empty(path)
    } else {
      try Files.unlink(path)
    }
  }
  try Files.removeDirectory(directory)
}

/// The stores that must behave alike.
enum Kind: CaseIterable, Sendable {
  case memory, files

  func withStore(_ body: (any StateStore) async throws -> Void) async throws {
    switch self {
    case .memory:
      try await body(MemoryStateStore())
    case .files:
      try await withTemporaryDirectory { directory in
        try await body(FileStateStore(directory: directory))
      }
    }
  }
}
