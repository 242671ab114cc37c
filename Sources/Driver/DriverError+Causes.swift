internal import Backends
internal import BlockDevice
internal import Command
internal import Linux
internal import Mount
internal import NVMe
internal import StateStore

/// How the errors of the layers below read in the driver's terms.
extension DriverError {
  init(_ error: FabricsError) {
    let code: Code =
      switch error.code {
      case .refused, .unreachable, .busy: .unavailable
      case .silent, .timedOut: .deadlineExceeded
      case .unknownSubsystem: .notFound
      case .authentication: .unauthenticated
      case .invalidArgument: .invalidArgument
      case .hostNotAllowed, .noKernelModule, .noNVMeCLI, .identityConflict, .notOurs:
        .failedPrecondition
      case .stillPresent, .other: .internal
      }
    self.init(code, error.message, cause: error)
  }

  init(_ error: MountError) {
    let code: Code =
      switch error.code {
      case .deadlineExceeded: .deadlineExceeded
      case .busy, .conflict, .wrongFileSystem: .failedPrecondition
      case .badOption: .invalidArgument
      case .noSuchDevice, .ioError: .unavailable
      case .stillMounted, .notAllowed, .other: .internal
      }
    self.init(code, error.message, cause: error)
  }

  init(_ error: BlockDeviceError) {
    let code: Code =
      switch error.code {
      case .deadlineExceeded: .deadlineExceeded
      case .ioError: .unavailable
      case .inUse, .wrongDevice, .wrongSize, .fileSystemDamaged, .refused, .noDevices:
        .failedPrecondition
      case .programMissing, .other: .internal
      }
    self.init(code, error.message, cause: error)
  }

  /// By the CSI specification's tables of the Controller service.
  init(_ error: BackendError) {
    let code: Code =
      switch error.code {
      case .invalid: .invalidArgument
      case .outOfRange: .outOfRange
      case .notFound: .notFound
      case .alreadyExists: .alreadyExists
      case .exhausted: .resourceExhausted
      case .inUse, .notOurs: .failedPrecondition
      case .unsupported: .unimplemented
      case .unavailable: .unavailable
      case .timedOut: .deadlineExceeded
      case .broken, .failed: .internal
      }
    self.init(code, error.description, cause: error)
  }

  init(_ error: SystemCallError) {
    self.init(.internal, error.description, cause: error)
  }
}

/// Runs a call of a lower layer and speaks of its failure in the driver's terms.
func translating<Result, Failure: Error>(
  _ body: () async throws(Failure) -> Result
) async throws(DriverError) -> Result {
  do { return try await body() } catch { throw DriverError(translating: error) }
}

extension DriverError {
  /// Any error at all; one that no rule knows is internal.
  init(translating error: any Error) {
    switch error {
    case let error as DriverError: self = error
    case let error as FabricsError: self.init(error)
    case let error as MountError: self.init(error)
    case let error as BlockDeviceError: self.init(error)
    case let error as BackendError: self.init(error)
    case let error as SystemCallError: self.init(error)
    default: self.init(.internal, String(describing: error), cause: error)
    }
  }
}
