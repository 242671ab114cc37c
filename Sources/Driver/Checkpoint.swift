#if DEBUG
  internal import Glibc
#endif

/// Places between two steps at which a test may kill the process, to prove that a retry finishes
/// what was begun, or stop it, to change the world meanwhile. In a release build there is nothing here.
enum Checkpoint {
  /// The process dies of SIGKILL at the checkpoint that the environment variable
  /// `NVMEOF_CSI_CRASH_AT` names, `stage.connect.after` for instance. At the one that
  /// `NVMEOF_CSI_STOP_AT` names it stops until it gets SIGCONT.
  static func reached(_ name: String) {
    #if DEBUG
      if name == crashAt { kill(getpid(), SIGKILL) }
      if name == stopAt { kill(getpid(), SIGSTOP) }
    #endif
  }

  #if DEBUG
    /// Read once: the environment does not change after start.
    private static let crashAt = variable("NVMEOF_CSI_CRASH_AT")
    private static let stopAt = variable("NVMEOF_CSI_STOP_AT")

    private static func variable(_ name: String) -> String? {
      unsafe getenv(name).map { unsafe String(cString: $0) }
    }
  #endif
}

/// What a test may have the plugin do without. In a release build there is nothing here.
enum Fault {
  /// Recovery does nothing by itself: the environment variable `NVMEOF_CSI_NO_RECOVERY` is set. What
  /// an RPC restores is the RPC's own doing then.
  static let isIdle: Bool = {
    #if DEBUG
      return unsafe getenv("NVMEOF_CSI_NO_RECOVERY") != nil
    #else
      return false
    #endif
  }()

  /// No uevent reaches the plugin: the environment variable `NVMEOF_CSI_DEAF` is set.
  static let isDeaf: Bool = {
    #if DEBUG
      return unsafe getenv("NVMEOF_CSI_DEAF") != nil
    #else
      return false
    #endif
  }()
}
