/* What a reply leads to, whatever it is, and to whatever was asked. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/collect.h"
#include "core/delivery.h"
#include "core/generation.h"
#include "core/node_state.h"
#include "support/bench_node.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct desk {
    struct federation *federation;
    struct work *work;
    struct peer *peer;
};

static void desk_open(struct desk *desk)
{
    desk->federation = federation_of_two();
}

static void desk_begin(struct desk *desk)
{
    desk->work = federation_begin(desk->federation, 0);
    desk->peer = federation_peer(desk->federation, 0, 1);
    desk->peer->wants_head = false;
}

/* As if it had not been. */
static void desk_undo(struct desk *desk)
{
    desk->work->txn->err = ERR_FULL;
    assert_int_equal(federation_end(desk->federation, 0), ERR_FULL);
    federation_crash(desk->federation, 0);
    federation_run(desk->federation);
}

static const char *problem_of(const struct desk *desk)
{
    return desk->peer->failure_count == 0 ? "" : desk->peer->problem;
}

struct reply_case {
    enum request_kind asked;
    enum err err;
    enum plain_kind plain;
    enum reply_kind kind;
    enum refusal_code code; /* of REFUSED; 0: no body that can be read */
    const char *problem;    /* "": it is well */
    bool wants_head;
    bool introduces;
};

static struct reply reply_of(struct desk *desk, const struct reply_case *row)
{
    struct reply reply = { .plain = row->plain, .kind = row->kind };
    if (row->code != 0)
        reply.body = refusal_write(row->code, desk->work->arena);
    else
        reply.body = SLICE_LITERAL("\xff");
    return reply;
}

static const struct reply_case replies[] = {
    { REQUEST_HEAD, ERR_NONE, 0, REPLY_REFUSED, REFUSAL_STRANGER, "pending",
        false, true },
    { REQUEST_INTRODUCE, ERR_NONE, 0, REPLY_REFUSED, REFUSAL_STRANGER,
        "stranger", false, false },
    { REQUEST_DELIVER, ERR_NONE, 0, REPLY_REFUSED, REFUSAL_SIGNATURE,
        "signature", true, false },
    { REQUEST_DELIVER, ERR_NONE, 0, REPLY_REFUSED, REFUSAL_REVOKED, "revoked",
        true, false },
    { REQUEST_DELIVER, ERR_NONE, 0, REPLY_REFUSED, REFUSAL_CLOSED, "closed",
        false, false },
    { REQUEST_DELIVER, ERR_NONE, 0, REPLY_REFUSED, 0, "reply_malformed", false,
        false },
    { REQUEST_DELIVER, ERR_NONE, 0, REPLY_BUSY, 0, "reply_malformed", false,
        false },
    { REQUEST_DELIVER, ERR_NONE, 0, REPLY_BEHIND, 0, "reply_malformed", false,
        false },
    { REQUEST_DELIVER, ERR_NONE, 0, REPLY_CONFLICT, 0, "reply_malformed", false,
        false },
    { REQUEST_DELIVER, ERR_NONE, 0, REPLY_FETCHED, 0, "reply_malformed", false,
        false },
    { REQUEST_HEAD, ERR_NONE, PLAIN_REFUSED, 0, 0, "pending", false, true },
    { REQUEST_DELIVER, ERR_NONE, PLAIN_REFUSED, 0, 0, "refused", true, false },
    { REQUEST_DELIVER, ERR_NONE, PLAIN_REKEY, 0, 0, "rekey", false, false },
    { REQUEST_DELIVER, ERR_NONE, PLAIN_BUSY, 0, 0, "busy", false, false },
    { REQUEST_DELIVER, ERR_UNREACHABLE, 0, 0, 0, "unreachable", false, false },
    { REQUEST_DELIVER, ERR_TIMEOUT, 0, 0, 0, "timeout", false, false },
    { REQUEST_DELIVER, ERR_KEY, 0, 0, 0, "wrong_key", false, false },
    { REQUEST_DELIVER, ERR_SIGNATURE, 0, 0, 0, "reply_signature", true, false },
    { REQUEST_DELIVER, ERR_BUSY, 0, 0, 0, "busy_here", false, false },
    { REQUEST_DELIVER, ERR_LIMIT, 0, 0, 0, "busy_here", false, false },
    { REQUEST_DELIVER, ERR_MALFORMED, 0, 0, 0, "reply_malformed", false,
        false },
};

