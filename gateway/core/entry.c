#include "core/entry.h"

static const char *const names[] = {
#define X(symbol, number, text) [ENTRY_##symbol] = text,
    ENTRY_KIND_LIST(X)
#undef X
};
_Static_assert(sizeof names / sizeof *names == ENTRY_KIND_COUNT, "names");

const char *entry_kind_name(enum entry_kind kind)
{
    if ((size_t)kind >= ENTRY_KIND_COUNT || names[kind] == NULL)
        return "?";
    return names[kind];
}

bool entry_kind_is_answered(enum entry_kind kind)
{
    return kind != ENTRY_ANSWER && kind != ENTRY_PADDING &&
           kind != ENTRY_GENERATION;
}

void entry_digest(struct crypto *crypto, struct slice salt,
    struct slice content, uint8_t digest[HASH_SIZE])
{
    struct slice parts[] = { SLICE_LITERAL("refer.v1 content"), salt, content };
    crypto_hash(crypto, parts, 3, digest);
}
