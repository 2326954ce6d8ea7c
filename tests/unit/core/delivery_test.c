#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/delivery.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "core/request.h"
#include "support/bench_node.h"
#include "support/bench_papers.h"
#include "support/crypto_fake.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* 0 and 1 have an agreement; what 0 says to 1 is looked at. */
struct desk {
    struct federation *federation;
    struct arena arena;
};

static void desk_open(struct desk *desk)
{
    desk->federation = federation_of_two();
    assert_int_equal(arena_init(&desk->arena, 16u << 20), ERR_NONE);
}

static void desk_close(struct desk *desk)
{
    federation_free(desk->federation);
    arena_release(&desk->arena);
}

static const struct bench_message *only_message(
    struct desk *desk, enum request_kind kind)
{
    const struct bench_message *message =
        federation_message(desk->federation, 0);
    assert_int_equal(federation_message_count(desk->federation), 1);
    assert_false(message->is_reply);
    assert_int_equal(message->kind, kind);
    return message;
}

/* The parcel that is the only thing on the line, copied. */
static struct deliver parcel_on_line(struct desk *desk)
{
    struct deliver deliver;
    const struct bench_message *message = only_message(desk, REQUEST_DELIVER);
    struct slice body = arena_copy(&desk->arena, message->body);
    assert_int_equal(deliver_read(body, &desk->arena, &deliver), ERR_NONE);
    return deliver;
}

static struct peer *peer(struct desk *desk)
{
    return federation_peer(desk->federation, 0, 1);
}

/* ---- What is queued ---- */

static bool say(struct work *work, struct peer *to, struct slice content)
{
    struct tell tell = { .kind = ENTRY_PADDING, .content = content };
    return delivery_tell(work, to, &tell);
}

static void what_is_told_waits_in_the_outbox(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    struct work *work = federation_begin(desk.federation, 0);
    const struct ledger *out = peer_ledger(work, peer(&desk), LEDGER_OUT);
    assert_true(say(work, peer(&desk), SLICE_LITERAL("words")));
    assert_int_equal(out->intent_count, 1);
    assert_false(say(work, peer(&desk), SLICE_NONE));
    uint8_t *large = arena_take(work->scratch, CONTENT_SIZE_MAX + 1);
    assert_true(say(work, peer(&desk), slice_of(large, CONTENT_SIZE_MAX)));
    assert_false(say(work, peer(&desk), slice_of(large, CONTENT_SIZE_MAX + 1)));
    assert_int_equal(out->intent_count, 2);
    assert_int_equal(federation_end(desk.federation, 0), ERR_NONE);
    assert_int_equal(parcel_on_line(&desk).parcel.entry_count, 1);
    federation_deliver(desk.federation, 0);
    federation_deliver(desk.federation, 0);
    struct deliver second = parcel_on_line(&desk);
    assert_int_equal(second.parcel.entry_count, 1);
    assert_int_equal(second.parcel.entries[0].content.size, CONTENT_SIZE_MAX);
    desk_close(&desk);
}

static void one_parcel_is_in_flight_and_the_next_takes_all_that_waits(
    void **state)
{
    static const char *const keys[] = { "a", "b", "c", "d" };
    struct desk desk;
    (void)state;
    desk_open(&desk);
    for (size_t i = 0; i < COUNT(keys); i++)
        (void)federation_submit(desk.federation, 0, 1, keys[i]);
    struct deliver first = parcel_on_line(&desk);
    assert_int_equal(first.parcel.entry_count, 1);
    federation_deliver(desk.federation, 0); /* 1 takes it */
    federation_deliver(desk.federation, 0); /* its cosignature comes back */
    const struct bench_message *message =
        federation_message(desk.federation, 1);
    while (message->from != 0)
        message = federation_message(desk.federation, 0);
    struct deliver second;
    assert_int_equal(
        deliver_read(message->body, &desk.arena, &second), ERR_NONE);
    assert_int_equal(second.parcel.entry_count, 3);
    assert_int_equal(second.parcel.first_index, first.parcel.first_index + 1);
    desk_close(&desk);
}

static const struct node_options gathering = { .retry_delay_ms_min = 1000,
    .retry_delay_ms_max = 300000,
    .version = "test",
    .repeat_run_count = 8,
    .parcel_gap_ms = 5 };

