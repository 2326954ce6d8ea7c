#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/ledger.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "support/bench_node.h"
#include "support/bench_papers.h"
#include "support/crypto_fake.h"

/* More than one reply tells of. */
#define PEER_COUNT 250

/* Cards that an operator brought; nobody accepted them yet. */
static void cards_import(struct federation *federation)
{
    struct arena papers;
    assert_int_equal(arena_init(&papers, 64 * 1024), ERR_NONE);
    for (uint64_t i = 0; i < PEER_COUNT; i++) {
        struct crypto *crypto = crypto_fake_new(1000 + i, 20500, 1);
        struct call call;
        call_begin(&call, "card.import");
        call_data(&call, "data",
            papers_card(crypto, 1, 1, SLICE_NONE, federation_now(federation),
                (struct instant){
                    federation_now(federation).unix_ms + 30 * PAPERS_DAY_MS },
                &papers));
        const struct local_reply *reply = federation_call(federation, 0, &call);
        assert_int_equal(reply->err, ERR_NONE);
        crypto_fake_free(crypto);
        arena_reset(&papers);
    }
    arena_release(&papers);
}

/* As long as they are when something was cosigned. */
static void notes_fill(struct federation *federation)
{
    static uint8_t text[NOTE_SIZE_MAX - 1];
    struct work *work = federation_begin(federation, 0);
    memset(text, 'n', sizeof text);
    for (size_t i = 0; i < work->node->peer_count; i++)
        for (int k = 0; k < 2; k++) {
            struct ledger *ledger = peer_ledger(
                work, work->node->peers[i], k == 0 ? LEDGER_OUT : LEDGER_IN);
            ledger->note = SLICE_ARRAY(text);
            ledger_save(work, ledger);
        }
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
}

/* How many records of that type there are, in how many replies. */
static size_t listed(struct federation *federation, const char *operation,
    const char *type, size_t *page_count)
{
    char after[128] = "";
    size_t count = 0;
    bool goes_on = true;
    *page_count = 0;
    while (goes_on) {
        struct call call;
        call_begin(&call, operation);
        if (after[0] != '\0')
            call_text(&call, "after", after);
        const struct local_reply *reply = federation_call(federation, 0, &call);
        assert_int_equal(reply->err, ERR_NONE);
        ++*page_count;
        const struct local_record *more = reply_record(reply, "more", 0);
        goes_on = more != NULL;
        for (size_t i = 0; i < reply->record_count; i++)
            count += slice_is(reply->records[i].type, type);
        if (goes_on) {
            struct slice text = record_text(more, "after");
            assert_true(text.size < sizeof after);
            memcpy(after, text.bytes, text.size);
            after[text.size] = '\0';
        }
    }
    return count;
}

static void lists_of_many_agencies_are_whole(void **state)
{
    struct federation *federation = federation_new(1);
    size_t page_count;
    (void)state;
    cards_import(federation);
    notes_fill(federation);
    assert_int_equal(federation_node(federation, 0)->peer_count, PEER_COUNT);
    assert_int_equal(
        listed(federation, "peer.list", "peer", &page_count), PEER_COUNT);
    assert_int_equal(listed(federation, "ledger.list", "ledger", &page_count),
        2 * PEER_COUNT);
    assert_true(page_count > 1);
    assert_int_equal(listed(federation, "ledger.verify", "ledger", &page_count),
        2 * PEER_COUNT);
    assert_true(page_count > 1);
    federation_free(federation);
}

static const struct local_reply *list(
    struct federation *federation, const char *state, struct slice after)
{
    struct call call;
    char text[UUID_URN_SIZE + 1] = "";
    call_begin(&call, "list");
    call_text(&call, "state", state);
    if (after.size > 0) {
        assert_true(after.size < sizeof text);
        memcpy(text, after.bytes, after.size);
        call_text(&call, "after", text);
    }
    const struct local_reply *reply = federation_call(federation, 0, &call);
    assert_non_null(reply);
    assert_int_equal(reply->err, ERR_NONE);
    return reply;
}

/* Few or none of very many: a request looks at some, and says so. */
static void a_long_search_has_parts(void **state)
{
    struct federation *federation = federation_of_two();
    (void)state;
    for (uint32_t i = 0; i < LIST_LOOK_COUNT_MAX + 10; i++) {
        char key[24];
        (void)snprintf(key, sizeof key, "k%u", i);
        (void)federation_submit(federation, 0, 1, key);
    }
    const struct local_reply *reply = list(federation, "closed", SLICE_NONE);
    assert_int_equal(reply->record_count, 1);
    const struct local_record *more = reply_record(reply, "more", 0);
    assert_non_null(more);
    reply = list(federation, "closed", record_text(more, "after"));
    assert_int_equal(reply->record_count, 0);
    reply = list(federation, "sent", SLICE_NONE);
    assert_int_equal(reply->record_count, LOCAL_PAGE_COUNT_MAX);
    assert_null(reply_record(reply, "more", 0));
    federation_free(federation);
}

static void a_list_goes_on_behind_an_agency_that_is_known(void **state)
{
    struct federation *federation = federation_new(1);
    struct call call;
    (void)state;
    call_begin(&call, "ledger.list");
    call_text(&call, "after", "aaaaaaaaaaaaaaaaaaaaaaaaaa");
    assert_int_equal(federation_call(federation, 0, &call)->err, ERR_NOT_FOUND);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_of_many_agencies_are_whole),
        cmocka_unit_test(a_long_search_has_parts),
        cmocka_unit_test(a_list_goes_on_behind_an_agency_that_is_known),
    };
    return cmocka_run_group_tests_name("desk_page", tests, NULL, NULL);
}
