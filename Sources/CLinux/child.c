#define _GNU_SOURCE
#include "child.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

pid_t clinux_fork(int outlives) {
  sigset_t all, before;
  pid_t parent = getpid();

  // A signal that arrives between fork and the reset of the handlers would run the parent's handler
  // in the child.
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t pid = _Fork();
  int error = errno;
  if (pid != 0) {
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (pid < 0) return -error;
    // Here as well as in the child, so that the group exists for whoever runs first. EACCES means
    // that the child executed its program already, and so did it itself. Who leads a group already
    // could begin no session, and nobody signals the group of one that outlives us.
    if (!outlives) setpgid(pid, pid);
    return pid;
  }

  if (outlives) {
    setsid();
    return 0;
  }
  setpgid(0, 0);
  // What a dead driver started must not surprise its successor: a mount that appears late, a mkfs
  // beside another one. The second line covers the parent that died before the first.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  return 0;
}

void clinux_reset_signals(void) {
  struct sigaction standard = {.sa_handler = SIG_DFL};
  sigset_t none;
  // glibc refuses the two numbers it keeps for itself, and the kernel refuses KILL and STOP: as wished.
  for (int number = 1; number < NSIG; number++) sigaction(number, &standard, NULL);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}
