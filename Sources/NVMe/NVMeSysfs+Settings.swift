public import Linux

extension NVMeSysfs {
  /// Asks a live controller to look for changed namespaces.
  public func rescan(_ controller: Controller) throws(SystemCallError) {
    try write("1", "rescan_controller", of: controller)
  }

  /// Seconds until the kernel gives a lost controller up; nil: never.
  public func setCtrlLossTimeout(
    _ seconds: Int?, of controller: Controller
  ) throws(SystemCallError) {
    try write(String(seconds ?? -1), "ctrl_loss_tmo", of: controller)
  }

  /// Lets I/O that waits for a lost controller fail after `seconds`.
  public func setFastIOFailTimeout(
    _ seconds: Int, of controller: Controller
  ) throws(SystemCallError) {
    try write(String(seconds), "fast_io_fail_tmo", of: controller)
  }

  /// The attribute behind `Namespace.removalDelay`. Writing it makes the kernel wait for those who are
  /// submitting I/O (synchronize_srcu in delayed_removal_secs_store, drivers/nvme/host/multipath.c).
  public func removalDelayAttribute(of namespace: Namespace) -> String {
    "\(root)/block/\(namespace.name)/delayed_removal_secs"
  }

  private func write(
    _ value: String, _ attribute: String, of controller: Controller
  ) throws(SystemCallError) {
    try Files.writeAttribute(value, to: "\(root)/class/nvme/\(controller.name)/\(attribute)")
  }
}
