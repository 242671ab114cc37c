internal import Linux
internal import Synchronization
internal import SystemPackage

/// Programs of LVM outlive the call that began them, and the process.
extension LVMPool {
  /// Those of them that the pool begins.
  private static let programs: Set<String> = ["lvchange", "lvcreate", "lvextend", "lvremove"]

  /// Refuses to change an object that a program of an earlier call or life is still at work on.
  ///
  /// One that waits for the group's lock does its work late: an `lvremove` that of a volume deleted by
  /// then and made anew, an `lvcreate` that of one deleted before it was there. So nothing is begun before
  /// it has ended, and a survey that comes after this shows what it did.
  func requireNobodyAtWork(
    on id: ObjectID, deadline: ContinuousClock.Instant
  ) async throws(BackendError) {
    let left = state.withLock { $0.leftAtWork }
    guard left > 0 else { return }
    let procRoot = procRoot
    let running = try await threads.run(
      "look for LVM's programs", on: "programs", deadline: deadline
    ) { (_) throws(BackendError) in
      do { return try Self.running(procRoot) } catch {
        throw BackendError(.failed, "look for LVM's programs", cause: error)
      }
    }
    // Those of calls under way are seen too. Once there is none, none has outlived anything but what was
    // left meanwhile.
    if running.isEmpty { state.withLock { if $0.leftAtWork == left { $0.leftAtWork = 0 } } }
    let names = [id.description, path(id), device(id)]
    guard let found = running.first(where: { $0.changes(names) }) else { return }
    throw BackendError(
      .unavailable,
      "\(path(id)): '\(found.words.joined(separator: " "))', process \(found.processID), was begun "
        + "before and has not ended")
  }

  private struct Running: Sendable {
    let processID: Int32
    let words: [String]

    /// What `lvcreate` makes is named by an option, and what it is made from last.
    func changes(_ names: [String]) -> Bool {
      guard words.first?.hasSuffix("lvcreate") == true else {
        return words.contains { names.contains($0) }
      }
      return zip(words, words.dropFirst()).contains { option, value in
        ["--name", "-n"].contains(option) && names.contains(value)
      }
    }
  }

  private static func running(_ root: String) throws(SystemCallError) -> [Running] {
    var found: [Running] = []
    for name in try Files.names(inDirectory: root) {
      guard let processID = Int32(name),
        let program = try text("\(root)/\(name)/comm"), programs.contains(program),
        // Of others it is not read: that may wait for what the process does with its memory.
        let line = try text("\(root)/\(name)/cmdline"), !line.isEmpty
      else { continue }
      let words = line.split(separator: "\0").map { String($0) }
      found.append(Running(processID: processID, words: words))
    }
    return found
  }

  /// Without the newline at its end; nil when the process has ended.
  private static func text(_ path: String) throws(SystemCallError) -> String? {
    do {
      let bytes = try Files.read(path, limit: 1 << 20)
      return String(
        decoding: bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...], as: UTF8.self)
    } catch  where error.errno == .noSuchFileOrDirectory || error.errno == .noSuchProcess {
      return nil
    }
  }
}
