#include "core/desk.h"

#include "core/node_state.h"
#include "core/revoke.h"
#include "core/submission_read.h"

static void refuse(struct local_answer *answer, enum err err)
{
    if (err == ERR_EXISTS)
        answer_error(answer, err, PROBLEM_STATE, "revocation",
            "nothing is left to do: it was revoked before");
    else if (err == ERR_NOT_FOUND)
        answer_error(answer, err, PROBLEM_NONE, "revocation.agency",
            "import that agency's card first: its root key is needed to "
            "verify this");
    else
        answer_error(answer, err, PROBLEM_SIGNATURE_BAD, "revocation.data",
            "give the file that referctl init made, unchanged");
}

static void answer_peer(struct work *work, struct peer *peer,
    const struct closing *closing, struct local_answer *answer)
{
    desk_peer_record(work, peer, answer);
    answer_number(answer, "returned", (int64_t)closing->back_count);
    answer_number(answer, "waiting", (int64_t)closing->waiting_count);
}

void desk_revocation_import(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    static const struct field_rule rules[] = { { "data", LOCAL_DATA, true } };
    struct agency_id agency;
    struct closing closing = { 0 };
    struct peer *peer = NULL;
    (void)caller;
    if (!fields_check(answer, "revocation", request->fields,
            request->field_count, rules, 1))
        return;
    struct slice data =
        local_field_get(request->fields, request->field_count, "data")->bytes;
    enum err err = revocation_agency(data, work->scratch, &agency);
    if (err == ERR_NONE && agency_id_equal(&agency, &work->node->self)) {
        err = revoke_self(work, data);
    } else if (err == ERR_NONE) {
        peer = peer_find(work->node, &agency);
        err = peer == NULL ? ERR_NOT_FOUND
                           : revoke_peer(work, peer, data, &closing);
    }
    if (work_failed(work))
        return;
    if (err != ERR_NONE) {
        refuse(answer, err);
        return;
    }
    answer_record(answer, "revocation");
    answer_text(answer, "agency", agency.text);
    answer_flag(answer, "own", peer == NULL);
    if (peer != NULL)
        answer_peer(work, peer, &closing, answer);
}