static uint64_t parcels_sent(const struct desk *desk)
{
    return federation_node(desk->federation, 0)->counters.parcels_sent;
}

static void what_comes_soon_after_a_parcel_waits_for_more(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    federation_node(desk.federation, 0)->options = &gathering;
    federation_wait(desk.federation, 5);
    uint64_t before = parcels_sent(&desk);
    (void)federation_submit(desk.federation, 0, 1, "first");
    federation_run(desk.federation);
    assert_int_equal(parcels_sent(&desk), before + 1);
    (void)federation_submit(desk.federation, 0, 1, "soon after");
    const char *last = federation_submit(desk.federation, 0, 1, "and this");
    federation_wait(desk.federation, 4);
    assert_int_equal(parcels_sent(&desk), before + 1);
    federation_wait_until(
        desk.federation, federation_node(desk.federation, 0)->wake_steady_ms);
    federation_wait(desk.federation, 0);
    assert_int_equal(parcels_sent(&desk), before + 2);
    assert_string_equal(
        federation_state(desk.federation, 0, last), "delivered");
    desk_close(&desk);
}

static void many_do_not_wait_for_more(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    federation_node(desk.federation, 0)->options = &gathering;
    federation_wait(desk.federation, 5);
    (void)federation_submit(desk.federation, 0, 1, "first");
    federation_run(desk.federation);
    struct work *work = federation_begin(desk.federation, 0);
    for (unsigned i = 0; i < PARCEL_SMALL_COUNT; i++)
        assert_true(say(work, peer(&desk), SLICE_LITERAL("x")));
    assert_int_equal(federation_end(desk.federation, 0), ERR_NONE);
    assert_int_equal(
        parcel_on_line(&desk).parcel.entry_count, PARCEL_SMALL_COUNT);
    federation_run(desk.federation);
    desk_close(&desk);
}

static void a_parcel_has_no_more_entries_than_it_may(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    peer(&desk)->parcel_pace.step = 3;
    struct work *work = federation_begin(desk.federation, 0);
    for (int i = 0; i < 1500; i++)
        assert_true(say(work, peer(&desk), SLICE_LITERAL("x")));
    assert_int_equal(federation_end(desk.federation, 0), ERR_NONE);
    assert_int_equal(
        parcel_on_line(&desk).parcel.entry_count, PARCEL_ENTRY_COUNT_MAX);
    federation_deliver(desk.federation, 0);
    federation_deliver(desk.federation, 0);
    assert_int_equal(parcel_on_line(&desk).parcel.entry_count, 1500 - 1024);
    federation_run(desk.federation);
    desk_close(&desk);
}

static void a_parcel_has_no_more_bytes_than_it_may(void **state)
{
    static uint8_t large[200000];
    struct desk desk;
    (void)state;
    desk_open(&desk);
    peer(&desk)->parcel_pace.step = 3;
    struct work *work = federation_begin(desk.federation, 0);
    for (int i = 0; i < 24; i++)
        assert_true(say(work, peer(&desk), SLICE_ARRAY(large)));
    assert_int_equal(federation_end(desk.federation, 0), ERR_NONE);
    size_t sent = 0;
    while (sent < 24) {
        const struct bench_message *message =
            only_message(&desk, REQUEST_DELIVER);
        assert_true(message->body.size <= PARCEL_SIZE_MAX + 8192);
        sent += parcel_on_line(&desk).parcel.entry_count;
        federation_deliver(desk.federation, 0);
        federation_deliver(desk.federation, 0);
        arena_reset(&desk.arena);
    }
    assert_int_equal(sent, 24);
    desk_close(&desk);
}

/* A parcel of those on the line, and all that it brings about; how many entries
 * it had. It is cosigned so long after it left. */
static size_t carry(struct desk *desk, int64_t took_ms)
{
    size_t count = parcel_on_line(desk).parcel.entry_count;
    federation_wait_until(
        desk->federation, federation_steady_ms(desk->federation) + took_ms);
    federation_deliver(desk->federation, 0);
    federation_deliver(desk->federation, 0);
    arena_reset(&desk->arena);
    return count;
}

