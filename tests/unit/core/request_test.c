#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/envelope.h"
#include "core/limits.h"
#include "core/request.h"
#include "support/codec_check.h"
#include "support/open_copy.h"
#include "support/seal_desk.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- Requests ---- */

static void what_is_sealed_opens_as_it_was(void **state)
{
    struct seal_desk desk;
    struct request_secret sent;
    struct request_secret got;
    struct request request;
    (void)state;
    seal_desk_open(&desk);
    struct slice envelope = seal_desk_seal(&desk, "who is it", &sent);
    assert_int_equal(
        seal_desk_unseal(&desk, SEAL_BOB, envelope, &got, &request), ERR_NONE);
    assert_true(agency_id_equal(&request.sender, &desk.id[SEAL_ALICE]));
    assert_int_equal(request.kind, REQUEST_DELIVER);
    assert_int_equal(request.at.unix_ms, SEAL_NOW.unix_ms);
    assert_true(slice_is(request.body, "who is it"));
    assert_int_equal(request.opener, CRYPTO_OPENER_DAY);
    assert_true(agency_id_equal(&got.sender, &sent.sender));
    assert_true(agency_id_equal(&got.recipient, &sent.recipient));
    assert_memory_equal(got.enc, sent.enc, KEY_SIZE);
    assert_memory_equal(&got.hpke, &sent.hpke, sizeof got.hpke);
    seal_desk_close(&desk);
}

static void every_kind_and_an_empty_body_go_through(void **state)
{
    struct seal_desk desk;
    (void)state;
    seal_desk_open(&desk);
    for (int kind = 1; kind < REQUEST_KIND_COUNT; kind++) {
        struct request_secret secret;
        struct request request;
        struct slice envelope;
        assert_int_equal(
            request_seal(desk.crypto[SEAL_ALICE], &desk.id[SEAL_ALICE],
                &desk.id[SEAL_BOB], desk.today[SEAL_BOB],
                (enum request_kind)kind, SEAL_NOW, SLICE_NONE, seal_seeds[0],
                &desk.arena, &secret, &envelope),
            ERR_NONE);
        assert_int_equal(
            seal_desk_unseal(&desk, SEAL_BOB, envelope, &secret, &request),
            ERR_NONE);
        assert_int_equal(request.kind, kind);
        assert_int_equal(request.body.size, 0);
    }
    seal_desk_close(&desk);
}

static void the_last_resort_key_is_told_apart(void **state)
{
    struct seal_desk desk;
    struct request_secret secret;
    struct request request;
    uint8_t key[KEY_SIZE];
    (void)state;
    seal_desk_open(&desk);
    crypto_fake_last_resort_public(desk.crypto[SEAL_BOB], key);
    struct slice envelope =
        seal_desk_seal_under(&desk, key, SLICE_LITERAL("head"), 0, &secret);
    assert_int_equal(
        seal_desk_unseal(&desk, SEAL_BOB, envelope, &secret, &request),
        ERR_NONE);
    assert_int_equal(request.opener, CRYPTO_OPENER_LAST_RESORT);
    seal_desk_close(&desk);
}

static void another_agency_is_the_wrong_address(void **state)
{
    struct seal_desk desk;
    struct request_secret secret;
    struct request request;
    (void)state;
    seal_desk_open(&desk);
    struct slice envelope = seal_desk_seal(&desk, "for Bob", &secret);
    assert_int_equal(
        seal_desk_unseal(&desk, SEAL_CAROL, envelope, &secret, &request),
        ERR_ADDRESS);
    /* not even with the right keys */
    assert_int_equal(
        request_open_copy(desk.crypto[SEAL_BOB], &desk.id[SEAL_CAROL], envelope,
            &desk.arena, seal_desk_find, &desk, &secret, &request),
        ERR_ADDRESS);
    seal_desk_close(&desk);
}

static void a_key_that_is_gone_is_an_unknown_key(void **state)
{
    struct seal_desk desk;
    struct request_secret secret;
    struct request request;
    (void)state;
    seal_desk_open(&desk);
    struct slice envelope = seal_desk_seal(&desk, "yesterday's", &secret);
    crypto_fake_days_hold(desk.crypto[SEAL_BOB], SEAL_TODAY + 1, 3);
    assert_int_equal(
        seal_desk_unseal(&desk, SEAL_BOB, envelope, &secret, &request),
        ERR_KEY);
    seal_desk_close(&desk);
}

