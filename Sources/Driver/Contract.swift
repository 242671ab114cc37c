enum DriverPlaceholder {}
