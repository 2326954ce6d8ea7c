/* What peers and programs of the agency can make a node hold in memory: never
 * more than a step has. A node that ran out would end, and would be asked the
 * same again when it is back. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/delivery.h"
#include "core/limits.h"
#include "support/bench_node.h"

static struct federation *opened(void)
{
    struct federation *federation = federation_new(2);
    federation_connect(federation, 0, 1);
    federation_agree(federation);
    return federation;
}

/* Queues such entries from 0 to 1, all for one batch. */
static void tell(struct federation *federation, enum entry_kind kind,
    const struct slice *contents, size_t count)
{
    struct work *work = federation_begin(federation, 0);
    struct peer *peer = federation_peer(federation, 0, 1);
    for (size_t i = 0; i < count; i++) {
        struct tell entry = { .kind = kind, .content = contents[i] };
        assert_true(delivery_tell(work, peer, &entry));
    }
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
}

static void as_many_answers_as_entries_can_be_taken(void **state)
{
    struct slice contents[PARCEL_ENTRY_COUNT_MAX];
    struct federation *federation = opened();
    (void)state;
    for (size_t i = 0; i < PARCEL_ENTRY_COUNT_MAX; i++)
        contents[i] = SLICE_LITERAL("of a kind that is refused");
    tell(federation, ENTRY_NOTICE, contents, PARCEL_ENTRY_COUNT_MAX);
    federation_run(federation);
    assert_int_equal(federation_logged(federation, 0, LOG_PEER_REFUSED),
        PARCEL_ENTRY_COUNT_MAX);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_answers_as_entries_can_be_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
