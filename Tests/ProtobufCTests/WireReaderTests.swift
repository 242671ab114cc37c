import Testing

@testable import ProtobufC

@Suite("The wire reader")
struct WireReaderTests {
  /// Every field as text, or the error.
  private func read(_ bytes: [UInt8]) -> [String] {
    unsafe bytes.withUnsafeBytes { bytes in
      var reader = unsafe WireReader(bytes, of: "M")
      var fields: [String] = []
      do throws(WireError) {
        while let (number, value) = try unsafe reader.next() {
          switch unsafe value {
          case .varint(let value): fields.append("\(number)=\(value)")
          case .fixed64(let value): fields.append("\(number)=64:\(value)")
          case .fixed32(let value): fields.append("\(number)=32:\(value)")
          case .bytes(let bytes): fields.append("\(number)=\(unsafe Array(bytes))")
          }
        }
      } catch {
        fields.append(error.description)
      }
      return fields
    }
  }

  @Test("reads every wire type of proto3")
  func reads() {
    #expect(read([]) == [])
    #expect(
      read([
        0x08, 0xac, 0x02, 0x11, 1, 0, 0, 0, 0, 0, 0, 0x80, 0x1d, 2, 0, 0, 0, 0x22, 2, 7, 8, 0x2a, 0,
      ]) == ["1=300", "2=64:9223372036854775809", "3=32:2", "4=[7, 8]", "5=[]"])
    #expect(read([0xf8, 0xff, 0xff, 0xff, 0x0f, 1]) == ["536870911=1"])
    #expect(
      read([0x08] + Array(repeating: 0xff, count: 9) + [0x01]) == ["1=18446744073709551615"])
    // Longer than needed is legal.
    #expect(read([0x88, 0x00, 0x81, 0x80, 0x00]) == ["1=1"])
  }

  static let malformed: [([UInt8], String)] = [
    ([0x08], "M: malformed: it ends within a number"),
    ([0x88], "M: malformed: it ends within a number"),
    ([0x08, 0x80], "M: malformed: it ends within a number"),
    (
      [0x08] + Array(repeating: 0xff, count: 9) + [0x02],
      "M: malformed: a number has more than 64 bits"
    ),
    (
      [0x08] + Array(repeating: 0x80, count: 10) + [0x00],
      "M: malformed: a number has more than 64 bits"
    ),
    ([0x09, 0, 0, 0, 0, 0, 0, 0], "M: malformed: it ends within a field"),
    ([0x0d, 0, 0, 0], "M: malformed: it ends within a field"),
    ([0x0a], "M: malformed: it ends within a number"),
    ([0x0a, 0x02, 0x41], "M: malformed: it ends within field 1"),
    (
      [0x0a] + Array(repeating: 0xff, count: 9) + [0x01], "M: malformed: it ends within field 1"
    ),
    ([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f], "M: malformed: it ends within field 1"),
    ([0x0b], "M: malformed: field 1 has a wire type that proto3 lacks"),
    ([0x0c], "M: malformed: field 1 has a wire type that proto3 lacks"),
    ([0x0e], "M: malformed: field 1 has a wire type that proto3 lacks"),
    ([0x0f], "M: malformed: field 1 has a wire type that proto3 lacks"),
    ([0x00], "M: malformed: a field has a number that none may have"),
    ([0x02, 0x00], "M: malformed: a field has a number that none may have"),
    ([0x80, 0x80, 0x80, 0x80, 0x10, 0], "M: malformed: a field has a number that none may have"),
    (
      Array(repeating: 0xff, count: 9) + [0x01],
      "M: malformed: a field has a number that none may have"
    ),
  ]

  @Test("refuses what is malformed", arguments: malformed)
  func refuses(bytes: [UInt8], reason: String) {
    #expect(read(bytes) == [reason])
    #expect(read([0x10, 5] + bytes) == ["2=5", reason])
  }
}
