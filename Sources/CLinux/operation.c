#define _GNU_SOURCE
#include "child.h"
#include "clinux.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

_Static_assert(sizeof(struct clinux_result) <= PIPE_BUF, "a result is written atomically");

enum { ALIGNMENT = 4096, BUFFER_SIZE = 1 << 20 };
/// The child's descriptors: where the result goes, and `operation->descriptor`.
enum { RESULT_FD = 0, HELD_FD = 1 };

/// Never touched in the parent, so it costs address space and no memory; each child gets pages of its
/// own on its first read.
static _Alignas(ALIGNMENT) unsigned char buffer[BUFFER_SIZE];

static void fail(struct clinux_result *result, const char *call) {
  result->error = errno;
  strncpy(result->call, call, sizeof result->call - 1);
}

/// "/proc/self/fd/<descriptor>": how a path that was checked is passed to a call that wants a path.
struct anchor {
  char path[32];
};

static struct anchor anchor(int descriptor) {
  struct anchor anchor = {"/proc/self/fd/"};
  char digits[12];
  int count = 0;
  do digits[count++] = (char)('0' + descriptor % 10);
  while ((descriptor /= 10) > 0);
  char *end = anchor.path + strlen(anchor.path);
  while (count > 0) *end++ = digits[--count];
  *end = 0;
  return anchor;
}

/// Both ends of a bind are anchored: what was opened without following a link is what is mounted,
/// whatever is put at the path a moment later. Other sources are names or devices and mean nothing
/// to a path walk of ours.
static void mount_anchored(const struct clinux_operation *operation, struct clinux_result *result) {
  int target = clinux_open_path(AT_FDCWD, operation->target, 0);
  if (target < 0) return fail(result, "openat2");
  struct anchor target_anchor = anchor(target), source_anchor;
  const char *source = operation->source;
  int source_fd = -1;
  if ((operation->flags & MS_BIND) && !(operation->flags & MS_REMOUNT)) {
    source_fd = clinux_open_path(AT_FDCWD, source, 0);
    if (source_fd < 0) return fail(result, "openat2 source");
    source_anchor = anchor(source_fd);
    source = source_anchor.path;
  }
  const char *type = operation->type[0] ? operation->type : NULL;
  const char *data = operation->data[0] ? operation->data : NULL;
  if (mount(source, target_anchor.path, type, operation->flags, data) != 0) fail(result, "mount");
  // Before the result is told: the caller may unmount the source at once, and these would keep it busy.
  if (source_fd >= 0) close(source_fd);
  close(target);
}

/// A descriptor of the mount itself would keep it busy, so the directory around it is the anchor, and
/// the last step follows no link.
static void unmount_anchored(
  const struct clinux_operation *operation, struct clinux_result *result
) {
  const char *slash = strrchr(operation->target, '/');
  if (!slash || slash[1] == 0) {
    errno = EINVAL;
    return fail(result, "umount2");
  }
  size_t length = (size_t)(slash - operation->target);
  if (length >= BUFFER_SIZE) {
    errno = ENAMETOOLONG;
    return fail(result, "umount2");
  }
  memcpy(buffer, operation->target, length);
  buffer[length] = 0;
  int parent = clinux_open_path(AT_FDCWD, length > 0 ? (char *)buffer : "/", 0);
  if (parent < 0) return fail(result, "openat2");
  if (fchdir(parent) != 0) return fail(result, "fchdir");
  close(parent);
  if (umount2(slash + 1, (int)operation->flags | UMOUNT_NOFOLLOW) != 0) fail(result, "umount2");
}

static void statistics(const struct clinux_operation *operation, struct clinux_result *result) {
  struct statfs status;
  if (statfs(operation->target, &status) != 0) return fail(result, "statfs");
  // Counts are in units of f_frsize, which only NFS and the like let differ from f_bsize.
  result->block_size = (uint64_t)(status.f_frsize ? status.f_frsize : status.f_bsize);
  result->blocks = status.f_blocks;
  result->blocks_free = status.f_bfree;
  result->blocks_available = status.f_bavail;
  result->inodes = status.f_files;
  result->inodes_free = status.f_ffree;
  result->read_only = (status.f_flags & ST_RDONLY) != 0;
}

/// Reads [from, to) whole. False when a read failed or came short: unreadable is never zero.
static int read_region(int fd, uint64_t from, uint64_t to, struct clinux_result *result) {
  while (from < to) {
    size_t wanted = to - from < BUFFER_SIZE ? (size_t)(to - from) : BUFFER_SIZE;
    ssize_t count = pread(fd, buffer, wanted, (off_t)from);
    if (count < 0 && errno == EINTR) continue;
    if (count != (ssize_t)wanted) {
      if (count >= 0) errno = EIO;
      result->offset = from;
      fail(result, count < 0 ? "pread" : "short pread");
      return 0;
    }
    if (from == 0) memcpy(result->head, buffer, wanted < sizeof result->head ? wanted : sizeof result->head);
    for (size_t i = 0; i < wanted && !result->found_non_zero; i++) {
      if (buffer[i]) {
        result->found_non_zero = 1;
        result->first_non_zero = from + i;
      }
    }
    from += wanted;
  }
  return 1;
}

static uint64_t align_down(uint64_t offset) { return offset & ~(uint64_t)(ALIGNMENT - 1); }

static uint64_t align_up(uint64_t offset, uint64_t limit) {
  return offset >= limit || limit - offset < ALIGNMENT ? limit
                                                       : align_down(offset + ALIGNMENT - 1);
}