static void a_stranger_is_not_found(void **state)
{
    struct seal_desk desk;
    struct request_secret secret;
    struct request request;
    (void)state;
    seal_desk_open(&desk);
    desk.known[SEAL_ALICE] = false;
    struct slice envelope = seal_desk_seal(&desk, "hello", &secret);
    assert_int_equal(
        seal_desk_unseal(&desk, SEAL_BOB, envelope, &secret, &request),
        ERR_NOT_FOUND);
    desk.known[SEAL_ALICE] = true;
    crypto_fake_signer_rotate(desk.crypto[SEAL_ALICE], CRYPTO_SIGNER_OPERATION);
    envelope = seal_desk_seal(&desk, "with a key of no card", &secret);
    assert_int_equal(
        seal_desk_unseal(&desk, SEAL_BOB, envelope, &secret, &request),
        ERR_NOT_FOUND);
    seal_desk_close(&desk);
}

static bool find_any(void *user, const struct agency_id *agency,
    uint64_t key_id, uint8_t key[KEY_SIZE])
{
    const struct seal_desk *desk = user;
    (void)agency;
    (void)key_id;
    memcpy(key, desk->operation[SEAL_CAROL], KEY_SIZE);
    return true;
}

static void the_key_of_another_does_not_verify(void **state)
{
    struct seal_desk desk;
    struct request_secret secret;
    struct request request;
    (void)state;
    seal_desk_open(&desk);
    struct slice envelope = seal_desk_seal(&desk, "hello", &secret);
    assert_int_equal(
        request_open_copy(desk.crypto[SEAL_BOB], &desk.id[SEAL_BOB], envelope,
            &desk.arena, find_any, &desk, &secret, &request),
        ERR_SIGNATURE);
    seal_desk_close(&desk);
}

static void nobody_speaks_in_the_name_of_another(void **state)
{
    struct seal_desk desk;
    struct request_secret secret;
    struct request request;
    struct slice envelope;
    (void)state;
    seal_desk_open(&desk);
    /* Carol signs, and says that she is Alice */
    assert_int_equal(
        request_seal(desk.crypto[SEAL_CAROL], &desk.id[SEAL_ALICE],
            &desk.id[SEAL_BOB], desk.today[SEAL_BOB], REQUEST_HEAD, SEAL_NOW,
            SLICE_NONE, seal_seeds[0], &desk.arena, &secret, &envelope),
        ERR_NONE);
    assert_int_equal(
        seal_desk_unseal(&desk, SEAL_BOB, envelope, &secret, &request),
        ERR_NOT_FOUND);
    seal_desk_close(&desk);
}

/* HPKE's info as PROTOCOL.md says, so that a test can open and seal itself. */
static void info_fill(
    const struct agency_id *recipient, uint64_t key_id, uint8_t info[51])
{
    memcpy(info, "refer.v1 sealing\1", 17);
    memcpy(info + 17, recipient->text, AGENCY_ID_SIZE);
    for (int i = 0; i < 8; i++)
        info[43 + i] = (uint8_t)(key_id >> (8 * (7 - i)));
}

/* Seals any plaintext to one of them, who must not trust it for that. */
static struct slice seal_plain(
    struct seal_desk *desk, unsigned to, uint32_t version, struct slice plain)
{
    struct crypto *crypto = desk->crypto[SEAL_BOB];
    struct envelope_header header = { .version = version,
        .recipient = desk->id[to],
        .key_id = crypto_key_id(crypto, desk->today[to]) };
    struct hpke hpke;
    uint8_t info[51];
    info_fill(&desk->id[to], header.key_id, info);
    assert_int_equal(crypto->ops->encapsulate(crypto, desk->today[to],
                         SLICE_ARRAY(info), seal_seeds[3], header.enc, &hpke),
        ERR_NONE);
    struct slice bytes = envelope_header_write(&header, &desk->arena);
    uint8_t *sealed = arena_take(&desk->arena, plain.size + AEAD_TAG_SIZE);
    assert_int_equal(crypto->ops->aead_seal(
                         crypto, hpke.key, hpke.nonce, bytes, plain, sealed),
        ERR_NONE);
    return envelope_write(
        bytes, slice_of(sealed, plain.size + AEAD_TAG_SIZE), &desk->arena);
}

