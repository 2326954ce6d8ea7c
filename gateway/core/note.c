#include "core/note.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"

#define PREFIX "refer.v1/"
#define PREFIX_SIZE (sizeof PREFIX - 1)
#define WITNESS_NAME_SIZE (PREFIX_SIZE + AGENCY_ID_SIZE)
#define GENERATION_SIZE 16
#define EM_DASH "\xe2\x80\x94 "

/* Bytes under the base64 of the two signature lines. */
#define SIGNED_SIZE (NOTE_KEY_ID_SIZE + SIGNATURE_SIZE)
#define COSIGNED_SIZE (NOTE_KEY_ID_SIZE + 8 + SIGNATURE_SIZE)

#define COSIGNATURE_SECONDS_MAX (UINT64_MAX >> 1)
/* cosignature/v1, the line of the time, the note text */
#define COSIGNED_TEXT_SIZE_MAX                                                 \
    (15 + 5 + TEXT_DECIMAL_SIZE_MAX + 1 + NOTE_TEXT_SIZE_MAX)

#define SIGNATURE_LINE_SIZE_MAX                                                \
    (4 + ORIGIN_TEXT_SIZE + 1 + TEXT_BASE64_SIZE(COSIGNED_SIZE) + 1)
_Static_assert(
    NOTE_TEXT_SIZE_MAX + 1 + 2 * SIGNATURE_LINE_SIZE_MAX < NOTE_SIZE_MAX,
    "the longest note fits with its terminator");

/* Characters appended one after the other; every user below has room for the
 * longest text that its input can make. */
struct line {
    char *text;
    size_t size;
};

static void line_add(struct line *line, const char *text, size_t size)
{
    memcpy(line->text + line->size, text, size);
    line->size += size;
    line->text[line->size] = '\0';
}

static void line_add_base64(struct line *line, struct slice bytes)
{
    line->size += text_base64_encode(
        bytes, line->text + line->size, TEXT_BASE64_SIZE(bytes.size) + 1);
}

static void line_add_decimal(struct line *line, uint64_t value)
{
    line->size += text_decimal_encode(
        value, line->text + line->size, TEXT_DECIMAL_SIZE_MAX + 1);
}

static void u64_put(uint64_t value, uint8_t bytes[8])
{
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> (56 - 8 * i));
}

static uint64_t u64_get(const uint8_t bytes[8])
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++)
        value = value << 8 | bytes[i];
    return value;
}

/* ---- Origins ---- */

static const char *const lane_names[] = {
    [LANE_MAIN] = "main",
    [LANE_BULK] = "bulk",
};
#define LANE_NAME_SIZE 4

void origin_print(const struct origin *origin, char text[ORIGIN_TEXT_SIZE + 1])
{
    assert(origin->lane == LANE_MAIN || origin->lane == LANE_BULK);
    struct line line = { .text = text };
    uint8_t generation[8];
    char digits[GENERATION_SIZE + 1];
    u64_put(origin->generation, generation);
    text_hex_encode(SLICE_ARRAY(generation), digits, sizeof digits);
    line_add(&line, PREFIX, PREFIX_SIZE);
    line_add(&line, origin->author.text, AGENCY_ID_SIZE);
    line_add(&line, "/", 1);
    line_add(&line, origin->recipient.text, AGENCY_ID_SIZE);
    line_add(&line, "/", 1);
    line_add(&line, lane_names[origin->lane], LANE_NAME_SIZE);
    line_add(&line, "/", 1);
    line_add(&line, digits, GENERATION_SIZE);
}

static enum err lane_parse(struct slice name, enum lane *lane)
{
    for (int i = LANE_MAIN; i <= LANE_BULK; i++)
        if (slice_is(name, lane_names[i])) {
            *lane = (enum lane)i;
            return ERR_NONE;
        }
    return ERR_MALFORMED;
}

