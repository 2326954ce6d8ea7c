#include "golden/vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "support/crypto_repeat.h"

#define LINE_DIGITS 64u

void vectors_must(bool is_done)
{
    if (!is_done)
        abort();
}

void vectors_add(struct vectors *vectors, const char *name, struct slice bytes)
{
    vectors_must(bytes.bytes != NULL && bytes.size > 0);
    vectors_must(vectors->count < VECTOR_COUNT_MAX);
    vectors->list[vectors->count++] = (struct vector){ name, bytes };
}

struct slice vectors_repeat(struct vectors *vectors, uint8_t byte, size_t size)
{
    uint8_t *bytes = arena_take(&vectors->arena, size);
    vectors_must(bytes != NULL);
    memset(bytes, byte, size);
    return slice_of(bytes, size);
}

void vectors_open(struct vectors *vectors)
{
    uint8_t root[KEY_SIZE];
    memset(vectors, 0, sizeof *vectors);
    vectors_must(arena_init(&vectors->arena, 4u << 20) == ERR_NONE);
    vectors->author = crypto_repeat_new(0xa1, 0xa2, 0xa3);
    vectors->recipient = crypto_repeat_new(0xb1, 0xb2, 0xb3);
    crypto_repeat_ed25519(0xa0, root);
    agency_id_of(vectors->author, root, &vectors->author_id);
    crypto_repeat_ed25519(0xb0, root);
    agency_id_of(vectors->author, root, &vectors->recipient_id);
    vectors_add_identities(vectors);
    vectors_add_contents(vectors);
    vectors_add_ledger(vectors);
    vectors_add_requests(vectors);
    vectors_add_evidence(vectors);
}

void vectors_close(struct vectors *vectors)
{
    arena_release(&vectors->arena);
    crypto_repeat_free(vectors->author);
    crypto_repeat_free(vectors->recipient);
}

struct slice vectors_get(const struct vectors *vectors, const char *name)
{
    for (size_t i = 0; i < vectors->count; i++)
        if (strcmp(vectors->list[i].name, name) == 0)
            return vectors->list[i].bytes;
    (void)fprintf(stderr, "no vector has the name %s\n", name);
    abort();
}

struct slice vector_file(const struct vector *vector, struct arena *arena)
{
    const char *suffix = strrchr(vector->name, '.');
    if (suffix != NULL && strcmp(suffix, ".txt") == 0)
        return vector->bytes;
    size_t digits = 2 * vector->bytes.size;
    char *text = arena_take(arena, TEXT_HEX_SIZE(vector->bytes.size) + 1);
    char *out = arena_take(arena, digits + digits / LINE_DIGITS + 1);
    size_t size = 0;
    vectors_must(text != NULL && out != NULL);
    (void)text_hex_encode(
        vector->bytes, text, TEXT_HEX_SIZE(vector->bytes.size) + 1);
    for (size_t i = 0; i < digits; i++) {
        out[size++] = text[i];
        if (i % LINE_DIGITS == LINE_DIGITS - 1 || i == digits - 1)
            out[size++] = '\n';
    }
    return slice_of(out, size);
}