/* What Bob finds inside Alice's envelope: padded, signed. */
static struct slice unseal(struct seal_desk *desk, struct slice envelope)
{
    struct crypto *crypto = desk->crypto[SEAL_BOB];
    struct slice header_bytes;
    struct slice ciphertext;
    struct envelope_header header;
    struct hpke hpke;
    enum crypto_opener opener;
    uint8_t info[51];
    assert_int_equal(
        envelope_read(envelope, &desk->arena, &header_bytes, &ciphertext),
        ERR_NONE);
    assert_int_equal(
        envelope_header_read(header_bytes, &desk->arena, &header), ERR_NONE);
    info_fill(&desk->id[SEAL_BOB], header.key_id, info);
    assert_int_equal(crypto->ops->decapsulate(crypto, header.key_id, header.enc,
                         SLICE_ARRAY(info), &opener, &hpke),
        ERR_NONE);
    uint8_t *plain = arena_take(&desk->arena, ciphertext.size);
    assert_int_equal(crypto->ops->aead_open(crypto, hpke.key, hpke.nonce,
                         header_bytes, ciphertext, plain),
        ERR_NONE);
    return slice_of(plain, ciphertext.size - AEAD_TAG_SIZE);
}

static void a_recipient_cannot_pass_a_request_on(void **state)
{
    struct seal_desk desk;
    struct request_secret secret;
    struct request request;
    (void)state;
    seal_desk_open(&desk);
    struct slice plain =
        unseal(&desk, seal_desk_seal(&desk, "give me all", &secret));
    struct slice onward = seal_plain(&desk, SEAL_CAROL, 1, plain);
    assert_int_equal(
        seal_desk_unseal(&desk, SEAL_CAROL, onward, &secret, &request),
        ERR_SIGNATURE);
    /* nor send it to himself once more as a fresh one */
    struct slice again = seal_plain(&desk, SEAL_BOB, 1, plain);
    assert_int_equal(
        seal_desk_unseal(&desk, SEAL_BOB, again, &secret, &request),
        ERR_SIGNATURE);
    seal_desk_close(&desk);
}

static void another_version_is_not_spoken(void **state)
{
    struct seal_desk desk;
    struct request_secret secret;
    struct request request;
    (void)state;
    seal_desk_open(&desk);
    struct slice plain = unseal(&desk, seal_desk_seal(&desk, "hello", &secret));
    for (uint32_t version = 0; version < 4; version += 2)
        assert_int_equal(
            seal_desk_unseal(&desk, SEAL_BOB,
                seal_plain(&desk, SEAL_BOB, version, plain), &secret, &request),
            ERR_VERSION);
    seal_desk_close(&desk);
}

static void every_flipped_byte_and_every_cut_is_refused(void **state)
{
    struct seal_desk desk;
    struct request_secret secret;
    struct request request;
    (void)state;
    seal_desk_open(&desk);
    struct slice envelope = seal_desk_seal(&desk, "all of it counts", &secret);
    uint8_t *copy = test_malloc(envelope.size);
    size_t used = desk.arena.used;
    memcpy(copy, envelope.bytes, envelope.size);
    for (size_t i = 0; i < envelope.size; i++) {
        copy[i] ^= (uint8_t)(1u << (i % 8));
        enum err err = seal_desk_unseal(
            &desk, SEAL_BOB, slice_of(copy, envelope.size), &secret, &request);
        assert_int_not_equal(err, ERR_NONE);
        assert_int_not_equal(err, ERR_LIMIT);
        copy[i] ^= (uint8_t)(1u << (i % 8));
        arena_rewind(&desk.arena, used);
    }
    for (size_t size = 0; size < envelope.size; size += 1 + size / 64) {
        assert_int_not_equal(seal_desk_unseal(&desk, SEAL_BOB,
                                 slice_of(copy, size), &secret, &request),
            ERR_NONE);
        arena_rewind(&desk.arena, used);
    }
    test_free(copy);
    seal_desk_close(&desk);
}

