// The edge to the gRPC C core (libgrpc_unsecure): what the GRPC module needs and nothing else.
//
// No grpc header is included here. They define _GNU_SOURCE after Glibc's module was built, their
// macros do not import, and most of their functions abort when misused; the types below are opaque
// and the functions so few that a violation cannot be spelt.
//
// Owners and tags: whoever starts an operation names an owner. Every started operation comes back
// exactly once from cgrpc_queue_next with that owner. A function that returns false has started
// nothing, and nothing will come back.
#ifndef CGRPC_H
#define CGRPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Remaining time that means "for ever".
#define CGRPC_FOREVER INT64_MAX

// A borrowed run of bytes; not NUL-terminated.
typedef struct cgrpc_bytes {
  const uint8_t *start;
  size_t length;
} cgrpc_bytes;

// Once per process, before anything else. Never undone: the core's clean-up is asynchronous.
void cgrpc_init(void);
const char *cgrpc_core_version(void);

// ---- Slices: the core's reference-counted bytes ----

// A grpc_slice by value. Small ones hold their bytes inside, so a start pointer is valid only as
// long as the struct it was asked of stays where it is.
typedef struct cgrpc_slice {
  uint64_t words[4];
} cgrpc_slice;

cgrpc_slice cgrpc_slice_allocate(size_t length);
uint8_t *cgrpc_slice_start(cgrpc_slice *slice);
size_t cgrpc_slice_length(const cgrpc_slice *slice);
void cgrpc_slice_release(cgrpc_slice slice);

// ---- Completion queue ----

typedef struct cgrpc_queue cgrpc_queue;

typedef enum cgrpc_event_kind {
  CGRPC_QUEUE_DRAINED,  // after cgrpc_queue_shut_down: nothing will come any more; no owner
  CGRPC_POSTED,         // cgrpc_queue_post; its owner may be NULL
  CGRPC_SERVER_STOPPED, // cgrpc_server_shut_down
  CGRPC_CALL_ACCEPTED,  // cgrpc_server_accept; failure: the server is shutting down
  CGRPC_CALL_CLOSED,    // cgrpc_call_watch_close
  CGRPC_CALL_RECEIVED,  // cgrpc_call_receive
  CGRPC_CALL_ANSWERED,  // cgrpc_call_answer
  CGRPC_CLIENT_FINISHED // cgrpc_client_call_start
} cgrpc_event_kind;

typedef struct cgrpc_event {
  cgrpc_event_kind kind;
  bool success;
  void *owner;
} cgrpc_event;

cgrpc_queue *cgrpc_queue_create(void);
// Blocks until something has completed. One thread at a time; that thread does the core's I/O.
cgrpc_event cgrpc_queue_next(cgrpc_queue *queue);
// So that ps and a debugger can tell the calling thread; Glibc's module lacks the function for it.
void cgrpc_name_polling_thread(void);
// Makes cgrpc_queue_next return CGRPC_POSTED with this owner. From any thread, but never after
// cgrpc_queue_shut_down.
void cgrpc_queue_post(cgrpc_queue *queue, void *owner);
// Nothing may be started on the queue any more; cgrpc_queue_next ends in CGRPC_QUEUE_DRAINED.
void cgrpc_queue_shut_down(cgrpc_queue *queue);
// After CGRPC_QUEUE_DRAINED only.
void cgrpc_queue_destroy(cgrpc_queue *queue);

// ---- Server ----

typedef struct cgrpc_server cgrpc_server;
// One armed accept, later the call that it accepted, with all that the core writes into.
typedef struct cgrpc_call cgrpc_call;

cgrpc_server *cgrpc_server_create(cgrpc_queue *queue, int max_message_size, int max_streams);
// Binds and listens at a core address such as unix:/run/x or 127.0.0.1:0; the port, 0 on failure.
int cgrpc_server_listen(cgrpc_server *server, const char *address);
// From here on connections are accepted.
void cgrpc_server_start(cgrpc_server *server);
// Stops listening, refuses new calls; CGRPC_SERVER_STOPPED comes when every connection is closed.
void cgrpc_server_shut_down(cgrpc_server *server, void *owner);
// After cgrpc_server_shut_down: the callers get UNAVAILABLE and every watch ends.
void cgrpc_server_cancel_all(cgrpc_server *server);
// After CGRPC_SERVER_STOPPED only.
void cgrpc_server_destroy(cgrpc_server *server);

cgrpc_call *cgrpc_call_create(void);
// Frees it and drops the core's call, which cancels it unless it was both answered and closed.
void cgrpc_call_free(cgrpc_call *call);
bool cgrpc_server_accept(cgrpc_server *server, cgrpc_call *call, void *owner);
// Completes when the stream is closed both ways: answered, cancelled, expired or disconnected.
bool cgrpc_call_watch_close(cgrpc_call *call, void *owner);
// After CGRPC_CALL_CLOSED: whether the caller had gone before it got its answer.
bool cgrpc_call_was_cancelled(const cgrpc_call *call);
bool cgrpc_call_receive(cgrpc_call *call, void *owner);
// After CGRPC_CALL_RECEIVED: the message as one slice, once; false when there was none.
bool cgrpc_call_take_message(cgrpc_call *call, cgrpc_slice *message);
// Sends everything and ends the call: message (NULL: none) and status. Reads its arguments before
// it returns; the message stays the caller's.
bool cgrpc_call_answer(
    cgrpc_call *call, int status, cgrpc_bytes details, const cgrpc_slice *message, void *owner);

// Valid from CGRPC_CALL_ACCEPTED until cgrpc_call_free.
cgrpc_bytes cgrpc_call_path(const cgrpc_call *call);
// Nanoseconds until the caller's deadline, CGRPC_FOREVER if it has none.
int64_t cgrpc_call_remaining(const cgrpc_call *call);
size_t cgrpc_call_metadata_count(const cgrpc_call *call);
void cgrpc_call_metadata_at(
    const cgrpc_call *call, size_t index, cgrpc_bytes *key, cgrpc_bytes *value);

// ---- Client ----

typedef struct cgrpc_channel cgrpc_channel;
typedef struct cgrpc_client_call cgrpc_client_call;

cgrpc_channel *cgrpc_channel_create(const char *target, int max_message_size);
// Calls under way keep what they need of it.
void cgrpc_channel_destroy(cgrpc_channel *channel);

cgrpc_client_call *cgrpc_client_call_create(
    cgrpc_channel *channel, cgrpc_queue *queue, cgrpc_bytes path, int64_t remaining);
// Copies; before cgrpc_client_call_start. False when the key or the value is not legal in HTTP/2.
bool cgrpc_client_call_add_metadata(cgrpc_client_call *call, cgrpc_bytes key, cgrpc_bytes value);
// The whole unary call in one operation. The message stays the caller's.
bool cgrpc_client_call_start(cgrpc_client_call *call, const cgrpc_slice *message, void *owner);
// From any thread, before, during and after; the started operation completes with CANCELLED.
void cgrpc_client_call_cancel(cgrpc_client_call *call);
// After CGRPC_CLIENT_FINISHED.
int cgrpc_client_call_status(const cgrpc_client_call *call, cgrpc_bytes *details);
bool cgrpc_client_call_take_message(cgrpc_client_call *call, cgrpc_slice *message);
void cgrpc_client_call_free(cgrpc_client_call *call);

#endif
