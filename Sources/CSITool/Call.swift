internal import ArgumentParser
internal import GRPC
internal import Glibc
internal import JSON
internal import ProtobufC

/// A command that makes one call.
protocol Call: AsyncParsableCommand {
  /// What every call takes.
  var options: CallOptions { get }

  /// The method that it calls.
  func method() throws(UsageError) -> ServiceDescriptor.Method

  /// Puts what its flags say over a request that has csi.proto's fields in lowerCamelCase.
  func fill(_ request: inout JSONObject) throws(UsageError)
}

extension Call {
  /// The request: --request, and the flags over it.
  func request(to method: ServiceDescriptor.Method) throws(UsageError) -> [UInt8] {
    // Through bytes and back, so that there is one spelling of every field's name.
    let base = try Caller.bytes(options.base(), of: method)
    var request: JSONObject
    do throws(WireError) {
      request = try method.request.json(base).objectValue ?? JSONObject()
    } catch {
      throw UsageError("--request: \(error.description)")
    }
    try fill(&request)
    return try Caller.bytes(request, of: method)
  }

  func run() async throws {
    let method: ServiceDescriptor.Method
    let request: [UInt8]
    let caller: Caller
    do throws(UsageError) {
      method = try self.method()
      request = try self.request(to: method)
      caller = Caller(
        address: try options.address(environment: CallOptions.environment),
        timeout: .seconds(options.timeout))
    } catch {
      throw ValidationError(error.description)
    }
    let outcome = await caller.outcome(of: method, request)
    switch outcome {
    case .success(let answer):
      Self.print(
        options.json
          ? answer.serialized(pretty: true) + "\n"
          : Table.render(answer, empty: Methods.emptyAnswer(method)))
    case .failure(let error):
      Self.print(error.shown(asJSON: options.json), to: STDERR_FILENO)
      throw ExitCode.failure
    }
  }

  /// Writes all of it; a reader that has gone away is not told anything more.
  static func print(_ text: String, to descriptor: Int32 = STDOUT_FILENO) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }
}

extension RPCError {
  /// `INVALID_ARGUMENT: volume_id is missing`, or that as JSON; one line either way.
  func shown(asJSON: Bool) -> String {
    if asJSON {
      let error: JSONValue = ["code": .string(code.documentedName), "message": .string(message)]
      return error.serialized() + "\n"
    }
    return "\(code.documentedName): \(Table.visible(message))\n"
  }
}