static void parcels_are_as_large_as_the_line_is_fast(void **state)
{
    static uint8_t large[60000];
    struct desk desk;
    (void)state;
    desk_open(&desk);
    struct work *work = federation_begin(desk.federation, 0);
    for (int i = 0; i < 120; i++)
        assert_true(say(work, peer(&desk), SLICE_ARRAY(large)));
    assert_int_equal(federation_end(desk.federation, 0), ERR_NONE);
    assert_int_equal(carry(&desk, PARCEL_QUICK_MS), 1); /* 62 KiB */
    assert_int_equal(carry(&desk, PARCEL_QUICK_MS), 4);
    assert_int_equal(carry(&desk, PARCEL_QUICK_MS), 17);
    assert_int_equal(carry(&desk, PARCEL_SLOW_MS), 34); /* 2 MiB */
    assert_int_equal(carry(&desk, PARCEL_SLOW_MS + 1), 34);
    assert_int_equal(carry(&desk, PARCEL_SLOW_MS), 17);
    /* whatever happens to it, the one in flight stays as it is */
    assert_int_equal(parcel_on_line(&desk).parcel.entry_count, 13);
    federation_lose(desk.federation, 0);
    struct node_input time = { .type = NODE_TIME };
    federation_wait_until(desk.federation,
        node_wake_steady_ms(federation_node(desk.federation, 0)));
    assert_int_equal(federation_step(desk.federation, 0, &time), ERR_NONE);
    assert_int_equal(carry(&desk, 0), 13);
    assert_int_equal(federation_message_count(desk.federation), 0);
    desk_close(&desk);
}

/* ---- Until it is cosigned ---- */

static struct slice body_on_line(struct desk *desk)
{
    return arena_copy(&desk->arena, only_message(desk, REQUEST_DELIVER)->body);
}

static void a_lost_parcel_is_repeated_as_it_was(void **state)
{
    static const char *const keys[] = { "b", "c", "d", "e" };
    struct desk desk;
    (void)state;
    desk_open(&desk);
    const char *id = federation_submit(desk.federation, 0, 1, "first");
    struct slice body = body_on_line(&desk);
    for (int i = 0; i < 4; i++) {
        federation_lose(desk.federation, 0);
        assert_int_equal(federation_message_count(desk.federation), 0);
        assert_int_equal(peer(&desk)->failure_count, i + 1);
        assert_string_equal(peer(&desk)->problem, "timeout");
        /* what is submitted meanwhile is not in it */
        (void)federation_submit(desk.federation, 0, 1, keys[i]);
        int64_t wake = node_wake_steady_ms(federation_node(desk.federation, 0));
        assert_true(wake > 0 && wake < INT64_MAX);
        assert_int_equal(federation_message_count(desk.federation), 0);
        struct node_input time = { .type = NODE_TIME };
        federation_wait_until(desk.federation, wake - 1);
        assert_int_equal(federation_step(desk.federation, 0, &time), ERR_NONE);
        assert_int_equal(federation_message_count(desk.federation), 0);
        federation_wait_until(desk.federation, wake);
        assert_int_equal(federation_step(desk.federation, 0, &time), ERR_NONE);
        assert_true(slice_equal(body_on_line(&desk), body));
    }
    federation_run(desk.federation);
    assert_string_equal(federation_state(desk.federation, 1, id), "delivered");
    assert_int_equal(peer(&desk)->failure_count, 0);
    desk_close(&desk);
}

static void a_lost_receipt_costs_a_repeat_and_nothing_else(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    const char *id = federation_submit(desk.federation, 0, 1, "first");
    struct slice body = body_on_line(&desk);
    federation_deliver(desk.federation, 0);
    assert_true(federation_message(desk.federation, 0)->is_reply);
    federation_lose(desk.federation, 0);
    assert_string_equal(federation_state(desk.federation, 0, id), "sent");
    federation_run(desk.federation); /* 1's answer; it says what became of it */
    federation_wait(desk.federation, 2000);
    assert_string_equal(federation_state(desk.federation, 0, id), "delivered");
    struct work *work = federation_begin(desk.federation, 1);
    struct deliver sent;
    assert_int_equal(deliver_read(body, &desk.arena, &sent), ERR_NONE);
    assert_int_equal(
        peer_ledger(work, federation_peer(desk.federation, 1, 0), LEDGER_IN)
            ->frontier.size,
        sent.parcel.first_index + 1);
    assert_int_equal(federation_end(desk.federation, 1), ERR_NONE);
    assert_int_equal(
        federation_logged(desk.federation, 1, LOG_REFERRAL_RECEIVED), 1);
    desk_close(&desk);
}

