#include "ccsi.h"
int ccsi_placeholder(void) { return 0; }
