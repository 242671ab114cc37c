internal import Backends
internal import JSON
internal import Linux
internal import Logging
internal import ServiceLifecycle
internal import StateStore

/// Tells people of the backend's calls into the kernel that do not come back: in the log, and in the store,
/// where `nvmeof-csi status` finds them.
struct StuckWatch: Service {
  /// Where they are in the store.
  static let key = "controller/stuck"
  private static let schema: Int64 = 1

  let backend: any Backend
  let store: any StateStore
  let logger: Logger

  /// What the last look has left.
  struct Told: Sendable {
    var logged: [StuckCall] = []
    /// Nil: an earlier life's, if anybody's.
    var written: [StuckCall]?
  }

  func run() async {
    await cancelWhenGracefulShutdown {
      var told = Told()
      while !Task.isCancelled {
        await look(&told)
        try? await Task.sleep(for: .seconds(10))
      }
    }
  }

  /// Tells what has changed since the last look.
  func look(_ told: inout Told) async {
    let stuck = backend.stuck
    for call in stuck where !told.logged.contains(call) {
      logger.error(
        "a call into the kernel does not come back; nothing else is done for its object until it does",
        metadata: ["kind": "\(call.part.rawValue)", "call": "\(call.what)"])
    }
    for call in told.logged where !stuck.contains(call) {
      logger.notice(
        "a call into the kernel has come back",
        metadata: ["kind": "\(call.part.rawValue)", "call": "\(call.what)"])
    }
    told.logged = stuck
    guard stuck != told.written else { return }
    told.written = stuck
    do throws(StateStoreError) {
      try await write(stuck)
    } catch {
      logger.warning(
        "calls that do not come back are not written down", metadata: ["reason": "\(error)"])
    }
  }

  private func write(_ stuck: [StuckCall]) async throws(StateStoreError) {
    let version = try await store.get(Self.key)?.version
    guard !stuck.isEmpty else {
      if let version { try await store.delete(Self.key, ifVersion: version) }
      return
    }
    let now = (ContinuousClock.now, WallClock.nanoseconds)
    let calls = stuck.map { call in
      let age = call.since.duration(to: now.0) / .nanoseconds(1)
      return JSONValue.members([
        ("kind", .string(call.part.rawValue)), ("call", .string(call.what)),
        ("since", .number(now.1 - Int64(age))),
      ])
    }
    let value = JSONValue.members([("schema", .number(Self.schema)), ("calls", .array(calls))])
    _ = try await store.put(
      Self.key, Array(value.serialized(pretty: true).utf8), ifVersion: version)
  }

  /// What was written, for people, as it was when the controller last looked.
  static func lines(_ bytes: [UInt8]) throws -> [String] {
    let fields = RecordFields(try JSONValue.parse(bytes), "stuck")
    try fields.check(schema: schema)
    return try fields.objects("calls").map { call in
      let age = try WallClock.nanoseconds - Int64(call.integer("since"))
      return "\(try call.string("kind")): \(try call.string("call")): given up "
        + "\(max(0, age) / 1_000_000_000) s ago and not back"
    }
  }
}