enum err origin_parse(struct slice text, struct origin *origin)
{
    struct slice version, author, recipient, lane;
    struct origin parsed;
    if (!text_cut(&text, '/', &version) || !slice_is(version, "refer.v1"))
        return ERR_MALFORMED;
    if (!text_cut(&text, '/', &author) ||
        agency_id_parse(author, &parsed.author) != ERR_NONE)
        return ERR_MALFORMED;
    if (!text_cut(&text, '/', &recipient) ||
        agency_id_parse(recipient, &parsed.recipient) != ERR_NONE)
        return ERR_MALFORMED;
    if (!text_cut(&text, '/', &lane) ||
        lane_parse(lane, &parsed.lane) != ERR_NONE)
        return ERR_MALFORMED;
    uint8_t generation[8];
    size_t size;
    if (text.size != GENERATION_SIZE ||
        text_hex_decode(text, generation, sizeof generation, &size) != ERR_NONE)
        return ERR_MALFORMED;
    parsed.generation = u64_get(generation);
    *origin = parsed;
    return ERR_NONE;
}

bool origin_equal(const struct origin *a, const struct origin *b)
{
    return agency_id_equal(&a->author, &b->author) &&
           agency_id_equal(&a->recipient, &b->recipient) &&
           a->lane == b->lane && a->generation == b->generation;
}

/* ---- Printing ---- */

static void witness_name_print(
    const struct agency_id *recipient, char name[WITNESS_NAME_SIZE + 1])
{
    struct line line = { .text = name };
    line_add(&line, PREFIX, PREFIX_SIZE);
    line_add(&line, recipient->text, AGENCY_ID_SIZE);
}

static void line_add_note_text(struct line *line, const struct note *note)
{
    char origin[ORIGIN_TEXT_SIZE + 1];
    origin_print(&note->origin, origin);
    line_add(line, origin, ORIGIN_TEXT_SIZE);
    line_add(line, "\n", 1);
    line_add_decimal(line, note->size);
    line_add(line, "\n", 1);
    line_add_base64(line, SLICE_ARRAY(note->root));
    line_add(line, "\n", 1);
}

struct slice note_text(
    const struct note *note, char text[NOTE_TEXT_SIZE_MAX + 1])
{
    struct line line = { .text = text };
    line_add_note_text(&line, note);
    return slice_of(text, line.size);
}

static void line_add_signature(
    struct line *line, const char *name, struct slice bytes)
{
    line_add(line, EM_DASH, sizeof EM_DASH - 1);
    line_add(line, name, strlen(name));
    line_add(line, " ", 1);
    line_add_base64(line, bytes);
    line_add(line, "\n", 1);
}

struct slice note_print(const struct note *note, char text[NOTE_SIZE_MAX])
{
    struct line line = { .text = text };
    line_add_note_text(&line, note);
    line_add(&line, "\n", 1);
    if (note->has_signature) {
        char name[ORIGIN_TEXT_SIZE + 1];
        uint8_t bytes[SIGNED_SIZE];
        origin_print(&note->origin, name);
        memcpy(bytes, note->signature_key_id, NOTE_KEY_ID_SIZE);
        memcpy(bytes + NOTE_KEY_ID_SIZE, note->signature, SIGNATURE_SIZE);
        line_add_signature(&line, name, SLICE_ARRAY(bytes));
    }
    if (note->has_cosignature) {
        char name[WITNESS_NAME_SIZE + 1];
        uint8_t bytes[COSIGNED_SIZE];
        witness_name_print(&note->origin.recipient, name);
        memcpy(bytes, note->cosignature_key_id, NOTE_KEY_ID_SIZE);
        u64_put(note->cosigned_s, bytes + NOTE_KEY_ID_SIZE);
        memcpy(bytes + NOTE_KEY_ID_SIZE + 8, note->cosignature, SIGNATURE_SIZE);
        line_add_signature(&line, name, SLICE_ARRAY(bytes));
    }
    return slice_of(text, line.size);
}

/* ---- Parsing ---- */

