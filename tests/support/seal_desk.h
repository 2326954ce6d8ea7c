/*
 * seal_desk.h - three gateways with fake keys, and requests of one of them to
 * another, sealed and opened. Needs refer_support_crypto_fake; fails the test
 * when it cannot.
 */
#ifndef SUPPORT_SEAL_DESK_H
#define SUPPORT_SEAL_DESK_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/card.h"
#include "core/request.h"
#include "support/crypto_fake.h"
#include "support/open_copy.h"

#define SEAL_TODAY 20000u
#define SEAL_NOW ((struct instant){ INT64_C(1728000000000) })

enum { SEAL_ALICE, SEAL_BOB, SEAL_CAROL, SEAL_PERSON_COUNT };

/* Three gateways; each knows the operation keys of all that are `known`. */
struct seal_desk {
    struct crypto *crypto[SEAL_PERSON_COUNT];
    struct agency_id id[SEAL_PERSON_COUNT];
    uint8_t operation[SEAL_PERSON_COUNT][KEY_SIZE];
    bool known[SEAL_PERSON_COUNT];
    uint8_t today[SEAL_PERSON_COUNT][KEY_SIZE];
    struct arena arena;
};

static inline void seal_desk_open(struct seal_desk *desk)
{
    *desk = (struct seal_desk){ 0 };
    assert_int_equal(arena_init(&desk->arena, 16u << 20), ERR_NONE);
    for (size_t i = 0; i < SEAL_PERSON_COUNT; i++) {
        uint8_t root[KEY_SIZE];
        desk->crypto[i] = crypto_fake_new(i + 1, SEAL_TODAY - 1, 3);
        crypto_fake_root_public(desk->crypto[i], root);
        agency_id_of(desk->crypto[i], root, &desk->id[i]);
        assert_int_equal(desk->crypto[i]->ops->signer_public(desk->crypto[i],
                             CRYPTO_SIGNER_OPERATION, desk->operation[i]),
            ERR_NONE);
        crypto_fake_day_public(desk->crypto[i], SEAL_TODAY, desk->today[i]);
        desk->known[i] = true;
    }
}

static inline void seal_desk_close(struct seal_desk *desk)
{
    for (size_t i = 0; i < SEAL_PERSON_COUNT; i++)
        crypto_fake_free(desk->crypto[i]);
    arena_release(&desk->arena);
}

static inline bool seal_desk_find(void *user, const struct agency_id *agency,
    uint64_t key_id, uint8_t key[KEY_SIZE])
{
    const struct seal_desk *desk = user;
    for (size_t i = 0; i < SEAL_PERSON_COUNT; i++)
        if (desk->known[i] && agency_id_equal(&desk->id[i], agency) &&
            crypto_key_id(desk->crypto[0], desk->operation[i]) == key_id) {
            memcpy(key, desk->operation[i], KEY_SIZE);
            return true;
        }
    return false;
}

static const uint8_t seal_seeds[4][SEED_SIZE] = { { 1 }, { 2 }, { 3 }, { 4 } };

static inline struct slice seal_desk_seal_under(struct seal_desk *desk,
    const uint8_t key[KEY_SIZE], struct slice body, unsigned seed,
    struct request_secret *secret)
{
    struct slice envelope;
    assert_int_equal(
        request_seal(desk->crypto[SEAL_ALICE], &desk->id[SEAL_ALICE],
            &desk->id[SEAL_BOB], key, REQUEST_DELIVER, SEAL_NOW, body,
            seal_seeds[seed], &desk->arena, secret, &envelope),
        ERR_NONE);
    return envelope;
}

/* Alice's request to Bob under his key of today. */
static inline struct slice seal_desk_seal(
    struct seal_desk *desk, const char *body, struct request_secret *secret)
{
    return seal_desk_seal_under(
        desk, desk->today[SEAL_BOB], slice_of_text(body), 0, secret);
}

static inline enum err seal_desk_unseal(struct seal_desk *desk, unsigned who,
    struct slice envelope, struct request_secret *secret,
    struct request *request)
{
    return request_open_copy(desk->crypto[who], &desk->id[who], envelope,
        &desk->arena, seal_desk_find, desk, secret, request);
}

#endif
