#include "internal.h"

#include <grpc/grpc_security.h>
#include <grpc/support/alloc.h>

struct cgrpc_server {
  grpc_server *core;
  grpc_completion_queue *queue;
};

struct cgrpc_call {
  grpc_call *core;
  grpc_call_details details;
  grpc_metadata_array metadata;
  grpc_byte_buffer *message;
  int cancelled;
  cgrpc_tag accepted, closed, received, answered;
};

static grpc_arg integer(const char *key, int value) {
  return (grpc_arg){GRPC_ARG_INTEGER, (char *)key, {.integer = value}};
}

cgrpc_server *cgrpc_server_create(cgrpc_queue *queue, int max_message_size, int max_streams) {
  grpc_arg arguments[] = {
      integer(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, max_message_size),
      // Answers are ours: their size is the caller's limit to set.
      integer(GRPC_ARG_MAX_SEND_MESSAGE_LENGTH, -1),
      integer(GRPC_ARG_MAX_CONCURRENT_STREAMS, max_streams),
      // Two servers on one TCP port would each get some of the calls.
      integer(GRPC_ARG_ALLOW_REUSEPORT, 0),
      // A peer that connects and says nothing holds a descriptor: the default is two minutes.
      integer(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 20000),
  };
  grpc_channel_args all = {sizeof arguments / sizeof *arguments, arguments};
  cgrpc_server *server = cgrpc_allocate(1, sizeof *server);
  server->core = grpc_server_create(&all, NULL);
  server->queue = queue->core;
  grpc_server_register_completion_queue(server->core, queue->core, NULL);
  return server;
}

int cgrpc_server_listen(cgrpc_server *server, const char *address) {
  grpc_server_credentials *plaintext = grpc_insecure_server_credentials_create();
  int port = grpc_server_add_http2_port(server->core, address, plaintext);
  grpc_server_credentials_release(plaintext);
  return port;
}

void cgrpc_server_start(cgrpc_server *server) { grpc_server_start(server->core); }

void cgrpc_server_shut_down(cgrpc_server *server, void *owner) {
  cgrpc_tag *tag = cgrpc_allocate(1, sizeof *tag);
  cgrpc_tag_set(tag, CGRPC_SERVER_STOPPED, owner);
  grpc_server_shutdown_and_notify(server->core, server->queue, tag);
}

void cgrpc_server_cancel_all(cgrpc_server *server) { grpc_server_cancel_all_calls(server->core); }

void cgrpc_server_destroy(cgrpc_server *server) {
  grpc_server_destroy(server->core);
  gpr_free(server);
}

cgrpc_call *cgrpc_call_create(void) {
  cgrpc_call *call = cgrpc_allocate(1, sizeof *call);
  grpc_call_details_init(&call->details);
  grpc_metadata_array_init(&call->metadata);
  return call;
}

void cgrpc_call_free(cgrpc_call *call) {
  if (call->message != NULL) grpc_byte_buffer_destroy(call->message);
  // The array is ours, its elements are the call's.
  grpc_metadata_array_destroy(&call->metadata);
  grpc_call_details_destroy(&call->details);
  if (call->core != NULL) grpc_call_unref(call->core);
  gpr_free(call);
}

bool cgrpc_server_accept(cgrpc_server *server, cgrpc_call *call, void *owner) {
  cgrpc_tag_set(&call->accepted, CGRPC_CALL_ACCEPTED, owner);
  return grpc_server_request_call(
             server->core, &call->core, &call->details, &call->metadata, server->queue,
             server->queue, &call->accepted) == GRPC_CALL_OK;
}

bool cgrpc_call_watch_close(cgrpc_call *call, void *owner) {
  // Alone in its batch: it always succeeds, and whatever shared the batch would seem to as well.
  cgrpc_tag_set(&call->closed, CGRPC_CALL_CLOSED, owner);
  grpc_op operation = {.op = GRPC_OP_RECV_CLOSE_ON_SERVER};
  operation.data.recv_close_on_server.cancelled = &call->cancelled;
  return grpc_call_start_batch(call->core, &operation, 1, &call->closed, NULL) == GRPC_CALL_OK;
}

bool cgrpc_call_was_cancelled(const cgrpc_call *call) { return call->cancelled != 0; }

bool cgrpc_call_receive(cgrpc_call *call, void *owner) {
  cgrpc_tag_set(&call->received, CGRPC_CALL_RECEIVED, owner);
  grpc_op operation = {.op = GRPC_OP_RECV_MESSAGE};
  operation.data.recv_message.recv_message = &call->message;
  return grpc_call_start_batch(call->core, &operation, 1, &call->received, NULL) == GRPC_CALL_OK;
}

bool cgrpc_call_take_message(cgrpc_call *call, cgrpc_slice *message) {
  return cgrpc_take_buffer(&call->message, message);
}

bool cgrpc_call_answer(
    cgrpc_call *call, int status, cgrpc_bytes details, const cgrpc_slice *message, void *owner) {
  cgrpc_tag_set(&call->answered, CGRPC_CALL_ANSWERED, owner);
  grpc_op operations[3] = {
      {.op = GRPC_OP_SEND_INITIAL_METADATA},
      {.op = GRPC_OP_SEND_STATUS_FROM_SERVER},
      {.op = GRPC_OP_SEND_MESSAGE},
  };
  size_t count = 2;
  grpc_slice text =
      grpc_slice_from_copied_buffer((const char *)details.start, details.length);
  operations[1].data.send_status_from_server.status = (grpc_status_code)status;
  if (details.length > 0) operations[1].data.send_status_from_server.status_details = &text;
  grpc_byte_buffer *buffer = NULL;
  if (message != NULL) {
    grpc_slice slice = cgrpc_slice_to_core(*message);
    buffer = grpc_raw_byte_buffer_create(&slice, 1);
    operations[2].data.send_message.send_message = buffer;
    count = 3;
  }
  grpc_call_error error =
      grpc_call_start_batch(call->core, operations, count, &call->answered, NULL);
  if (buffer != NULL) grpc_byte_buffer_destroy(buffer);
  grpc_slice_unref(text);
  return error == GRPC_CALL_OK;
}

cgrpc_bytes cgrpc_call_path(const cgrpc_call *call) {
  return cgrpc_bytes_of(&call->details.method);
}

int64_t cgrpc_call_remaining(const cgrpc_call *call) {
  return cgrpc_remaining_until(call->details.deadline);
}

size_t cgrpc_call_metadata_count(const cgrpc_call *call) { return call->metadata.count; }

void cgrpc_call_metadata_at(
    const cgrpc_call *call, size_t index, cgrpc_bytes *key, cgrpc_bytes *value) {
  const grpc_metadata *element = &call->metadata.metadata[index];
  *key = cgrpc_bytes_of(&element->key);
  *value = cgrpc_bytes_of(&element->value);
}