/* The three lines and the empty one, off the front of *rest. */
static enum err checkpoint_parse(struct slice *rest, struct note *note)
{
    struct slice line;
    size_t size;
    if (!text_cut(rest, '\n', &line) ||
        origin_parse(line, &note->origin) != ERR_NONE)
        return ERR_MALFORMED;
    if (!text_cut(rest, '\n', &line) ||
        text_decimal_decode(line, &note->size) != ERR_NONE)
        return ERR_MALFORMED;
    if (!text_cut(rest, '\n', &line) ||
        text_base64_decode(line, note->root, HASH_SIZE, &size) != ERR_NONE ||
        size != HASH_SIZE)
        return ERR_MALFORMED;
    if (!text_cut(rest, '\n', &line) || line.size != 0)
        return ERR_MALFORMED;
    return ERR_NONE;
}

static enum err author_line_parse(struct slice encoded, struct note *note)
{
    uint8_t bytes[SIGNED_SIZE];
    size_t size;
    if (note->has_signature || note->has_cosignature)
        return ERR_MALFORMED;
    if (text_base64_decode(encoded, bytes, sizeof bytes, &size) != ERR_NONE ||
        size != sizeof bytes)
        return ERR_MALFORMED;
    memcpy(note->signature_key_id, bytes, NOTE_KEY_ID_SIZE);
    memcpy(note->signature, bytes + NOTE_KEY_ID_SIZE, SIGNATURE_SIZE);
    note->has_signature = true;
    return ERR_NONE;
}

static enum err cosignature_line_parse(struct slice encoded, struct note *note)
{
    uint8_t bytes[COSIGNED_SIZE];
    size_t size;
    if (note->has_cosignature)
        return ERR_MALFORMED;
    if (text_base64_decode(encoded, bytes, sizeof bytes, &size) != ERR_NONE ||
        size != sizeof bytes)
        return ERR_MALFORMED;
    memcpy(note->cosignature_key_id, bytes, NOTE_KEY_ID_SIZE);
    note->cosigned_s = u64_get(bytes + NOTE_KEY_ID_SIZE);
    memcpy(note->cosignature, bytes + NOTE_KEY_ID_SIZE + 8, SIGNATURE_SIZE);
    note->has_cosignature = true;
    return note->cosigned_s > COSIGNATURE_SECONDS_MAX ? ERR_MALFORMED
                                                      : ERR_NONE;
}

static enum err signature_line_parse(struct slice line, struct note *note)
{
    char author_name[ORIGIN_TEXT_SIZE + 1];
    char witness_name[WITNESS_NAME_SIZE + 1];
    const size_t dash_size = sizeof EM_DASH - 1;
    struct slice name;
    if (line.size < dash_size || memcmp(line.bytes, EM_DASH, dash_size) != 0)
        return ERR_MALFORMED;
    line = slice_of(line.bytes + dash_size, line.size - dash_size);
    if (!text_cut(&line, ' ', &name))
        return ERR_MALFORMED;
    origin_print(&note->origin, author_name);
    if (slice_is(name, author_name))
        return author_line_parse(line, note);
    witness_name_print(&note->origin.recipient, witness_name);
    if (slice_is(name, witness_name))
        return cosignature_line_parse(line, note);
    return ERR_MALFORMED;
}

enum err note_parse(struct slice text, struct note *note)
{
    struct note parsed = { 0 };
    struct slice line;
    enum err err = checkpoint_parse(&text, &parsed);
    while (err == ERR_NONE && text_cut(&text, '\n', &line))
        err = signature_line_parse(line, &parsed);
    if (err != ERR_NONE)
        return err;
    if (text.size > 0 || !(parsed.has_signature || parsed.has_cosignature))
        return ERR_MALFORMED;
    *note = parsed;
    return ERR_NONE;
}

/* Where the next empty line is: its position, or the end. */
static size_t empty_line_after(struct slice text, size_t at)
{
    for (; at + 1 < text.size; at++)
        if (text.bytes[at] == '\n' && text.bytes[at + 1] == '\n')
            return at + 1;
    return text.size;
}

