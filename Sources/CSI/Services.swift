internal import CCSI
public import ProtobufC

/// The services of csi.v1 as csi.proto describes them, for clients that take their requests as JSON.
public let services: [ServiceDescriptor] = {
  var services: [ServiceDescriptor] = []
  while let descriptor = unsafe ccsi_service(UInt32(services.count)) {
    unsafe services.append(ServiceDescriptor(descriptor))
  }
  return services
}()
