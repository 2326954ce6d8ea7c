#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/erase.h"
#include "core/fetch.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "support/bench_damage.h"
#include "support/bench_node.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct desk {
    struct federation *federation;
    struct arena arena;
    uint64_t generation; /* of what 0 writes to 1 */
    uint64_t size;
    char first[64]; /* the id of the first referral */
};

static void desk_open(struct desk *desk, size_t count)
{
    desk->federation = federation_new(count);
    for (size_t i = 1; i < count; i++)
        federation_connect(desk->federation, 0, i);
    federation_agree(desk->federation);
    (void)snprintf(desk->first, sizeof desk->first, "%s",
        federation_submit(desk->federation, 0, 1, "first"));
    /* these two in one parcel */
    (void)federation_submit(desk->federation, 0, 1, "second");
    (void)federation_submit(desk->federation, 0, 1, "third");
    federation_run(desk->federation);
    assert_int_equal(arena_init(&desk->arena, DECODE_ARENA_SIZE), ERR_NONE);
    struct work *work = federation_begin(desk->federation, 0);
    const struct ledger *out =
        peer_ledger(work, federation_peer(desk->federation, 0, 1), LEDGER_OUT);
    desk->generation = out->generation;
    desk->size = out->cosigned;
    assert_int_equal(federation_end(desk->federation, 0), ERR_NONE);
}

static void desk_close(struct desk *desk)
{
    arena_release(&desk->arena);
    federation_free(desk->federation);
}

static enum reply_kind ask(struct desk *desk, size_t from, size_t to,
    const struct fetch *fetch, struct bench_reply *reply)
{
    federation_request(desk->federation, from, to, REQUEST_FETCH,
        fetch_write(fetch, &desk->arena), reply);
    return reply->kind;
}

static enum refusal_code refusal(
    struct desk *desk, const struct bench_reply *reply)
{
    enum refusal_code code = 0;
    assert_int_equal(reply->kind, REPLY_REFUSED);
    assert_int_equal(refusal_read(reply->body, &desk->arena, &code), ERR_NONE);
    return code;
}

/* Asks on from parcel to parcel; how many entries came, and with content. */
static uint64_t fetch_all(struct desk *desk, size_t from, size_t to,
    bool authored, uint32_t size_max, uint64_t *attached)
{
    struct fetch fetch = { authored, desk->generation, 0, size_max };
    *attached = 0;
    while (fetch.first_index < desk->size) {
        struct bench_reply reply;
        struct fetched fetched;
        assert_int_equal(ask(desk, from, to, &fetch, &reply), REPLY_FETCHED);
        assert_int_equal(
            fetched_read(reply.body, &desk->arena, &fetched), ERR_NONE);
        assert_true(fetched.parcel_count > 0);
        if (size_max == 1)
            assert_int_equal(fetched.parcel_count, 1);
        for (size_t i = 0; i < fetched.parcel_count; i++) {
            const struct parcel *parcel = &fetched.parcels[i];
            struct note note;
            assert_int_equal(parcel->first_index, fetch.first_index);
            fetch.first_index += parcel->entry_count;
            assert_int_equal(note_parse(parcel->note, &note), ERR_NONE);
            assert_true(note.has_cosignature);
            assert_int_equal(note.size, fetch.first_index);
            for (size_t k = 0; k < parcel->entry_count; k++)
                *attached += parcel->entries[k].salt.size > 0;
        }
    }
    return fetch.first_index;
}

static void both_ends_give_back_the_same_parcels(void **state)
{
    struct desk desk;
    static const uint32_t sizes[] = { 1, 3000, FETCH_SIZE_MAX, UINT32_MAX };
    (void)state;
    desk_open(&desk, 2);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        uint64_t attached[2];
        assert_int_equal(
            fetch_all(&desk, 0, 1, true, sizes[i], &attached[0]), desk.size);
        assert_int_equal(
            fetch_all(&desk, 1, 0, false, sizes[i], &attached[1]), desk.size);
        assert_int_equal(attached[0], desk.size);
        assert_int_equal(attached[1], desk.size);
    }
    desk_close(&desk);
}

static void a_third_agency_gets_nothing_of_a_ledger_between_two(void **state)
{
    struct desk desk;
    struct bench_reply reply;
    (void)state;
    desk_open(&desk, 3);
    for (int authored = 0; authored < 2; authored++) {
        struct fetch fetch = { authored != 0, desk.generation, 0, 1000 };
        assert_int_equal(ask(&desk, 2, 0, &fetch, &reply), REPLY_REFUSED);
        assert_int_equal(refusal(&desk, &reply), REFUSAL_ADDRESS);
    }
    /* not even its end may ask for it as the other end does */
    struct fetch fetch = { true, desk.generation, 0, 1000 };
    assert_int_equal(ask(&desk, 1, 0, &fetch, &reply), REPLY_REFUSED);
    assert_int_equal(refusal(&desk, &reply), REFUSAL_ADDRESS);
    desk_close(&desk);
}

static void only_where_a_parcel_begins(void **state)
{
    struct desk desk;
    struct bench_reply reply;
    struct ledger_parcel parcel;
    (void)state;
    desk_open(&desk, 2);
    struct work *work = federation_begin(desk.federation, 0);
    assert_true(ledger_parcel_at(work,
        peer_ledger(work, federation_peer(desk.federation, 0, 1), LEDGER_OUT),
        desk.size - 1, &parcel));
    assert_int_equal(parcel.count, 2);
    assert_int_equal(federation_end(desk.federation, 0), ERR_NONE);
    struct fetch fetch = { true, desk.generation, 0, 1 };
    static const uint64_t beyond[] = { 0, 1, UINT64_MAX / 2 };
    for (size_t i = 0; i < COUNT(beyond); i++) {
        fetch.first_index = desk.size - 1 + beyond[i];
        assert_int_equal(ask(&desk, 0, 1, &fetch, &reply), REPLY_REFUSED);
        assert_int_equal(refusal(&desk, &reply), REFUSAL_MALFORMED);
    }
    desk_close(&desk);
}

