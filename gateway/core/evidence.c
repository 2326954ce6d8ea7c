#include "core/evidence.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"

#define CARD_SUFFIX ".card"
#define GENERATION_SIZE 16

static const char *const parts[EVIDENCE_PART_COUNT] = {
    [EVIDENCE_CONTENT] = "content",
    [EVIDENCE_HEADER] = "header",
    [EVIDENCE_PROOF] = "proof.tlog-proof",
    [EVIDENCE_SALT] = "salt",
};

static const char *const verdicts[EVIDENCE_VERDICT_COUNT] = {
    [EVIDENCE_UNANSWERED] = "unanswered",
    [EVIDENCE_HELD] = "held",
    [EVIDENCE_REFUSED] = "refused",
    [EVIDENCE_ABSENT] = "absent",
};

const char *evidence_verdict_name(enum evidence_verdict verdict)
{
    return (size_t)verdict < EVIDENCE_VERDICT_COUNT ? verdicts[verdict] : "?";
}

const char *evidence_erasure_name(enum evidence_verdict verdict)
{
    if (verdict == EVIDENCE_HELD)
        return "erased";
    return verdict == EVIDENCE_REFUSED ? "kept"
                                       : evidence_verdict_name(verdict);
}

/* ---- Paths --------------------------------------------------------------- */

struct line {
    char *text;
    size_t size;
};

static void add(struct line *line, const char *text)
{
    size_t size = strlen(text);
    assert(line->size + size < EVIDENCE_PATH_SIZE);
    memcpy(line->text + line->size, text, size + 1);
    line->size += size;
}

static void add_number(struct line *line, uint64_t number)
{
    char digits[TEXT_DECIMAL_SIZE_MAX + 1];
    (void)text_decimal_encode(number, digits, sizeof digits);
    add(line, digits);
}

static void add_generation(struct line *line, uint64_t generation)
{
    char digits[GENERATION_SIZE + 1] = { 0 };
    for (int i = GENERATION_SIZE - 1; i >= 0; i--, generation >>= 4)
        digits[i] = "0123456789abcdef"[generation & 15];
    add(line, digits);
}

struct slice evidence_entry_path(const struct evidence_place *place,
    enum evidence_part part, char path[EVIDENCE_PATH_SIZE])
{
    struct line line = { path, 0 };
    add(&line, EVIDENCE_ENTRIES);
    add(&line, place->author.text);
    add(&line, "-");
    add_generation(&line, place->generation);
    add(&line, "-");
    add_number(&line, place->index);
    add(&line, "/");
    add(&line, parts[part]);
    return slice_of(path, line.size);
}

struct slice evidence_card_path(const struct agency_id *agency, uint64_t serial,
    char path[EVIDENCE_PATH_SIZE])
{
    struct line line = { path, 0 };
    add(&line, EVIDENCE_CARDS);
    add(&line, agency->text);
    add(&line, "-");
    add_number(&line, serial);
    add(&line, CARD_SUFFIX);
    return slice_of(path, line.size);
}

/* Takes `text` off the front. */
static bool skip(struct slice *rest, const char *text)
{
    size_t size = strlen(text);
    if (rest->size < size || memcmp(rest->bytes, text, size) != 0)
        return false;
    *rest = slice_of(rest->bytes + size, rest->size - size);
    return true;
}

static bool generation_read(struct slice text, uint64_t *generation)
{
    uint8_t bytes[8];
    size_t size = 0;
    if (text.size != GENERATION_SIZE ||
        text_hex_decode(text, bytes, sizeof bytes, &size) != ERR_NONE)
        return false;
    *generation = 0;
    for (size_t i = 0; i < size; i++)
        *generation = *generation << 8 | bytes[i];
    return true;
}

static bool part_read(struct slice name, enum evidence_part *part)
{
    for (int i = 0; i < EVIDENCE_PART_COUNT; i++)
        if (slice_is(name, parts[i])) {
            *part = (enum evidence_part)i;
            return true;
        }
    return false;
}

enum err evidence_entry_path_read(
    struct slice path, struct evidence_place *place, enum evidence_part *part)
{
    struct slice author, generation, index;
    if (!skip(&path, EVIDENCE_ENTRIES) || !text_cut(&path, '-', &author) ||
        !text_cut(&path, '-', &generation) || !text_cut(&path, '/', &index))
        return ERR_MALFORMED;
    if (agency_id_parse(author, &place->author) != ERR_NONE ||
        !generation_read(generation, &place->generation) ||
        text_decimal_decode(index, &place->index) != ERR_NONE ||
        !part_read(path, part))
        return ERR_MALFORMED;
    return ERR_NONE;
}

enum err evidence_card_path_read(
    struct slice path, struct agency_id *agency, uint64_t *serial)
{
    struct slice id, number;
    if (!skip(&path, EVIDENCE_CARDS) || !text_cut(&path, '-', &id) ||
        !text_cut(&path, '.', &number) || !slice_is(path, CARD_SUFFIX + 1))
        return ERR_MALFORMED;
    if (agency_id_parse(id, agency) != ERR_NONE ||
        text_decimal_decode(number, serial) != ERR_NONE)
        return ERR_MALFORMED;
    return ERR_NONE;
}

int evidence_path_compare(struct slice a, struct slice b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = common == 0 ? 0 : memcmp(a.bytes, b.bytes, common);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/* ---- The list of files --------------------------------------------------- */

#define DIGEST_SIZE TEXT_HEX_SIZE(HASH_SIZE)
#define GAP "  "

struct slice evidence_sums_write(struct crypto *crypto,
    const struct evidence_file *files, size_t count, struct arena *arena)
{
    size_t capacity = 1, size = 0;
    for (size_t i = 0; i < count; i++)
        capacity += DIGEST_SIZE + sizeof GAP + files[i].path.size;
    char *text = arena_take(arena, capacity);
    if (text == NULL)
        return SLICE_NONE;
    for (size_t i = 0; i < count; i++) {
        const struct evidence_file *file = &files[i];
        uint8_t digest[HASH_SIZE];
        if (slice_is(file->path, EVIDENCE_SUMS))
            continue;
        crypto_hash(crypto, &file->bytes, 1, digest);
        size +=
            text_hex_encode(SLICE_ARRAY(digest), text + size, DIGEST_SIZE + 1);
        memcpy(text + size, GAP, sizeof GAP - 1);
        size += sizeof GAP - 1;
        memcpy(text + size, file->path.bytes, file->path.size);
        size += file->path.size;
        text[size++] = '\n';
    }
    return slice_of(text, size);
}

enum err evidence_sums_next(
    struct slice *rest, uint8_t digest[HASH_SIZE], struct slice *path)
{
    struct slice line;
    size_t size = 0;
    if (!text_cut(rest, '\n', &line) || line.size <= DIGEST_SIZE ||
        text_hex_decode(slice_of(line.bytes, DIGEST_SIZE), digest, HASH_SIZE,
            &size) != ERR_NONE)
        return ERR_MALFORMED;
    *path = slice_of(line.bytes + DIGEST_SIZE, line.size - DIGEST_SIZE);
    return skip(path, GAP) && path->size > 0 ? ERR_NONE : ERR_MALFORMED;
}
