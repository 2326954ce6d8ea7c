#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/erase.h"
#include "core/ledger.h"
#include "core/node_state.h"
#include "support/bench_damage.h"
#include "support/bench_loss.h"
#include "support/vault_plain.h"

static bool store_mentions(
    struct federation *federation, size_t agency, const char *words)
{
    return damage_has_words(federation, agency, words);
}

static struct federation *two(void)
{
    return federation_of_two();
}

static void policy_set(
    struct federation *federation, size_t agency, enum erase_policy policy)
{
    static struct node_options options[2];
    struct node *node = federation_node(federation, agency);
    options[agency] = *node->options;
    options[agency].erase_policy = policy;
    node->options = &options[agency];
}

static const struct local_reply *erase(struct federation *federation,
    size_t agency, const char *id, const char *reason, const char *elements)
{
    struct call call;
    call_begin(&call, "erase");
    call_text(&call, "id", id);
    call_text(&call, "reason", reason);
    if (elements != NULL)
        call_text(&call, "elements", elements);
    return federation_call(federation, agency, &call);
}

static const struct local_record *erased(struct federation *federation,
    size_t agency, const char *id, const char *reason, const char *elements)
{
    const struct local_reply *reply =
        erase(federation, agency, id, reason, elements);
    assert_int_equal(reply->err, ERR_NONE);
    return reply_record(reply, "erasure", 0);
}

static const struct local_reply *shown(
    struct federation *federation, size_t agency, const char *id)
{
    const struct local_reply *reply = federation_get(federation, agency, id);
    assert_int_equal(reply->err, ERR_NONE);
    return reply;
}

static void assert_told(struct federation *federation, size_t agency,
    const char *id, const char *by, const char *notice)
{
    const struct local_record *referral =
        reply_record(shown(federation, agency, id), "referral", 0);
    assert_true(record_is(referral, "erased_by", by));
    assert_true(record_is(referral, "erasure_notice", notice));
}

static size_t element_count(struct federation *federation, size_t agency,
    const char *id, const char *code)
{
    const struct local_reply *reply = shown(federation, agency, id);
    size_t count = 0;
    for (size_t i = 0; i < reply_count(reply, "element"); i++)
        count += record_is(reply_record(reply, "element", i), "code", code);
    return count;
}

/* Entries about referrals that still have a content, and so a salt. */
static size_t attached_count(
    struct federation *federation, size_t agency, enum ledger_direction way)
{
    size_t count = 0;
    struct work *work = federation_begin(federation, agency);
    struct ledger *ledger =
        peer_ledger(work, federation_peer(federation, agency, 1 - agency), way);
    for (uint64_t index = 0; index < ledger->frontier.size;) {
        struct ledger_parcel parcel;
        assert_true(ledger_parcel_at(work, ledger, index, &parcel));
        for (size_t i = 0; i < parcel.count; i++)
            count += parcel.entries[i].has_referral &&
                     parcel.entries[i].event_type != EVENT_NONE &&
                     parcel.entries[i].attached;
        index = parcel.first_index + parcel.count;
    }
    assert_int_equal(federation_end(federation, agency), ERR_NONE);
    return count;
}

static void assert_verifies(struct federation *federation, size_t agency)
{
    assert_true(federation_whole_count(federation, agency) > 0);
}

static void what_is_erased_here_is_erased_there(void **state)
{
    struct federation *federation = two();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    assert_true(store_mentions(federation, 0, "Robin"));
    assert_true(store_mentions(federation, 1, "Robin"));
    const struct local_record *record =
        erased(federation, 0, id, "person_asked", NULL);
    assert_int_equal(record_number(record, "contents"), 1);
    assert_true(record_is(record, "notice", "waiting"));
    assert_false(record_flag(record, "unsent"));
    assert_false(store_mentions(federation, 0, "Robin"));
    assert_int_equal(attached_count(federation, 0, LEDGER_OUT), 0);
    federation_run(federation);
    assert_false(store_mentions(federation, 1, "Robin"));
    assert_int_equal(attached_count(federation, 1, LEDGER_IN), 0);
    assert_told(federation, 0, id, "us", "erased");
    assert_told(federation, 1, id, "them", "erased");
    assert_string_equal(federation_state(federation, 0, id), "delivered");
    assert_verifies(federation, 0);
    assert_verifies(federation, 1);
    /* once is enough */
    uint64_t told = federation_node(federation, 0)->counters.entries_sent;
    record = erased(federation, 0, id, "person_asked", NULL);
    assert_int_equal(record_number(record, "contents"), 0);
    federation_run(federation);
    assert_int_equal(
        federation_node(federation, 0)->counters.entries_sent, told);
    federation_free(federation);
}