enum err note_take(struct slice *rest, struct note *note)
{
    /* the first one stands before the signatures */
    size_t at = empty_line_after(*rest, empty_line_after(*rest, 0));
    if (at == rest->size)
        return ERR_MALFORMED;
    enum err err = note_parse(slice_of(rest->bytes, at), note);
    if (err == ERR_NONE)
        *rest = slice_of(rest->bytes + at + 1, rest->size - at - 1);
    return err;
}

bool note_is_same_checkpoint(const struct note *a, const struct note *b)
{
    return origin_equal(&a->origin, &b->origin) && a->size == b->size &&
           memcmp(a->root, b->root, HASH_SIZE) == 0;
}

/* ---- Signing and verifying ---- */

/* What a cosignature covers: its header, its time, the note text. */
static struct slice cosigned_text(const struct note *note, uint64_t unix_s,
    char text[COSIGNED_TEXT_SIZE_MAX + 1])
{
    static const char header[] = "cosignature/v1\ntime ";
    struct line line = { .text = text };
    line_add(&line, header, sizeof header - 1);
    line_add_decimal(&line, unix_s);
    line_add(&line, "\n", 1);
    line_add_note_text(&line, note);
    return slice_of(text, line.size);
}

void note_key_id(struct crypto *crypto, struct slice name, uint8_t type,
    const uint8_t key[KEY_SIZE], uint8_t id[NOTE_KEY_ID_SIZE])
{
    uint8_t digest[HASH_SIZE];
    const struct slice parts[] = { name, SLICE_LITERAL("\n"),
        slice_of(&type, 1), slice_of(key, KEY_SIZE) };
    crypto_hash(crypto, parts, 4, digest);
    memcpy(id, digest, NOTE_KEY_ID_SIZE);
}

static void author_key_id(struct crypto *crypto, const struct origin *origin,
    const uint8_t key[KEY_SIZE], uint8_t id[NOTE_KEY_ID_SIZE])
{
    char name[ORIGIN_TEXT_SIZE + 1];
    origin_print(origin, name);
    note_key_id(crypto, slice_of_text(name), NOTE_TYPE_AUTHOR, key, id);
}

static void witness_key_id(struct crypto *crypto,
    const struct agency_id *recipient, const uint8_t key[KEY_SIZE],
    uint8_t id[NOTE_KEY_ID_SIZE])
{
    char name[WITNESS_NAME_SIZE + 1];
    witness_name_print(recipient, name);
    note_key_id(crypto, slice_of_text(name), NOTE_TYPE_COSIGNATURE, key, id);
}

enum err note_sign(struct crypto *crypto, struct note *note)
{
    char text[NOTE_TEXT_SIZE_MAX + 1];
    uint8_t key[KEY_SIZE], signature[SIGNATURE_SIZE];
    enum err err = crypto->ops->signer_public(crypto, CRYPTO_SIGNER_LOG, key);
    if (err == ERR_NONE)
        err = crypto->ops->sign(
            crypto, CRYPTO_SIGNER_LOG, note_text(note, text), signature);
    if (err != ERR_NONE)
        return err;
    author_key_id(crypto, &note->origin, key, note->signature_key_id);
    memcpy(note->signature, signature, SIGNATURE_SIZE);
    note->has_signature = true;
    note->has_cosignature = false;
    return ERR_NONE;
}