static void what_was_erased_in_flight_goes_without_its_content(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    const char *id = federation_submit(desk.federation, 0, 1, "first");
    assert_int_not_equal(
        parcel_on_line(&desk).parcel.entries[0].content.size, 0);
    federation_lose(desk.federation, 0);
    assert_int_equal(federation_act_by(desk.federation, 0, id, "withdraw",
                         "second", "person", NULL)
                         ->err,
        ERR_NONE);
    federation_wait_until(desk.federation, 10000);
    struct node_input time = { .type = NODE_TIME };
    assert_int_equal(federation_step(desk.federation, 0, &time), ERR_NONE);
    struct deliver deliver = parcel_on_line(&desk);
    assert_int_equal(deliver.parcel.entry_count, 1);
    assert_int_equal(deliver.parcel.entries[0].content.size, 0);
    assert_int_equal(deliver.parcel.entries[0].salt.size, 0);
    federation_run(desk.federation);
    assert_string_equal(federation_state(desk.federation, 0, id), "withdrawn");
    assert_string_equal(federation_state(desk.federation, 1, id), "none");
    desk_close(&desk);
}

/* ---- Replies ---- */

static struct slice cosigned_as(struct desk *desk, struct slice note_text,
    bool other_root, enum crypto_signer forger)
{
    struct note note;
    char text[NOTE_SIZE_MAX];
    assert_int_equal(note_parse(note_text, &note), ERR_NONE);
    note.root[0] ^= other_root;
    size_t witness = forger == CRYPTO_SIGNER_LOG ? 0 : 1;
    assert_int_equal(note_cosign(federation_crypto(desk->federation, witness),
                         FEDERATION_START_MS / 1000, &note),
        ERR_NONE);
    struct cosigned cosigned = { note_print(&note, text), 0 };
    return cosigned_write(&cosigned, &desk->arena);
}

enum answer_case {
    CASE_COSIGNED,
    CASE_OTHER_ROOT,
    CASE_FORGED,
    CASE_NO_COSIGNATURE,
    CASE_MALFORMED,
    CASE_WRONG_KIND,
    CASE_NO_KIND,
    CASE_BUSY,
    CASE_BUSY_MALFORMED,
    CASE_REFUSED,
    CASE_CONFLICT_UNPROVED,
    CASE_PLAIN_BUSY,
    CASE_PLAIN_REFUSED,
    CASE_PLAIN_REKEY,
    CASE_UNREACHABLE,
    CASE_BAD_SIGNATURE,
};

static const struct {
    enum answer_case it;
    const char *problem; /* "": it was taken */
} cases[] = {
    { CASE_COSIGNED, "" },
    { CASE_OTHER_ROOT, "reply_malformed" },
    { CASE_FORGED, "cosignature_bad" },
    { CASE_NO_COSIGNATURE, "cosignature_bad" },
    { CASE_MALFORMED, "reply_malformed" },
    { CASE_WRONG_KIND, "reply_malformed" },
    { CASE_NO_KIND, "reply_malformed" },
    { CASE_BUSY, "busy" },
    { CASE_BUSY_MALFORMED, "reply_malformed" },
    { CASE_REFUSED, "closed" },
    { CASE_CONFLICT_UNPROVED, "conflict_unproved" },
    { CASE_PLAIN_BUSY, "busy" },
    { CASE_PLAIN_REFUSED, "refused" },
    { CASE_PLAIN_REKEY, "rekey" },
    { CASE_UNREACHABLE, "unreachable" },
    { CASE_BAD_SIGNATURE, "reply_signature" },
};

