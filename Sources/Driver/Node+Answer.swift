internal import BlockDevice
internal import CSI
internal import GRPC

extension Node {
  /// Runs an RPC's body and maps its failure, in the one place where that is done.
  func answering<Response>(
    _ body: () async throws(DriverError) -> Response
  )
    async throws(RPCError) -> Response
  {
    do { return try await body() } catch { throw RPCError(error) }
  }
}

extension VolumeAccess: CustomStringConvertible {
  /// `ext4 (SINGLE_NODE_WRITER)`, `raw block (MULTI_NODE_MULTI_WRITER)`
  var description: String {
    switch kind {
    case .block: "raw block (\(mode.specName))"
    case .fileSystem(let type, let flags):
      flags.isEmpty
        ? "\(type.rawValue) (\(mode.specName))"
        : "\(type.rawValue) with \(flags.joined(separator: ",")) (\(mode.specName))"
    }
  }

  var isBlock: Bool { kind == .block }
}
