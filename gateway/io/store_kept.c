#include "io/store_kept.h"

#include <stdlib.h>
#include <string.h>

#include "io/openssl.h"

static struct store_kept_value *value_of(
    struct store_kept *kept, struct slice key)
{
    for (size_t i = 0; i < STORE_KEPT_COUNT; i++) {
        struct store_kept_value *value = &kept->values[i];
        if (value->key_size > 0 &&
            slice_equal(slice_of(value->key, value->key_size), key))
            return value;
    }
    return NULL;
}

static void drop(struct store_kept_value *value)
{
    if (value->bytes != NULL)
        OPENSSL_cleanse(value->bytes, value->size);
    free(value->bytes);
    *value = (struct store_kept_value){ 0 };
}

struct slice store_kept_find(struct store_kept *kept, struct slice key)
{
    struct store_kept_value *value = value_of(kept, key);
    if (value == NULL)
        return SLICE_NONE;
    value->lent_count++;
    return slice_of(value->bytes, value->size);
}

/* One after the other, past those that are lent. */
static struct store_kept_value *oldest(struct store_kept *kept)
{
    for (size_t i = 0; i < STORE_KEPT_COUNT; i++) {
        struct store_kept_value *value = &kept->values[kept->next];
        kept->next = (kept->next + 1) % STORE_KEPT_COUNT;
        if (value->lent_count == 0)
            return value;
    }
    return NULL;
}

uint8_t *store_kept_add(struct store_kept *kept, struct slice key, size_t size)
{
    if (size < STORE_KEPT_SIZE_MIN || size > STORE_KEPT_SIZE_MAX)
        return NULL;
    struct store_kept_value *value = oldest(kept);
    if (value == NULL)
        return NULL;
    drop(value);
    value->bytes = malloc(size);
    if (value->bytes == NULL)
        return NULL;
    memcpy(value->key, key.bytes, key.size);
    value->key_size = key.size;
    value->size = size;
    value->lent_count = 1;
    return value->bytes;
}

void store_kept_let_go(struct store_kept *kept, const uint8_t *bytes)
{
    for (size_t i = 0; bytes != NULL && i < STORE_KEPT_COUNT; i++)
        if (kept->values[i].bytes == bytes && kept->values[i].lent_count > 0)
            kept->values[i].lent_count--;
}

void store_kept_forget(struct store_kept *kept, struct slice key)
{
    struct store_kept_value *value = value_of(kept, key);
    if (value != NULL)
        drop(value);
}

void store_kept_return(struct store_kept *kept)
{
    for (size_t i = 0; i < STORE_KEPT_COUNT; i++)
        kept->values[i].lent_count = 0;
}

void store_kept_clear(struct store_kept *kept)
{
    for (size_t i = 0; i < STORE_KEPT_COUNT; i++)
        drop(&kept->values[i]);
}