static struct reply reply_of(
    struct desk *desk, enum answer_case it, struct slice note)
{
    struct conflict conflict = { note, note };
    struct cosigned bare = { note, 0 };
    struct reply reply = { .kind = REPLY_COSIGNED };
    if (it == CASE_COSIGNED || it == CASE_OTHER_ROOT || it == CASE_FORGED)
        reply.body = cosigned_as(desk, note, it == CASE_OTHER_ROOT,
            it == CASE_FORGED ? CRYPTO_SIGNER_LOG : CRYPTO_SIGNER_WITNESS);
    else if (it == CASE_NO_COSIGNATURE)
        reply.body = cosigned_write(&bare, &desk->arena);
    else if (it == CASE_MALFORMED)
        reply.body = SLICE_LITERAL("no note");
    else if (it == CASE_WRONG_KIND)
        reply.kind = REPLY_HEAD;
    else if (it == CASE_NO_KIND)
        reply.kind = REPLY_PARCEL;
    else if (it == CASE_BUSY)
        reply = (struct reply){ .kind = REPLY_BUSY,
            .body = busy_write(5, &desk->arena) };
    else if (it == CASE_BUSY_MALFORMED)
        reply = (struct reply){ .kind = REPLY_BUSY,
            .body = SLICE_LITERAL("no time") };
    else if (it == CASE_REFUSED)
        reply = (struct reply){ .kind = REPLY_REFUSED,
            .body = refusal_write(REFUSAL_CLOSED, &desk->arena) };
    else if (it == CASE_CONFLICT_UNPROVED)
        reply = (struct reply){ .kind = REPLY_CONFLICT,
            .body = conflict_write(&conflict, &desk->arena) };
    else if (it == CASE_PLAIN_BUSY)
        reply = (struct reply){ .plain = PLAIN_BUSY };
    else if (it == CASE_PLAIN_REFUSED)
        reply = (struct reply){ .plain = PLAIN_REFUSED };
    else if (it == CASE_PLAIN_REKEY)
        reply = (struct reply){ .plain = PLAIN_REKEY };
    return reply;
}

static void a_reply_is_taken_only_for_what_it_proves(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct desk desk;
        desk_open(&desk);
        const char *id = federation_submit(desk.federation, 0, 1, "first");
        struct slice note = parcel_on_line(&desk).parcel.note;
        struct reply reply = reply_of(&desk, cases[i].it, note);
        enum err err = cases[i].it == CASE_UNREACHABLE     ? ERR_UNREACHABLE
                       : cases[i].it == CASE_BAD_SIGNATURE ? ERR_SIGNATURE
                                                           : ERR_NONE;
        federation_answer(desk.federation, 0, &reply, err);
        if (strcmp(peer(&desk)->problem, cases[i].problem) != 0)
            fail_msg("row %zu: %s", i, peer(&desk)->problem);
        bool taken = cases[i].problem[0] == '\0';
        assert_string_equal(federation_state(desk.federation, 0, id),
            taken ? "delivered" : "sent");
        assert_int_equal(peer(&desk)->failure_count, taken ? 0 : 1);
        assert_int_equal(federation_message_count(desk.federation), 0);
        struct work *work = federation_begin(desk.federation, 0);
        assert_int_equal(
            peer_ledger(work, peer(&desk), LEDGER_OUT)->trouble, LEDGER_NONE);
        assert_int_equal(federation_end(desk.federation, 0), ERR_NONE);
        desk_close(&desk);
    }
}

static void a_reply_to_nothing_asked_is_nothing(void **state)
{
    struct desk desk;
    struct reply reply = { .kind = REPLY_COSIGNED };
    struct node_input input = { .type = NODE_PEER_REPLY };
    (void)state;
    desk_open(&desk);
    (void)federation_submit(desk.federation, 0, 1, "first");
    uint64_t token = peer(&desk)->token;
    static const int64_t off[] = { -1, 1, 1000 };
    for (size_t i = 0; i < COUNT(off); i++) {
        input.of.reply.token = token + (uint64_t)off[i];
        input.of.reply.reply = &reply;
        assert_int_equal(federation_step(desk.federation, 0, &input), ERR_NONE);
    }
    input.of.reply.token = 0;
    assert_int_equal(federation_step(desk.federation, 0, &input), ERR_NONE);
    assert_int_equal(peer(&desk)->token, token);
    assert_int_equal(peer(&desk)->failure_count, 0);
    desk_close(&desk);
}

