#include "referctl/person.h"

#include "referctl/file.h"

static void referrals_add(struct session *session, const struct reply *reply,
    struct records *referrals)
{
    for (size_t i = 0; i < reply->records.count; i++)
        if (record_is(&reply->records.items[i], "referral"))
            record_put_text(session->pool,
                records_add(session->pool, referrals, "referral"), "id",
                record_text(&reply->records.items[i], "id"));
}

enum exit_code person_find(struct session *session, const char *operation,
    const char *path, struct records *referrals)
{
    const char *value;
    const char *after = NULL;
    bool is_done = false;
    enum exit_code code = file_read_line(session, path, &value);
    while (code == EXIT_CODE_DONE && !is_done) {
        struct request request = { .operation = operation };
        struct reply reply = { 0 };
        record_put_text(session->pool, &request.fields, "pairwise_id", value);
        if (after != NULL)
            record_put_text(session->pool, &request.fields, "after", after);
        code = session_ask(session, &request, &reply);
        const struct record *search = records_first(&reply.records, "search");
        if (code != EXIT_CODE_DONE)
            break;
        if (search == NULL)
            return session_fail(session, EXIT_CODE_UNREACHABLE,
                "install referctl and referd of the same version",
                "the gateway's answer holds no search");
        referrals_add(session, &reply, referrals);
        is_done = record_flag(search, "done");
        after = record_text(search, "after");
    }
    return code;
}
