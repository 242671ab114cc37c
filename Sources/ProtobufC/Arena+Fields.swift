internal import CProtobufC

/// What the fields of an outgoing message point to.
extension Arena {
  private func need(_ size: Int) -> UnsafeMutableRawPointer {
    guard let memory = unsafe allocate(size) else {
      preconditionFailure("an outgoing message has an arena without a limit")
    }
    return unsafe memory
  }

  /// A C string.  What follows a NUL would be lost without a word, so a NUL becomes U+FFFD.
  @unsafe public func string(_ text: String) -> UnsafeMutablePointer<CChar> {
    var text = text.utf8.contains(0) ? String(text.map { $0 == "\0" ? "\u{FFFD}" : $0 }) : text
    return text.withUTF8 { bytes in
      let memory = unsafe need(bytes.count + 1)
      unsafe memory.copyMemory(
        from: UnsafeRawBufferPointer(bytes).baseAddress ?? UnsafeRawPointer(memory),
        byteCount: bytes.count)
      return unsafe memory.assumingMemoryBound(to: CChar.self)
    }
  }

  /// A message that protoc-c's `…__init` has initialised.
  @unsafe public func message<Wire>(
    _ initialize: (UnsafeMutablePointer<Wire>?) -> Void, _ fill: (inout Wire) -> Void = { _ in }
  ) -> UnsafeMutablePointer<Wire> {
    let message = unsafe need(MemoryLayout<Wire>.size).assumingMemoryBound(to: Wire.self)
    unsafe initialize(message)
    unsafe fill(&message.pointee)
    return unsafe message
  }

  /// A message of this type, initialised and not filled yet.
  @unsafe public func message<Wire>(_ type: MessageType<Wire>) -> UnsafeMutablePointer<Wire> {
    unsafe message(type.initialize)
  }

  /// A repeated field's array.
  @unsafe public func array<Element>(
    _ elements: [Element]
  ) -> (count: Int, pointer: UnsafeMutablePointer<Element>?) {
    if elements.isEmpty { return (0, nil) }
    let array = unsafe need(elements.count * MemoryLayout<Element>.stride)
      .bindMemory(to: Element.self, capacity: elements.count)
    for (index, element) in elements.enumerated() {
      unsafe (array + index).initialize(to: element)
    }
    return unsafe (elements.count, array)
  }

  /// A `repeated string`.
  @unsafe public func strings(
    _ texts: [String]
  ) -> (count: Int, pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) {
    unsafe array(texts.map { unsafe string($0) })
  }

  /// A `map<string, string>`, in the order of the keys.
  @unsafe public func map<Entry>(
    _ values: [String: String], _ initialize: (UnsafeMutablePointer<Entry>?) -> Void
  ) -> (count: Int, pointer: UnsafeMutablePointer<UnsafeMutablePointer<Entry>?>?) {
    unsafe array(
      values.sorted { $0.key < $1.key }.map { key, value in
        let entry = unsafe message(initialize)
        unsafe UnsafeMutableRawPointer(entry).assumingMemoryBound(to: MapEntry.self).pointee.key =
          string(key)
        unsafe UnsafeMutableRawPointer(entry).assumingMemoryBound(to: MapEntry.self).pointee.value =
          string(value)
        return unsafe entry
      })
  }
}

/// How protoc-c lays out every `map<string, string>` entry.
@unsafe struct MapEntry {
  var base: ProtobufCMessage
  var key: UnsafeMutablePointer<CChar>?
  var value: UnsafeMutablePointer<CChar>?
}

/// Reads a C string of an unpacked message; it was checked before it was unpacked.
@unsafe public func readString(_ text: UnsafePointer<CChar>?) -> String {
  unsafe text.map { unsafe String(cString: $0) } ?? ""
}

/// Reads a `repeated string`.
@unsafe public func readStrings(
  _ texts: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ count: Int
) -> [String] {
  unsafe UnsafeBufferPointer(start: texts, count: count).map { unsafe readString($0) }
}

/// Reads a `map<string, string>`; of entries with one key the last counts.
@unsafe public func readMap<Entry>(
  _ entries: UnsafeMutablePointer<UnsafeMutablePointer<Entry>?>?, _ count: Int
) -> [String: String] {
  unsafe UnsafeBufferPointer(start: entries, count: count).reduce(into: [:]) { map, entry in
    guard let entry = unsafe entry else { return }
    let pair = unsafe UnsafeRawPointer(entry).assumingMemoryBound(to: MapEntry.self).pointee
    unsafe map[readString(pair.key)] = unsafe readString(pair.value)
  }
}
