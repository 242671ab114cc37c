import GRPC
import Glibc
import ProtobufC

@testable import CSI

/// A message type of csi.v1 with a value that has every field set, without its C struct.
struct Golden: Sendable, CustomStringConvertible {
  /// As csi.proto has it; the fixtures' names.
  let name: String
  /// The value's bytes.
  let bytes: [UInt8]
  let descriptor: MessageDescriptor
  /// Decodes bytes and encodes what came out.
  let transcode: @Sendable ([UInt8]) -> Result<[UInt8], WireError>

  var description: String { name }
  var isRequest: Bool { name.hasSuffix("Request") }

  /// What protoc made of the fixture's text.
  var fixture: [UInt8] {
    get throws {
      let here = #filePath.split(separator: "/").dropLast().joined(separator: "/")
      return try contents(of: "/\(here)/Fixtures/\(name).bin")
    }
  }

  init<Value: CSI.Message>(_ value: Value) {
    name = "\(Value.self)"
    bytes = value.encoded().bytes
    descriptor = Value.wireType.descriptor
    transcode = { bytes in
      decode(Value.self, bytes).map { $0.encoded().bytes }
    }
  }

  func accepts(_ bytes: [UInt8]) -> Bool { (try? transcode(bytes).get()) != nil }
}

func decode<Value: CSI.Message>(_ type: Value.Type, _ bytes: [UInt8]) -> Result<Value, WireError> {
  do throws(WireError) {
    return .success(try Value(decoding: Slice(bytes)))
  } catch {
    return .failure(error)
  }
}

extension Slice {
  init(_ bytes: [UInt8]) {
    unsafe self.init(size: bytes.count) { unsafe $0.copyBytes(from: bytes) }
  }

  var bytes: [UInt8] { unsafe withUnsafeBytes { unsafe Array($0) } }
}

struct NoFixture: Error { let path: String }

func contents(of path: String) throws -> [UInt8] {
  let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { throw NoFixture(path: path) }
  defer { close(descriptor) }
  var bytes = [UInt8](repeating: 0, count: 1 << 16)
  let count = unsafe bytes.withUnsafeMutableBytes {
    unsafe read(descriptor, $0.baseAddress, $0.count)
  }
  guard count >= 0, count < bytes.count else { throw NoFixture(path: path) }
  return Array(bytes.prefix(count))
}
