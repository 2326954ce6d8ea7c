#include "daemon/directory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct directory {
    pthread_rwlock_t lock;
    struct node_directory **entries;
    size_t count;
    size_t capacity;
};

enum err directory_new(struct directory **directory)
{
    *directory = calloc(1, sizeof **directory);
    if (*directory == NULL)
        return ERR_NO_MEMORY;
    if (pthread_rwlock_init(&(*directory)->lock, NULL) != 0) {
        free(*directory);
        *directory = NULL;
        return ERR_NO_MEMORY;
    }
    return ERR_NONE;
}

void directory_free(struct directory *directory)
{
    if (directory == NULL)
        return;
    for (size_t i = 0; i < directory->count; i++)
        free(directory->entries[i]);
    free(directory->entries);
    (void)pthread_rwlock_destroy(&directory->lock);
    free(directory);
}

/* The entry with everything that it points to, in one block. */
static struct node_directory *copy(const struct node_directory *from)
{
    size_t size = sizeof *from + from->endpoint_count * sizeof(struct slice) +
                  from->pin_count * HASH_SIZE +
                  from->operation_key_count * (KEY_SIZE + sizeof(uint64_t));
    for (size_t i = 0; i < from->endpoint_count; i++)
        size += from->endpoints[i].size + 1;
    struct node_directory *to = malloc(size);
    if (to == NULL)
        return NULL;
    *to = *from;
    struct slice *endpoints = (struct slice *)(to + 1);
    uint64_t *ids = (uint64_t *)(endpoints + from->endpoint_count);
    uint8_t *at = (uint8_t *)(ids + from->operation_key_count);
    if (from->operation_key_count > 0)
        memcpy(ids, from->operation_key_ids,
            from->operation_key_count * sizeof *ids);
    to->operation_key_ids = ids;
    if (from->pin_count > 0)
        memcpy(at, from->pins, from->pin_count * HASH_SIZE);
    to->pins = (const uint8_t(*)[HASH_SIZE])at;
    at += from->pin_count * HASH_SIZE;
    if (from->operation_key_count > 0)
        memcpy(at, from->operation_keys, from->operation_key_count * KEY_SIZE);
    to->operation_keys = (const uint8_t(*)[KEY_SIZE])at;
    at += from->operation_key_count * KEY_SIZE;
    for (size_t i = 0; i < from->endpoint_count; i++) {
        size_t length = from->endpoints[i].size;
        if (length > 0)
            memcpy(at, from->endpoints[i].bytes, length);
        at[length] = '\0'; /* nng takes texts */
        endpoints[i] = slice_of(at, length);
        at += length + 1;
    }
    to->endpoints = endpoints;
    return to;
}

static struct node_directory **find(
    const struct directory *directory, const struct agency_id *agency)
{
    for (size_t i = 0; i < directory->count; i++)
        if (agency_id_equal(&directory->entries[i]->agency, agency))
            return &directory->entries[i];
    return NULL;
}

static bool grow(struct directory *directory)
{
    if (directory->count < directory->capacity)
        return true;
    size_t capacity = directory->capacity == 0 ? 16 : directory->capacity * 2;
    struct node_directory **entries =
        realloc(directory->entries, capacity * sizeof(struct node_directory *));
    if (entries == NULL)
        return false;
    directory->entries = entries;
    directory->capacity = capacity;
    return true;
}

static enum err replace(
    struct directory *directory, const struct node_directory *entry)
{
    struct node_directory **held = find(directory, &entry->agency);
    if (!entry->accepted) {
        if (held != NULL) {
            free(*held);
            *held = directory->entries[--directory->count];
        }
        return ERR_NONE;
    }
    struct node_directory *fresh = copy(entry);
    if (fresh == NULL || (held == NULL && !grow(directory))) {
        free(fresh);
        return ERR_NO_MEMORY;
    }
    if (held != NULL) {
        free(*held);
        *held = fresh;
    } else {
        directory->entries[directory->count++] = fresh;
    }
    return ERR_NONE;
}

enum err directory_set(
    struct directory *directory, const struct node_directory *entry)
{
    (void)pthread_rwlock_wrlock(&directory->lock);
    enum err err = replace(directory, entry);
    (void)pthread_rwlock_unlock(&directory->lock);
    return err;
}

bool directory_operation_key(void *user, const struct agency_id *agency,
    uint64_t key_id, uint8_t key[KEY_SIZE])
{
    struct directory *directory = user;
    bool found = false;
    (void)pthread_rwlock_rdlock(&directory->lock);
    struct node_directory **held = find(directory, agency);
    for (size_t i = 0; held != NULL && i < (*held)->operation_key_count; i++)
        if ((*held)->operation_key_ids[i] == key_id) {
            memcpy(key, (*held)->operation_keys[i], KEY_SIZE);
            found = true;
        }
    (void)pthread_rwlock_unlock(&directory->lock);
    return found;
}

struct node_directory *directory_get(
    struct directory *directory, const struct agency_id *agency)
{
    (void)pthread_rwlock_rdlock(&directory->lock);
    struct node_directory **held = find(directory, agency);
    struct node_directory *entry = held == NULL ? NULL : copy(*held);
    (void)pthread_rwlock_unlock(&directory->lock);
    return entry;
}

uint8_t (*directory_pins(struct directory *directory, size_t *count))[HASH_SIZE]
{
    size_t total = 0;
    *count = 0;
    (void)pthread_rwlock_rdlock(&directory->lock);
    for (size_t i = 0; i < directory->count; i++)
        total += directory->entries[i]->pin_count;
    uint8_t(*pins)[HASH_SIZE] = malloc(total * HASH_SIZE + 1);
    for (size_t i = 0; pins != NULL && i < directory->count; i++) {
        const struct node_directory *entry = directory->entries[i];
        memcpy(pins + *count, entry->pins, entry->pin_count * HASH_SIZE);
        *count += entry->pin_count;
    }
    (void)pthread_rwlock_unlock(&directory->lock);
    return pins;
}
