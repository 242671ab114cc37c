#define _GNU_SOURCE
#include "child.h"
#include "clinux.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

enum { FAILURE_FD = 3, ABOVE_ALL = 4 };

/// Puts the descriptors in their places. Each is first moved out of the way: the parent may own 0 to 3
/// for anything, even for one of these.
static int arrange(const struct clinux_program *program, int *failure_fd) {
  int failure = fcntl(program->failure_fd, F_DUPFD_CLOEXEC, 16);
  if (failure < 0) return errno;
  *failure_fd = failure;
  int sources[3] = {program->input_fd, program->output_fd, program->error_fd};
  for (int i = 0; i < 3; i++) {
    sources[i] = fcntl(sources[i], F_DUPFD_CLOEXEC, 16);
    if (sources[i] < 0) return errno;
  }
  for (int i = 0; i < 3; i++) {
    if (dup2(sources[i], i) < 0) return errno;
  }
  if (dup3(failure, FAILURE_FD, O_CLOEXEC) < 0) return errno;
  *failure_fd = FAILURE_FD;
  return close_range(ABOVE_ALL, ~0U, 0) == 0 ? 0 : errno;
}

pid_t clinux_start_program(const struct clinux_program *program) {
  pid_t pid = clinux_fork(program->outlives);
  if (pid != 0) return pid;

  int failure_fd = program->failure_fd;
  int32_t error = arrange(program, &failure_fd);
  if (error == 0 && chdir("/") != 0) error = errno;
  if (error == 0) {
    clinux_reset_signals();
    // It may come to write to somebody who is dead: that must be an error and not its end.
    if (program->outlives) signal(SIGPIPE, SIG_IGN);
    error = ENOENT;
    for (char *const *candidate = program->candidates; *candidate; candidate++) {
      execve(*candidate, program->arguments, program->environment);
      // As execvpe(3): go on when there is nothing to execute here, and say EACCES rather than
      // ENOENT when there was a file that may not be executed.
      if (errno == EACCES) error = EACCES;
      else if (errno != ENOENT && errno != ENOTDIR) {
        error = errno;
        break;
      }
    }
  }
  ssize_t written = write(failure_fd, &error, sizeof error);
  (void)written;
  _exit(127);
}
