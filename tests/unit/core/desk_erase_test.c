/* Staff erase and look for what is to be erased: what they may say, and what
 * they are told. What erasing does: erase_test.c. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/element.h"
#include "core/limits.h"
#include "support/bench_node.h"

static struct federation *opened(void)
{
    return federation_of_two();
}

static void refused(struct federation *federation, struct call *call,
    enum err err, const char *clause)
{
    const struct local_reply *reply = federation_call(federation, 0, call);
    assert_int_equal(reply->err, err);
    assert_true(slice_is(reply->clause, clause));
    assert_true(reply->remedy.size > 0);
    assert_int_equal(reply->record_count, 0);
}

/* What an erasure of everything says, but for one field. */
static void what_is_not_said_so_is_refused_by_name(void **state)
{
    static const struct {
        const char *field;
        const char *value;
        enum err err;
        const char *clause;
    } rows[] = {
        { "id", "not an id", ERR_NOT_FOUND, "erase.id" },
        { "id", "urn:uuid:00000000-0000-4000-8000-000000000001", ERR_NOT_FOUND,
            "erase.id" },
        { "reason", "", ERR_INVALID, "erase.reason" },
        { "reason", "because", ERR_INVALID, "erase.reason" },
        { "actor", "nobody", ERR_INVALID, "erase.actor" },
        { "actor", "gateway", ERR_INVALID, "erase.actor" },
        { "elements", "call_name nonsense", ERR_INVALID, "erase.elements" },
    };
    struct federation *federation = opened();
    const char *id = federation_submit(federation, 0, 1, "first");
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct call call;
        call_begin(&call, "erase");
        call_text(&call, "id", id);
        call_text(&call, "reason", "person_asked");
        call_text(&call, "actor", "staff");
        call_text(&call, "elements", "needs");
        call_change(&call, NULL, rows[i].field, rows[i].value);
        refused(federation, &call, rows[i].err, rows[i].clause);
    }
    federation_run(federation);
    assert_string_equal(federation_state(federation, 1, id), "delivered");
    federation_free(federation);
}

static void elements_have_a_bound(void **state)
{
    static char codes[(REFERRAL_ELEMENT_COUNT_MAX + 1) * sizeof "needs"];
    struct federation *federation = opened();
    const char *id = federation_submit(federation, 0, 1, "first");
    struct call call;
    (void)state;
    for (size_t i = 0; i <= REFERRAL_ELEMENT_COUNT_MAX; i++)
        memcpy(&codes[i * sizeof "needs"], "needs ", sizeof "needs");
    codes[sizeof codes - 1] = '\0';
    call_begin(&call, "erase");
    call_text(&call, "id", id);
    call_text(&call, "reason", "law");
    call_text(&call, "elements", codes);
    refused(federation, &call, ERR_INVALID, "erase.elements");
    federation_free(federation);
}

static void who_only_asks_changes_nothing(void **state)
{
    struct federation *federation = opened();
    const char *id = federation_submit(federation, 0, 1, "first");
    struct call call;
    (void)state;
    call_begin(&call, "erase");
    call_text(&call, "id", id);
    call_flag(&call, "dry_run", true);
    const struct local_reply *reply = federation_call(federation, 0, &call);
    assert_int_equal(reply->err, ERR_NONE);
    const struct local_record *erasure = reply_record(reply, "erasure", 0);
    assert_true(record_flag(erasure, "dry_run"));
    assert_true(record_is(erasure, "notice", ""));
    assert_true(record_number(erasure, "contents") > 0);
    federation_run(federation);
    assert_string_equal(federation_state(federation, 1, id), "delivered");
    federation_free(federation);
}

static void a_search_says_how_far_it_came(void **state)
{
    struct federation *federation = opened();
    struct call call;
    (void)state;
    (void)federation_submit(federation, 0, 1, "first");
    (void)federation_submit(federation, 0, 1, "second");
    call_begin(&call, "erase.find");
    call_text(&call, "pairwise_id", "a17");
    const struct local_reply *reply = federation_call(federation, 0, &call);
    assert_int_equal(reply->err, ERR_NONE);
    assert_int_equal(reply_count(reply, "referral"), 0);
    const struct local_record *search = reply_record(reply, "search", 0);
    assert_int_equal(record_number(search, "referrals"), 2);
    assert_true(record_flag(search, "done"));
    /* from the last one on there is none */
    char after[UUID_URN_SIZE + 1] = "";
    struct slice last = record_text(search, "after");
    assert_int_equal(last.size, UUID_URN_SIZE);
    memcpy(after, last.bytes, last.size);
    call_text(&call, "after", after);
    reply = federation_call(federation, 0, &call);
    search = reply_record(reply, "search", 0);
    assert_int_equal(record_number(search, "referrals"), 0);
    assert_true(record_flag(search, "done"));
    federation_free(federation);
}

static void a_search_is_for_a_code_from_an_id(void **state)
{
    struct federation *federation = opened();
    struct call call;
    (void)state;
    call_begin(&call, "erase.find");
    call_text(&call, "pairwise_id", "two words");
    refused(federation, &call, ERR_INVALID, "erase.pairwise_id");
    call_begin(&call, "erase.find");
    call_text(&call, "pairwise_id", "a17");
    call_text(&call, "after", "the beginning");
    refused(federation, &call, ERR_INVALID, "erase.after");
    call_change(
        &call, NULL, "after", "urn:uuid:ffffffff-ffff-ffff-ffff-ffffffffffff");
    refused(federation, &call, ERR_INVALID, "erase.after");
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_said_so_is_refused_by_name),
        cmocka_unit_test(elements_have_a_bound),
        cmocka_unit_test(who_only_asks_changes_nothing),
        cmocka_unit_test(a_search_says_how_far_it_came),
        cmocka_unit_test(a_search_is_for_a_code_from_an_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
