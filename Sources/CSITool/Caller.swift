internal import GRPC
internal import JSON
internal import ProtobufC

/// One call of one method: JSON in, JSON out.  It knows of messages only what csi.proto says.
struct Caller {
  let address: Address
  /// From now until the answer has to be there.
  let timeout: Duration

  /// Controllers list many volumes; a server's own limit is 4 MiB.
  private static let maximumMessageSize = 64 << 20

  /// The request's bytes; an error says which field is wrong.
  static func bytes(
    _ request: JSONObject, of method: ServiceDescriptor.Method
  ) throws(UsageError) -> [UInt8] {
    do throws(WireError) {
      return try method.request.bytes(.object(request))
    } catch {
      throw UsageError(error.description)
    }
  }

  /// Calls and waits for the answer.
  func outcome(
    of method: ServiceDescriptor.Method, _ request: [UInt8]
  ) async -> Result<JSONValue, RPCError> {
    do {
      return try await Client.with(address, maximumMessageSize: Self.maximumMessageSize) { client in
        await outcome(of: method, request, on: client)
      }
    } catch {
      return .failure(RPCError(.internal, "\(method.path): \(error)"))
    }
  }

  private func outcome(
    of method: ServiceDescriptor.Method, _ request: [UInt8], on client: Client
  ) async -> Result<JSONValue, RPCError> {
    let bytes: [UInt8]
    do throws(RPCError) {
      let answer = try await client.call(
        method.path, unsafe Slice(size: request.count) { unsafe $0.copyBytes(from: request) },
        deadline: .now + timeout)
      bytes = unsafe answer.withUnsafeBytes { unsafe Array($0) }
    } catch {
      return .failure(error)
    }
    do throws(WireError) {
      return .success(try method.response.json(bytes, showsFalse: true))
    } catch {
      return .failure(
        RPCError(.internal, "\(method.path): its answer cannot be read: \(error.description)"))
    }
  }
}