static void a_proved_conflict_stops_the_ledger(void **state)
{
    struct desk desk;
    struct note note;
    char text[NOTE_SIZE_MAX];
    (void)state;
    desk_open(&desk);
    (void)federation_submit(desk.federation, 0, 1, "first");
    struct slice offered = parcel_on_line(&desk).parcel.note;
    assert_int_equal(note_parse(offered, &note), ERR_NONE);
    note.root[0] ^= 1; /* as an earlier life of ours might have signed it */
    assert_int_equal(
        note_sign(federation_crypto(desk.federation, 0), &note), ERR_NONE);
    struct conflict conflict = { note_print(&note, text), offered };
    struct reply reply = { .kind = REPLY_CONFLICT,
        .body = conflict_write(&conflict, &desk.arena) };
    federation_answer(desk.federation, 0, &reply, ERR_NONE);
    struct work *work = federation_begin(desk.federation, 0);
    const struct ledger *out = peer_ledger(work, peer(&desk), LEDGER_OUT);
    assert_int_equal(out->trouble, LEDGER_CONFLICT);
    struct contradiction proof;
    assert_int_equal(contradiction_parse(out->evidence, &proof), ERR_NONE);
    assert_true(note_is_same_checkpoint(&proof.first, &note));
    assert_int_equal(federation_end(desk.federation, 0), ERR_NONE);
    assert_int_equal(
        federation_logged(desk.federation, 0, LOG_LEDGER_TROUBLED), 1);
    federation_wait(desk.federation, 3600000);
    assert_false(peer(&desk)->settled_out);
    desk_close(&desk);
}

static void behind_leads_to_a_head_at_once_but_not_for_ever(void **state)
{
    struct desk desk;
    const struct behind behind = { BEHIND_FENCE, 0 };
    (void)state;
    desk_open(&desk);
    struct reply reply = { .kind = REPLY_BEHIND,
        .body = behind_write(&behind, &desk.arena) };
    (void)federation_submit(desk.federation, 0, 1, "first");
    for (int i = 0; i < 2; i++) {
        federation_answer(desk.federation, 0, &reply, ERR_NONE);
        (void)only_message(&desk, REQUEST_HEAD);
        federation_deliver(desk.federation, 0);
        federation_deliver(desk.federation, 0);
        (void)parcel_on_line(&desk); /* and the parcel again, new fence */
    }
    federation_answer(desk.federation, 0, &reply, ERR_NONE);
    assert_int_equal(federation_message_count(desk.federation), 0);
    assert_string_equal(peer(&desk)->problem, "fence");
    federation_wait(desk.federation, 10000);
    assert_int_equal(peer(&desk)->failure_count, 0);
    assert_int_equal(peer(&desk)->stumble_count, 0);
    desk_close(&desk);
}

/* ---- Keys to seal with ---- */

static void a_sealing_key_that_is_gone_is_asked_for_anew(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    /* 1 has lost its day keys and made others, of which 0 does not know */
    crypto_fake_days_hold(federation_crypto(desk.federation, 1), 5, 1);
    const char *id = federation_submit(desk.federation, 0, 1, "first");
    federation_deliver(desk.federation, 0);
    assert_true(federation_message(desk.federation, 0)->is_reply);
    assert_int_equal(federation_message(desk.federation, 0)->reply, 0);
    federation_sheet(desk.federation, 1);
    federation_run(desk.federation);
    assert_string_equal(federation_state(desk.federation, 1, id), "delivered");
    desk_close(&desk);
}

static void two_that_were_apart_for_a_month_find_each_other(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    federation_wait(desk.federation, 40 * FEDERATION_DAY_MS);
    federation_sheet(desk.federation, 0);
    federation_sheet(desk.federation, 1);
    const char *id = federation_submit(desk.federation, 0, 1, "first");
    (void)only_message(&desk, REQUEST_HEAD); /* under the last resort */
    federation_run(desk.federation);
    assert_string_equal(federation_state(desk.federation, 1, id), "delivered");
    desk_close(&desk);
}