static void programs_hear_of_it_without_its_words(void **state)
{
    struct federation *federation = two();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    (void)erased(federation, 0, id, "wrong_person", NULL);
    federation_run(federation);
    const struct local_reply *reply = shown(federation, 1, id);
    const struct local_record *event =
        reply_find(reply, "event", "type", "referral.erased");
    assert_non_null(event);
    assert_true(record_is(event, "step", "erasure"));
    assert_true(record_is(event, "by", "them"));
    assert_true(record_is(reply_find(reply, "detail", "name", "reason"),
        "value", "wrong_person"));
    assert_int_equal(reply_count(reply, "element"), 0);
    assert_non_null(reply_find(
        shown(federation, 0, id), "event", "type", "referral.answered"));
    federation_free(federation);
}

static void nothing_about_the_person_comes_after_it(void **state)
{
    struct federation *federation = two();
    struct call call;
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    (void)erased(federation, 0, id, "person_asked", NULL);
    federation_run(federation);
    (void)federation_act(federation, 1, id, "opened", "o", NULL);
    federation_run(federation);
    assert_string_equal(federation_state(federation, 0, id), "seen");
    call_begin(&call, "act");
    call_text(&call, "id", id);
    call_text(&call, "step", "amend");
    call_text(&call, "key", "amend");
    call_record(&call, "element");
    call_text(&call, "code", "needs");
    call_text(&call, "value", "company");
    const struct local_reply *reply = federation_call(federation, 0, &call);
    assert_int_equal(reply->problem, PROBLEM_CONSENT_MISSING);
    federation_free(federation);
}

static void one_element_goes_and_the_rest_stays_readable(void **state)
{
    struct federation *federation = two();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    assert_int_equal(attached_count(federation, 0, LEDGER_OUT), 1);
    const struct local_record *record =
        erased(federation, 0, id, "person_asked", "needs");
    assert_int_equal(record_number(record, "contents"), 1);
    federation_run(federation);
    for (size_t i = 0; i < 2; i++) {
        assert_false(store_mentions(federation, i, "a doctor who listens"));
        assert_true(store_mentions(federation, i, "Robin"));
        assert_int_equal(element_count(federation, i, id, "needs"), 0);
        assert_true(element_count(federation, i, id, "call_name") > 0);
        assert_int_equal(
            attached_count(federation, i, i == 0 ? LEDGER_OUT : LEDGER_IN), 0);
        assert_verifies(federation, i);
    }
    assert_told(federation, 0, id, "us", "erased");
    federation_free(federation);
}

static void a_step_without_the_element_stays_proved(void **state)
{
    struct federation *federation = two();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    (void)federation_act(federation, 1, id, "opened", "o", NULL);
    federation_run(federation);
    (void)erased(federation, 1, id, "law", "needs");
    federation_run(federation);
    assert_int_equal(attached_count(federation, 1, LEDGER_OUT), 1);
    assert_int_equal(attached_count(federation, 1, LEDGER_IN), 0);
    assert_int_equal(attached_count(federation, 0, LEDGER_IN), 1);
    assert_false(store_mentions(federation, 0, "a doctor who listens"));
    federation_free(federation);
}

static void what_waits_is_never_heard_of(void **state)
{
    struct federation *federation = two();
    (void)state;
    /* its parcel is in flight: what comes now waits */
    (void)federation_submit(federation, 0, 1, "first");
    struct call call;
    federation_referral(federation, &call, 0, 1, "second");
    call.parts[call.part_count - 1].fields[1].bytes =
        SLICE_LITERAL("Canary needs");
    const struct local_reply *reply = federation_call(federation, 0, &call);
    char id[64];
    struct slice text = record_text(reply_record(reply, "referral", 0), "id");
    (void)snprintf(
        id, sizeof id, "%.*s", (int)text.size, (const char *)text.bytes);
    assert_true(store_mentions(federation, 0, "Canary needs"));
    const struct local_record *record =
        erased(federation, 0, id, "person_asked", NULL);
    assert_false(store_mentions(federation, 0, "Canary needs"));
    assert_int_equal(federation_logged(federation, 0, LOG_REFERRAL_ERASED), 1);
    assert_true(record_flag(record, "unsent"));
    assert_true(record_is(record, "notice", ""));
    federation_run(federation);
    assert_string_equal(federation_state(federation, 0, id), "withdrawn");
    assert_string_equal(federation_state(federation, 1, id), "none");
    federation_free(federation);
}

