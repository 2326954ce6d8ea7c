#include "referctl/top.h"

#include <string.h>

/* A picture is no place to wait for long. */
#define ASK_MS_MAX 2000

static bool ask(
    struct session *session, const char *operation, struct top_sample *sample)
{
    struct request request = { .operation = operation };
    struct reply reply = { 0 };
    int timeout_ms =
        session->timeout_ms < ASK_MS_MAX ? session->timeout_ms : ASK_MS_MAX;
    enum exit_code code =
        session_ask_quietly(session, &request, timeout_ms, &reply);
    if (code != EXIT_CODE_DONE) {
        sample->problem =
            reply.message[0] != '\0' ? reply.message : "the gateway refused";
        /* the next look begins with a new connection */
        if (code == EXIT_CODE_UNREACHABLE)
            session_close(session);
        return false;
    }
    for (size_t i = 0; i < reply.records.count; i++)
        *records_add(&sample->pool, &sample->records,
            reply.records.items[i].type) = reply.records.items[i];
    return true;
}

bool top_gather(
    struct session *session, int64_t at_ms, struct top_sample *sample)
{
    struct pool *outer = session->pool;
    pool_release(&sample->pool);
    *sample = (struct top_sample){ .at_ms = at_ms, .problem = "" };
    session->pool = &sample->pool;
    sample->is_there =
        ask(session, "status", sample) && ask(session, "ledger.list", sample);
    session->pool = outer;
    return sample->is_there;
}
