#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/identity.h"
#include "io/card_file.h"
#include "io/crypto_openssl.h"
#include "support/agency_folder.h"
#include "support/said.h"
#include "support/scratch.h"

#define DAY_MS AGENCY_FOLDER_DAY_MS

/* A gateway whose first card and keys end on day 365. */
static struct scratch scratch;
static struct identity identity;
static struct arena arena;
static struct said said;
static struct identity_change change;
static char keys_dir[sizeof scratch.path + 8];

static void open_it(void)
{
    struct keys_problem problem;
    struct slice card;
    scratch_open(&scratch);
    agency_folder_make(scratch.path);
    (void)snprintf(keys_dir, sizeof keys_dir, "%s/keys", scratch.path);
    assert_int_equal(arena_init(&arena, 1 << 20), ERR_NONE);
    identity = (struct identity){ .data = scratch.path,
        .keys_dir = keys_dir,
        .rules = { 90 * DAY_MS, 14 * DAY_MS, 730 * DAY_MS } };
    assert_int_equal(
        keyring_open(keys_dir, &identity.keyring, &problem), ERR_NONE);
    assert_int_equal(
        crypto_openssl_new(identity.keyring, &identity.crypto), ERR_NONE);
    assert_int_equal(
        card_file_read(scratch.path, &arena, &card, &problem), ERR_NONE);
    assert_int_equal(identity_open(&identity, card), ERR_NONE);
}

static void close_it(void)
{
    crypto_openssl_free(identity.crypto);
    keyring_close(identity.keyring);
    for (int i = 0; i < 2; i++)
        arena_release(&identity.arenas[i]);
    arena_release(&arena);
    scratch_close(&scratch);
}

static const char *step_at(int64_t issued_ms, int day, bool clock_holds)
{
    said_begin(&said);
    assert_int_equal(
        identity_step(&identity, (struct instant){ issued_ms + day * DAY_MS },
            clock_holds, &change),
        ERR_NONE);
    return said_end(&said);
}

static void nothing_changes_while_nothing_is_due(void **state)
{
    (void)state;
    open_it();
    int64_t issued = identity.card.issued.unix_ms;
    assert_string_equal(step_at(issued, 350, true), "");
    assert_false(change.card || change.keys);
    close_it();
}

/* From the day on that the root key is there: cards follow each other, and keys
 * are changed in the middle of their overlap. */
static void keys_follow_each_other_by_themselves(void **state)
{
    (void)state;
    open_it();
    int64_t issued = identity.card.issued.unix_ms;
    (void)step_at(issued, 351, true);
    assert_true(change.card);
    assert_false(change.keys);
    assert_int_equal(identity.card.serial, 2);
    (void)step_at(issued, 357, true);
    assert_false(change.card || change.keys);
    (void)step_at(issued, 358, true);
    assert_false(change.card);
    assert_true(change.keys);
    assert_non_null(strstr(step_at(issued, 372, true), "keys.retired keys=4"));
    assert_int_equal(identity.card.serial, 2);
    /* 358 + 90 - 14; TLS keys live as long as the card */
    (void)step_at(issued, 434, true);
    assert_true(change.card);
    assert_int_equal(identity.card.serial, 3);
    size_t tls = 0;
    for (size_t i = 0; i < identity.card.key_count; i++)
        tls += identity.card.keys[i].purpose == KEY_TLS;
    assert_int_equal(tls, 1);
    assert_int_equal(access(scratch_path(&scratch, "card-1"), F_OK), 0);
    assert_int_equal(access(scratch_path(&scratch, "card-2"), F_OK), 0);
    close_it();
}

static void no_key_is_made_or_destroyed_by_a_clock_in_doubt(void **state)
{
    (void)state;
    open_it();
    int64_t issued = identity.card.issued.unix_ms;
    assert_string_equal(step_at(issued, 4000, false), "");
    assert_false(change.card || change.keys);
    assert_int_equal(access(scratch_path(&scratch, "keys/log-1.pem"), F_OK), 0);
    assert_int_equal(
        access(scratch_path(&scratch, "keys/log-2.pem"), F_OK), -1);
    close_it();
}

