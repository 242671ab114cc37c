// The CSI protocol's messages as protoc-c generates them, and what Swift cannot reach of them: it
// would copy a descriptor, and the runtime compares descriptors by address.
#ifndef CCSI_H
#define CCSI_H

#include "csi.pb-c.h"

// The services of csi.v1 in the order of csi.proto; NULL beyond the last.
static inline const ProtobufCServiceDescriptor *ccsi_service(unsigned index) {
  switch (index) {
    case 0: return &csi__v1__identity__descriptor;
    case 1: return &csi__v1__controller__descriptor;
    case 2: return &csi__v1__group_controller__descriptor;
    case 3: return &csi__v1__snapshot_metadata__descriptor;
    case 4: return &csi__v1__node__descriptor;
    default: return NULL;
  }
}

#endif
