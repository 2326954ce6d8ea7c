/*
 * A backup with any contents: reading it ends, touches nothing outside of it,
 * and hands over rows that rise. Input: the file.
 */
#include <stdlib.h>
#include <string.h>

#include "io/backup_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                        \
    do {                                                                       \
        if (!(condition))                                                      \
            abort();                                                           \
    } while (0)

struct input {
    const uint8_t *bytes;
    size_t size;
    uint64_t row_count;
};

static enum err get(void *user, uint8_t *bytes, size_t size)
{
    struct input *input = user;
    if (input->size < size)
        return ERR_CORRUPT;
    memcpy(bytes, input->bytes, size);
    input->bytes += size;
    input->size -= size;
    return ERR_NONE;
}

static enum err end(void *user)
{
    return ((struct input *)user)->size == 0 ? ERR_NONE : ERR_CORRUPT;
}

static enum err head(void *user, const struct backup_head *read)
{
    (void)user;
    (void)read;
    return ERR_NONE;
}

static enum err row(void *user, struct slice key, struct slice value)
{
    struct input *input = user;
    MUST(key.size > 0 && key.size <= STORE_KEY_SIZE_MAX);
    MUST(value.bytes != NULL);
    input->row_count++;
    return ERR_NONE;
}

static enum err go_on(void *user, const struct backup_total *total)
{
    MUST(((struct input *)user)->row_count == total->row_count);
    return ERR_NONE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input input = { .bytes = data, .size = size };
    const struct backup_source source = { get, end, head, row, go_on, &input };
    struct backup_total total;
    enum err err = backup_read(&source, &total);
    MUST(err == ERR_NONE || err == ERR_CORRUPT || err == ERR_MALFORMED ||
         err == ERR_VERSION);
    MUST(err != ERR_NONE ||
         (total.size == size && total.row_count == input.row_count));
    return 0;
}
