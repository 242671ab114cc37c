internal import GRPC

extension StatusCode {
  /// As the gRPC documents write it: `INVALID_ARGUMENT`.
  var documentedName: String {
    "\(self)".reduce(into: "") { name, character in
      if character.isUppercase { name += "_" }
      name += character.uppercased()
    }
  }
}
