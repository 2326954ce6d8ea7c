#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/keys.h"
#include "core/scrub.h"
#include "support/bench_damage.h"
#include "support/bench_node.h"

/* What a walk came to. */
struct walk {
    uint64_t findings;
    uint64_t rows;
    size_t pieces;
    bool faults[SCRUB_FAULT_COUNT];
    char tables[16]; /* of the findings, each once */
    uint64_t holds;
    uint64_t refers;
    uint64_t owners;
};

static struct federation *agreed(void)
{
    return federation_of_two();
}

static void found(void *user, const struct scrub_finding *finding)
{
    struct walk *walk = user;
    char table = (char)finding->key.bytes[0];
    walk->faults[finding->fault] = true;
    if (strchr(walk->tables, table) == NULL)
        walk->tables[strlen(walk->tables)] = table;
}

static void refers(void *user, struct content_ref ref)
{
    ((struct walk *)user)->refers += ref.segment > 0;
}

static void holds(void *user, struct content_ref ref)
{
    ((struct walk *)user)->holds += ref.segment > 0;
}

static void owns(void *user, uint64_t entry, struct slice key)
{
    ((struct walk *)user)->owners += entry > 0 && key.bytes[0] == 'r';
}

/* All of it within a batch, of a node that may fail at its end. */
static struct walk walk_damaged(struct federation *federation)
{
    struct walk result = { 0 };
    struct scrub scrub = { 0 };
    const struct scrub_watch watch = { .user = &result, .found = found };
    struct work *work = federation_begin(federation, 0);
    while (!scrub.is_over) {
        scrub_go_on(work, &scrub, &watch);
        assert_int_equal(work->txn->err, ERR_NONE);
        assert_true(++result.pieces < 1000);
    }
    (void)!federation_end(federation, 0);
    return result;
}

/* All of it, in pieces, the state between them as bytes. */
static struct walk walk(struct federation *federation, size_t agency)
{
    struct walk result = { 0 };
    struct scrub scrub = { 0 };
    const struct scrub_watch watch = { .user = &result,
        .found = found,
        .refers = refers,
        .holds = holds,
        .owns = owns };
    do {
        uint8_t bytes[SCRUB_STATE_SIZE_MAX];
        struct packer out = pack_into(bytes, sizeof bytes);
        struct work *work = federation_begin(federation, agency);
        scrub_go_on(work, &scrub, &watch);
        assert_int_equal(work->txn->err, ERR_NONE);
        assert_int_equal(federation_end(federation, agency), ERR_NONE);
        scrub_pack(&scrub, &out);
        assert_int_equal(out.err, ERR_NONE);
        assert_int_equal(scrub_unpack(packed(&out), &scrub), ERR_NONE);
        assert_true(++result.pieces < 1000);
    } while (!scrub.is_over);
    result.findings = scrub.findings;
    result.rows = scrub.rows;
    return result;
}

static void expect_whole(struct federation *federation, const char *when)
{
    for (size_t agency = 0; agency < 2; agency++) {
        struct walk result = walk(federation, agency);
        if (result.findings > 0)
            for (int i = 0; i < SCRUB_FAULT_COUNT; i++)
                if (result.faults[i])
                    fail_msg("%s: at %zu: %s in %s", when, agency,
                        scrub_fault_name((enum scrub_fault)i), result.tables);
        assert_true(result.rows > 0);
    }
}

/* Referrals in several states, one that waits, one that was never told. */
static struct federation *busy(void)
{
    struct federation *federation = agreed();
    const char *first = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    (void)federation_act(federation, 1, first, "accept", "a", NULL);
    const char *second = federation_submit(federation, 0, 1, "second");
    federation_run(federation);
    (void)federation_act(federation, 0, second, "withdraw", "w", NULL);
    federation_run(federation);
    (void)federation_submit(federation, 1, 0, "back");
    federation_run(federation);
    return federation;
}

static void a_store_is_whole_at_every_moment(void **state)
{
    struct federation *federation = federation_new(2);
    (void)state;
    expect_whole(federation, "new");
    federation_connect(federation, 0, 1);
    expect_whole(federation, "connected");
    federation_agree(federation);
    expect_whole(federation, "agreed");
    const char *id = federation_submit(federation, 0, 1, "first");
    expect_whole(federation, "submitted");
    while (federation_message_count(federation) > 0) {
        federation_deliver(federation, 0);
        expect_whole(federation, "on its way");
    }
    (void)federation_act(federation, 1, id, "accept", "a", NULL);
    federation_run(federation);
    expect_whole(federation, "accepted");
    (void)federation_act(federation, 0, id, "consent_revoked", "c", NULL);
    expect_whole(federation, "consent revoked");
    federation_run(federation);
    expect_whole(federation, "and told");
    federation_crash(federation, 0);
    expect_whole(federation, "started again");
    federation_free(federation);
}