static void two_sealings_have_nothing_in_common(void **state)
{
    struct seal_desk desk;
    struct request_secret secret;
    (void)state;
    seal_desk_open(&desk);
    struct slice body = SLICE_LITERAL("the same words");
    struct slice one =
        seal_desk_seal_under(&desk, desk.today[SEAL_BOB], body, 0, &secret);
    struct slice two =
        seal_desk_seal_under(&desk, desk.today[SEAL_BOB], body, 1, &secret);
    assert_int_equal(one.size, two.size);
    size_t same = 0;
    for (size_t i = 128; i < one.size; i++)
        same += one.bytes[i] == two.bytes[i];
    assert_true(same < one.size / 32);
    seal_desk_close(&desk);
}

static void what_cannot_be_sealed_is_told(void **state)
{
    static const uint8_t zero[KEY_SIZE];
    struct seal_desk desk;
    struct request_secret secret;
    struct slice envelope;
    (void)state;
    seal_desk_open(&desk);
    uint8_t *large = arena_take(&desk.arena, MESSAGE_SIZE_MAX);
    struct crypto *crypto = desk.crypto[SEAL_ALICE];
    assert_int_equal(
        request_seal(crypto, &desk.id[SEAL_ALICE], &desk.id[SEAL_BOB], zero,
            REQUEST_HEAD, SEAL_NOW, SLICE_NONE, seal_seeds[0], &desk.arena,
            &secret, &envelope),
        ERR_KEY);
    assert_int_equal(
        request_seal(crypto, &desk.id[SEAL_ALICE], &desk.id[SEAL_BOB],
            desk.today[SEAL_BOB], REQUEST_DELIVER, SEAL_NOW,
            slice_of(large, MESSAGE_SIZE_MAX), seal_seeds[0], &desk.arena,
            &secret, &envelope),
        ERR_LIMIT);
    crypto_fake_signer_destroy(crypto, CRYPTO_SIGNER_OPERATION);
    assert_int_equal(
        request_seal(crypto, &desk.id[SEAL_ALICE], &desk.id[SEAL_BOB],
            desk.today[SEAL_BOB], REQUEST_HEAD, SEAL_NOW, SLICE_NONE,
            seal_seeds[0], &desk.arena, &secret, &envelope),
        ERR_KEY);
    seal_desk_close(&desk);
}

/* ---- Padding ---- */

static void a_size_shows_no_more_than_its_step(void **state)
{
    static const size_t sizes[] = { 0, 1, 700, 3900 };
    struct seal_desk desk;
    struct request_secret secret;
    size_t first = 0;
    (void)state;
    seal_desk_open(&desk);
    uint8_t *body = arena_take(&desk.arena, 1u << 20);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct slice envelope = seal_desk_seal_under(
            &desk, desk.today[SEAL_BOB], slice_of(body, sizes[i]), 0, &secret);
        if (i == 0)
            first = envelope.size;
        assert_int_equal(envelope.size, first);
    }
    struct slice next = seal_desk_seal_under(
        &desk, desk.today[SEAL_BOB], slice_of(body, 4092), 0, &secret);
    assert_true(next.size > first + 12000 && next.size < first + 12300);
    seal_desk_close(&desk);
}

static void the_largest_parcel_goes_through(void **state)
{
    struct seal_desk desk;
    struct request_secret secret;
    struct request request;
    (void)state;
    seal_desk_open(&desk);
    size_t size = MESSAGE_SIZE_MAX - 256;
    uint8_t *body = arena_take(&desk.arena, size);
    memset(body, 'x', size);
    struct slice envelope = seal_desk_seal_under(
        &desk, desk.today[SEAL_BOB], slice_of(body, size), 0, &secret);
    assert_true(envelope.size <= FRAME_SIZE_MAX);
    assert_int_equal(
        seal_desk_unseal(&desk, SEAL_BOB, envelope, &secret, &request),
        ERR_NONE);
    assert_true(slice_equal(request.body, slice_of(body, size)));
    seal_desk_close(&desk);
}