enum err note_cosign(struct crypto *crypto, uint64_t unix_s, struct note *note)
{
    char text[COSIGNED_TEXT_SIZE_MAX + 1];
    uint8_t key[KEY_SIZE], signature[SIGNATURE_SIZE];
    if (!note->has_signature)
        return ERR_STATE;
    if (unix_s > COSIGNATURE_SECONDS_MAX)
        return ERR_INVALID;
    enum err err =
        crypto->ops->signer_public(crypto, CRYPTO_SIGNER_WITNESS, key);
    if (err == ERR_NONE)
        err = crypto->ops->sign(crypto, CRYPTO_SIGNER_WITNESS,
            cosigned_text(note, unix_s, text), signature);
    if (err != ERR_NONE)
        return err;
    witness_key_id(
        crypto, &note->origin.recipient, key, note->cosignature_key_id);
    note->cosigned_s = unix_s;
    memcpy(note->cosignature, signature, SIGNATURE_SIZE);
    note->has_cosignature = true;
    return ERR_NONE;
}

enum err note_verify(
    struct crypto *crypto, const struct note *note, const uint8_t key[KEY_SIZE])
{
    char text[NOTE_TEXT_SIZE_MAX + 1];
    uint8_t id[NOTE_KEY_ID_SIZE];
    if (!note->has_signature)
        return ERR_NOT_FOUND;
    author_key_id(crypto, &note->origin, key, id);
    if (memcmp(id, note->signature_key_id, NOTE_KEY_ID_SIZE) != 0)
        return ERR_KEY;
    bool holds = crypto->ops->verify(
        crypto, key, note_text(note, text), note->signature);
    return holds ? ERR_NONE : ERR_SIGNATURE;
}

enum err note_verify_cosignature(struct crypto *crypto, const struct note *note,
    const struct agency_id *recipient, const uint8_t key[KEY_SIZE])
{
    char text[COSIGNED_TEXT_SIZE_MAX + 1];
    uint8_t id[NOTE_KEY_ID_SIZE];
    if (!agency_id_equal(&note->origin.recipient, recipient))
        return ERR_ADDRESS;
    if (!note->has_cosignature)
        return ERR_NOT_FOUND;
    witness_key_id(crypto, recipient, key, id);
    if (memcmp(id, note->cosignature_key_id, NOTE_KEY_ID_SIZE) != 0)
        return ERR_KEY;
    bool holds = crypto->ops->verify(crypto, key,
        cosigned_text(note, note->cosigned_s, text), note->cosignature);
    return holds ? ERR_NONE : ERR_SIGNATURE;
}

/* ---- Keys as others see them ---- */

static struct slice vkey_print(struct crypto *crypto, const char *name,
    uint8_t type, const uint8_t key[KEY_SIZE],
    char text[NOTE_VKEY_SIZE_MAX + 1])
{
    struct line line = { .text = text };
    uint8_t id[NOTE_KEY_ID_SIZE], typed_key[1 + KEY_SIZE];
    char digits[TEXT_HEX_SIZE(NOTE_KEY_ID_SIZE) + 1];
    note_key_id(crypto, slice_of_text(name), type, key, id);
    text_hex_encode(SLICE_ARRAY(id), digits, sizeof digits);
    typed_key[0] = type;
    memcpy(typed_key + 1, key, KEY_SIZE);
    line_add(&line, name, strlen(name));
    line_add(&line, "+", 1);
    line_add(&line, digits, strlen(digits));
    line_add(&line, "+", 1);
    line_add_base64(&line, SLICE_ARRAY(typed_key));
    return slice_of(text, line.size);
}

struct slice note_author_vkey(struct crypto *crypto,
    const struct origin *origin, const uint8_t key[KEY_SIZE],
    char text[NOTE_VKEY_SIZE_MAX + 1])
{
    char name[ORIGIN_TEXT_SIZE + 1];
    origin_print(origin, name);
    return vkey_print(crypto, name, NOTE_TYPE_AUTHOR, key, text);
}

struct slice note_witness_vkey(struct crypto *crypto,
    const struct agency_id *recipient, const uint8_t key[KEY_SIZE],
    char text[NOTE_VKEY_SIZE_MAX + 1])
{
    char name[WITNESS_NAME_SIZE + 1];
    witness_name_print(recipient, name);
    return vkey_print(crypto, name, NOTE_TYPE_COSIGNATURE, key, text);
}
