// pthread_setname_np
#define _GNU_SOURCE
#include "internal.h"

#include <grpc/support/alloc.h>
#include <pthread.h>

void cgrpc_init(void) {
  cgrpc_ignore_lock_order();
  grpc_init();
}

const char *cgrpc_core_version(void) { return grpc_version_string(); }

cgrpc_queue *cgrpc_queue_create(void) {
  cgrpc_queue *queue = cgrpc_allocate(1, sizeof *queue);
  queue->core = grpc_completion_queue_create_for_next(NULL);
  queue->poster_channel =
      grpc_lame_client_channel_create("poster", GRPC_STATUS_UNAVAILABLE, "never sends");
  queue->poster = grpc_channel_create_call(
      queue->poster_channel, NULL, GRPC_PROPAGATE_DEFAULTS, queue->core,
      grpc_slice_from_static_string("/"), NULL, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
  return queue;
}

cgrpc_event cgrpc_queue_next(cgrpc_queue *queue) {
  grpc_event event =
      grpc_completion_queue_next(queue->core, gpr_inf_future(GPR_CLOCK_MONOTONIC), NULL);
  if (event.type == GRPC_QUEUE_SHUTDOWN) return (cgrpc_event){CGRPC_QUEUE_DRAINED, true, NULL};
  cgrpc_tag *tag = event.tag;
  void *owner = atomic_load_explicit(&tag->owner, memory_order_acquire);
  cgrpc_event result = {tag->kind, event.success != 0, owner};
  // These tags belong to nothing longer-lived.
  if (tag->kind == CGRPC_POSTED || tag->kind == CGRPC_SERVER_STOPPED) gpr_free(tag);
  return result;
}

void cgrpc_name_polling_thread(void) { pthread_setname_np(pthread_self(), "grpc-queue"); }

void cgrpc_queue_post(cgrpc_queue *queue, void *owner) {
  cgrpc_tag *tag = cgrpc_allocate(1, sizeof *tag);
  cgrpc_tag_set(tag, CGRPC_POSTED, owner);
  if (grpc_call_start_batch(queue->poster, NULL, 0, tag, NULL) != GRPC_CALL_OK) gpr_free(tag);
}

void cgrpc_queue_shut_down(cgrpc_queue *queue) {
  grpc_call_unref(queue->poster);
  grpc_channel_destroy(queue->poster_channel);
  grpc_completion_queue_shutdown(queue->core);
}

void cgrpc_queue_destroy(cgrpc_queue *queue) {
  grpc_completion_queue_destroy(queue->core);
  gpr_free(queue);
}
