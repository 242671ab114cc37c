#include "cgrpc.h"
#include <grpc/grpc.h>
const char *cgrpc_version(void) { return grpc_version_string(); }
