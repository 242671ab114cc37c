#ifndef CGRPC_H
#define CGRPC_H
const char *cgrpc_version(void);
#endif