static void each_reply_leads_somewhere(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    for (size_t i = 0; i < COUNT(replies); i++) {
        const struct reply_case *row = &replies[i];
        desk_begin(&desk);
        struct reply reply = reply_of(&desk, row);
        desk.peer->token_kind = row->asked;
        desk.peer->introduces = false;
        delivery_reply(desk.work, desk.peer, row->err, &reply);
        bool is_pending = strcmp(row->problem, "pending") == 0;
        if (!is_pending && strcmp(problem_of(&desk), row->problem) != 0)
            fail_msg("row %zu: %s", i, problem_of(&desk));
        if (is_pending && desk.peer->failure_count == 0)
            fail_msg("row %zu: is well", i);
        if (desk.peer->wants_head != row->wants_head)
            fail_msg("row %zu: a head is %swanted", i,
                row->wants_head ? "not " : "");
        if (desk.peer->introduces != row->introduces)
            fail_msg("row %zu: introduces", i);
        desk_undo(&desk);
    }
    federation_free(desk.federation);
}

static void to_who_was_closed_meanwhile_only_receipts_matter(void **state)
{
    static const struct {
        enum err err;
        enum plain_kind plain;
        enum reply_kind kind;
        bool is_read;
    } rows[] = {
        { ERR_TIMEOUT, 0, 0, false },
        { ERR_NONE, PLAIN_BUSY, 0, false },
        { ERR_NONE, 0, REPLY_BUSY, false },
        { ERR_NONE, 0, REPLY_COSIGNED, true },
    };
    struct desk desk;
    (void)state;
    desk_open(&desk);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct reply reply = { .plain = rows[i].plain,
            .kind = rows[i].kind,
            .body = SLICE_LITERAL("\xff") };
        desk_begin(&desk);
        desk.peer->state = PEER_CLOSED;
        desk.peer->token_kind = REQUEST_DELIVER;
        delivery_reply(desk.work, desk.peer, rows[i].err, &reply);
        assert_string_equal(
            problem_of(&desk), rows[i].is_read ? "reply_malformed" : "");
        desk.peer->failure_count = 0;
        collect_reply(desk.work, desk.peer, rows[i].err, &reply);
        assert_string_equal(problem_of(&desk), "");
        desk_undo(&desk);
    }
    federation_free(desk.federation);
}

/* ---- To a Collect -------------------------------------------------------- */

static const struct reply_case collected[] = {
    { 0, ERR_NONE, PLAIN_BUSY, 0, 0, "busy", false, false },
    { 0, ERR_NONE, 0, REPLY_HEAD, 0, "reply_malformed", false, false },
    { 0, ERR_NONE, 0, REPLY_PARCEL, 0, "malformed", false, false },
    { 0, ERR_NONE, 0, REPLY_REFUSED, 0, "refused", false, false },
    { 0, ERR_NONE, 0, REPLY_REFUSED, REFUSAL_CLOSED, "refused", false, false },
    { 0, ERR_NONE, 0, REPLY_REFUSED, REFUSAL_REVOKED, "refused", true, false },
    { 0, ERR_NONE, 0, REPLY_BEHIND, 0, "", true, false },
    { 0, ERR_SIGNATURE, 0, 0, 0, "reply_signature", true, false },
};

static void each_reply_to_a_collect_leads_somewhere(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    for (size_t i = 0; i < COUNT(collected); i++) {
        const struct reply_case *row = &collected[i];
        desk_begin(&desk);
        struct reply reply = reply_of(&desk, row);
        collect_reply(desk.work, desk.peer, row->err, &reply);
        if (strcmp(problem_of(&desk), row->problem) != 0)
            fail_msg("row %zu: %s", i, problem_of(&desk));
        if (desk.peer->wants_head != row->wants_head)
            fail_msg("row %zu: a head is %swanted", i,
                row->wants_head ? "not " : "");
        desk_undo(&desk);
    }
    federation_free(desk.federation);
}

static void who_is_behind_for_ever_is_told_so(void **state)
{
    struct reply reply = { .kind = REPLY_BEHIND };
    struct desk desk;
    (void)state;
    desk_open(&desk);
    desk_begin(&desk);
    for (unsigned i = 0; i < PEER_STUMBLE_COUNT_MAX; i++) {
        collect_reply(desk.work, desk.peer, ERR_NONE, &reply);
        assert_string_equal(problem_of(&desk), "");
        assert_false(desk.peer->settled_in);
    }
    collect_reply(desk.work, desk.peer, ERR_NONE, &reply);
    assert_string_equal(problem_of(&desk), "unsettled");
    desk_undo(&desk);
    federation_free(desk.federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_reply_leads_somewhere),
        cmocka_unit_test(to_who_was_closed_meanwhile_only_receipts_matter),
        cmocka_unit_test(each_reply_to_a_collect_leads_somewhere),
        cmocka_unit_test(who_is_behind_for_ever_is_told_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
