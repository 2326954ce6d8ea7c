#include "core/armor.h"

#include <assert.h>

#include <stdbool.h>

#include "base/text.h"

#define BEGIN "-----BEGIN "
#define END "-----END "
#define DASHES "-----"

/* Appends; the caller made room. */
static uint8_t *put(uint8_t *at, struct slice bytes)
{
    assert(bytes.size > 0);
    memcpy(at, bytes.bytes, bytes.size);
    return at + bytes.size;
}

static uint8_t *put_boundary(uint8_t *at, const char *kind, const char *label)
{
    at = put(at, slice_of_text(kind));
    at = put(at, slice_of_text(label));
    return put(at, slice_of_text(DASHES "\n"));
}

struct slice armor_write(
    const char *label, struct slice bytes, struct arena *arena)
{
    if (bytes.size > SIZE_MAX / 4)
        return SLICE_NONE;
    size_t encoded_size = TEXT_BASE64_SIZE(bytes.size);
    size_t line_count = (encoded_size + ARMOR_LINE_SIZE - 1) / ARMOR_LINE_SIZE;
    size_t boundary_size =
        sizeof BEGIN + sizeof END + 2 * sizeof DASHES + 2 * strlen(label) + 2;
    char *encoded = arena_take(arena, encoded_size + 1);
    uint8_t *text =
        arena_take(arena, encoded_size + line_count + boundary_size);
    if (encoded == NULL || text == NULL)
        return SLICE_NONE;
    (void)text_base64_encode(bytes, encoded, encoded_size + 1);

    uint8_t *at = put_boundary(text, BEGIN, label);
    for (size_t i = 0; i < encoded_size; i += ARMOR_LINE_SIZE) {
        size_t rest = encoded_size - i;
        at = put(at, slice_of(encoded + i,
                         rest < ARMOR_LINE_SIZE ? rest : ARMOR_LINE_SIZE));
        at = put(at, SLICE_LITERAL("\n"));
    }
    at = put_boundary(at, END, label);
    return slice_of(text, (size_t)(at - text));
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

/* The next line without what is blank at its end; false after the last. */
static bool take_line(struct slice *rest, struct slice *line)
{
    if (rest->size == 0)
        return false;
    if (!text_cut(rest, '\n', line)) {
        *line = *rest;
        *rest = SLICE_NONE;
    }
    while (line->size > 0 && is_blank(line->bytes[line->size - 1]))
        line->size--;
    return true;
}

static bool is_boundary(struct slice line, const char *kind, const char *label)
{
    size_t kind_size = strlen(kind);
    size_t label_size = strlen(label);
    return line.size == kind_size + label_size + strlen(DASHES) &&
           memcmp(line.bytes, kind, kind_size) == 0 &&
           memcmp(line.bytes + kind_size, label, label_size) == 0 &&
           memcmp(line.bytes + kind_size + label_size, DASHES,
               strlen(DASHES)) == 0;
}

/* Joins the lines up to END; false when one has a wrong size or END lacks. */
static bool join_lines(
    const char *label, struct slice *rest, uint8_t *joined, size_t *size)
{
    struct slice line;
    bool is_last = false;
    *size = 0;
    while (take_line(rest, &line)) {
        if (is_boundary(line, END, label))
            return *size > 0;
        if (is_last || line.size == 0 || line.size > ARMOR_LINE_SIZE)
            return false;
        is_last = line.size < ARMOR_LINE_SIZE;
        memcpy(joined + *size, line.bytes, line.size);
        *size += line.size;
    }
    return false;
}

enum err armor_read(const char *label, struct slice text, struct arena *arena,
    struct slice *bytes)
{
    struct slice rest = text;
    struct slice line = SLICE_NONE;
    *bytes = SLICE_NONE;
    while (take_line(&rest, &line) && line.size == 0)
        continue;
    if (!is_boundary(line, BEGIN, label))
        return ERR_MALFORMED;
    size_t capacity = rest.size / 4 * 3 + 3;
    uint8_t *joined = arena_take(arena, rest.size + 1);
    uint8_t *decoded = arena_take(arena, capacity);
    size_t joined_size;
    size_t decoded_size;
    if (joined == NULL || decoded == NULL)
        return ERR_LIMIT;
    if (!join_lines(label, &rest, joined, &joined_size))
        return ERR_MALFORMED;
    while (take_line(&rest, &line))
        if (line.size != 0)
            return ERR_MALFORMED;
    enum err err = text_base64_decode(
        slice_of(joined, joined_size), decoded, capacity, &decoded_size);
    if (err != ERR_NONE)
        return err;
    *bytes = slice_of(decoded, decoded_size);
    return ERR_NONE;
}
