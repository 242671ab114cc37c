// What the files of this target share.
#ifndef CGRPC_INTERNAL_H
#define CGRPC_INTERNAL_H

#include "cgrpc.h"

#include <grpc/grpc.h>
#include <grpc/support/time.h>
#include <stdatomic.h>

// See lock-order.cc.
void cgrpc_ignore_lock_order(void);

// What the core carries for an operation: it lives in the struct that the operation writes into.
typedef struct cgrpc_tag {
  cgrpc_event_kind kind;
  _Atomic(void *) owner;
} cgrpc_tag;

// Hands the owner over to the thread that will take it from the queue. The core orders the two as
// well; said here, ThreadSanitizer sees it without an instrumented core.
static inline void cgrpc_tag_set(cgrpc_tag *tag, cgrpc_event_kind kind, void *owner) {
  tag->kind = kind;
  atomic_store_explicit(&tag->owner, owner, memory_order_release);
}

struct cgrpc_queue {
  grpc_completion_queue *core;
  // An empty batch is the documented way to put a tag into a queue, and a batch needs a call.
  grpc_channel *poster_channel;
  grpc_call *poster;
};

// calloc that ends the process when there is no memory, as the core's own allocator does.
void *cgrpc_allocate(size_t count, size_t size);

grpc_slice cgrpc_slice_to_core(cgrpc_slice slice);
cgrpc_slice cgrpc_slice_from_core(grpc_slice slice);
cgrpc_bytes cgrpc_bytes_of(const grpc_slice *slice);

// Consumes the buffer (NULL is none) and stores its content as one slice.
bool cgrpc_take_buffer(grpc_byte_buffer **buffer, cgrpc_slice *message);

// Deadlines cross this edge as remaining time: the core's clocks never meet Swift's.
gpr_timespec cgrpc_deadline_after(int64_t remaining);
int64_t cgrpc_remaining_until(gpr_timespec deadline);

#endif
