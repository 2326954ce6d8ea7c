#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/fold.h"
#include "core/register.h"
#include "support/bench_loss.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* What ends a referral erases words; its state outlives them, at both ends. */
static const struct {
    size_t agency;
    const char *step;
    const char *actor;
    const char *state;
} ends[] = {
    { 0, "withdraw", "person", "withdrawn" },
    { 1, "withdraw", "person", "withdrawn" },
    { 0, "cancel", "staff", "cancelled" },
    { 0, "consent_revoked", "person", "seen" },
    { 1, "consent_revoked", "person", "seen" },
};

static char *seen(struct federation *federation)
{
    federation_connect(federation, 0, 1);
    federation_agree(federation);
    char *id = strdup(federation_submit(federation, 0, 1, "first"));
    federation_run(federation);
    (void)federation_act(federation, 1, id, "opened", "o", NULL);
    federation_run(federation);
    assert_string_equal(federation_state(federation, 0, id), "seen");
    return id;
}

static void assert_frozen(
    struct federation *federation, size_t at, const char *id)
{
    struct uuid uuid;
    assert_int_equal(uuid_parse(slice_of_text(id), &uuid), ERR_NONE);
    struct work *work = federation_begin(federation, at);
    const struct referral *referral = register_get(work, &uuid);
    assert_non_null(referral);
    assert_true(referral->frozen);
    assert_int_equal(federation_end(federation, at), ERR_NONE);
}

static void an_end_outlives_the_words(void **state)
{
    static const char *const reason[] = { "cancel_reason", "found_elsewhere",
        NULL };
    (void)state;
    for (size_t i = 0; i < COUNT(ends); i++)
        for (size_t lost = 0; lost < 2; lost++) {
            struct federation *federation = federation_new(2);
            char *id = seen(federation);
            bool cancels = strcmp(ends[i].step, "cancel") == 0;
            (void)federation_act_by(federation, ends[i].agency, id,
                ends[i].step, "e", ends[i].actor, cancels ? reason : NULL);
            federation_run(federation);
            char *was = strdup(federation_state(federation, lost, id));
            if (!cancels)
                assert_string_equal(was, ends[i].state);
            federation_lose_store(federation, lost);
            federation_connect(federation, lost, 1 - lost);
            federation_wait(federation, 600000);
            assert_string_equal(federation_state(federation, lost, id), was);
            assert_string_equal(
                federation_state(federation, 1 - lost, id), was);
            if (strcmp(ends[i].step, "consent_revoked") == 0)
                assert_frozen(federation, lost, id);
            free(was);
            free(id);
            federation_free(federation);
        }
}

static void what_never_arrived_stays_withdrawn(void **state)
{
    struct federation *federation = federation_of_two();
    (void)state;
    char *id = strdup(federation_submit(federation, 0, 1, "in flight"));
    federation_lose(federation, 0);
    (void)federation_act_by(
        federation, 0, id, "consent_revoked", "r", "person", NULL);
    federation_wait(federation, 600000);
    assert_string_equal(federation_state(federation, 0, id), "withdrawn");
    assert_string_equal(federation_state(federation, 1, id), "none");
    federation_lose_store(federation, 0);
    federation_connect(federation, 0, 1);
    federation_wait(federation, 600000);
    assert_string_equal(federation_state(federation, 0, id), "withdrawn");
    assert_string_equal(federation_state(federation, 1, id), "none");
    free(id);
    federation_free(federation);
}

static void a_referral_counts_on_from_where_it_was(void **state)
{
    (void)state;
    for (size_t lost = 0; lost < 2; lost++) {
        struct federation *federation = federation_new(2);
        char *id = seen(federation);
        federation_lose_store(federation, lost);
        federation_connect(federation, lost, 1 - lost);
        federation_wait(federation, 600000);
        static const char *const ask[] = { "question", "since when?", NULL };
        (void)federation_act(federation, 1, id, "ask", "a", ask);
        federation_run(federation);
        static const char *const answer[] = { "answer", "last week", NULL };
        (void)federation_act(federation, 0, id, "answer", "b", answer);
        federation_run(federation);
        assert_string_equal(federation_state(federation, 0, id),
            federation_state(federation, 1, id));
        assert_int_equal(
            federation_logged(federation, 0, LOG_REFERRAL_REFUSED), 0);
        assert_int_equal(
            federation_logged(federation, 1, LOG_REFERRAL_REFUSED), 0);
        free(id);
        federation_free(federation);
    }
}

/* Its words are gone at both ends, so that nothing names its agreement but the
 * other side's mention; what the person says later is still taken. */
static void a_referral_without_words_keeps_its_agreement(void **state)
{
    (void)state;
    for (size_t lost = 0; lost < 2; lost++) {
        struct federation *federation = federation_new(2);
        char *id = seen(federation);
        char text[MOU_ID_TEXT_SIZE + 1];
        struct mou_id mou;
        struct uuid uuid;
        federation_mou_id(federation, text);
        assert_int_equal(mou_id_parse(slice_of_text(text), &mou), ERR_NONE);
        (void)federation_act_by(
            federation, 0, id, "consent_revoked", "r", "person", NULL);
        federation_run(federation);
        federation_lose_store(federation, lost);
        federation_connect(federation, lost, 1 - lost);
        federation_wait(federation, 600000);
        assert_int_equal(uuid_parse(slice_of_text(id), &uuid), ERR_NONE);
        struct work *work = federation_begin(federation, lost);
        const struct referral *referral = register_get(work, &uuid);
        assert_non_null(referral);
        assert_true(mou_id_equal(&referral->mou, &mou));
        assert_int_equal(federation_end(federation, lost), ERR_NONE);
        for (size_t by = 0; by < 2; by++)
            (void)federation_act_by(federation, by, id, "withdraw",
                by == 0 ? "w0" : "w1", "person", NULL);
        federation_run(federation);
        for (size_t at = 0; at < 2; at++) {
            assert_string_equal(
                federation_state(federation, at, id), "withdrawn");
            assert_int_equal(
                federation_logged(federation, at, LOG_REFERRAL_REFUSED), 0);
        }
        free(id);
        federation_free(federation);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_end_outlives_the_words),
        cmocka_unit_test(what_never_arrived_stays_withdrawn),
        cmocka_unit_test(a_referral_counts_on_from_where_it_was),
        cmocka_unit_test(a_referral_without_words_keeps_its_agreement),
    };
    return cmocka_run_group_tests_name("fold_event", tests, NULL, NULL);
}