static void a_peer_without_sealing_keys_is_not_asked_without_end(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    /* 1's sheet is over, and it makes no new one */
    federation_wait(desk.federation, 40 * FEDERATION_DAY_MS);
    federation_sheet(desk.federation, 0);
    const char *id = federation_submit(desk.federation, 0, 1, "first");
    uint64_t settled = federation_logged(desk.federation, 0, LOG_PEER_FAILED);
    federation_run(desk.federation);
    assert_true(
        federation_logged(desk.federation, 0, LOG_PEER_FAILED) > settled);
    assert_string_equal(peer(&desk)->problem, "no_sealing_key");
    federation_sheet(desk.federation, 1);
    federation_wait(desk.federation, RETRY_DELAY_MS_MAX);
    assert_string_equal(federation_state(desk.federation, 1, id), "delivered");
    desk_close(&desk);
}

static void without_any_valid_key_it_greets_the_last_that_it_knows(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    /* even the card's keys are over */
    federation_wait(desk.federation, 70 * FEDERATION_DAY_MS);
    const char *id = federation_submit(desk.federation, 0, 1, "first");
    assert_int_equal(federation_message_count(desk.federation), 1);
    assert_int_equal(
        federation_message(desk.federation, 0)->kind, REQUEST_HEAD);
    federation_run(desk.federation);
    assert_true(
        node_wake_steady_ms(federation_node(desk.federation, 0)) < INT64_MAX);
    federation_wait(desk.federation, 600000);
    assert_string_equal(federation_state(desk.federation, 0, id), "sent");
    desk_close(&desk);
}

/* ---- Whom it goes to ---- */

static void a_peer_that_is_down_costs_the_others_nothing(void **state)
{
    struct federation *federation = federation_new(3);
    (void)state;
    federation_connect(federation, 0, 1);
    federation_connect(federation, 0, 2);
    federation_agree(federation);
    const char *down = federation_submit(federation, 0, 1, "down");
    const char *up = federation_submit(federation, 0, 2, "up");
    assert_int_equal(federation_message(federation, 0)->to, 1);
    federation_lose(federation, 0);
    federation_run(federation);
    assert_string_equal(federation_state(federation, 0, down), "sent");
    assert_string_equal(federation_state(federation, 2, up), "delivered");
    assert_int_equal(federation_peer(federation, 0, 2)->failure_count, 0);
    federation_free(federation);
}

static void nothing_is_sent_to_whom_nobody_accepted(void **state)
{
    struct federation *federation = federation_new(2);
    struct call call;
    (void)state;
    call_begin(&call, "card.import");
    call_data(&call, "data", federation_card(federation, 1));
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_NONE);
    struct work *work = federation_begin(federation, 0);
    assert_true(
        say(work, federation_peer(federation, 0, 1), SLICE_LITERAL("words")));
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    assert_int_equal(federation_message_count(federation), 0);
    assert_int_equal(
        delivery_due_steady_ms(federation_peer(federation, 0, 1)), INT64_MAX);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_told_waits_in_the_outbox),
        cmocka_unit_test(
            one_parcel_is_in_flight_and_the_next_takes_all_that_waits),
        cmocka_unit_test(a_parcel_has_no_more_entries_than_it_may),
        cmocka_unit_test(a_parcel_has_no_more_bytes_than_it_may),
        cmocka_unit_test(parcels_are_as_large_as_the_line_is_fast),
        cmocka_unit_test(a_lost_parcel_is_repeated_as_it_was),
        cmocka_unit_test(a_lost_receipt_costs_a_repeat_and_nothing_else),
        cmocka_unit_test(what_was_erased_in_flight_goes_without_its_content),
        cmocka_unit_test(a_reply_is_taken_only_for_what_it_proves),
        cmocka_unit_test(a_reply_to_nothing_asked_is_nothing),
        cmocka_unit_test(a_proved_conflict_stops_the_ledger),
        cmocka_unit_test(behind_leads_to_a_head_at_once_but_not_for_ever),
        cmocka_unit_test(a_sealing_key_that_is_gone_is_asked_for_anew),
        cmocka_unit_test(two_that_were_apart_for_a_month_find_each_other),
        cmocka_unit_test(a_peer_without_sealing_keys_is_not_asked_without_end),
        cmocka_unit_test(
            without_any_valid_key_it_greets_the_last_that_it_knows),
        cmocka_unit_test(a_peer_that_is_down_costs_the_others_nothing),
        cmocka_unit_test(nothing_is_sent_to_whom_nobody_accepted),
        cmocka_unit_test(what_comes_soon_after_a_parcel_waits_for_more),
        cmocka_unit_test(many_do_not_wait_for_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
