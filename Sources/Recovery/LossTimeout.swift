public import NVMe

/// What a volume's controllers are to have for ctrl_loss_tmo. Rules of the host's udev may set another one
/// at any time, as nvme-cli's own do for some targets.
public struct LossTimeout: Hashable, Sendable {
  /// Seconds; nil: the kernel never gives up.
  public var seconds: Int?
  /// Seconds between the kernel's attempts: it rounds `seconds` up to whole ones
  /// (nvme_ctrl_loss_tmo_store, drivers/nvme/host/sysfs.c).
  public var step: Int

  /// As a volume's options ask for it.
  public init(_ options: ConnectOptions) {
    seconds = options.ctrlLossTimeout < 0 ? nil : options.ctrlLossTimeout
    step = max(1, options.reconnectDelay)
  }

  /// Whether a controller has it.
  public func isMet(by controller: Controller) -> Bool {
    guard let seconds else { return controller.ctrlLossTimeout == nil }
    guard let present = controller.ctrlLossTimeout else { return false }
    return (seconds..<(seconds + step)).contains(present)
  }
}
