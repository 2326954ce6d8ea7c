#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/limits.h"
#include "core/node_state.h"
#include "support/bench_damage.h"
#include "support/bench_node.h"

#define AFTER_SIZE 128
/* More than one answer looks at, in each direction. */
#define MANY_COUNT (VERIFY_EFFORT_MAX + 100)

static struct federation *agreed(size_t count)
{
    struct federation *federation = federation_of_two();
    for (size_t i = 0; i < count; i++) {
        char key[24];
        (void)snprintf(key, sizeof key, "k%zu", i);
        (void)federation_submit(federation, 0, 1, key);
        if (i % 64 == 0)
            federation_run(federation);
    }
    federation_run(federation);
    return federation;
}

static const struct local_reply *ask(struct federation *federation,
    size_t agency, const char *direction, const char *after)
{
    struct call call;
    call_begin(&call, "ledger.verify");
    if (direction[0] != '\0')
        call_text(&call, "direction", direction);
    if (after[0] != '\0')
        call_text(&call, "after", after);
    const struct local_reply *reply =
        federation_call(federation, agency, &call);
    assert_non_null(reply);
    return reply;
}

struct story {
    size_t answers;
    size_t ledgers;
    size_t broken;
    char damage[32]; /* of the last that is */
    char after[AFTER_SIZE];
};

/* An answer after the other, or the first alone. */
static struct story look(struct federation *federation, size_t agency,
    const char *direction, bool is_first_alone)
{
    struct story story = { 0 };
    do {
        const struct local_reply *reply =
            ask(federation, agency, direction, story.after);
        assert_int_equal(reply->err, ERR_NONE);
        story.answers++;
        story.after[0] = '\0';
        for (size_t i = 0; i < reply->record_count; i++) {
            const struct local_record *record = &reply->records[i];
            if (slice_is(record->type, "more")) {
                struct slice text = record_text(record, "after");
                assert_true(text.size < AFTER_SIZE);
                memcpy(story.after, text.bytes, text.size);
                story.after[text.size] = '\0';
            } else if (!record_flag(record, "intact")) {
                struct slice text = record_text(record, "damage");
                assert_true(text.size < sizeof story.damage);
                memcpy(story.damage, text.bytes, text.size);
                story.broken++;
                story.ledgers++;
            } else {
                story.ledgers++;
            }
        }
    } while (story.after[0] != '\0' && !is_first_alone);
    return story;
}

static void a_long_ledger_is_verified_in_parts(void **state)
{
    struct federation *federation = agreed(MANY_COUNT);
    (void)state;
    for (size_t agency = 0; agency < 2; agency++) {
        struct story story = look(federation, agency, "", false);
        assert_true(story.answers > 1);
        assert_int_equal(story.ledgers, 2);
        assert_int_equal(story.broken, 0);
    }
    struct story first = look(federation, 0, "out", true);
    assert_int_equal(first.ledgers, 0); /* it is not known yet */
    assert_true(first.after[0] != '\0');
    assert_int_equal(look(federation, 1, "out", false).ledgers, 1);
    federation_free(federation);
}

static void newest_lose(struct federation *federation)
{
    struct work *work = federation_begin(federation, 0);
    struct key newest = { .bytes = { 'c' } };
    memset(newest.bytes + 1, 0xFF, 8);
    newest.size = 9;
    struct slice key = key_slice(&newest);
    struct slice value;
    assert_true(store_seek_back(work->txn, 1, &key, &value));
    memcpy(newest.bytes, key.bytes, key.size);
    newest.size = key.size;
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    damage_row(federation, 0, newest, true);
}

/* The newest contents: a last part comes upon them. */
static void damage_in_a_later_part_is_named(void **state)
{
    struct federation *federation = agreed(MANY_COUNT);
    (void)state;
    for (int i = 0; i < 2; i++)
        newest_lose(federation);
    federation_crash(federation, 0);
    federation_run(federation);
    struct story story = look(federation, 0, "", false);
    assert_int_equal(story.ledgers, 2);
    assert_true(story.broken > 0);
    assert_string_equal(story.damage, "content");
    federation_free(federation);
}

/* Between two answers it can become another: that is looked at from its first
 * entry on. */
static void another_generation_begins_anew(void **state)
{
    struct federation *federation = agreed(MANY_COUNT);
    (void)state;
    struct story first = look(federation, 0, "out", true);
    assert_int_equal(first.ledgers, 0);
    first.after[AGENCY_ID_SIZE + 1] ^= 1; /* of its number */
    const struct local_reply *reply = ask(federation, 0, "out", first.after);
    assert_int_equal(reply->err, ERR_NONE);
    assert_null(reply_record(reply, "ledger", 0));
    assert_non_null(reply_record(reply, "more", 0));
    federation_free(federation);
}

static void a_header_that_nobody_can_read_is_damage(void **state)
{
    struct federation *federation = agreed(1);
    struct ledger_parcel parcel;
    (void)state;
    struct work *work = federation_begin(federation, 0);
    struct ledger *out =
        peer_ledger(work, federation_peer(federation, 0, 1), LEDGER_OUT);
    assert_true(ledger_parcel_at(work, out, 0, &parcel));
    parcel.entries[0].header = SLICE_LITERAL("\xff");
    ledger_entries_write(work, out, parcel.first_index, parcel.entries,
        parcel.count, parcel.note);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    struct story story = look(federation, 0, "out", false);
    assert_int_equal(story.broken, 1);
    assert_string_equal(story.damage, "header");
    federation_free(federation);
}

static void where_it_goes_on_is_what_was_said(void **state)
{
    struct federation *federation = agreed(1);
    char wrong[AFTER_SIZE];
    (void)state;
    memset(wrong, '0', sizeof wrong);
    const struct local_reply *reply = ask(federation, 0, "", "nobody");
    assert_int_equal(reply->err, ERR_INVALID);
    wrong[AGENCY_ID_SIZE + 1 + 32] = '\0';
    assert_int_equal(ask(federation, 0, "", wrong)->err, ERR_INVALID);
    wrong[AGENCY_ID_SIZE] = 'o'; /* of an agency that is not here */
    assert_int_not_equal(ask(federation, 0, "", wrong)->err, ERR_NONE);
    wrong[AGENCY_ID_SIZE + 1] = 'x';
    assert_int_equal(ask(federation, 0, "", wrong)->err, ERR_INVALID);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_ledger_is_verified_in_parts),
        cmocka_unit_test(damage_in_a_later_part_is_named),
        cmocka_unit_test(another_generation_begins_anew),
        cmocka_unit_test(a_header_that_nobody_can_read_is_damage),
        cmocka_unit_test(where_it_goes_on_is_what_was_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
