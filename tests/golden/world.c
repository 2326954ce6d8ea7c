#include "golden/world.h"

#include "base/text.h"
#include "core/card.h"
#include "io/crypto_openssl.h"
#include "io/keyring.h"
#include "io/keys_file.h"
#include "support/crypto_repeat.h"
#include "support/must.h"

#include <fcntl.h>

/* ---- Keys ---------------------------------------------------------------- */

/* RFC 8410: PKCS#8 of a raw private key; byte 11 says which curve. */
#define PREFIX_SIZE 16
static const uint8_t pkcs8[PREFIX_SIZE] = { 0x30, 0x2e, 0x02, 0x01, 0x00, 0x30,
    0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20 };
#define CURVE_AT 11
#define CURVE_ED25519 0x70
#define CURVE_X25519 0x6e

static void key_write(
    const struct place *place, const char *name, uint8_t curve, uint8_t byte)
{
    uint8_t der[PREFIX_SIZE + KEY_SIZE];
    char base64[TEXT_BASE64_SIZE(sizeof der) + 1];
    char path[512];
    memcpy(der, pkcs8, PREFIX_SIZE);
    der[CURVE_AT] = curve;
    memset(der + PREFIX_SIZE, byte, KEY_SIZE);
    (void)text_base64_encode(SLICE_ARRAY(der), base64, sizeof base64);
    MUST((size_t)snprintf(path, sizeof path, "%s/keys/%s", place->scratch.path,
             name) < sizeof path);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    MUST(file >= 0);
    MUST(dprintf(file,
             "-----BEGIN PRIVATE KEY-----\n%s\n"
             "-----END PRIVATE KEY-----\n",
             base64) > 0);
    MUST(close(file) == 0);
}

/* A directory as `referctl init` makes it, then with these keys in it. */
static void place_open(struct place *place, uint8_t byte, const char *name)
{
    struct keys_problem problem;
    char path[512];
    *place = (struct place){ .byte = byte, .name = name };
    scratch_open(&place->scratch);
    MUST((size_t)snprintf(path, sizeof path, "%s/keys", place->scratch.path) <
         sizeof path);
    MUST(keys_create(path, NULL, &problem) == ERR_NONE);
    char day[512];
    MUST((size_t)snprintf(day, sizeof day, "%s/day", path) < sizeof day);
    (void)mkdir(day, 0700);
    key_write(place, "log-1.pem", CURVE_ED25519, (uint8_t)(byte + 1));
    key_write(place, "witness-1.pem", CURVE_ED25519, (uint8_t)(byte + 2));
    key_write(place, "operation-1.pem", CURVE_ED25519, (uint8_t)(byte + 3));
    key_write(place, "last-resort-1.pem", CURVE_X25519, (uint8_t)(byte + 4));
    key_write(place, "day/20454.pem", CURVE_X25519, (uint8_t)(byte + 5));
    if (keyring_open(path, &place->keyring, &problem) != ERR_NONE)
        fprintf(stderr, "%s\n", problem.text);
    MUST(place->keyring != NULL);
    MUST(crypto_openssl_new(place->keyring, &place->crypto) == ERR_NONE);
    crypto_repeat_ed25519(byte, place->root);
    agency_id_of(place->crypto, place->root, &place->id);
}

static void place_close(struct place *place)
{
    crypto_openssl_free(place->crypto);
    keyring_close(place->keyring);
    scratch_close(&place->scratch);
}

void world_open(struct world *world)
{
    MUST(arena_init(&world->arena, 8u << 20) == ERR_NONE);
    place_open(&world->opendoor, 0xa0, "Open Door");
    place_open(&world->hospital, 0xb0, "TB Hospital");
}

void world_close(struct world *world)
{
    place_close(&world->opendoor);
    place_close(&world->hospital);
    arena_release(&world->arena);
}
