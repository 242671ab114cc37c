/// What Swift cannot import from Linux' headers (macros, variadic calls, system calls without a
/// wrapper), and the two kinds of children: both are C because between fork and exec or exit only
/// async-signal-safe code may run, and Swift code never is.
#ifndef CLINUX_H
#define CLINUX_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// major(3), minor(3), makedev(3): macros.
static inline uint32_t clinux_major(uint64_t device) {
  return (uint32_t)(((device >> 8) & 0xfff) | ((device >> 32) & ~0xfffu));
}
static inline uint32_t clinux_minor(uint64_t device) {
  return (uint32_t)((device & 0xff) | ((device >> 12) & ~0xffu));
}
static inline uint64_t clinux_makedev(uint32_t major, uint32_t minor) {
  return ((uint64_t)(major & 0xfff) << 8) | ((uint64_t)(major & ~0xfffu) << 32) | (minor & 0xff)
    | ((uint64_t)(minor & ~0xffu) << 12);
}

// Calls that the overlay hides: they need _GNU_SOURCE. Each returns -1 and sets errno when it fails.

/// pipe2(2) with O_CLOEXEC: the read end, then the write end.
int clinux_pipe(int ends[2]);

/// eventfd(2) with EFD_CLOEXEC and EFD_NONBLOCK.
int clinux_eventfd(void);

/// open(2) with O_RDONLY | O_DIRECT | O_CLOEXEC.
int clinux_open_direct(const char *path);

/// ppoll(2) without a signal mask; `timeout` in nanoseconds, negative for none.
int clinux_poll(struct pollfd *descriptors, size_t count, int64_t timeout);

/// Names the calling thread: 15 bytes at most.
void clinux_name_thread(const char *name);

/// pidfd_open(2).
int clinux_pidfd_open(pid_t pid);

/// Whether a child is a zombie (1) or not yet (0), by waitid(2) with WNOWAIT: it is not reaped.
int clinux_has_ended(pid_t pid);

/// openat2(2) with O_PATH | O_CLOEXEC, RESOLVE_NO_SYMLINKS and RESOLVE_NO_MAGICLINKS; with
/// `beneath`, RESOLVE_BENEATH too. Returns -1 and sets errno.
int clinux_open_path(int directory, const char *path, int beneath);

/// What a disposable child does: one call that may block for ever.
enum clinux_operation_kind {
  CLINUX_MOUNT,
  CLINUX_UNMOUNT,
  CLINUX_STATFS,
  CLINUX_SCAN,
  /// Opens a directory and reads its first entries, to see whether it can be read.
  CLINUX_LIST,
  /// Whether a file system still takes changes, asked without making one: removes the extended
  /// attribute `data` of a directory, which it does not have.
  CLINUX_REMOVE_NO_ATTRIBUTE,
  /// Writes `data` to the attribute of sysfs at `target`, in one write(2).
  CLINUX_SET,
  /// The same to `descriptor`.
  CLINUX_WRITE,
  /// Opens a block device, tells what it is, and keeps it open until the other end of `descriptor`, a
  /// pipe, is closed.
  CLINUX_PIN,
};

struct clinux_operation {
  enum clinux_operation_kind kind;
  const char *source;
  /// The mount point, path or device.
  const char *target;
  const char *type;
  const char *data;
  uint64_t flags;
  /// CLINUX_SCAN: open with O_EXCL; read `edges` bytes at both ends and `samples` pieces of
  /// `sample_length` bytes evenly between them.
  int exclusive;
  uint64_t edges;
  uint64_t samples;
  uint64_t sample_length;
  /// Open in the child too; -1: none.
  int descriptor;
};

/// What the child found. Smaller than PIPE_BUF, so it arrives whole or not at all.
struct clinux_result {
  /// errno of the call that failed, 0 when all went well.
  int32_t error;
  /// The call that failed, NUL-terminated.
  char call[28];
  /// Where a read failed.
  uint64_t offset;
  // CLINUX_STATFS
  uint64_t block_size, blocks, blocks_free, blocks_available, inodes, inodes_free;
  uint64_t read_only;
  // CLINUX_PIN and CLINUX_SCAN
  uint64_t device;
  // CLINUX_PIN: 0 where the kernel has none (before Linux 5.15).
  uint64_t disk_sequence;
  // CLINUX_SCAN
  uint64_t size;
  uint64_t found_non_zero, first_non_zero;
  /// The device's first bytes, where superblocks are.
  uint8_t head[2048];
};

/// Forks a child that performs `operation`, writes a `clinux_result` to `result_fd` and exits; for
/// CLINUX_PIN it stays. The child has no descriptor but this and `operation`'s, leads its own process
/// group, and is killed when the calling thread ends. Returns the child's process id, or a negated errno.
pid_t clinux_start_operation(const struct clinux_operation *operation, int result_fd);

// Room in files: calls and flags that need _GNU_SOURCE, and ioctl numbers. Each returns -1 and sets
// errno when it fails.

/// fallocate(2); with `keep_size`, FALLOC_FL_KEEP_SIZE.
int clinux_allocate(int file, int64_t offset, int64_t length, int keep_size);

/// ioctl(2) FICLONE: `file` shares all of `source`.
int clinux_clone(int file, int source);

/// copy_file_range(2) at the same offset of both; returns the bytes copied, 0 at the end of `source`.
int64_t clinux_copy_range(int source, int file, int64_t offset, int64_t length);

/// lseek(2) with SEEK_DATA, or SEEK_HOLE when `hole`.
int64_t clinux_seek(int file, int64_t offset, int hole);

/// ioctl(2) FS_IOC_FIEMAP from `*offset` on: adds the bytes of extents that other files share to
/// `*shared` and moves `*offset` behind what was seen. Returns 1 when that was the last, 0 when there
/// is more.
int clinux_shared_extents(int file, uint64_t *offset, uint64_t *shared);

/// ioctl(2) BLKGETSIZE64.
int clinux_device_size(int device, uint64_t *size);

/// ioctl(2) BLKZEROOUT: the range reads as zeros afterwards, by whatever way is fastest.
int clinux_zero_out(int device, uint64_t offset, uint64_t length);

struct clinux_program {
  /// Paths to try in turn, as execvpe(3) tries those of PATH; ends with NULL.
  char *const *candidates;
  char *const *arguments;
  char *const *environment;
  int input_fd, output_fd, error_fd;
  /// Receives an `int32_t` errno when no candidate could be executed; otherwise just closes.
  int failure_fd;
  /// It is not to end with its parent: it leads a session of its own, nothing happens to it when the
  /// calling thread ends, and SIGPIPE is ignored.
  int outlives;
};

/// Forks a child that becomes `program`, in `/`, with default signal handling, leading its own process
/// group, holding only the three standard descriptors, killed when the calling thread ends unless it
/// outlives it. Returns the child's process id, or a negated errno.
pid_t clinux_start_program(const struct clinux_program *program);

#endif
