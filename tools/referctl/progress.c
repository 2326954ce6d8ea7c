#include "referctl/progress.h"

#include <inttypes.h>

#define BAR_SIZE 40
#define MIB (1024u * 1024)
/* As wide as the bar and what stands behind it. */
#define BLANK "                                                       "

void progress_show(struct session *session, uint64_t done, uint64_t total)
{
    static const char erase[] = "\r" BLANK "\r";
    char bar[BAR_SIZE + 1];
    if (!session->is_terminal || session->json)
        return;
    session->erase = erase;
    if (total == 0) {
        (void)fprintf(session->err, "\r%" PRIu64 " MiB", done / MIB);
        (void)fflush(session->err);
        return;
    }
    if (done > total)
        done = total;
    for (uint64_t i = 0; i < BAR_SIZE; i++)
        bar[i] = i * total < done * BAR_SIZE ? '#' : '.';
    bar[BAR_SIZE] = '\0';
    (void)fprintf(
        session->err, "\r[%s] %3u %%", bar, (unsigned)(done * 100 / total));
    (void)fflush(session->err);
}

void progress_hide(struct session *session)
{
    if (session->erase != NULL)
        (void)fputs(session->erase, session->err);
    session->erase = NULL;
}
