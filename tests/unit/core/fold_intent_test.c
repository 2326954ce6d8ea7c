/* What waited in an older copy of the store, and is damaged there, had arrived:
 * it comes back with the ledger. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/limits.h"
#include "core/node_state.h"
#include "support/bench_damage.h"
#include "support/bench_loss.h"

static struct key rows[DAMAGE_ROW_COUNT_MAX];

struct affair {
    struct federation *federation;
    struct store_memory_snapshot *backup;
    char *id;
};

static void affair_open(struct affair *affair)
{
    affair->federation = federation_of_two();
    affair->id = strdup(federation_submit(affair->federation, 0, 1, "first"));
    assert_non_null(affair->id);
}

static void affair_close(struct affair *affair)
{
    store_memory_snapshot_free(affair->backup);
    free(affair->id);
    federation_free(affair->federation);
}

static size_t words_damage(struct federation *federation)
{
    size_t count = damage_rows(federation, 0, 'c', rows);
    for (size_t i = 0; i < count; i++)
        damage_row(federation, 0, rows[i], true);
    return count;
}

/* All that 0 holds is damaged; nothing is in its memory. */
static void restore_damaged(struct affair *affair)
{
    federation_restore(affair->federation, 0, affair->backup);
    while (federation_message_count(affair->federation) > 0)
        federation_lose(affair->federation, 0);
    assert_true(words_damage(affair->federation) > 0);
    federation_crash(affair->federation, 0);
    for (int i = 0; i < 6; i++)
        federation_wait(affair->federation, PATROL_AGAIN_MS);
}

static void expect_whole(struct federation *federation)
{
    static uint64_t faults[SCRUB_FAULT_COUNT];
    damage_patrol(federation, 0);
    federation_wait(federation, PATROL_AGAIN_MS);
    assert_int_equal(damage_found(federation, 0, faults), 0);
    assert_int_equal(federation_peer(federation, 0, 1)->queued_count, 0);
}

static void words_that_had_arrived_come_back(void **state)
{
    struct affair affair;
    struct instant until = { FEDERATION_START_MS + 60 * FEDERATION_DAY_MS };
    (void)state;
    affair_open(&affair);
    /* what goes to all, and is about no referral, is on its way as well */
    assert_int_equal(federation_card_change(affair.federation, 0,
                         federation_card_new(affair.federation, 0, 2, until)),
        ERR_NONE);
    affair.backup = federation_back_up(affair.federation, 0);
    federation_run(affair.federation);
    restore_damaged(&affair);
    assert_int_equal(
        federation_logged(affair.federation, 0, LOG_LEDGER_RECOVERED), 1);
    expect_whole(affair.federation);
    const struct local_reply *reply =
        federation_get(affair.federation, 0, affair.id);
    assert_int_equal(reply->err, ERR_NONE);
    const struct local_record *element = reply_record(reply, "element", 0);
    assert_non_null(element);
    assert_true(record_text(element, "value").size > 0);
    assert_string_equal(
        federation_state(affair.federation, 0, affair.id), "delivered");
    affair_close(&affair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_that_had_arrived_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