static void what_waits_ends_by_the_reason(void **state)
{
    static const char *const rows[][2] = {
        { "person_asked", "withdrawn" },
        { "wrong_person", "void" },
        { "law", "cancelled" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct federation *federation = two();
        (void)federation_submit(federation, 0, 1, "first");
        const char *id = federation_submit(federation, 0, 1, "second");
        assert_true(
            record_flag(erased(federation, 0, id, rows[i][0], NULL), "unsent"));
        assert_string_equal(federation_state(federation, 0, id), rows[i][1]);
        federation_run(federation);
        assert_string_equal(federation_state(federation, 1, id), "none");
        federation_free(federation);
    }
}

static void what_waits_is_told_without_an_erased_element(void **state)
{
    struct federation *federation = two();
    (void)state;
    (void)federation_submit(federation, 0, 1, "first");
    const char *id = federation_submit(federation, 0, 1, "second");
    (void)erased(federation, 0, id, "person_asked", "needs");
    federation_run(federation);
    assert_string_equal(federation_state(federation, 1, id), "delivered");
    assert_int_equal(element_count(federation, 1, id, "needs"), 0);
    assert_true(element_count(federation, 1, id, "call_name") > 0);
    assert_int_equal(attached_count(federation, 1, LEDGER_IN), 2);
    federation_free(federation);
}

/* Where the vault has the key of what is said there. */
static uint64_t entry_of(struct federation *federation, const char *id)
{
    struct uuid uuid;
    assert_int_equal(uuid_parse(slice_of_text(id), &uuid), ERR_NONE);
    struct work *work = federation_begin(federation, 0);
    uint64_t entry = register_get(work, &uuid)->entry;
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    return entry;
}

static bool entry_is_destroyed(struct federation *federation, uint64_t entry)
{
    return vault_plain_is_destroyed(
        federation_node(federation, 0)->vault, entry);
}

/* Its words went from the store as it ended before it was told, or on its way;
 * an older copy has them, until they are to be erased. */
static void an_element_of_what_ended_is_in_no_old_copy(void **state)
{
    static const char *const reason[] = { "reason", "NEED_CHANGED",
        "person_told", "yes", NULL };
    (void)state;
    for (int is_sent = 0; is_sent < 2; is_sent++) {
        struct federation *federation = two();
        const char *id = federation_submit(federation, 0, 1, "first");
        if (!is_sent) {
            id = federation_submit(federation, 0, 1, "second");
            (void)federation_act(federation, 0, id, "cancel", "c", reason);
        } else {
            (void)federation_act_by(
                federation, 0, id, "withdraw", "w", "person", NULL);
        }
        assert_string_equal(federation_state(federation, 0, id),
            is_sent ? "withdrawn" : "cancelled");
        assert_int_equal(element_count(federation, 0, id, "needs"), 0);
        uint64_t entry = entry_of(federation, id);
        assert_false(entry_is_destroyed(federation, entry));
        (void)erased(federation, 0, id, "person_asked", "needs");
        assert_true(entry_is_destroyed(federation, entry));
        federation_run(federation);
        assert_string_equal(federation_state(federation, 1, id),
            is_sent ? "withdrawn" : "none");
        federation_free(federation);
    }
}

static void what_is_in_flight_arrives_as_absent(void **state)
{
    struct federation *federation = two();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    assert_int_equal(federation_message_count(federation), 1);
    federation_lose(federation, 0);
    (void)erased(federation, 0, id, "person_asked", NULL);
    federation_wait(federation, 600000);
    assert_string_equal(federation_state(federation, 0, id), "withdrawn");
    assert_string_equal(federation_state(federation, 1, id), "none");
    assert_false(store_mentions(federation, 1, "Robin"));
    assert_told(federation, 0, id, "us", "erased");
    federation_free(federation);
}

/* The receiver accepts; what it says of that is still on its way here. */
static void accepts(struct federation *federation, const char *id)
{
    static const char *const words[] = { "offer", "Canary Monday", NULL };
    (void)federation_act(federation, 1, id, "opened", "o", NULL);
    federation_run(federation);
    (void)federation_act(federation, 1, id, "accept", "a", words);
    assert_int_equal(federation_message_count(federation), 1);
    assert_true(store_mentions(federation, 1, "Canary Monday"));
}

static void what_was_said_before_they_heard_of_it_goes_too(void **state)
{
    static const char *const ways[] = { "erase", "consent_revoked" };
    (void)state;
    for (size_t way = 0; way < 2; way++) {
        struct federation *federation = two();
        const char *id = federation_submit(federation, 0, 1, "first");
        federation_run(federation);
        accepts(federation, id);
        if (way == 0)
            (void)erased(federation, 0, id, "person_asked", NULL);
        else
            (void)federation_act_by(
                federation, 0, id, ways[way], "c", "person", NULL);
        federation_run(federation);
        assert_string_equal(federation_state(federation, 0, id), "accepted");
        assert_false(store_mentions(federation, 1, "Canary Monday"));
        assert_false(store_mentions(federation, 0, "Canary Monday"));
        federation_free(federation);
    }
}

static void what_the_referrer_said_before_it_heard_of_it_goes_too(void **state)
{
    static const char *const question[] = { "question", "When?", NULL };
    static const char *const answer[] = { "answer", "Canary Monday", NULL };
    (void)state;
    for (size_t way = 0; way < 2; way++) {
        struct federation *federation = two();
        const char *id = federation_submit(federation, 0, 1, "first");
        federation_run(federation);
        (void)federation_act(federation, 1, id, "opened", "o", NULL);
        (void)federation_act(federation, 1, id, "ask", "q", question);
        federation_run(federation);
        (void)federation_act(federation, 0, id, "answer", "a", answer);
        if (way == 0)
            (void)erased(federation, 1, id, "person_asked", NULL);
        else
            (void)federation_act_by(
                federation, 1, id, "consent_revoked", "c", "person", NULL);
        federation_run(federation);
        assert_string_equal(federation_state(federation, 0, id), "seen");
        assert_false(store_mentions(federation, 0, "Canary Monday"));
        assert_false(store_mentions(federation, 1, "Canary Monday"));
        federation_free(federation);
    }
}

static void amend(struct federation *federation, const char *id)
{
    struct call call;
    call_begin(&call, "act");
    call_text(&call, "key", "amend");
    call_text(&call, "id", id);
    call_text(&call, "step", "amend");
    call_text(&call, "actor", "staff");
    call_record(&call, "element");
    call_text(&call, "code", "needs");
    call_text(&call, "value", "Canary Monday");
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_NONE);
}

