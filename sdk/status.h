/* status.h - what the gateway's error numbers are to a caller. */
#ifndef SDK_STATUS_H
#define SDK_STATUS_H

#include <stdint.h>

#include "refer/refer.h"

/* Of an error number in a reply, and the problem that came with it ("" when
 * none). REFER_INTERNAL for a number this library does not know. */
refer_status sdk_status_of(uint32_t error, const char *problem);

#endif
