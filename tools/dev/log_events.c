/* log-events - the table of log events for the manual, a line each: name,
 * level, meaning, with tabs between. Never installed. */
#include <stdio.h>

#include "base/log.h"

int main(void)
{
    for (int i = 0; i < LOG_EVENT_COUNT; i++) {
        enum log_event event = (enum log_event)i;
        (void)printf("%s\t%s\t%s\n", log_event_name(event),
            log_level_name(log_event_level(event)), log_event_help(event));
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
