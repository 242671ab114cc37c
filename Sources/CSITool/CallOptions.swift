internal import ArgumentParser
internal import GRPC
internal import Glibc
internal import JSON

/// What every call takes.
struct CallOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      The driver's socket: unix:///path or tcp://host:port. Default: $CSI_ENDPOINT, else \
      unix:///csi/csi.sock.
      """, valueName: "address"))
  var endpoint: String?

  @Option(help: ArgumentHelp("How long to wait for the answer.", valueName: "seconds"))
  var timeout: Double = 120

  @Option(
    help: ArgumentHelp(
      """
      The request as JSON, @FILE or - for standard input; other flags go over it. Names as in \
      csi.proto or in lowerCamelCase.
      """, valueName: "json|@file|-"))
  var request: String?

  @Flag(help: "Print the answer, or the error, as JSON.")
  var json = false

  /// Ten years: beyond it a deadline says nothing, and far beyond it overflows.
  private static let longest: Double = 315_360_000

  mutating func validate() throws {
    guard timeout > 0, timeout <= Self.longest else {
      throw ValidationError("--timeout must be more than 0 seconds, and at most ten years")
    }
  }

  func address(environment: String?) throws(UsageError) -> Address {
    let environment = environment.flatMap { $0.isEmpty ? nil : $0 }
    do throws(AddressError) {
      return try Address(endpoint ?? environment ?? "unix:///csi/csi.sock")
    } catch {
      throw UsageError(error.description)
    }
  }

  static var environment: String? {
    unsafe getenv("CSI_ENDPOINT").map { unsafe String(cString: $0) }
  }

  /// What --request says; an empty object without it.
  func base() throws(UsageError) -> JSONObject {
    guard let request else { return JSONObject() }
    let bytes: [UInt8] =
      switch request {
      case "-": try Input.standardInput()
      case _ where request.hasPrefix("@"): try Input.file(String(request.dropFirst()))
      default: Array(request.utf8)
      }
    return try Input.object(bytes, what: "--request")
  }
}
