/*
 * What arrives from the network, sealed or seeming so. The first byte says
 * what the others are: an envelope, what is found inside one that was sealed
 * to us by anybody, a reply, or what is inside a reply. Nothing but what the
 * peer itself sealed may be believed.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/card.h"
#include "core/envelope.h"
#include "core/limits.h"
#include "core/request.h"
#include "support/crypto_fake.h"
#include "support/must.h"
#include "support/open_copy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TODAY 20000u
#define BODY SLICE_LITERAL("what the peer itself has sealed")

static struct {
    struct crypto *peer;
    struct crypto *us;
    struct agency_id peer_id;
    struct agency_id our_id;
    uint8_t peer_key[1][KEY_SIZE];
    uint8_t our_day[KEY_SIZE];
    uint8_t peer_day[KEY_SIZE];
    struct arena arena;
} world;

static void world_open(void)
{
    uint8_t root[KEY_SIZE];
    world.peer = crypto_fake_new(1, TODAY, 1);
    world.us = crypto_fake_new(2, TODAY, 1);
    crypto_fake_root_public(world.peer, root);
    agency_id_of(world.peer, root, &world.peer_id);
    crypto_fake_root_public(world.us, root);
    agency_id_of(world.us, root, &world.our_id);
    MUST(world.peer->ops->signer_public(world.peer, CRYPTO_SIGNER_OPERATION,
             world.peer_key[0]) == ERR_NONE);
    crypto_fake_day_public(world.us, TODAY, world.our_day);
    crypto_fake_day_public(world.peer, TODAY, world.peer_day);
    MUST(arena_init(&world.arena, 8u * MESSAGE_SIZE_MAX) == ERR_NONE);
}

static bool find(void *user, const struct agency_id *agency, uint64_t key_id,
    uint8_t key[KEY_SIZE])
{
    (void)user;
    memcpy(key, world.peer_key[0], KEY_SIZE);
    return agency_id_equal(agency, &world.peer_id) &&
           crypto_key_id(world.us, key) == key_id;
}

static enum err open_request(struct slice envelope)
{
    struct request_secret secret;
    struct request request;
    enum err err = request_open_copy(world.us, &world.our_id, envelope,
        &world.arena, find, NULL, &secret, &request);
    MUST(err != ERR_NO_MEMORY);
    if (err == ERR_NONE && agency_id_equal(&request.sender, &world.peer_id))
        MUST(slice_equal(request.body, BODY));
    return err;
}

/* Anybody can seal to us; nobody can sign for the peer. */
static void check_inside(struct slice plain)
{
    static const uint8_t seed[SEED_SIZE] = { 9 };
    struct envelope_header header = { .version = REFER_PROTOCOL_VERSION,
        .recipient = world.our_id,
        .key_id = crypto_key_id(world.us, world.our_day) };
    struct hpke hpke;
    uint8_t info[16 + 1 + AGENCY_ID_SIZE + 8] = "refer.v1 sealing\1";
    memcpy(info + 17, world.our_id.text, AGENCY_ID_SIZE);
    for (int i = 0; i < 8; i++)
        info[17 + AGENCY_ID_SIZE + i] =
            (uint8_t)(header.key_id >> (8 * (7 - i)));
    MUST(world.peer->ops->encapsulate(world.peer, world.our_day,
             SLICE_ARRAY(info), seed, header.enc, &hpke) == ERR_NONE);
    struct slice bytes = envelope_header_write(&header, &world.arena);
    uint8_t *sealed = arena_take(&world.arena, plain.size + AEAD_TAG_SIZE);
    MUST(bytes.bytes != NULL && sealed != NULL);
    MUST(world.peer->ops->aead_seal(world.peer, hpke.key, hpke.nonce, bytes,
             plain, sealed) == ERR_NONE);
    enum err err = open_request(envelope_write(
        bytes, slice_of(sealed, plain.size + AEAD_TAG_SIZE), &world.arena));
    MUST(err != ERR_ADDRESS && err != ERR_VERSION && err != ERR_KEY);
}

/* Our own request to the peer, and what seems to be its reply. */
static struct request_secret asked(void)
{
    static const uint8_t seed[SEED_SIZE] = { 7 };
    struct request_secret secret;
    struct slice envelope;
    MUST(request_seal(world.us, &world.our_id, &world.peer_id, world.peer_day,
             REQUEST_HEAD, (struct instant){ 1000 }, SLICE_NONE, seed,
             &world.arena, &secret, &envelope) == ERR_NONE);
    return secret;
}

static void check_reply(struct slice bytes)
{
    struct request_secret secret = asked();
    struct reply reply;
    enum err err = reply_open_copy(world.us, &secret,
        &(struct replier){ (const uint8_t(*)[KEY_SIZE])world.peer_key, 1, 1 },
        bytes, &world.arena, &reply);
    if (err == ERR_NONE && reply.plain == 0)
        MUST(slice_equal(reply.body, BODY));
}

/* Sealed with the right key, as nobody but the peer can; still its signature
 * is asked for. */
static void check_inside_reply(struct slice plain)
{
    struct request_secret secret = asked();
    uint8_t nonce[SEED_SIZE] = { 3 };
    uint8_t exported[KEY_SIZE];
    uint8_t salt[KEY_SIZE + SEED_SIZE];
    uint8_t key[KEY_SIZE];
    uint8_t iv[AEAD_NONCE_SIZE];
    struct crypto *crypto = world.us;
    crypto->ops->export_secret(crypto, &secret.hpke,
        SLICE_LITERAL("refer.v1 response"), exported, sizeof exported);
    memcpy(salt, secret.enc, KEY_SIZE);
    memcpy(salt + KEY_SIZE, nonce, SEED_SIZE);
    crypto->ops->derive(crypto, SLICE_ARRAY(salt), SLICE_ARRAY(exported),
        SLICE_LITERAL("key"), key, sizeof key);
    crypto->ops->derive(crypto, SLICE_ARRAY(salt), SLICE_ARRAY(exported),
        SLICE_LITERAL("nonce"), iv, sizeof iv);
    uint8_t *sealed = arena_take(&world.arena, plain.size + AEAD_TAG_SIZE);
    MUST(sealed != NULL);
    MUST(crypto->ops->aead_seal(crypto, key, iv,
             SLICE_LITERAL("refer.v1 reply \001"), plain, sealed) == ERR_NONE);
    const struct reply_shell shell = { .version = REFER_PROTOCOL_VERSION,
        .nonce = SLICE_ARRAY(nonce),
        .ciphertext = slice_of(sealed, plain.size + AEAD_TAG_SIZE) };
    check_reply(reply_shell_write(&shell, &world.arena));
}

/* 4 KiB of what begins as the tape does: the padding of small messages. */
static struct slice padded(struct slice bytes)
{
    uint8_t *plain = arena_take(&world.arena, 4096);
    MUST(plain != NULL);
    size_t size = bytes.size < 4096 ? bytes.size : 4096;
    if (size > 0)
        memcpy(plain, bytes.bytes, size);
    return slice_of(plain, 4096);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > FRAME_SIZE_MAX)
        return 0;
    if (world.us == NULL)
        world_open();
    struct slice bytes = slice_of(data + 1, size - 1);
    switch (data[0] % 6) {
    case 0:
        (void)open_request(bytes);
        break;
    case 1:
        check_inside(bytes);
        break;
    case 2:
        check_inside(padded(bytes));
        break;
    case 3:
        check_reply(bytes);
        break;
    case 4:
        check_inside_reply(bytes);
        break;
    default:
        check_inside_reply(padded(bytes));
        break;
    }
    arena_reset(&world.arena);
    return 0;
}