static void without_the_root_key_it_warns_once_a_day(void **state)
{
    (void)state;
    open_it();
    int64_t issued = identity.card.issued.unix_ms;
    assert_int_equal(unlink(scratch_path(&scratch, "keys/root.pem")), 0);
    assert_non_null(strstr(step_at(issued, 351, true), "card.due until_ms="));
    assert_string_equal(step_at(issued, 351, true), "");
    assert_non_null(strstr(step_at(issued, 352, true), "code=ERR_NOT_FOUND"));
    assert_int_equal(
        access(scratch_path(&scratch, "keys/log-2.pem"), F_OK), -1);
    close_it();
}

static struct slice next_card(void)
{
    struct slice card;
    struct keys_problem problem;
    struct identity other = identity;
    struct identity_change ignored;
    /* another process makes and installs it */
    for (int i = 0; i < 2; i++)
        assert_int_equal(arena_init(&other.arenas[i], 4 << 20), ERR_NONE);
    assert_int_equal(
        keyring_open(keys_dir, &other.keyring, &problem), ERR_NONE);
    said_begin(&said);
    assert_int_equal(
        identity_step(&other,
            (struct instant){ identity.card.issued.unix_ms + 364 * DAY_MS },
            true, &ignored),
        ERR_NONE);
    (void)said_end(&said);
    keyring_close(other.keyring);
    for (int i = 0; i < 2; i++)
        arena_release(&other.arenas[i]);
    assert_int_equal(
        card_file_read(scratch.path, &arena, &card, &problem), ERR_NONE);
    return card;
}

static void an_offered_card_is_taken_with_its_keys(void **state)
{
    (void)state;
    open_it();
    int64_t issued = identity.card.issued.unix_ms;
    struct slice card = next_card();
    assert_false(identity_has_offer(&identity));
    assert_true(identity_offer(&identity, SLICE_LITERAL("old news")));
    assert_true(identity_offer(&identity, card));
    assert_true(identity_has_offer(&identity));
    assert_non_null(strstr(step_at(issued, 364, true), "keys.used serial=2"));
    assert_true(change.card && change.keys);
    assert_false(identity_has_offer(&identity));
    /* the same once more is no news */
    assert_true(identity_offer(&identity, card));
    assert_string_equal(step_at(issued, 364, true), "");
    assert_false(change.card || change.keys);
    close_it();
}

static void what_cannot_be_used_is_refused_and_all_stays(void **state)
{
    struct {
        struct slice card;
        const char *code;
    } rows[] = {
        { SLICE_LITERAL("no card"), "code=ERR_MALFORMED" },
        { SLICE_NONE, "code=ERR_EXISTS" },
    };
    struct keys_problem problem;
    (void)state;
    open_it();
    int64_t issued = identity.card.issued.unix_ms;
    /* another of the first serial */
    agency_folder_card(scratch.path, issued + 300 * DAY_MS);
    assert_int_equal(
        card_file_read(scratch.path, &arena, &rows[1].card, &problem),
        ERR_NONE);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_true(identity_offer(&identity, rows[i].card));
        const char *text = step_at(issued, 10, true);
        if (strstr(text, "card.unusable") == NULL ||
            strstr(text, rows[i].code) == NULL)
            fail_msg("row %zu: %s", i, text);
        assert_false(change.card || change.keys);
        assert_int_equal(identity.card.serial, 1);
    }
    close_it();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_changes_while_nothing_is_due),
        cmocka_unit_test(keys_follow_each_other_by_themselves),
        cmocka_unit_test(no_key_is_made_or_destroyed_by_a_clock_in_doubt),
        cmocka_unit_test(without_the_root_key_it_warns_once_a_day),
        cmocka_unit_test(an_offered_card_is_taken_with_its_keys),
        cmocka_unit_test(what_cannot_be_used_is_refused_and_all_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
