import Glibc
import Linux
import SystemPackage
import Testing

/// A directory of a test's own, removed with all that is in it when the test is over.
func withTemporaryDirectory<Result>(
  _ body: (String) async throws -> Result
) async throws -> Result {
  let path = "/tmp/linux-tests-\(UInt64.random(in: .min ... .max))"
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

func fixture(_ name: String) throws -> String {
  let here = #filePath.split(separator: "/").dropLast().joined(separator: "/")
  return String(
    decoding: try Files.read("/\(here)/Fixtures/\(name)", limit: 1 << 20), as: UTF8.self)
}

/// How many descriptors this process has open.
func openDescriptors() throws -> Int { try Files.names(inDirectory: "/proc/self/fd").count }

/// Process ids of this process' children, zombies included.
func childProcesses() throws -> [String] {
  try Files.names(inDirectory: "/proc/self/task").flatMap { thread in
    guard let bytes = try? Files.read("/proc/self/task/\(thread)/children", limit: 1 << 16) else {
      return [String]()
    }
    return String(decoding: bytes, as: UTF8.self).split(separator: " ").map(String.init)
  }
}

func makeLink(_ path: String, to target: String) {
  #expect(unsafe symlink(target, path) == 0)
}

func makeFIFO(_ path: String) {
  #expect(unsafe mkfifo(path, 0o600) == 0)
}
