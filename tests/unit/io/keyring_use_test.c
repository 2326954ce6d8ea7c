#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "io/card_file.h"
#include "io/crypto_openssl.h"
#include "io/key_renewal.h"
#include "io/keyring.h"
#include "support/agency_folder.h"
#include "support/scratch.h"

#define DAY_MS AGENCY_FOLDER_DAY_MS

/* A gateway's folder. Times are days from the issue of its first card, whose
 * keys end on day 365. */
struct fixture {
    struct scratch scratch;
    struct keyring *keyring;
    struct crypto *crypto;
    struct arena arena;
    struct slice held_bytes;
    struct card held;
    struct keys_problem problem;
};

static const char *path_in(const struct fixture *it, const char *name)
{
    return scratch_path(&it->scratch, name);
}

static struct instant day(const struct fixture *it, int number)
{
    return (struct instant){ it->held.issued.unix_ms + number * DAY_MS };
}

static void fixture_make(struct fixture *it)
{
    struct card_problem problem;
    *it = (struct fixture){ 0 };
    scratch_open(&it->scratch);
    agency_folder_make(it->scratch.path);
    assert_int_equal(arena_init(&it->arena, 1 << 20), ERR_NONE);
    assert_int_equal(
        keyring_open(path_in(it, "keys"), &it->keyring, &it->problem),
        ERR_NONE);
    assert_int_equal(crypto_openssl_new(it->keyring, &it->crypto), ERR_NONE);
    assert_int_equal(card_file_read(it->scratch.path, &it->arena,
                         &it->held_bytes, &it->problem),
        ERR_NONE);
    assert_int_equal(
        card_read(it->crypto, it->held_bytes, &it->arena, &it->held, &problem),
        ERR_NONE);
}

static void fixture_end(struct fixture *it)
{
    crypto_openssl_free(it->crypto);
    keyring_close(it->keyring);
    arena_release(&it->arena);
    scratch_close(&it->scratch);
}

/* New keys for all, from that day on, as a card draft shows them. */
static struct card renewed(struct fixture *it, int from, bool at_once)
{
    struct card card;
    struct key_renewal renewal = { .purposes = { false, true, true, true, true,
                                       true },
        .now = day(it, from - 7),
        .from = day(it, from),
        .key_life_ms = 90 * DAY_MS,
        .card_life_ms = 730 * DAY_MS,
        .at_once = at_once };
    assert_int_equal(
        key_renewal_draft(it->crypto, path_in(it, "keys"), &it->held,
            it->held_bytes, &renewal, &it->arena, &card, &it->problem),
        ERR_NONE);
    return card;
}

static bool use(struct fixture *it, const struct card *card, int at)
{
    bool changed = false;
    assert_int_equal(
        keyring_use(it->keyring, card, day(it, at), &changed, &it->problem),
        ERR_NONE);
    return changed;
}

/* The number in the name of the TLS key's file: of the generation in use. */
static int generation(struct fixture *it)
{
    const char *key_path;
    const char *certificate_path;
    keyring_tls_paths(it->keyring, &key_path, &certificate_path);
    const char *name = strstr(key_path, "tls-");
    return name == NULL ? 0 : name[4] - '0';
}

static void what_no_card_shows_is_not_used(void **state)
{
    struct fixture it;
    (void)state;
    fixture_make(&it);
    struct card card = renewed(&it, 300, false);
    assert_int_equal(keyring_rescan(it.keyring, &it.problem), ERR_NONE);
    assert_false(use(&it, &it.held, 299));
    assert_int_equal(generation(&it), 1);
    for (size_t i = 0; i < card.key_count; i++)
        assert_true(keyring_has(it.keyring, &card.keys[i]));
    /* nor after a start, where the highest numbers come first */
    crypto_openssl_free(it.crypto);
    keyring_close(it.keyring);
    assert_int_equal(
        keyring_open(path_in(&it, "keys"), &it.keyring, &it.problem), ERR_NONE);
    assert_int_equal(crypto_openssl_new(it.keyring, &it.crypto), ERR_NONE);
    assert_int_equal(generation(&it), 2);
    assert_true(use(&it, &it.held, 299));
    assert_int_equal(generation(&it), 1);
    fixture_end(&it);
}

static void the_card_says_when_the_next_key_is_used(void **state)
{
    struct fixture it;
    (void)state;
    fixture_make(&it);
    struct card card = renewed(&it, 300, false);
    assert_int_equal(keyring_rescan(it.keyring, &it.problem), ERR_NONE);
    const struct {
        int at;
        int generation;
    } rows[] = { { 299, 1 }, { 300, 2 }, { 389, 2 }, { 299, 1 },
        /* both are over, or none has begun: something must be used */
        { 4000, 2 }, { -4000, 1 } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int before = generation(&it);
        assert_int_equal(
            use(&it, &card, rows[i].at), before != rows[i].generation);
        assert_int_equal(generation(&it), rows[i].generation);
    }
    fixture_end(&it);
}

