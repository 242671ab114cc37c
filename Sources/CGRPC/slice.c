#include "internal.h"

#include <grpc/byte_buffer_reader.h>
#include <grpc/support/alloc.h>
#include <string.h>

_Static_assert(sizeof(cgrpc_slice) == sizeof(grpc_slice), "cgrpc_slice is a grpc_slice by value");
_Static_assert(_Alignof(cgrpc_slice) == _Alignof(grpc_slice), "and lies where one may lie");

void *cgrpc_allocate(size_t count, size_t size) { return gpr_zalloc(count * size); }

grpc_slice cgrpc_slice_to_core(cgrpc_slice slice) {
  grpc_slice core;
  memcpy(&core, &slice, sizeof core);
  return core;
}

cgrpc_slice cgrpc_slice_from_core(grpc_slice core) {
  cgrpc_slice slice;
  memcpy(&slice, &core, sizeof slice);
  return slice;
}

cgrpc_bytes cgrpc_bytes_of(const grpc_slice *slice) {
  return (cgrpc_bytes){GRPC_SLICE_START_PTR(*slice), GRPC_SLICE_LENGTH(*slice)};
}

cgrpc_slice cgrpc_slice_allocate(size_t length) {
  return cgrpc_slice_from_core(grpc_slice_malloc(length));
}

uint8_t *cgrpc_slice_start(cgrpc_slice *slice) {
  return GRPC_SLICE_START_PTR(*(grpc_slice *)(void *)slice);
}

size_t cgrpc_slice_length(const cgrpc_slice *slice) {
  return GRPC_SLICE_LENGTH(*(const grpc_slice *)(const void *)slice);
}

void cgrpc_slice_release(cgrpc_slice slice) { grpc_slice_unref(cgrpc_slice_to_core(slice)); }

bool cgrpc_take_buffer(grpc_byte_buffer **buffer, cgrpc_slice *message) {
  if (*buffer == NULL) return false;
  grpc_byte_buffer_reader reader;
  bool taken = grpc_byte_buffer_reader_init(&reader, *buffer);
  if (taken) {
    // readall always copies; a message that arrived in one piece need not be.
    grpc_slice first;
    size_t length = grpc_byte_buffer_length(reader.buffer_out);
    if (!grpc_byte_buffer_reader_next(&reader, &first)) {
      *message = cgrpc_slice_from_core(grpc_empty_slice());
    } else if (GRPC_SLICE_LENGTH(first) == length) {
      *message = cgrpc_slice_from_core(first);
    } else {
      grpc_slice whole = grpc_slice_malloc(length);
      uint8_t *end = GRPC_SLICE_START_PTR(whole);
      do {
        memcpy(end, GRPC_SLICE_START_PTR(first), GRPC_SLICE_LENGTH(first));
        end += GRPC_SLICE_LENGTH(first);
        grpc_slice_unref(first);
      } while (grpc_byte_buffer_reader_next(&reader, &first));
      *message = cgrpc_slice_from_core(whole);
    }
    grpc_byte_buffer_reader_destroy(&reader);
  }
  grpc_byte_buffer_destroy(*buffer);
  *buffer = NULL;
  return taken;
}

gpr_timespec cgrpc_deadline_after(int64_t remaining) {
  if (remaining == CGRPC_FOREVER) return gpr_inf_future(GPR_CLOCK_MONOTONIC);
  return gpr_time_add(
      gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_nanos(remaining, GPR_TIMESPAN));
}

int64_t cgrpc_remaining_until(gpr_timespec deadline) {
  // Comparing timespecs of different clocks aborts, so the clock is made certain first.
  deadline = gpr_convert_clock_type(deadline, GPR_CLOCK_MONOTONIC);
  if (gpr_time_cmp(deadline, gpr_inf_future(GPR_CLOCK_MONOTONIC)) == 0) return CGRPC_FOREVER;
  gpr_timespec left = gpr_time_sub(deadline, gpr_now(GPR_CLOCK_MONOTONIC));
  // A century is far enough, and neither it nor a deadline long past can overflow.
  const int64_t limit = INT64_C(3153600000);
  if (left.tv_sec > limit) return CGRPC_FOREVER;
  if (left.tv_sec < -limit) return -limit * INT64_C(1000000000);
  return left.tv_sec * INT64_C(1000000000) + left.tv_nsec;
}
