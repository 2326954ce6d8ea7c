#include "core/contradiction.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"

#define FIRST_LINE "refer.v1 contradiction\n"

/* ---- The file ------------------------------------------------------------ */

static size_t hash_print(const struct merkle_hash *hash, char *text)
{
    size_t size = text_base64_encode(
        SLICE_ARRAY(hash->bytes), text, TEXT_BASE64_SIZE(HASH_SIZE) + 1);
    text[size] = '\n';
    return size + 1;
}

struct slice contradiction_print(const struct contradiction *contradiction,
    char text[CONTRADICTION_SIZE_MAX])
{
    const struct note *notes[] = { &contradiction->first,
        &contradiction->second };
    size_t size = sizeof FIRST_LINE - 1;
    assert(contradiction->path.count <= MERKLE_PROOF_COUNT_MAX);
    memcpy(text, FIRST_LINE, size);
    size += hash_print(&contradiction->root, text + size);
    for (size_t i = 0; i < contradiction->path.count; i++)
        size += hash_print(&contradiction->path.nodes[i], text + size);
    text[size++] = '\n';
    for (size_t i = 0; i < 2; i++) {
        char note[NOTE_SIZE_MAX];
        struct slice printed = note_print(notes[i], note);
        memcpy(text + size, printed.bytes, printed.size);
        size += printed.size;
        text[size++] = '\n';
    }
    text[size] = '\0';
    return slice_of(text, size);
}

static enum err hashes_parse(
    struct slice *rest, struct contradiction *contradiction)
{
    struct slice line;
    struct merkle_hash *hash = &contradiction->root;
    contradiction->path.count = 0;
    for (;;) {
        size_t size = 0;
        if (!text_cut(rest, '\n', &line))
            return ERR_MALFORMED;
        if (line.size == 0) /* the root at least */
            return hash == &contradiction->root ? ERR_MALFORMED : ERR_NONE;
        if (hash == NULL ||
            text_base64_decode(line, hash->bytes, HASH_SIZE, &size) !=
                ERR_NONE ||
            size != HASH_SIZE)
            return ERR_MALFORMED;
        if (hash != &contradiction->root)
            contradiction->path.count++;
        hash = contradiction->path.count == MERKLE_PROOF_COUNT_MAX
                   ? NULL
                   : &contradiction->path.nodes[contradiction->path.count];
    }
}

enum err contradiction_parse(
    struct slice text, struct contradiction *contradiction)
{
    const size_t first_size = sizeof FIRST_LINE - 1;
    if (text.size < first_size ||
        memcmp(text.bytes, FIRST_LINE, first_size) != 0)
        return ERR_MALFORMED;
    text = slice_of(text.bytes + first_size, text.size - first_size);
    if (hashes_parse(&text, contradiction) != ERR_NONE ||
        note_take(&text, &contradiction->first) != ERR_NONE ||
        note_take(&text, &contradiction->second) != ERR_NONE)
        return ERR_MALFORMED;
    return text.size == 0 ? ERR_NONE : ERR_MALFORMED;
}

/* ---- What it proves ------------------------------------------------------ */

bool contradiction_holds(
    struct crypto *crypto, const struct contradiction *contradiction)
{
    const struct note *first = &contradiction->first;
    const struct note *second = &contradiction->second;
    struct merkle_hash root;
    memcpy(root.bytes, second->root, HASH_SIZE);
    /* of nothing there is one tree */
    return first->size > 0 && origin_equal(&first->origin, &second->origin) &&
           memcmp(contradiction->root.bytes, first->root, HASH_SIZE) != 0 &&
           merkle_verify_consistency(crypto, first->size, &contradiction->root,
               second->size, &root, contradiction->path.nodes,
               contradiction->path.count);
}

static bool is_signed(struct crypto *crypto, const struct note *note,
    const struct card *cards, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!agency_id_equal(&cards[i].agency, &note->origin.author))
            continue;
        for (size_t k = 0; k < cards[i].key_count; k++)
            if (cards[i].keys[k].purpose == KEY_LOG &&
                note_verify(crypto, note, cards[i].keys[k].key) == ERR_NONE)
                return true;
    }
    return false;
}

enum err contradiction_convicts(struct crypto *crypto,
    const struct contradiction *contradiction, const struct card *cards,
    size_t count)
{
    bool is_known = false;
    for (size_t i = 0; i < count; i++)
        is_known |= agency_id_equal(
            &cards[i].agency, &contradiction->first.origin.author);
    if (!is_known)
        return ERR_ADDRESS;
    if (!contradiction_holds(crypto, contradiction))
        return ERR_INVALID;
    return is_signed(crypto, &contradiction->first, cards, count) &&
                   is_signed(crypto, &contradiction->second, cards, count)
               ? ERR_NONE
               : ERR_SIGNATURE;
}
