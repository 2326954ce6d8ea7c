#include "support/vault_plain.h"

#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "base/pack.h"

/* mark u32, entry u64, the plain text, checksum u64, 8 bytes of nothing. */
#define MARK 0x7661756cu
#define HEAD_SIZE 12
#define TAIL_SIZE 16

_Static_assert(VAULT_OVERHEAD == HEAD_SIZE + TAIL_SIZE, "overhead");

struct vault_plain {
    struct vault vault; /* first, so that either is the other */
    bool *destroyed;
    uint64_t count;
    uint64_t changes;
};

static struct vault_plain *of(struct vault *vault)
{
    return (struct vault_plain *)(void *)vault;
}

static enum err reserve(struct vault *vault, uint64_t count)
{
    struct vault_plain *self = of(vault);
    if (count <= self->count)
        return ERR_NONE;
    uint64_t end = count * 2;
    self->destroyed =
        realloc(self->destroyed, (size_t)end * sizeof *self->destroyed);
    if (self->destroyed == NULL)
        abort();
    memset(self->destroyed + self->count, 0,
        (size_t)(end - self->count) * sizeof *self->destroyed);
    self->count = end;
    self->changes++;
    return ERR_NONE;
}

static uint64_t count_of(struct vault *vault)
{
    return of(vault)->count;
}

static uint64_t changes_of(struct vault *vault)
{
    return of(vault)->changes;
}

static bool is_there(const struct vault_plain *self, uint64_t entry)
{
    return entry < self->count && !self->destroyed[entry];
}

static bool is_destroyed(struct vault *vault, uint64_t entry)
{
    return vault_plain_is_destroyed(vault, entry);
}

static uint64_t tag_of(struct slice where, struct slice head_and_plain)
{
    return checksum(checksum(0, where), head_and_plain);
}

static enum err seal(struct vault *vault, uint64_t entry, struct slice where,
    struct slice plain, uint8_t *sealed)
{
    if (!is_there(of(vault), entry))
        return ERR_NOT_FOUND;
    struct packer out = pack_into(sealed, plain.size + VAULT_OVERHEAD);
    pack_u32(&out, MARK);
    pack_u64(&out, entry);
    pack_fixed(&out, plain.bytes, plain.size);
    pack_u64(&out, tag_of(where, slice_of(sealed, HEAD_SIZE + plain.size)));
    pack_u64(&out, 0);
    return out.err;
}

uint64_t vault_plain_entry_of(struct slice sealed)
{
    struct unpacker in = unpack_from(sealed);
    bool is_sealed = unpack_u32(&in) == MARK;
    uint64_t entry = unpack_u64(&in);
    return is_sealed && in.err == ERR_NONE ? entry : UINT64_MAX;
}

static enum err open_content(struct vault *vault, uint64_t entry,
    struct slice where, struct slice sealed, uint8_t *plain)
{
    if (!is_there(of(vault), entry))
        return ERR_NOT_FOUND;
    if (sealed.size < VAULT_OVERHEAD || vault_plain_entry_of(sealed) != entry)
        return ERR_CORRUPT;
    size_t size = sealed.size - VAULT_OVERHEAD;
    struct slice head_and_plain = slice_of(sealed.bytes, HEAD_SIZE + size);
    struct unpacker tail =
        unpack_from(slice_of(sealed.bytes + HEAD_SIZE + size, TAIL_SIZE));
    if (unpack_u64(&tail) != tag_of(where, head_and_plain) ||
        unpack_u64(&tail) != 0)
        return ERR_CORRUPT;
    if (size > 0)
        memcpy(plain, sealed.bytes + HEAD_SIZE, size);
    return ERR_NONE;
}

static enum err destroy(
    struct vault *vault, const uint64_t *entries, size_t count)
{
    struct vault_plain *self = of(vault);
    for (size_t i = 0; i < count; i++)
        if (entries[i] < self->count)
            self->destroyed[entries[i]] = true;
    self->changes += count > 0;
    return ERR_NONE;
}

bool vault_plain_is_destroyed(const struct vault *vault, uint64_t entry)
{
    const struct vault_plain *self = (const void *)vault;
    return entry < self->count && self->destroyed[entry];
}

void vault_plain_become(struct vault *vault, const struct vault *other)
{
    const struct vault_plain *from = (const void *)other;
    struct vault_plain *self = of(vault);
    size_t size = (size_t)from->count * sizeof *self->destroyed;
    if (self->count < from->count)
        self->destroyed = realloc(self->destroyed, size);
    if (size > 0 && self->destroyed == NULL)
        abort();
    if (size > 0)
        memcpy(self->destroyed, from->destroyed, size);
    self->count = from->count;
    self->changes = from->changes;
}

static void close_vault(struct vault *vault)
{
    free(of(vault)->destroyed);
    free(of(vault));
}

static const struct vault_ops vault_plain_ops = {
    .reserve = reserve,
    .count = count_of,
    .changes = changes_of,
    .is_destroyed = is_destroyed,
    .seal = seal,
    .open = open_content,
    .destroy = destroy,
    .close = close_vault,
};

struct vault *vault_plain_new(void)
{
    struct vault_plain *self = calloc(1, sizeof *self);
    if (self == NULL)
        abort();
    self->vault.ops = &vault_plain_ops;
    return &self->vault;
}
