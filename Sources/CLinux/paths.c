#define _GNU_SOURCE
#include "clinux.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

int clinux_open_path(int directory, const char *path, int beneath) {
  struct open_how how = {
    .flags = O_PATH | O_CLOEXEC,
    .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | (beneath ? RESOLVE_BENEATH : 0),
  };
  return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}