/* What comes back after a loss was said before staff erased it. */
static void an_element_that_comes_back_goes_with_a_wish_of_meanwhile(
    void **state)
{
    struct federation *federation = two();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    struct store_memory_snapshot *backup = federation_back_up(federation, 0);
    amend(federation, id);
    federation_run(federation);
    federation_restore(federation, 0, backup);
    store_memory_snapshot_free(backup);
    while (federation_message_count(federation) > 0)
        federation_lose(federation, 0);
    (void)erased(federation, 0, id, "person_asked", "needs");
    federation_wait(federation, 600000);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(element_count(federation, i, id, "needs"), 0);
        assert_false(store_mentions(federation, i, "Canary Monday"));
        assert_true(store_mentions(federation, i, "Robin"));
    }
    assert_told(federation, 0, id, "us", "erased");
    federation_free(federation);
}

/* It went before, too; but the referrer has said it again since. */
static void an_element_on_its_way_goes_with_a_second_wish(void **state)
{
    struct federation *federation = two();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    (void)erased(federation, 1, id, "person_asked", "needs");
    federation_run(federation);
    amend(federation, id);
    (void)erased(federation, 1, id, "person_asked", "needs");
    federation_run(federation);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(element_count(federation, i, id, "needs"), 0);
        assert_false(store_mentions(federation, i, "Canary Monday"));
    }
    federation_free(federation);
}