/// Regions are widened to whole 4096-byte blocks, as O_DIRECT wants them, and cut at the end.
static void read_regions(
  int fd, const struct clinux_operation *operation, struct clinux_result *result
) {
  uint64_t size = result->size;
  uint64_t head = align_up(operation->edges, size);
  uint64_t tail = operation->edges < size ? align_down(size - operation->edges) : 0;
  if (tail < head) tail = head;
  if (!read_region(fd, 0, head, result)) return;
  for (uint64_t i = 1; i <= operation->samples; i++) {
    // In 128 bits: the product may not fit into 64.
    uint64_t step = (uint64_t)((unsigned __int128)(tail - head) * i / (operation->samples + 1));
    uint64_t from = align_down(head + step);
    if (from < head) from = head;
    uint64_t length = operation->sample_length < size ? operation->sample_length : size;
    uint64_t to = align_up(from + length, tail);
    if (from < to && !read_region(fd, from, to, result)) return;
  }
  read_region(fd, tail, size, result);
}

/// A file system that has shut itself down answers statfs(2) and fails this.
static void list(const struct clinux_operation *operation, struct clinux_result *result) {
  int fd = open(operation->target, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return fail(result, "open");
  if (syscall(SYS_getdents64, fd, buffer, ALIGNMENT) < 0) fail(result, "getdents64");
  close(fd);
}

static void remove_no_attribute(
  const struct clinux_operation *operation, struct clinux_result *result
) {
  int fd = open(operation->target, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return fail(result, "open");
  if (fremovexattr(fd, operation->data) != 0 && errno != ENODATA) fail(result, "fremovexattr");
  close(fd);
}

/// The write is the command, and its errno the answer.
static void write_attribute(
  const struct clinux_operation *operation, int fd, struct clinux_result *result
) {
  ssize_t count = write(fd, operation->data, strlen(operation->data));
  if (count >= 0 && (size_t)count != strlen(operation->data)) errno = EIO, count = -1;
  if (count < 0) fail(result, "write");
  close(fd);
}

static void set_attribute(const struct clinux_operation *operation, struct clinux_result *result) {
  int fd = open(operation->target, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return fail(result, "open");
  write_attribute(operation, fd, result);
}

static void scan(const struct clinux_operation *operation, struct clinux_result *result) {
  int flags = O_RDONLY | O_DIRECT | O_CLOEXEC | (operation->exclusive ? O_EXCL : 0);
  int fd = open(operation->target, flags);
  if (fd < 0) return fail(result, "open");
  struct stat status;
  if (fstat(fd, &status) != 0) {
    fail(result, "fstat");
  } else if (!S_ISBLK(status.st_mode)) {
    errno = ENOTBLK;
    fail(result, "open");
  } else if (ioctl(fd, BLKGETSIZE64, &result->size) != 0) {
    fail(result, "ioctl BLKGETSIZE64");
  } else {
    result->device = status.st_rdev;
    read_regions(fd, operation, result);
  }
  // Before the result is told: the caller's mkfs must not meet our O_EXCL.
  close(fd);
}

/// Not exclusive, so that mount(2) and mkfs, which are, do not meet it, and not for writing. The one that
/// closes a device last waits for what was written to it: so that is a child's as well.
static void open_pinned(const struct clinux_operation *operation, struct clinux_result *result) {
  struct stat status;
  int fd = open(operation->target, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    fail(result, "open");
  } else if (fstat(fd, &status) != 0) {
    fail(result, "fstat");
  } else if (!S_ISBLK(status.st_mode)) {
    errno = ENOTBLK;
    fail(result, "open");
  } else {
    result->device = status.st_rdev;
    if (ioctl(fd, BLKGETDISKSEQ, &result->disk_sequence) != 0) result->disk_sequence = 0;
  }
  // It stays open until this process ends.
}

static void wait_for_end(void) {
  char byte;
  while (read(HELD_FD, &byte, 1) < 0 && errno == EINTR) continue;
}

pid_t clinux_start_operation(const struct clinux_operation *operation, int result_fd) {
  pid_t pid = clinux_fork(0);
  if (pid != 0) return pid;

  // Signals stay blocked: nothing is to interrupt the call, and SIGKILL needs no leave.
  // Moved out of the way first: its number may be the one that the result's pipe gets.
  int held = operation->descriptor < 0 ? -1 : fcntl(operation->descriptor, F_DUPFD, 16);
  if ((operation->descriptor >= 0 && held < 0) || dup2(result_fd, RESULT_FD) < 0) _exit(127);
  if (held >= 0 && dup2(held, HELD_FD) < 0) _exit(127);
  if (close_range(held >= 0 ? HELD_FD + 1 : RESULT_FD + 1, ~0U, 0) != 0) _exit(127);
  struct clinux_result result = {0};
  int pinned = 0;
  switch (operation->kind) {
  case CLINUX_MOUNT: mount_anchored(operation, &result); break;
  case CLINUX_UNMOUNT: unmount_anchored(operation, &result); break;
  case CLINUX_STATFS: statistics(operation, &result); break;
  case CLINUX_SCAN: scan(operation, &result); break;
  case CLINUX_LIST: list(operation, &result); break;
  case CLINUX_REMOVE_NO_ATTRIBUTE: remove_no_attribute(operation, &result); break;
  case CLINUX_SET: set_attribute(operation, &result); break;
  case CLINUX_WRITE: write_attribute(operation, HELD_FD, &result); break;
  case CLINUX_PIN:
    open_pinned(operation, &result);
    pinned = result.error == 0;
    break;
  }
  if (write(RESULT_FD, &result, sizeof result) != sizeof result) _exit(127);
  if (pinned) wait_for_end();
  _exit(0);
}
