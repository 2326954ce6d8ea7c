#include "support/agency_folder.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "core/card.h"
#include "io/keyring.h"
#include "io/keys_file.h"
#include "support/must.h"

#define PATH_SIZE 512

static void path_of(const char *folder, const char *name, char path[PATH_SIZE])
{
    int size = snprintf(path, PATH_SIZE, "%s/%s", folder, name);
    MUST(size > 0 && size < PATH_SIZE);
}

static void write_bytes(
    const char *folder, const char *name, const void *bytes, size_t size)
{
    char path[PATH_SIZE];
    path_of(folder, name, path);
    FILE *file = fopen(path, "wb");
    MUST(file != NULL);
    MUST(fwrite(bytes, 1, size, file) == size);
    MUST(fclose(file) == 0);
}

void agency_folder_write(const char *folder, const char *name, const char *text)
{
    write_bytes(folder, name, text, strlen(text));
}

static void add_key(struct card *card, struct card_key *keys,
    enum key_purpose purpose, const uint8_t key[KEY_SIZE])
{
    struct card_key *added = &keys[card->key_count++];
    added->purpose = purpose;
    memcpy(added->key, key, KEY_SIZE);
    added->from = card->issued;
    added->until = card->valid_until;
}

static void add_keys(const char *dir, struct card *card, struct card_key *keys)
{
    static const enum key_purpose purposes[CRYPTO_SIGNER_COUNT] = {
        [CRYPTO_SIGNER_LOG] = KEY_LOG,
        [CRYPTO_SIGNER_WITNESS] = KEY_WITNESS,
        [CRYPTO_SIGNER_OPERATION] = KEY_OPERATION,
    };
    struct keyring *keyring;
    struct keys_problem problem;
    uint8_t key[KEY_SIZE];
    MUST(keyring_open(dir, &keyring, &problem) == ERR_NONE);
    for (int i = 0; i < CRYPTO_SIGNER_COUNT; i++) {
        keyring_signer_public(keyring, (enum crypto_signer)i, key);
        add_key(card, keys, purposes[i], key);
    }
    keyring_last_resort_public(keyring, key);
    add_key(card, keys, KEY_LAST_RESORT, key);
    keyring_tls_spki_hash(keyring, key);
    add_key(card, keys, KEY_TLS, key);
    keyring_close(keyring);
    MUST(root_public(dir, card->root_key, &problem) == ERR_NONE);
}

void agency_folder_card(const char *folder, int64_t until_ms)
{
    char dir[PATH_SIZE];
    char root[PATH_SIZE];
    struct arena arena;
    struct card_key keys[KEY_PURPOSE_COUNT] = { 0 };
    struct keys_problem problem;
    uint8_t signature[SIGNATURE_SIZE];
    uint8_t root_key[KEY_SIZE];
    struct card card = {
        .name = SLICE_LITERAL("Open Door"),
        .serial = 1,
        .issued.unix_ms = until_ms - 365 * AGENCY_FOLDER_DAY_MS,
        .valid_until.unix_ms = until_ms,
        .keys = keys,
    };
    path_of(folder, "keys", dir);
    path_of(dir, KEYS_ROOT_NAME, root);
    MUST(arena_init(&arena, 1 << 20) == ERR_NONE);
    add_keys(dir, &card, keys);
    struct slice bytes = card_bytes(&card, &arena);
    MUST(bytes.bytes != NULL);
    MUST(root_sign(root, NULL, card_statement(bytes, &arena), signature,
             root_key, &problem) == ERR_NONE);
    struct slice whole = card_assemble(bytes, signature, &arena);
    MUST(whole.bytes != NULL);
    write_bytes(folder, "card", whole.bytes, whole.size);
    arena_release(&arena);
}

void agency_folder_make(const char *folder)
{
    char dir[PATH_SIZE];
    char text[PATH_SIZE + 16];
    struct keys_problem problem;
    path_of(folder, "keys", dir);
    MUST(keys_create(dir, NULL, &problem) == ERR_NONE);
    agency_folder_card(
        folder, (int64_t)time(NULL) * 1000 + 180 * AGENCY_FOLDER_DAY_MS);
    (void)snprintf(text, sizeof text, "data: %s\n", folder);
    agency_folder_write(folder, "referd.yaml", text);
}
