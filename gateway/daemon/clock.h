/* clock.h - the two clocks of every input: the wall's, which may jump, and a
 * steady one that never goes back. */
#ifndef DAEMON_CLOCK_H
#define DAEMON_CLOCK_H

#include <stdint.h>

#include "base/instant.h"

struct instant clock_wall(void);
int64_t clock_steady_ms(void);

#endif
