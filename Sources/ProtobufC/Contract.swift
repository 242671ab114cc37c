enum ProtobufCPlaceholder {}
