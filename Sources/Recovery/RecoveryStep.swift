public import NVMe

/// One thing to do. Each can be done twice, and after each the world is read again.
public enum RecoveryStep: Hashable, Sendable {
  /// Make a path to each of these portals.
  case connect([TransportAddress])
  /// Have the device node at the target lead nowhere: what it names is not the volume's disk, and is, or
  /// may become, another's. Only our own node is touched, never what it leads to.
  case blank(String)
  /// Have the kernel keep the disk for this many seconds once its last controller is gone: what is
  /// mounted and open then waits for a new one instead of failing.
  case retain(UInt32)
  /// Have the kernel try to restore these controllers, once they are lost, for as long as the volume asks
  /// for: something has set another ctrl_loss_tmo.
  case endure(LossTimeout, controllers: [String])
  /// Have the kernel look for namespaces: after one has changed its identity it has taken the old disk
  /// away and not made a new one.
  case rescan
  /// Take a mount away that leads to a dead device, at once and even if it is held open: whoever holds
  /// it has nothing but errors from it.
  case detach(String)
  /// Unmount all of these for real, or none: as long as somebody holds the file system, mounting it again
  /// would only give the same broken one, and a path without its mount takes writes for the disk below.
  /// When it turns out to be held everything is mounted again as it was, and the plan ends here.
  case unmount([String])
  /// Replay the journal and repair what is safe, on a device that nobody has mounted.
  case check
  /// Mount at the staging path. Never formats.
  case mount
  /// Bind the staged file system at the target.
  case bind(String)
  /// Put a device node of the namespace at the target, in place of what is stale there.
  case node(String)
}