static void padding_is_zeros_to_exactly_its_step(void **state)
{
    struct seal_desk desk;
    struct request_secret secret;
    struct request request;
    (void)state;
    seal_desk_open(&desk);
    struct slice plain = unseal(&desk, seal_desk_seal(&desk, "hello", &secret));
    assert_int_equal(plain.size, 4096);
    uint8_t *copy = arena_take(&desk.arena, 16384);
    memcpy(copy, plain.bytes, plain.size);
    const struct {
        const char *it;
        size_t at; /* one byte changed */
        uint8_t with;
        size_t size;
    } rows[] = {
        { "not padded", 0, 0, 4095 },
        { "padded beyond", 0, 0, 4097 },
        { "a larger step than needed", 0, 0, 16384 },
        { "no count", 0, 0, 3 },
        { "nothing", 0, 0, 0 },
        { "something in the padding", 4095, 1, 4096 },
        { "count beyond", 0, 0xff, 4096 },
        { "count of the next step", 2, 0x20, 4096 },
        { "one too few", 3, (uint8_t)(plain.bytes[3] - 1), 4096 },
        { "one too many", 3, (uint8_t)(plain.bytes[3] + 1), 4096 },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t before = copy[rows[i].at];
        copy[rows[i].at] = rows[i].with;
        struct slice envelope =
            seal_plain(&desk, SEAL_BOB, 1, slice_of(copy, rows[i].size));
        enum err err =
            seal_desk_unseal(&desk, SEAL_BOB, envelope, &secret, &request);
        if (err != ERR_MALFORMED)
            fail_msg("%s: %s", rows[i].it, err_name(err));
        copy[rows[i].at] = before;
    }
    seal_desk_close(&desk);
}

/* ---- Memory ---- */

/* A large body too: what is left when its copy does not fit is still enough
 * for the padding of nothing. */
static const size_t body_sizes[] = { 4, 20000 };

static void too_little_memory_never_makes_another_request(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(body_sizes); i++) {
        struct seal_desk desk;
        struct request_secret secret;
        struct request request;
        struct slice envelope = SLICE_NONE;
        enum err err = ERR_LIMIT;
        seal_desk_open(&desk);
        uint8_t *bytes = test_calloc(1, body_sizes[i]);
        uint8_t *block = test_calloc(1, 1u << 20);
        struct slice body = slice_of(bytes, body_sizes[i]);
        for (size_t room = 64; err != ERR_NONE; room += 64) {
            struct arena small = { .block = block, .capacity = room };
            err = request_seal(desk.crypto[SEAL_ALICE], &desk.id[SEAL_ALICE],
                &desk.id[SEAL_BOB], desk.today[SEAL_BOB], REQUEST_DELIVER,
                SEAL_NOW, body, seal_seeds[0], &small, &secret, &envelope);
            assert_true(err == ERR_NONE || err == ERR_LIMIT);
            if (err == ERR_NONE)
                envelope = arena_copy(&desk.arena, envelope);
            arena_reset(&small);
        }
        err = ERR_LIMIT;
        for (size_t room = 64; err != ERR_NONE; room += 64) {
            struct arena small = { .block = block, .capacity = room };
            err = request_open_copy(desk.crypto[SEAL_BOB], &desk.id[SEAL_BOB],
                envelope, &small, seal_desk_find, &desk, &secret, &request);
            assert_true(err == ERR_NONE || err == ERR_LIMIT);
            if (err == ERR_NONE)
                assert_true(slice_equal(request.body, body));
            arena_reset(&small);
        }
        test_free(bytes);
        test_free(block);
        seal_desk_close(&desk);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_opens_as_it_was),
        cmocka_unit_test(every_kind_and_an_empty_body_go_through),
        cmocka_unit_test(the_last_resort_key_is_told_apart),
        cmocka_unit_test(another_agency_is_the_wrong_address),
        cmocka_unit_test(a_key_that_is_gone_is_an_unknown_key),
        cmocka_unit_test(a_stranger_is_not_found),
        cmocka_unit_test(the_key_of_another_does_not_verify),
        cmocka_unit_test(nobody_speaks_in_the_name_of_another),
        cmocka_unit_test(a_recipient_cannot_pass_a_request_on),
        cmocka_unit_test(another_version_is_not_spoken),
        cmocka_unit_test(every_flipped_byte_and_every_cut_is_refused),
        cmocka_unit_test(two_sealings_have_nothing_in_common),
        cmocka_unit_test(what_cannot_be_sealed_is_told),
        cmocka_unit_test(a_size_shows_no_more_than_its_step),
        cmocka_unit_test(the_largest_parcel_goes_through),
        cmocka_unit_test(padding_is_zeros_to_exactly_its_step),
        cmocka_unit_test(too_little_memory_never_makes_another_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
