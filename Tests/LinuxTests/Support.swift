import Glibc
import Synchronization
import SystemPackage
import Testing

@testable import Linux

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

func makeLink(_ path: String, to target: String) {
  #expect(unsafe symlink(target, path) == 0)
}

func makeFIFO(_ path: String) {
  #expect(unsafe mkfifo(path, 0o600) == 0)
}

func eventually(_ condition: () throws -> Bool) async throws -> Bool {
  for _ in 0..<1000 {
    if try condition() { return true }
    try await Task.sleep(for: .milliseconds(10))
  }
  return false
}

/// Sees each child at its end, while it still is a zombie, and lends it a kill.
final class Witness: Sendable {
  private let seen = Mutex<[Int32]>([])
  private let mayDie = Atomic<Bool>(true)

  /// Children that do not die of SIGKILL, until they may.
  convenience init(mayDie: Bool) {
    self.init()
    self.mayDie.store(mayDie, ordering: .relaxed)
  }

  @Sendable
  func kill(_ processID: Int32) {
    seen.withLock { $0.append(processID) }
    if mayDie.load(ordering: .relaxed) { ChildWatcher.killGroup(processID) }
  }

  func letDie() {
    mayDie.store(true, ordering: .relaxed)
    for processID in processIDs { ChildWatcher.killGroup(processID) }
  }

  var processIDs: [Int32] { seen.withLock { $0 } }

  /// Those of them that are still this process' children: alive, or zombies that nobody reaped.
  var remaining: [Int32] {
    processIDs.filter { processID in
      guard let bytes = try? Files.read("/proc/\(processID)/stat", limit: 4096) else {
        return false
      }
      let fields = String(decoding: bytes, as: UTF8.self).split(separator: ") ").last
      return fields?.split(separator: " ").dropFirst().first == "\(getpid())"
    }
  }
}

/// Other suites run in this process at the same time: it tells one leak per call from none.
func descriptorsReturn(to before: Int, within slack: Int = 100) async throws -> Bool {
  try await eventually { try openDescriptors() < before + slack }
}
