#include <absl/synchronization/mutex.h>

extern "C" void cgrpc_ignore_lock_order(void);

// Debian builds Abseil without NDEBUG, so each of the core's mutexes keeps a graph of who locks what
// after what, and aborts the process where it sees a cycle. That is for the core's own developers, and
// took 4 % of the CPU time of a call.
void cgrpc_ignore_lock_order(void) {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
}