static void what_was_refused_goes_without_its_content(void **state)
{
    struct desk desk;
    struct bench_reply reply;
    struct fetched fetched;
    (void)state;
    desk_open(&desk, 2);
    struct work *work = federation_begin(desk.federation, 0);
    struct ledger *out =
        peer_ledger(work, federation_peer(desk.federation, 0, 1), LEDGER_OUT);
    struct ledger_parcel parcel;
    assert_true(ledger_parcel_at(work, out, desk.size - 1, &parcel));
    parcel.entries[0].withheld = true;
    assert_true(parcel.entries[0].has_referral);
    ledger_entries_write(work, out, parcel.first_index, parcel.entries,
        parcel.count, parcel.note);
    uint64_t index = parcel.first_index;
    assert_int_equal(federation_end(desk.federation, 0), ERR_NONE);
    struct fetch fetch = { false, desk.generation, index, 1 };
    assert_int_equal(ask(&desk, 1, 0, &fetch, &reply), REPLY_FETCHED);
    assert_int_equal(fetched_read(reply.body, &desk.arena, &fetched), ERR_NONE);
    const struct entry *entry = &fetched.parcels[0].entries[0];
    assert_int_equal(entry->salt.size, 0);
    assert_true(entry->mention != NULL);
    assert_int_equal(entry->mention->seq, 1);
    desk_close(&desk);
}

static void who_asks_for_too_much_has_to_wait(void **state)
{
    struct desk desk;
    struct bench_reply reply;
    struct fetch fetch;
    (void)state;
    desk_open(&desk, 2);
    fetch = (struct fetch){ true, desk.generation, 0, FETCH_SIZE_MAX };
    assert_int_equal(ask(&desk, 0, 1, &fetch, &reply), REPLY_FETCHED);
    struct peer *peer = federation_peer(desk.federation, 1, 0);
    assert_true(peer->fetch_credit < FETCH_BURST_SIZE);
    peer->fetch_credit = FETCH_SIZE_MAX - 1;
    federation_wait_until(desk.federation, 1);
    peer->fetch_steady_ms = 1;
    assert_int_equal(ask(&desk, 0, 1, &fetch, &reply), REPLY_BUSY);
    federation_wait_until(desk.federation, 2);
    assert_int_equal(ask(&desk, 0, 1, &fetch, &reply), REPLY_FETCHED);
    federation_wait_until(desk.federation, 3600000);
    assert_int_equal(ask(&desk, 0, 1, &fetch, &reply), REPLY_FETCHED);
    assert_true(peer->fetch_credit > FETCH_BURST_SIZE / 2);
    assert_true(peer->fetch_credit <= FETCH_BURST_SIZE);
    desk_close(&desk);
}

static void what_the_other_end_erased_is_not_given_back(void **state)
{
    static struct node_options options;
    struct desk desk;
    struct call call;
    uint64_t before;
    uint64_t attached;
    (void)state;
    desk_open(&desk, 2);
    struct node *keeper = federation_node(desk.federation, 1);
    options = *keeper->options;
    options.erase_policy = ERASE_REFUSE;
    keeper->options = &options;
    uint64_t bare = fetch_all(&desk, 0, 1, true, 1048576, &before) - before;
    call_begin(&call, "erase");
    call_text(&call, "id", desk.first);
    call_text(&call, "reason", "person_asked");
    assert_int_equal(federation_call(desk.federation, 0, &call)->err, ERR_NONE);
    federation_run(desk.federation);
    uint64_t count = fetch_all(&desk, 0, 1, true, 1048576, &attached);
    assert_int_equal(count - attached, bare + 1);
    desk_close(&desk);
}

/* It may yet come back from the other end, or be sound when it is read again;
 * who asks takes nothing for gone meanwhile. */
static void what_is_damaged_is_not_given(void **state)
{
    static struct key rows[DAMAGE_ROW_COUNT_MAX];
    struct desk desk;
    struct bench_reply reply;
    (void)state;
    desk_open(&desk, 2);
    struct fetch fetch = { true, desk.generation, desk.size - 2, 1 };
    federation_mark(desk.federation);
    size_t count = damage_rows(desk.federation, 1, 'c', rows);
    for (size_t i = 0; i < count; i++)
        damage_row(desk.federation, 1, rows[i], i % 2 == 0);
    federation_crash(desk.federation, 1); /* nothing is in its memory */
    federation_run(desk.federation);
    assert_int_equal(ask(&desk, 0, 1, &fetch, &reply), REPLY_BUSY);
    federation_return(desk.federation);
    federation_crash(desk.federation, 1);
    federation_run(desk.federation);
    assert_int_equal(ask(&desk, 0, 1, &fetch, &reply), REPLY_FETCHED);
    desk_close(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_give_back_the_same_parcels),
        cmocka_unit_test(a_third_agency_gets_nothing_of_a_ledger_between_two),
        cmocka_unit_test(only_where_a_parcel_begins),
        cmocka_unit_test(what_was_refused_goes_without_its_content),
        cmocka_unit_test(who_asks_for_too_much_has_to_wait),
        cmocka_unit_test(what_the_other_end_erased_is_not_given_back),
        cmocka_unit_test(what_is_damaged_is_not_given),
    };
    return cmocka_run_group_tests_name("fetch", tests, NULL, NULL);
}