/* It keeps its own; here it was erased all the same. */
static void an_element_on_its_way_goes_though_the_other_keeps(void **state)
{
    struct federation *federation = two();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    policy_set(federation, 0, ERASE_REFUSE);
    amend(federation, id);
    (void)erased(federation, 1, id, "person_asked", "needs");
    federation_run(federation);
    assert_told(federation, 1, id, "us", "kept");
    assert_true(store_mentions(federation, 0, "Canary Monday"));
    assert_int_equal(element_count(federation, 1, id, "needs"), 0);
    assert_false(store_mentions(federation, 1, "Canary Monday"));
    federation_free(federation);
}

static void what_is_said_after_it_stays(void **state)
{
    static const char *const words[] = { "offer", "Canary Monday", NULL };
    struct federation *federation = two();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    (void)federation_act(federation, 1, id, "opened", "o", NULL);
    federation_run(federation);
    (void)erased(federation, 1, id, "person_asked", NULL);
    (void)federation_act(federation, 1, id, "accept", "a", words);
    federation_run(federation);
    assert_true(store_mentions(federation, 0, "Canary Monday"));
    assert_true(store_mentions(federation, 1, "Canary Monday"));
    federation_free(federation);
}

static void an_agency_may_keep_and_says_so(void **state)
{
    struct federation *federation = two();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    policy_set(federation, 1, ERASE_REFUSE);
    (void)erased(federation, 0, id, "person_asked", NULL);
    federation_run(federation);
    assert_told(federation, 0, id, "us", "kept");
    assert_told(federation, 1, id, "them", "kept");
    assert_true(store_mentions(federation, 1, "Robin"));
    const struct local_record *event = reply_find(
        shown(federation, 0, id), "event", "type", "referral.refused");
    assert_true(record_is(event, "problem", "KEPT"));
    assert_true(record_is(event, "clause", "erasure_notices"));
    assert_true(record_text(event, "remedy").size > 0);
    federation_free(federation);
}

static void staff_decide_where_they_are_asked(void **state)
{
    struct federation *federation = two();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    policy_set(federation, 1, ERASE_ASK);
    (void)erased(federation, 0, id, "person_asked", NULL);
    federation_run(federation);
    assert_told(federation, 0, id, "us", "kept");
    assert_true(record_is(reply_find(shown(federation, 1, id), "event", "type",
                              "referral.refused"),
        "status", "pending"));
    (void)erased(federation, 1, id, "person_asked", NULL);
    federation_run(federation);
    assert_false(store_mentions(federation, 1, "Robin"));
    assert_told(federation, 0, id, "us", "erased");
    assert_told(federation, 1, id, "us", "erased");
    federation_free(federation);
}

static void an_old_copy_does_not_bring_it_back(void **state)
{
    struct federation *federation = two();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    for (size_t i = 0; i < 2; i++) {
        struct store_memory_snapshot *backup =
            federation_back_up(federation, i);
        (void)erased(federation, 0, id, "person_asked", NULL);
        federation_run(federation);
        federation_restore(federation, i, backup);
        store_memory_snapshot_free(backup);
        federation_wait(federation, 600000);
        assert_int_equal(element_count(federation, i, id, "call_name"), 0);
        assert_int_equal(reply_count(shown(federation, i, id), "element"), 0);
        assert_told(federation, i, id, i == 0 ? "us" : "them", "erased");
        assert_verifies(federation, 0);
        assert_verifies(federation, 1);
        id = federation_submit(federation, 0, 1, i == 0 ? "second" : "third");
        federation_run(federation);
    }
    federation_free(federation);
}

/* Of the entry that tells of a referral at that agency, where it is held. */
static bool salt_get(struct federation *federation, size_t agency,
    enum ledger_direction way, uint8_t copy[SALT_SIZE])
{
    struct slice salt = SLICE_NONE;
    struct work *work = federation_begin(federation, agency);
    struct ledger *ledger =
        peer_ledger(work, federation_peer(federation, agency, 1 - agency), way);
    for (uint64_t index = 0;
         salt.bytes == NULL && index < ledger->frontier.size; index++) {
        struct ledger_parcel parcel;
        assert_true(ledger_parcel_at(work, ledger, index, &parcel));
        const struct ledger_entry *entry =
            &parcel.entries[index - parcel.first_index];
        if (entry->event_type == EVENT_SEND && entry->attached)
            (void)content_get_salted(
                work->contents, work->txn, work->arena, entry->content, &salt);
    }
    if (salt.bytes != NULL)
        memcpy(copy, salt.bytes, SALT_SIZE);
    assert_int_equal(federation_end(federation, agency), ERR_NONE);
    return salt.bytes != NULL;
}