static void a_crypto_goes_on_with_its_keys_until_it_is_refreshed(void **state)
{
    struct fixture it;
    uint8_t before[KEY_SIZE];
    uint8_t after[KEY_SIZE];
    uint8_t signature[SIGNATURE_SIZE];
    struct slice message = SLICE_LITERAL("message");
    (void)state;
    fixture_make(&it);
    struct card card = renewed(&it, 300, false);
    assert_int_equal(keyring_rescan(it.keyring, &it.problem), ERR_NONE);
    assert_int_equal(it.crypto->ops->signer_public(
                         it.crypto, CRYPTO_SIGNER_OPERATION, before),
        ERR_NONE);
    uint64_t version = keyring_version(it.keyring);
    assert_true(use(&it, &card, 300));
    assert_true(keyring_version(it.keyring) != version);
    for (int refreshed = 0; refreshed < 2; refreshed++) {
        assert_int_equal(it.crypto->ops->signer_public(
                             it.crypto, CRYPTO_SIGNER_OPERATION, after),
            ERR_NONE);
        assert_int_equal(memcmp(before, after, KEY_SIZE) != 0, refreshed);
        assert_int_equal(it.crypto->ops->sign(it.crypto,
                             CRYPTO_SIGNER_OPERATION, message, signature),
            ERR_NONE);
        assert_true(
            it.crypto->ops->verify(it.crypto, after, message, signature));
        assert_int_equal(crypto_openssl_refresh(it.crypto), ERR_NONE);
    }
    fixture_end(&it);
}

static void a_card_of_other_keys_changes_nothing(void **state)
{
    struct fixture it;
    bool changed = true;
    (void)state;
    fixture_make(&it);
    struct card_key keys[8];
    memcpy(keys, it.held.keys, it.held.key_count * sizeof *keys);
    struct card card = it.held;
    card.keys = keys;
    for (size_t i = 0; i < card.key_count; i++) {
        keys[i].key[0] ^= 1;
        assert_int_equal(
            keyring_use(it.keyring, &card, day(&it, 1), &changed, &it.problem),
            ERR_KEY);
        assert_false(changed);
        assert_false(keyring_has(it.keyring, &keys[i]));
        keys[i].key[0] ^= 1;
    }
    assert_int_equal(generation(&it), 1);
    fixture_end(&it);
}

static size_t retire(struct fixture *it, const struct card *card, int at)
{
    size_t count = 99;
    assert_int_equal(
        keyring_retire(it->keyring, card, day(it, at), &count, &it->problem),
        ERR_NONE);
    return count;
}

static void private_keys_go_a_week_after_their_end(void **state)
{
    static const char *const gone[] = { "log-1.pem", "witness-1.pem",
        "operation-1.pem", "tls-1.pem", "tls-1.crt" };
    struct fixture it;
    (void)state;
    fixture_make(&it);
    struct card card = renewed(&it, 300, false);
    assert_int_equal(keyring_rescan(it.keyring, &it.problem), ERR_NONE);
    assert_int_equal(retire(&it, &it.held, 400), 0); /* the one in use stays */
    assert_true(use(&it, &card, 300));
    assert_int_equal(retire(&it, &card, 365 + 6), 0);
    assert_int_equal(retire(&it, &card, 365 + 7), 4);
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "keys/%s", gone[i]);
        assert_int_equal(access(path_in(&it, name), F_OK), -1);
    }
    /* greetings of those who were apart can still be opened */
    assert_int_equal(access(path_in(&it, "keys/last-resort-1.pem"), F_OK), 0);
    assert_int_equal(generation(&it), 2);
    assert_false(use(&it, &card, 372));
    /* and the gateway starts with what is left */
    struct keyring *again;
    assert_int_equal(
        keyring_open(path_in(&it, "keys"), &again, &it.problem), ERR_NONE);
    keyring_close(again);
    fixture_end(&it);
}

static void what_is_replaced_at_once_goes_at_once(void **state)
{
    struct fixture it;
    (void)state;
    fixture_make(&it);
    struct card card = renewed(&it, 10, true);
    assert_int_equal(keyring_rescan(it.keyring, &it.problem), ERR_NONE);
    assert_true(use(&it, &card, 10));
    assert_int_equal(retire(&it, &card, 10), 5);
    fixture_end(&it);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_no_card_shows_is_not_used),
        cmocka_unit_test(the_card_says_when_the_next_key_is_used),
        cmocka_unit_test(a_crypto_goes_on_with_its_keys_until_it_is_refreshed),
        cmocka_unit_test(a_card_of_other_keys_changes_nothing),
        cmocka_unit_test(private_keys_go_a_week_after_their_end),
        cmocka_unit_test(what_is_replaced_at_once_goes_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