static void what_waits_is_counted(void **state)
{
    struct federation *federation = agreed();
    (void)state;
    for (int i = 0; i < 5; i++) {
        char key[8];
        (void)snprintf(key, sizeof key, "k%d", i);
        (void)federation_submit(federation, 0, 1, key);
    }
    expect_whole(federation, "five, of which one travels");
    federation_run(federation);
    expect_whole(federation, "none");
    federation_free(federation);
}

static void whoever_watches_sees_every_content(void **state)
{
    struct federation *federation = busy();
    (void)state;
    struct walk result = walk(federation, 0);
    assert_true(result.holds > 0);
    assert_true(result.refers >= result.holds);
    assert_int_equal(result.owners, 3);
    federation_free(federation);
}

/* ---- Damage -------------------------------------------------------------- */

/* A row of these tables, changed or gone, is missed by another, or by
 * itself. What only seals protect, such as times, is for the store below. */
static void damage_is_found(void **state)
{
    static const struct {
        char table;
        bool all;
        const char *where; /* one of these tables tells */
    } cases[] = {
        { 'p', false, "p" },
        { 'h', false, "h" },
        { 'm', false, "m" },
        { 'l', false, "l" },

        { 'c', false, "cerf" },
        { 'k', true, "" },
        { 'l', true, "e" },
        { 'e', true, "le" },
        { 'c', true, "erf" },
        { 'r', true, "kfeo" },
        { 'f', true, "re" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static struct key rows[DAMAGE_ROW_COUNT_MAX];
        struct federation *federation = busy();
        size_t count = damage_rows(federation, 0, cases[i].table, rows);
        assert_true(count > 0);
        size_t step = count > 3 ? (count - 1) / 2 : 1;
        for (size_t k = 0; k < count; k += step) {
            federation_mark(federation);
            damage_row(federation, 0, rows[k], cases[i].all);
            struct walk result = walk_damaged(federation);
            bool is_told = cases[i].where[0] == '\0';
            for (const char *at = cases[i].where; *at != '\0'; at++)
                is_told |= strchr(result.tables, *at) != NULL;
            if (!is_told)
                fail_msg("%c, row %zu of %zu, all %d: %s", cases[i].table, k,
                    count, cases[i].all, result.tables);
            federation_return(federation);
        }
        federation_free(federation);
    }
}

static struct key hidden;
static const struct store_ops *sound;

/* Who walks comes upon it; who looks it up does not. */
static enum err probe_hidden(struct store_txn *txn, size_t prefix_size,
    struct slice *key, struct slice *value, bool back)
{
    if (prefix_size == hidden.size && slice_equal(*key, key_slice(&hidden)))
        return ERR_NOT_FOUND;
    return sound->probe(txn, prefix_size, key, value, back);
}

/* As where a bit of a key has turned, in the pages above it. */
static void a_row_that_nobody_would_find_is_told(void **state)
{
    static const char letters[] = "pmerf";
    static struct key rows[DAMAGE_ROW_COUNT_MAX];
    struct federation *federation = busy();
    (void)state;
    for (const char *letter = letters; *letter != '\0'; letter++) {
        struct walk result = { 0 };
        struct scrub scrub = { 0 };
        const struct scrub_watch watch = { .user = &result, .found = found };
        assert_true(damage_rows(federation, 0, *letter, rows) > 0);
        hidden = rows[0];
        struct work *work = federation_begin(federation, 0);
        struct store_ops ops = *work->txn->ops;
        sound = work->txn->ops;
        ops.probe = probe_hidden;
        work->txn->ops = &ops;
        while (!scrub.is_over)
            scrub_go_on(work, &scrub, &watch);
        work->txn->ops = sound;
        assert_int_equal(federation_end(federation, 0), ERR_NONE);
        assert_true(result.faults[SCRUB_HIDDEN]);
        assert_non_null(strchr(result.tables, *letter));
    }
    federation_free(federation);
}

/* ---- Its place, between pieces ------------------------------------------- */

static void a_state_of_someone_else_is_refused_or_harmless(void **state)
{
    struct federation *federation = busy();
    uint8_t bytes[SCRUB_STATE_SIZE_MAX];
    (void)state;
    struct scrub scrub = { .table = 12 };
    struct packer out = pack_into(bytes, sizeof bytes);
    scrub_pack(&scrub, &out);
    size_t size = out.size;
    for (size_t i = 0; i < size; i++)
        for (int bit = 0; bit < 8; bit++) {
            const struct scrub_watch watch = { 0 };
            bytes[i] ^= (uint8_t)(1 << bit);
            if (scrub_unpack(slice_of(bytes, size), &scrub) == ERR_NONE) {
                struct work *work = federation_begin(federation, 0);
                scrub_go_on(work, &scrub, &watch);
                assert_int_equal(work->txn->err, ERR_NONE);
                assert_int_equal(federation_end(federation, 0), ERR_NONE);
            }
            bytes[i] ^= (uint8_t)(1 << bit);
        }
    assert_int_equal(scrub_unpack(SLICE_NONE, &scrub), ERR_MALFORMED);
    assert_int_equal(
        scrub_unpack(slice_of(bytes, size - 1), &scrub), ERR_MALFORMED);
    federation_free(federation);
}

/* Cards that it reads stay in memory until the batch ends. */
static void a_piece_ends_where_the_batch_is_half_full(void **state)
{
    struct federation *federation = busy();
    struct scrub scrub = { 0 };
    const struct scrub_watch watch = { 0 };
    (void)state;
    struct work *work = federation_begin(federation, 0);
    assert_non_null(arena_take(work->arena, work->arena->capacity / 2 + 1));
    scrub_go_on(work, &scrub, &watch);
    assert_int_equal(scrub.rows, 0);
    assert_false(scrub.is_over);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    work = federation_begin(federation, 0);
    scrub_go_on(work, &scrub, &watch);
    assert_true(scrub.rows > 0);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    federation_free(federation);
}

static void it_is_asked_for_piece_by_piece(void **state)
{
    struct federation *federation = busy();
    struct call call;
    (void)state;
    call_begin(&call, "store.check");
    const struct local_reply *reply = federation_call(federation, 0, &call);
    const struct local_record *check = reply_record(reply, "check", 0);
    assert_non_null(check);
    assert_true(record_flag(check, "done"));
    assert_int_equal(record_number(check, "findings"), 0);
    assert_int_equal(reply_count(reply, "damage"), 0);

    static struct key rows[DAMAGE_ROW_COUNT_MAX];
    assert_true(damage_rows(federation, 0, 'e', rows) > 0);
    damage_row(federation, 0, rows[0], false);
    reply = federation_call(federation, 0, &call);
    const struct local_record *damage = reply_record(reply, "damage", 0);
    assert_non_null(damage);
    assert_true(record_is(damage, "table", "entries"));
    assert_true(record_text(damage, "key").size > 0);
    assert_true(record_is(damage, "peer", federation_id(federation, 1)->text));
    federation_free(federation);
}

static void what_is_no_fault_has_no_name(void **state)
{
    (void)state;
    assert_string_equal(scrub_fault_name(SCRUB_FAULT_COUNT), "?");
}

/* It comes from programs. */
static void a_place_that_is_none_is_refused(void **state)
{
    static const struct {
        uint32_t table;
        const char *from;
        bool is_over;
        enum err err;
    } rows[] = {
        { 0, "", false, ERR_NONE },
        { 0, "n", false, ERR_NONE },
        { 0, "p", false, ERR_MALFORMED },
        { 20, "", true, ERR_NONE },
        { 20, "", false, ERR_MALFORMED },
        { 20, "c", true, ERR_MALFORMED },
        { 21, "", false, ERR_MALFORMED },
        { 0, "", true, ERR_MALFORMED },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct scrub scrub = { .table = rows[i].table,
            .is_over = rows[i].is_over };
        uint8_t bytes[SCRUB_STATE_SIZE_MAX];
        struct packer out = pack_into(bytes, sizeof bytes);
        scrub.from.size = strlen(rows[i].from);
        memcpy(scrub.from.bytes, rows[i].from, scrub.from.size);
        scrub_pack(&scrub, &out);
        if (scrub_unpack(packed(&out), &scrub) != rows[i].err)
            fail_msg("row %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_is_whole_at_every_moment),
        cmocka_unit_test(what_waits_is_counted),
        cmocka_unit_test(whoever_watches_sees_every_content),
        cmocka_unit_test(damage_is_found),
        cmocka_unit_test(a_row_that_nobody_would_find_is_told),
        cmocka_unit_test(a_state_of_someone_else_is_refused_or_harmless),
        cmocka_unit_test(a_piece_ends_where_the_batch_is_half_full),
        cmocka_unit_test(it_is_asked_for_piece_by_piece),
        cmocka_unit_test(what_is_no_fault_has_no_name),
        cmocka_unit_test(a_place_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