/* Where those bytes lie in the store: each time sealed with an entry of the
 * vault; how often, and whether all of these entries are destroyed. */
static size_t salt_count(struct federation *federation, size_t agency,
    const uint8_t salt[SALT_SIZE], bool *is_destroyed)
{
    enum { SEALED_HEAD = 12 }; /* vault_plain.c */
    struct work *work = federation_begin(federation, agency);
    struct slice key = slice_of("", 1);
    struct slice value;
    uint8_t next[STORE_KEY_SIZE_MAX + 1];
    size_t count = 0;
    *is_destroyed = true;
    while (store_seek(work->txn, 0, &key, &value)) {
        for (size_t i = 0; i + SALT_SIZE <= value.size; i++) {
            if (memcmp(value.bytes + i, salt, SALT_SIZE) != 0)
                continue;
            assert_int_equal(key.bytes[0], 'c');
            uint64_t entry = vault_plain_entry_of(slice_of(
                value.bytes + i - SEALED_HEAD, value.size - i + SEALED_HEAD));
            assert_int_not_equal(entry, UINT64_MAX);
            assert_int_not_equal(entry, VAULT_ENTRY_COMMON);
            *is_destroyed &= vault_plain_is_destroyed(work->node->vault, entry);
            count++;
        }
        memcpy(next, key.bytes, key.size);
        next[key.size] = 0;
        key = slice_of(next, key.size + 1);
    }
    assert_int_equal(federation_end(federation, agency), ERR_NONE);
    return count;
}

/* With the store's key and an old copy a guess of what was said cannot be held
 * against the header that stays. */
static void no_old_copy_gives_the_salt(void **state)
{
    static const enum ledger_direction ways[] = { LEDGER_OUT, LEDGER_IN };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        uint8_t salt[SALT_SIZE];
        uint8_t none[SALT_SIZE];
        bool is_destroyed;
        struct federation *federation = two();
        const char *id = federation_submit(federation, 0, 1, "first");
        federation_run(federation);
        assert_true(salt_get(federation, i, ways[i], salt));
        assert_int_equal(salt_count(federation, i, salt, &is_destroyed), 1);
        assert_false(is_destroyed);
        struct store_memory_snapshot *copy = federation_back_up(federation, i);
        (void)erased(federation, 0, id, "person_asked", NULL);
        federation_run(federation);
        assert_int_equal(salt_count(federation, i, salt, &is_destroyed), 0);
        federation_restore(federation, i, copy);
        store_memory_snapshot_free(copy);
        assert_int_equal(salt_count(federation, i, salt, &is_destroyed), 1);
        assert_true(is_destroyed);
        assert_false(salt_get(federation, i, ways[i], none));
        federation_free(federation);
    }
}

/* What is cut loses its salt, and what is left has another: the words that went
 * cannot be guessed with it. */
static void what_is_left_of_words_has_another_salt(void **state)
{
    uint8_t salt[SALT_SIZE];
    bool is_destroyed;
    struct federation *federation = two();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    assert_true(salt_get(federation, 0, LEDGER_OUT, salt));
    (void)erased(federation, 0, id, "person_asked", "call_name");
    federation_run(federation);
    assert_true(reply_count(shown(federation, 0, id), "element") > 0);
    assert_int_equal(salt_count(federation, 0, salt, &is_destroyed), 0);
    assert_int_equal(salt_count(federation, 1, salt, &is_destroyed), 0);
    federation_free(federation);
}

static void a_withdrawal_is_told_after_an_old_copy_was_put_back(void **state)
{
    struct federation *federation = two();
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    struct store_memory_snapshot *backup = federation_back_up(federation, 0);
    (void)erased(federation, 0, id, "person_asked", NULL);
    federation_run(federation);
    federation_restore(federation, 0, backup);
    store_memory_snapshot_free(backup);
    (void)federation_act_by(federation, 0, id, "withdraw", "w", "person", NULL);
    federation_wait(federation, 600000);
    assert_string_equal(federation_state(federation, 0, id), "withdrawn");
    assert_string_equal(federation_state(federation, 1, id), "withdrawn");
    federation_free(federation);
}

