internal import Backends
internal import CSI
internal import GRPC

extension VolumeController {
  /// ValidateVolumeCapabilities: what is not possible is not an error but a message.
  func validateVolumeCapabilities(
    _ request: ValidateVolumeCapabilitiesRequest, _ context: ServerContext
  ) async throws(RPCError) -> ValidateVolumeCapabilitiesResponse {
    try await answering { () throws(DriverError) in
      let wanted = try volumeID(request.volumeID)
      guard !request.volumeCapabilities.isEmpty else {
        throw DriverError(.invalidArgument, "volume_capabilities is missing")
      }
      try SizeLimits.check(request.volumeCapabilities)
      for capability in request.volumeCapabilities {
        guard capability.accessType != nil, capability.accessMode != .unknown else {
          throw DriverError(
            .invalidArgument, "volume_capabilities: access_type or access_mode is missing")
        }
      }
      guard let id = wanted else {
        throw DriverError(.notFound, "volume \(request.volumeID) does not exist")
      }
      let record = try await readyVolume(
        id, called: request.volumeID, context: request.volumeContext,
        deadline: context.answerDeadline
      ).record
      if let objection = objection(to: request, record) {
        return ValidateVolumeCapabilitiesResponse(confirmed: nil, message: objection)
      }
      return ValidateVolumeCapabilitiesResponse(
        confirmed: .init(
          volumeContext: request.volumeContext, volumeCapabilities: request.volumeCapabilities,
          parameters: request.parameters, mutableParameters: request.mutableParameters),
        message: "")
    }
  }

  private func objection(
    to request: ValidateVolumeCapabilitiesRequest, _ record: VolumeRecord
  ) -> String? {
    do throws(DriverError) {
      for capability in request.volumeCapabilities { _ = try VolumeAccess(capability) }
      if !request.parameters.isEmpty {
        let (connection, backend) = try VolumeRecord.Request.split(request.parameters)
        guard connection == record.request.connection, backend == record.request.parameters else {
          return "parameters: the volume was made with others"
        }
      }
    } catch {
      return error.message
    }
    if !request.mutableParameters.isEmpty {
      return "mutable_parameters: nothing of a volume can be changed after it was made"
    }
    // The provisioner adds a key of its own to the context.
    let context = request.volumeContext.filter { !$0.key.hasPrefix("storage.kubernetes.io/") }
    if !context.isEmpty, context != record.context {
      return "volume_context is not the one that CreateVolume answered"
    }
    return nil
  }
}
