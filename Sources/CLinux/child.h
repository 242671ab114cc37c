#ifndef CLINUX_CHILD_H
#define CLINUX_CHILD_H

#include <sys/types.h>

/// _Fork(3) with the start that both kinds of children share. Returns as fork(2) does, or a negated
/// errno.
///
/// _Fork and not fork: it runs no atfork handlers, which would take malloc's locks and those of
/// whatever libraries registered one, and may wait for a thread that does not exist in the child.
/// From here on the child may call only async-signal-safe functions and must not allocate.
///
/// It is a real copy of the address space, not vfork's sharing: a child that sits in D keeps nothing
/// of its parent locked.
///
/// The child leads a process group of its own and is killed when the calling thread ends. One that
/// `outlives` leads a session instead, and nothing happens to it then.
pid_t clinux_fork(int outlives);

/// Default handlers and an empty mask. A program must not inherit what its parent ignores or blocks.
void clinux_reset_signals(void);

#endif