static void who_kept_it_does_not_give_it_back(void **state)
{
    struct federation *federation = two();
    (void)state;
    char id[64];
    (void)snprintf(
        id, sizeof id, "%s", federation_submit(federation, 0, 1, "first"));
    federation_run(federation);
    policy_set(federation, 1, ERASE_REFUSE);
    (void)erased(federation, 0, id, "person_asked", NULL);
    federation_run(federation);
    federation_lose_store(federation, 0);
    federation_connect(federation, 0, 1);
    federation_wait(federation, 600000);
    assert_string_equal(federation_state(federation, 0, id), "delivered");
    assert_false(store_mentions(federation, 0, "Robin"));
    assert_told(federation, 0, id, "us", "kept");
    assert_true(store_mentions(federation, 1, "Robin"));
    federation_free(federation);
}

static void nothing_happens_when_it_is_only_asked(void **state)
{
    struct federation *federation = two();
    struct call call;
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    call_begin(&call, "erase");
    call_text(&call, "id", id);
    call_flag(&call, "dry_run", true);
    const struct local_reply *reply = federation_call(federation, 0, &call);
    assert_int_equal(reply->err, ERR_NONE);
    const struct local_record *record = reply_record(reply, "erasure", 0);
    assert_int_equal(record_number(record, "contents"), 1);
    assert_true(record_flag(record, "dry_run"));
    assert_int_equal(federation_message_count(federation), 0);
    assert_true(store_mentions(federation, 0, "Robin"));
    federation_free(federation);
}

static void a_notice_of_a_stranger_s_referral_does_nothing(void **state)
{
    struct federation *federation = two();
    struct verdict why = { .problem = PROBLEM_NONE };
    (void)state;
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    struct work *work = federation_begin(federation, 1);
    struct erasure_notice notice = {
        .reason = ERASURE_LAW, .actor = ACTOR_STAFF, .at = work->now
    };
    assert_int_equal(uuid_parse(slice_of_text(id), &notice.referral), ERR_NONE);
    notice.referral.bytes[3] ^= 1;
    erase_taken(
        work, federation_peer(federation, 1, 0), &notice, ERASE_FOLLOW, &why);
    assert_int_equal(why.problem, PROBLEM_NONE);
    assert_int_equal(federation_end(federation, 1), ERR_NONE);
    assert_true(store_mentions(federation, 1, "Robin"));
    federation_free(federation);
}

static void what_is_no_policy_has_no_name(void **state)
{
    (void)state;
    assert_string_equal(erase_policy_name(ERASE_POLICY_COUNT), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_erased_here_is_erased_there),
        cmocka_unit_test(programs_hear_of_it_without_its_words),
        cmocka_unit_test(nothing_about_the_person_comes_after_it),
        cmocka_unit_test(one_element_goes_and_the_rest_stays_readable),
        cmocka_unit_test(a_step_without_the_element_stays_proved),
        cmocka_unit_test(what_waits_is_never_heard_of),
        cmocka_unit_test(what_waits_ends_by_the_reason),
        cmocka_unit_test(what_waits_is_told_without_an_erased_element),
        cmocka_unit_test(an_element_of_what_ended_is_in_no_old_copy),
        cmocka_unit_test(what_is_in_flight_arrives_as_absent),
        cmocka_unit_test(what_was_said_before_they_heard_of_it_goes_too),
        cmocka_unit_test(what_the_referrer_said_before_it_heard_of_it_goes_too),
        cmocka_unit_test(
            an_element_that_comes_back_goes_with_a_wish_of_meanwhile),
        cmocka_unit_test(an_element_on_its_way_goes_with_a_second_wish),
        cmocka_unit_test(an_element_on_its_way_goes_though_the_other_keeps),
        cmocka_unit_test(what_is_said_after_it_stays),
        cmocka_unit_test(an_agency_may_keep_and_says_so),
        cmocka_unit_test(staff_decide_where_they_are_asked),
        cmocka_unit_test(an_old_copy_does_not_bring_it_back),
        cmocka_unit_test(no_old_copy_gives_the_salt),
        cmocka_unit_test(what_is_left_of_words_has_another_salt),
        cmocka_unit_test(a_withdrawal_is_told_after_an_old_copy_was_put_back),
        cmocka_unit_test(who_kept_it_does_not_give_it_back),
        cmocka_unit_test(nothing_happens_when_it_is_only_asked),
        cmocka_unit_test(a_notice_of_a_stranger_s_referral_does_nothing),
        cmocka_unit_test(what_is_no_policy_has_no_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
