internal import CUdev
internal import Glibc
internal import Linux
internal import SystemPackage

/// Owns libudev's objects, none of which may leave the thread that made them: so this never does.
@safe
final class UdevReceiver {
  /// What one attempt to receive came to.
  enum Reception: Hashable, Sendable {
    case event(UdevEvent)
    /// The kernel dropped events because the socket's buffer was full.
    case overflow
    /// There is none for now.
    case nothing
    case failed(SystemCallError)
  }

  private let context: OpaquePointer
  private let monitor: OpaquePointer

  /// Room for some ten thousand events: a host that loses a shelf of devices sends them in one burst.
  static let bufferSize: Int32 = 8 << 20

  /// When this returns the socket is bound: no event from here on is missed without an `overflow`.
  /// With no subsystems those of all are received.
  init(
    subsystems: [String], bufferSize: Int32 = UdevReceiver.bufferSize
  ) throws(SystemCallError) {
    // libudev's name of the kernel's group; `udev` is that of udevd.
    let name = "kernel"
    guard let context = unsafe udev_new() else {
      throw SystemCallError(call: "udev_new", subject: name, errno: Errno(rawValue: Glibc.errno))
    }
    guard let monitor = unsafe udev_monitor_new_from_netlink(context, name) else {
      let errno = Errno(rawValue: Glibc.errno)
      unsafe udev_unref(context)
      throw SystemCallError(call: "udev_monitor_new_from_netlink", subject: name, errno: errno)
    }
    unsafe (self.context, self.monitor) = unsafe (context, monitor)
    for subsystem in subsystems {
      try check("udev_monitor_filter_add_match_subsystem_devtype", subsystem) {
        unsafe udev_monitor_filter_add_match_subsystem_devtype(monitor, subsystem, nil)
      }
    }
    // More than the administrator's limit needs CAP_NET_ADMIN.  Without it a burst ends in an overflow
    // earlier, which is all.
    do throws(SystemCallError) {
      try check("udev_monitor_set_receive_buffer_size", name) {
        unsafe udev_monitor_set_receive_buffer_size(monitor, bufferSize)
      }
    } catch {
      guard [.notPermitted, .permissionDenied].contains(error.errno) else { throw error }
    }
    try check("udev_monitor_enable_receiving", name) {
      unsafe udev_monitor_enable_receiving(monitor)
    }
  }

  deinit {
    unsafe udev_monitor_unref(monitor)
    unsafe udev_unref(context)
  }

  /// For poll(2).  libudev's own: not to be read or closed.
  var descriptor: Int32 { unsafe udev_monitor_get_fd(monitor) }

  /// Takes one event off the socket.  Does not wait.
  func receive() -> Reception {
    Glibc.errno = 0
    guard let device = unsafe udev_monitor_receive_device(monitor) else {
      let number = Glibc.errno
      switch number {
      // 0: an event that the filter left out.
      case 0, EAGAIN, EINTR: return .nothing
      case ENOBUFS: return .overflow
      default:
        return .failed(
          SystemCallError(
            call: "udev_monitor_receive_device", subject: "uevents", errno: Errno(rawValue: number))
        )
      }
    }
    defer { unsafe udev_device_unref(device) }
    return .event(unsafe Self.event(device))
  }

  private static func event(_ device: OpaquePointer) -> UdevEvent {
    var properties: [String: String] = [:]
    var entry = unsafe udev_device_get_properties_list_entry(device)
    while let current = unsafe entry {
      let name = unsafe text(udev_list_entry_get_name(current))
      properties[name] = unsafe text(udev_list_entry_get_value(current))
      unsafe entry = udev_list_entry_get_next(current)
    }
    return unsafe UdevEvent(
      action: text(udev_device_get_action(device)),
      subsystem: text(udev_device_get_subsystem(device)),
      sysfsPath: text(udev_device_get_syspath(device)), properties: properties)
  }

  private static func text(_ string: UnsafePointer<CChar>?) -> String {
    guard let string = unsafe string else { return "" }
    return unsafe String(cString: string)
  }

  /// libudev answers a negated errno.
  private func check(
    _ call: String, _ subject: String, _ body: () -> Int32
  ) throws(SystemCallError) {
    let answer = body()
    guard answer >= 0 else {
      throw SystemCallError(call: call, subject: subject, errno: Errno(rawValue: -answer))
    }
  }
}
