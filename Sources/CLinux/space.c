#define _GNU_SOURCE
#include "clinux.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int clinux_allocate(int file, int64_t offset, int64_t length, int keep_size) {
  return fallocate(file, keep_size ? FALLOC_FL_KEEP_SIZE : 0, offset, length);
}

int clinux_clone(int file, int source) { return ioctl(file, FICLONE, source); }

int64_t clinux_copy_range(int source, int file, int64_t offset, int64_t length) {
  loff_t from = offset, to = offset;
  return copy_file_range(source, &from, file, &to, (size_t)length, 0);
}

int64_t clinux_seek(int file, int64_t offset, int hole) {
  return lseek(file, offset, hole ? SEEK_HOLE : SEEK_DATA);
}

int clinux_shared_extents(int file, uint64_t *offset, uint64_t *shared) {
  enum { COUNT = 128 };
  union {
    struct fiemap map;
    unsigned char bytes[sizeof(struct fiemap) + COUNT * sizeof(struct fiemap_extent)];
  } request;
  memset(&request.map, 0, sizeof request.map);
  request.map.fm_start = *offset;
  request.map.fm_length = FIEMAP_MAX_OFFSET - *offset;
  request.map.fm_extent_count = COUNT;
  if (ioctl(file, FS_IOC_FIEMAP, &request.map) != 0) return -1;
  uint32_t count = request.map.fm_mapped_extents;
  for (uint32_t i = 0; i < count; i++) {
    const struct fiemap_extent *extent = &request.map.fm_extents[i];
    if (extent->fe_flags & FIEMAP_EXTENT_SHARED) *shared += extent->fe_length;
    *offset = extent->fe_logical + extent->fe_length;
    if (extent->fe_flags & FIEMAP_EXTENT_LAST) return 1;
  }
  return count < COUNT;
}

int clinux_device_size(int device, uint64_t *size) { return ioctl(device, BLKGETSIZE64, size); }

int clinux_zero_out(int device, uint64_t offset, uint64_t length) {
  uint64_t range[2] = {offset, length};
  return ioctl(device, BLKZEROOUT, range);
}
