#include "core/proof.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"

#define FIRST_LINE "c2sp.org/tlog-proof@v1\n"
#define INDEX "index "

struct slice proof_print(const struct proof *proof, char text[PROOF_SIZE_MAX])
{
    size_t size = sizeof FIRST_LINE - 1;
    assert(proof->path.count <= MERKLE_DEPTH_MAX);
    memcpy(text, FIRST_LINE, size);
    memcpy(text + size, INDEX, sizeof INDEX - 1);
    size += sizeof INDEX - 1;
    size += text_decimal_encode(
        proof->index, text + size, TEXT_DECIMAL_SIZE_MAX + 1);
    text[size++] = '\n';
    for (size_t i = 0; i < proof->path.count; i++) {
        size += text_base64_encode(SLICE_ARRAY(proof->path.nodes[i].bytes),
            text + size, TEXT_BASE64_SIZE(HASH_SIZE) + 1);
        text[size++] = '\n';
    }
    text[size++] = '\n';
    size += note_print(&proof->note, text + size).size;
    return slice_of(text, size);
}

static enum err nodes_parse(struct slice *rest, struct merkle_proof *path)
{
    struct slice line;
    path->count = 0;
    for (;;) {
        size_t size = 0;
        if (!text_cut(rest, '\n', &line))
            return ERR_MALFORMED;
        if (line.size == 0)
            return ERR_NONE;
        if (path->count == MERKLE_DEPTH_MAX ||
            text_base64_decode(line, path->nodes[path->count].bytes, HASH_SIZE,
                &size) != ERR_NONE ||
            size != HASH_SIZE)
            return ERR_MALFORMED;
        path->count++;
    }
}

enum err proof_parse(struct slice text, struct proof *proof)
{
    const size_t first_size = sizeof FIRST_LINE - 1;
    const size_t index_size = sizeof INDEX - 1;
    struct slice line;
    if (text.size < first_size ||
        memcmp(text.bytes, FIRST_LINE, first_size) != 0)
        return ERR_MALFORMED;
    text = slice_of(text.bytes + first_size, text.size - first_size);
    if (!text_cut(&text, '\n', &line) || line.size < index_size ||
        memcmp(line.bytes, INDEX, index_size) != 0)
        return ERR_MALFORMED;
    line = slice_of(line.bytes + index_size, line.size - index_size);
    if (text_decimal_decode(line, &proof->index) != ERR_NONE ||
        nodes_parse(&text, &proof->path) != ERR_NONE)
        return ERR_MALFORMED;
    return note_parse(text, &proof->note);
}

bool proof_holds(
    struct crypto *crypto, const struct proof *proof, struct slice header)
{
    struct merkle_hash leaf, root;
    merkle_leaf_hash(crypto, header, &leaf);
    memcpy(root.bytes, proof->note.root, HASH_SIZE);
    return merkle_verify_inclusion(crypto, &leaf, proof->index,
        proof->note.size, proof->path.nodes, proof->path.count, &root);
}
