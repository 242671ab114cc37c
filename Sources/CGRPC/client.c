#include "internal.h"

#include <grpc/grpc_security.h>
#include <grpc/support/alloc.h>

struct cgrpc_channel {
  grpc_channel *core;
};

struct cgrpc_client_call {
  grpc_call *core;
  grpc_metadata *sent;
  size_t sent_count;
  grpc_metadata_array initial, trailing;
  grpc_byte_buffer *message;
  grpc_status_code status;
  grpc_slice details;
  cgrpc_tag finished;
};

static grpc_arg integer(const char *key, int value) {
  return (grpc_arg){GRPC_ARG_INTEGER, (char *)key, {.integer = value}};
}

cgrpc_channel *cgrpc_channel_create(const char *target, int max_message_size) {
  grpc_arg arguments[] = {
      integer(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, max_message_size),
      integer(GRPC_ARG_MAX_SEND_MESSAGE_LENGTH, -1),
      // The connection is this channel's alone and is closed with it.
      integer(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1),
      // A retry is the caller's decision, and http_proxy is none of a local socket's business.
      integer(GRPC_ARG_ENABLE_RETRIES, 0),
      integer(GRPC_ARG_ENABLE_HTTP_PROXY, 0),
      integer(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1),
      // A plugin that restarts is back within a second; the default waits up to two minutes.
      integer(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100),
      integer(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000),
      // Despite its name this is how long one attempt to connect may take, until the peer's
      // SETTINGS are here: a node under load needs more than a second for that.
      integer(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 20000),
      {GRPC_ARG_STRING, (char *)GRPC_ARG_DEFAULT_AUTHORITY, {.string = (char *)"localhost"}},
  };
  grpc_channel_args all = {sizeof arguments / sizeof *arguments, arguments};
  grpc_channel_credentials *plaintext = grpc_insecure_credentials_create();
  cgrpc_channel *channel = cgrpc_allocate(1, sizeof *channel);
  channel->core = grpc_channel_create(target, plaintext, &all);
  grpc_channel_credentials_release(plaintext);
  return channel;
}

void cgrpc_channel_destroy(cgrpc_channel *channel) {
  grpc_channel_destroy(channel->core);
  gpr_free(channel);
}

cgrpc_client_call *cgrpc_client_call_create(
    cgrpc_channel *channel, cgrpc_queue *queue, cgrpc_bytes path, int64_t remaining) {
  cgrpc_client_call *call = cgrpc_allocate(1, sizeof *call);
  grpc_slice method = grpc_slice_from_copied_buffer((const char *)path.start, path.length);
  call->core = grpc_channel_create_call(
      channel->core, NULL, GRPC_PROPAGATE_DEFAULTS, queue->core, method, NULL,
      cgrpc_deadline_after(remaining), NULL);
  grpc_slice_unref(method);
  grpc_metadata_array_init(&call->initial);
  grpc_metadata_array_init(&call->trailing);
  call->details = grpc_empty_slice();
  return call;
}

bool cgrpc_client_call_add_metadata(cgrpc_client_call *call, cgrpc_bytes key, cgrpc_bytes value) {
  grpc_slice name = grpc_slice_from_copied_buffer((const char *)key.start, key.length);
  grpc_slice content = grpc_slice_from_copied_buffer((const char *)value.start, value.length);
  if (!grpc_header_key_is_legal(name) ||
      (!grpc_is_binary_header(name) && !grpc_header_nonbin_value_is_legal(content))) {
    grpc_slice_unref(name);
    grpc_slice_unref(content);
    return false;
  }
  call->sent = gpr_realloc(call->sent, (call->sent_count + 1) * sizeof *call->sent);
  call->sent[call->sent_count++] = (grpc_metadata){.key = name, .value = content};
  return true;
}

bool cgrpc_client_call_start(cgrpc_client_call *call, const cgrpc_slice *message, void *owner) {
  cgrpc_tag_set(&call->finished, CGRPC_CLIENT_FINISHED, owner);
  grpc_slice slice = cgrpc_slice_to_core(*message);
  grpc_byte_buffer *buffer = grpc_raw_byte_buffer_create(&slice, 1);
  grpc_op operations[6] = {
      {.op = GRPC_OP_SEND_INITIAL_METADATA},
      {.op = GRPC_OP_SEND_MESSAGE},
      {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT},
      {.op = GRPC_OP_RECV_INITIAL_METADATA},
      {.op = GRPC_OP_RECV_MESSAGE},
      {.op = GRPC_OP_RECV_STATUS_ON_CLIENT},
  };
  operations[0].data.send_initial_metadata.count = call->sent_count;
  operations[0].data.send_initial_metadata.metadata = call->sent;
  operations[1].data.send_message.send_message = buffer;
  operations[3].data.recv_initial_metadata.recv_initial_metadata = &call->initial;
  operations[4].data.recv_message.recv_message = &call->message;
  operations[5].data.recv_status_on_client.trailing_metadata = &call->trailing;
  operations[5].data.recv_status_on_client.status = &call->status;
  operations[5].data.recv_status_on_client.status_details = &call->details;
  grpc_call_error error =
      grpc_call_start_batch(call->core, operations, 6, &call->finished, NULL);
  grpc_byte_buffer_destroy(buffer);
  return error == GRPC_CALL_OK;
}

void cgrpc_client_call_cancel(cgrpc_client_call *call) { grpc_call_cancel(call->core, NULL); }

int cgrpc_client_call_status(const cgrpc_client_call *call, cgrpc_bytes *details) {
  *details = cgrpc_bytes_of(&call->details);
  return (int)call->status;
}

bool cgrpc_client_call_take_message(cgrpc_client_call *call, cgrpc_slice *message) {
  return cgrpc_take_buffer(&call->message, message);
}

void cgrpc_client_call_free(cgrpc_client_call *call) {
  if (call->message != NULL) grpc_byte_buffer_destroy(call->message);
  grpc_metadata_array_destroy(&call->initial);
  grpc_metadata_array_destroy(&call->trailing);
  grpc_slice_unref(call->details);
  for (size_t i = 0; i < call->sent_count; i++) {
    grpc_slice_unref(call->sent[i].key);
    grpc_slice_unref(call->sent[i].value);
  }
  gpr_free(call->sent);
  grpc_call_unref(call->core);
  gpr_free(call);
}
