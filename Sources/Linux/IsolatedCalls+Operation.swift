internal import CLinux
internal import SystemPackage

extension IsolatedCalls {
  /// What a child is to do, in Swift's terms.
  struct Operation: Sendable {
    let call: String
    let kind: clinux_operation_kind
    var source = ""
    let target: String
    var type = ""
    var data = ""
    var flags: UInt64 = 0
    var exclusive = false
    var edges: UInt64 = 0
    var samples: UInt64 = 0
    var sampleLength: UInt64 = 0
    var descriptor: Descriptor?

    /// The kernel would see only what is in front of a NUL.
    func validate() throws(SystemCallError) {
      for text in [source, target, type, data] where text.utf8.contains(0) {
        throw SystemCallError(call: call, subject: target, errno: .invalidArgument)
      }
    }

    func launch() throws(SystemCallError) -> LaunchedChild {
      let pipe = try Descriptor.pipe()
      try pipe.read.makeNonBlocking()
      let processID = withExtendedLifetime((pipe, descriptor)) {
        start(writingTo: pipe.write.number)
      }
      guard processID > 0 else {
        throw SystemCallError(
          call: "fork for \(call)", subject: target, errno: Errno(rawValue: -processID))
      }
      return LaunchedChild(
        processID: processID, outputs: [(pipe.read, MemoryLayout<clinux_result>.size)])
    }

    /// The strings live until the fork; the child has its own copy of them, as of everything.
    private func start(writingTo output: Int32) -> Int32 {
      unsafe source.withCString { source in
        unsafe target.withCString { target in
          unsafe type.withCString { type in
            unsafe data.withCString { data in
              var operation = unsafe clinux_operation(
                kind: kind, source: source, target: target, type: type, data: data, flags: flags,
                exclusive: exclusive ? 1 : 0, edges: edges, samples: samples,
                sample_length: sampleLength, descriptor: descriptor?.number ?? -1)
              return unsafe clinux_start_operation(&operation, output)
            }
          }
        }
      }
    }

    /// The child's whole result, or nil: it may have died without a word.
    static func result(_ outputs: [ChildOutput]) -> clinux_result? {
      guard let bytes = outputs.first?.bytes, bytes.count == MemoryLayout<clinux_result>.size else {
        return nil
      }
      return unsafe bytes.withUnsafeBytes { unsafe $0.loadUnaligned(as: clinux_result.self) }
    }

    /// Turns a failed call into an error that names it.
    func check(_ result: clinux_result) throws(IsolatedCallError) -> clinux_result {
      guard result.error != 0 else { return result }
      let name = unsafe withUnsafeBytes(of: result.call) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      let place = name.hasSuffix("pread") ? " at offset \(result.offset)" : ""
      throw .failed(
        SystemCallError(
          call: name, subject: target + place, errno: Errno(rawValue: result.error)))
    }
  }
}
