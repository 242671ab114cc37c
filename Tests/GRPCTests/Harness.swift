import GRPC
import Glibc
import Synchronization
import Testing

/// Gives `body` a directory of its own and removes it with what is in it afterwards.
func withTemporaryDirectory<R>(_ body: (String) async throws -> R) async rethrows -> R {
  var template = Array("/tmp/grpc-test.XXXXXX".utf8CString)
  _ = unsafe mkdtemp(&template)
  let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  defer {
    for name in names(in: path) where unsafe unlink("\(path)/\(name)") != 0 {
      unsafe rmdir("\(path)/\(name)")
    }
    unsafe rmdir(path)
  }
  return try await body(path)
}

/// Names in a directory, sorted, without `.` and `..`.
func names(in path: String) -> [String] {
  guard let directory = unsafe opendir(path) else { return [] }
  defer { unsafe closedir(directory) }
  var names: [String] = []
  while let entry = unsafe readdir(directory) {
    let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
      unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
    }
    if name != ".", name != ".." { names.append(name) }
  }
  return names.sorted()
}

/// Makes an empty regular file.
func makeFile(_ path: String) {
  close(unsafe open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600))
}

/// What lstat(2) says of a path; nil when nothing is there.
func status(of path: String) -> stat? {
  var status = stat()
  return unsafe lstat(path, &status) == 0 ? status : nil
}

extension Slice {
  init(_ bytes: [UInt8]) {
    unsafe self.init(size: bytes.count) { unsafe $0.copyBytes(from: bytes) }
  }

  var bytes: [UInt8] { unsafe withUnsafeBytes { unsafe Array($0) } }
}

/// Bytes that no two positions near each other share.
func pattern(_ count: Int) -> [UInt8] {
  var bytes: [UInt8] = []
  while bytes.count < count { bytes += block.prefix(count - bytes.count) }
  return bytes
}

/// A prime number of them, so that it is out of step with frames and buffers.
private let block = (0..<65_521).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }

let echo = Method("/test.Echo/Echo") { request, _ throws(RPCError) in
  unsafe request.withUnsafeBytes { bytes in
    unsafe Slice(size: bytes.count) { unsafe $0.copyMemory(from: bytes) }
  }
}

/// The same without leaving the queue's thread.
let echoImmediately = Method("/test.Echo/Immediately", runsImmediately: true, handler: echo.handler)

/// Runs a server while `body` runs, then shuts it down; `body` may shut it down before.
func withServer<R: Sendable>(
  at address: Address, methods: [Method] = [echo, echoImmediately],
  configure: (inout Server.Configuration) -> Void = { _ in },
  _ body: (Server) async throws -> R
) async throws -> R {
  var configuration = Server.Configuration(address: address)
  configure(&configuration)
  let server = try Server(configuration, methods: methods)
  async let running: Void = server.run()
  do {
    let result = try await body(server)
    server.shutDown()
    await running
    return result
  } catch {
    server.shutDown()
    await running
    throw error
  }
}

/// Runs a server and one client of it on a unix socket of their own.
func withServerAndClient<R: Sendable>(
  methods: [Method] = [echo, echoImmediately],
  configure: (inout Server.Configuration) -> Void = { _ in },
  _ body: (Server, Client) async throws -> R
) async throws -> R {
  try await withTemporaryDirectory { directory in
    let address = Address.unix(path: "\(directory)/csi.sock")
    return try await withServer(at: address, methods: methods, configure: configure) { server in
      try await Client.with(address, maximumMessageSize: 64 << 20) { client in
        try await body(server, client)
      }
    }
  }
}

/// What a call came to: its answer's bytes or its error.
func outcome(
  of client: Client, _ path: String, _ bytes: [UInt8] = [],
  deadline: ContinuousClock.Instant? = nil, metadata: Metadata = Metadata()
) async -> Result<[UInt8], RPCError> {
  do throws(RPCError) {
    let answer = try await client.call(
      path, Slice(bytes), deadline: deadline, metadata: metadata)
    return .success(answer.bytes)
  } catch {
    return .failure(error)
  }
}

/// A flag or a value that a handler sets and a test awaits.
final class Signal<Value: Sendable>: Sendable {
  private let state = Mutex(State())

  private struct State {
    var value: Value?
    var waiters: [CheckedContinuation<Value, Never>] = []
  }

  var isSent: Bool { state.withLock { $0.value != nil } }

  func send(_ value: Value) {
    let waiters = state.withLock { state in
      state.value = value
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume(returning: value) }
  }

  var value: Value {
    get async {
      await withCheckedContinuation { continuation in
        let value = state.withLock { state in
          if state.value == nil { state.waiters.append(continuation) }
          return state.value
        }
        if let value { continuation.resume(returning: value) }
      }
    }
  }
}

extension Signal<Void> {
  func send() { send(()) }
}

/// Polls until it holds; false when it does not within the time.
func eventually(
  within limit: Duration = .seconds(10), _ condition: () async throws -> Bool
) async rethrows -> Bool {
  let deadline = ContinuousClock.now + limit
  while ContinuousClock.now < deadline {
    if try await condition() { return true }
    try? await Task.sleep(for: .milliseconds(2))
  }
  return try await condition()
}

extension Result where Failure == RPCError {
  /// nil for a success.
  var failure: RPCError? {
    if case .failure(let error) = self { error } else { nil }
  }

  /// nil for a success.
  var failureCode: StatusCode? { failure?.code }
}

/// A method that makes its answer of the context alone.
func answering(
  _ path: String, _ handler: @escaping @Sendable (ServerContext) async throws(RPCError) -> [UInt8]
) -> Method {
  Method(path) { _, context throws(RPCError) in Slice(try await handler(context)) }
}

/// A method whose handler heeds nothing but the test: it answers with no bytes once released.
struct Holding: Sendable {
  /// Of the latest call to start.
  let context = Signal<ServerContext>()
  let release = Signal<Void>()
  /// What the handler's task was when the handler had been released.
  let taskWasCancelled = Signal<Bool>()
  let method: Method
  private let count = Count()

  private final class Count: Sendable {
    let value = Atomic(0)
  }

  init(_ path: String) {
    method = answering(path) { [context, release, taskWasCancelled, count] call in
      count.value.add(1, ordering: .sequentiallyConsistent)
      context.send(call)
      await release.value
      taskWasCancelled.send(Task.isCancelled)
      return []
    }
  }

  /// How many calls have reached the handler.
  var started: Int { count.value.load(ordering: .sequentiallyConsistent) }
}

/// What this process holds.
struct Resources {
  let descriptors = names(in: "/proc/self/fd").count
  let threads = names(in: "/proc/self/task").count
}

/// Other suites run in this process at the same time: the allowance is theirs, and what a test
/// does must be often enough for a leak to exceed it.
func expectNoGrowth(
  since before: Resources, allowance: Int = 100,
  _ sourceLocation: SourceLocation = #_sourceLocation
) async {
  var now = Resources()
  let isSmall = await eventually {
    now = Resources()
    return now.descriptors <= before.descriptors + allowance
      && now.threads <= before.threads + allowance
  }
  #expect(isSmall, "from \(before) to \(now)", sourceLocation: sourceLocation)
}
