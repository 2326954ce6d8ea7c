#include "io/yaml_outline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/id.h"
#include "base/text.h"

#define NODE_COUNT_FIRST 256

struct walk {
    struct yaml_outline *outline;
    struct yaml_problem *problem;
    size_t open;     /* innermost mapping or list */
    size_t depth;    /* of open ones */
    const char *key; /* read, its value is next; NULL: none */
    unsigned key_line;
    unsigned key_column;
    bool has_document;
};

/* The path of what is read now: the open mapping or list, and the key whose
 * value is next. */
static void name_place(const struct walk *walk)
{
    char *path = walk->problem->path;
    size_t capacity = sizeof walk->problem->path;
    if (walk->open == YAML_NODE_NONE)
        return;
    yaml_outline_path(walk->outline, walk->open, path, capacity);
    if (walk->key == NULL || !code_is_valid(slice_of_text(walk->key)))
        return;
    size_t size = strlen(path);
    (void)snprintf(
        path + size, capacity - size, "%s%s", size > 0 ? "." : "", walk->key);
}

static enum err refuse_at(
    struct walk *walk, yaml_mark_t mark, const char *reason)
{
    walk->problem->line = (unsigned)mark.line + 1;
    walk->problem->column = (unsigned)mark.column + 1;
    yaml_problem_reason(walk->problem, "%s", reason);
    name_place(walk);
    return ERR_INVALID;
}

/* ---- Nodes ---- */

static struct yaml_node *add_node(struct walk *walk)
{
    struct yaml_outline *outline = walk->outline;
    if (outline->count == outline->capacity) {
        size_t capacity =
            outline->capacity == 0 ? NODE_COUNT_FIRST : outline->capacity * 2;
        struct yaml_node *nodes =
            realloc(outline->nodes, capacity * sizeof *nodes);
        if (nodes == NULL)
            return NULL;
        outline->nodes = nodes;
        outline->capacity = capacity;
    }
    struct yaml_node *node = &outline->nodes[outline->count++];
    *node = (struct yaml_node){ .parent = walk->open };
    return node;
}

static bool is_octal_or_hex(struct slice text)
{
    size_t i = text.size > 0 && (text.bytes[0] == '-' || text.bytes[0] == '+');
    if (text.size < i + 2 || text.bytes[i] != '0')
        return false;
    i++;
    bool has_prefix = strchr("xXoObB", text.bytes[i]) != NULL;
    i += has_prefix;
    if (i == text.size)
        return false;
    for (; i < text.size; i++) {
        uint8_t byte = text.bytes[i];
        bool is_digit = byte >= '0' && byte <= '9';
        bool is_letter =
            (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
        if (!is_digit && !(has_prefix && is_letter) && byte != '_')
            return false;
    }
    return true;
}

/* Adds the node that begins here to what is open. */
static enum err begin_node(struct walk *walk, enum yaml_kind kind,
    yaml_mark_t mark, struct yaml_node **out)
{
    struct yaml_outline *outline = walk->outline;
    if (outline->count == YAML_NODE_COUNT_MAX)
        return refuse_at(walk, mark, "has too many entries");
    struct yaml_node *node = add_node(walk);
    if (node == NULL)
        return ERR_NO_MEMORY;
    node->kind = kind;
    node->next = outline->count;
    node->key = walk->key;
    node->line = walk->key != NULL ? walk->key_line : (unsigned)mark.line + 1;
    node->column =
        walk->key != NULL ? walk->key_column : (unsigned)mark.column + 1;
    walk->key = NULL;
    if (walk->open != YAML_NODE_NONE)
        node->index = outline->nodes[walk->open].child_count++;
    *out = node;
    return ERR_NONE;
}

static enum err open_node(
    struct walk *walk, enum yaml_kind kind, yaml_mark_t mark)
{
    struct yaml_node *node;
    if (walk->depth == YAML_DEPTH_MAX)
        return refuse_at(walk, mark, "is nested too deeply");
    enum err err = begin_node(walk, kind, mark, &node);
    if (err != ERR_NONE)
        return err;
    walk->open = (size_t)(node - walk->outline->nodes);
    walk->depth++;
    return ERR_NONE;
}

static void close_node(struct walk *walk)
{
    struct yaml_node *node = &walk->outline->nodes[walk->open];
    node->next = walk->outline->count;
    walk->open = node->parent;
    walk->depth--;
}

/* ---- Scalars and keys ---- */

static bool is_key_next(const struct walk *walk)
{
    return walk->open != YAML_NODE_NONE && walk->key == NULL &&
           walk->outline->nodes[walk->open].kind == YAML_MAPPING;
}

static enum err take_key(
    struct walk *walk, struct slice text, bool is_plain, yaml_mark_t mark)
{
    const struct yaml_node *mapping = &walk->outline->nodes[walk->open];
    if (is_plain && slice_is(text, "<<"))
        return refuse_at(walk, mark,
            "uses a merge key (<<), which is not taken here: write the "
            "entries out");
    if (mapping->child_count == YAML_KEY_COUNT_MAX)
        return refuse_at(walk, mark, "has too many keys");
    char *key = arena_text(&walk->outline->text, text);
    if (key == NULL)
        return ERR_NO_MEMORY;
    walk->key_line = (unsigned)mark.line + 1;
    walk->key_column = (unsigned)mark.column + 1;
    if (yaml_outline_entry(walk->outline, walk->open, key) != YAML_NODE_NONE) {
        (void)refuse_at(walk, mark, "has a key that stands twice");
        if (code_is_valid(text))
            yaml_problem_reason(walk->problem,
                "has the key %s twice: delete one of the two", key);
        return ERR_INVALID;
    }
    walk->key = key;
    return ERR_NONE;
}

static enum err take_scalar(struct walk *walk, const yaml_event_t *event)
{
    struct slice text =
        slice_of(event->data.scalar.value, event->data.scalar.length);
    bool is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    struct yaml_node *node;
    if (event->data.scalar.tag != NULL)
        return refuse_at(walk, event->start_mark,
            "has a tag (!), which is not taken here: delete it");
    /* escapes can say what the bytes of the file may not */
    if (!text_is_utf8(text, TEXT_CONTROLS_LAYOUT))
        return refuse_at(walk, event->start_mark,
            "has a control character in a text: delete it");
    if (is_key_next(walk))
        return take_key(walk, text, is_plain, event->start_mark);
    enum err err = begin_node(walk, YAML_SCALAR, event->start_mark, &node);
    if (err != ERR_NONE)
        return err;
    node->is_plain = is_plain;
    node->value = arena_copy(&walk->outline->text, text);
    if (node->value.bytes == NULL)
        return ERR_NO_MEMORY;
    if (is_plain && is_octal_or_hex(text)) {
        walk->open = (size_t)(node - walk->outline->nodes);
        return refuse_at(walk, event->start_mark,
            "has a number with a leading 0, which YAML's versions read "
            "differently: write it without, or text in quotes");
    }
    return ERR_NONE;
}

/* ---- Events ---- */

static enum err check_document(struct walk *walk, const yaml_event_t *event)
{
    if (walk->has_document)
        return refuse_at(walk, event->start_mark,
            "is a second document: one file holds one");
    if (event->data.document_start.version_directive != NULL ||
        event->data.document_start.tag_directives.start !=
            event->data.document_start.tag_directives.end)
        return refuse_at(walk, event->start_mark,
            "has a directive (%), which is not taken here: delete it");
    walk->has_document = true;
    return ERR_NONE;
}

static bool has_anchor(const yaml_event_t *event)
{
    if (event->type == YAML_SCALAR_EVENT)
        return event->data.scalar.anchor != NULL;
    if (event->type == YAML_SEQUENCE_START_EVENT)
        return event->data.sequence_start.anchor != NULL;
    return event->type == YAML_MAPPING_START_EVENT &&
           event->data.mapping_start.anchor != NULL;
}

static enum err take_start(
    struct walk *walk, const yaml_event_t *event, enum yaml_kind kind)
{
    const yaml_char_t *tag = kind == YAML_MAPPING
                                 ? event->data.mapping_start.tag
                                 : event->data.sequence_start.tag;
    if (tag != NULL)
        return refuse_at(walk, event->start_mark,
            "has a tag (!), which is not taken here: delete it");
    if (is_key_next(walk))
        return refuse_at(walk, event->start_mark,
            "has a key that is a list or a mapping: write a name");
    return open_node(walk, kind, event->start_mark);
}

static enum err take_event(struct walk *walk, const yaml_event_t *event)
{
    if (event->type == YAML_ALIAS_EVENT || has_anchor(event))
        return refuse_at(walk, event->start_mark,
            "has an anchor (&) or an alias (*), which are not taken here: "
            "write the value out");
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return check_document(walk, event);
    case YAML_SCALAR_EVENT:
        return take_scalar(walk, event);
    case YAML_SEQUENCE_START_EVENT:
        return take_start(walk, event, YAML_SEQUENCE);
    case YAML_MAPPING_START_EVENT:
        return take_start(walk, event, YAML_MAPPING);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        close_node(walk);
        return ERR_NONE;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
    case YAML_ALIAS_EVENT:
        break;
    }
    return ERR_NONE;
}

/* ---- Bytes ---- */

/* The size of the character at `bytes`, 0 when it is none we take. */
static size_t character_size(struct slice bytes)
{
    for (size_t size = 1; size <= 4 && size <= bytes.size; size++)
        if (text_is_utf8(slice_of(bytes.bytes, size), TEXT_CONTROLS_ANY))
            return size;
    return 0;
}

/* The line and column of a byte; of the first bad one when it is before. */
static yaml_mark_t mark_of(struct slice bytes, size_t offset)
{
    yaml_mark_t mark = { 0 };
    size_t i = 0;
    while (i < offset && i < bytes.size) {
        size_t size = character_size(slice_of(bytes.bytes + i, bytes.size - i));
        if (size == 0)
            break;
        mark.column++;
        if (bytes.bytes[i] == '\n') {
            mark.line++;
            mark.column = 0;
        }
        i += size;
    }
    return mark;
}

static enum err check_bytes(struct walk *walk, struct slice bytes)
{
    if (bytes.size > YAML_SIZE_MAX) {
        yaml_problem_reason(
            walk->problem, "is larger than %u bytes", YAML_SIZE_MAX);
        return ERR_INVALID;
    }
    if (text_is_utf8(bytes, TEXT_CONTROLS_ANY))
        return ERR_NONE;
    return refuse_at(walk, mark_of(bytes, bytes.size),
        "has a byte that is not UTF-8 text: save the file as UTF-8");
}

/* True when that character is a tab; libyaml's index counts characters. */
static bool is_tab_at(struct slice bytes, size_t index)
{
    size_t i = 0;
    while (i < bytes.size && index > 0) {
        size_t size = character_size(slice_of(bytes.bytes + i, bytes.size - i));
        i += size > 0 ? size : 1;
        index--;
    }
    return i < bytes.size && bytes.bytes[i] == '\t';
}

/* What libyaml found; its texts are constants of its own. */
static enum err refuse_syntax(
    struct walk *walk, const yaml_parser_t *parser, struct slice bytes)
{
    if (parser->error == YAML_MEMORY_ERROR)
        return ERR_NO_MEMORY;
    yaml_mark_t mark = parser->error == YAML_READER_ERROR
                           ? mark_of(bytes, parser->problem_offset)
                           : parser->problem_mark;
    const char *what =
        parser->problem != NULL ? parser->problem : "cannot be read";
    if (parser->error == YAML_SCANNER_ERROR && is_tab_at(bytes, mark.index))
        what = "a tab does not indent: use spaces";
    (void)refuse_at(walk, mark, "");
    yaml_problem_reason(walk->problem, "is not YAML: %s", what);
    return ERR_INVALID;
}

static enum err walk_events(
    struct walk *walk, yaml_parser_t *parser, struct slice bytes)
{
    enum err err = ERR_NONE;
    bool is_done = false;
    while (err == ERR_NONE && !is_done) {
        yaml_event_t event;
        if (!yaml_parser_parse(parser, &event))
            return refuse_syntax(walk, parser, bytes);
        is_done = event.type == YAML_STREAM_END_EVENT;
        err = take_event(walk, &event);
        yaml_event_delete(&event);
    }
    return err;
}

/* What copies of all its scalars and keys take: an escape can give three bytes
 * for two; no byte begins two of them; each is rounded up to the arena's
 * alignment with its zero byte. */
static size_t text_size_max(struct slice bytes)
{
    size_t count = bytes.size + 2;
    if (count > 2 * YAML_NODE_COUNT_MAX)
        count = 2 * YAML_NODE_COUNT_MAX;
    return bytes.size * 2 + count * 16;
}

enum err yaml_outline_init(struct yaml_outline *outline, struct slice bytes,
    struct yaml_problem *problem)
{
    struct walk walk = {
        .outline = outline,
        .problem = problem,
        .open = YAML_NODE_NONE,
    };
    yaml_parser_t parser;
    *outline = (struct yaml_outline){ 0 };
    enum err err = check_bytes(&walk, bytes);
    if (err == ERR_NONE)
        err = arena_init(&outline->text, text_size_max(bytes));
    if (err != ERR_NONE)
        return err;
    if (!yaml_parser_initialize(&parser))
        return ERR_NO_MEMORY;
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser,
        bytes.bytes != NULL ? bytes.bytes : (const uint8_t *)"", bytes.size);
    err = walk_events(&walk, &parser, bytes);
    yaml_parser_delete(&parser);
    if (err == ERR_NONE && outline->count == 0) {
        yaml_problem_reason(problem, "holds nothing");
        err = ERR_INVALID;
    }
    return err;
}

void yaml_outline_release(struct yaml_outline *outline)
{
    free(outline->nodes);
    if (outline->text.block != NULL)
        arena_release(&outline->text);
    *outline = (struct yaml_outline){ 0 };
}

/* ---- Finding one's way ---- */

size_t yaml_outline_entry(
    const struct yaml_outline *outline, size_t mapping, const char *key)
{
    size_t end =
        outline->nodes[mapping].child_count == 0 ? mapping + 1 : outline->count;
    for (size_t i = mapping + 1; i < end; i = outline->nodes[i].next) {
        if (outline->nodes[i].parent != mapping)
            break;
        if (outline->nodes[i].key != NULL &&
            strcmp(outline->nodes[i].key, key) == 0)
            return i;
    }
    return YAML_NODE_NONE;
}

void yaml_outline_path(const struct yaml_outline *outline, size_t node,
    char *path, size_t capacity)
{
    size_t chain[YAML_DEPTH_MAX + 1];
    size_t count = 0;
    size_t size = 0;
    for (size_t i = node; outline->nodes[i].parent != YAML_NODE_NONE &&
                          count < sizeof chain / sizeof *chain;
         i = outline->nodes[i].parent)
        chain[count++] = i;
    path[0] = '\0';
    while (count > 0 && size < capacity) {
        const struct yaml_node *step = &outline->nodes[chain[--count]];
        const char *key = step->key;
        if (key != NULL && !code_is_valid(slice_of_text(key)))
            key = "?";
        int written = key == NULL ? snprintf(path + size, capacity - size,
                                        "[%zu]", step->index)
                                  : snprintf(path + size, capacity - size,
                                        "%s%s", size == 0 ? "" : ".", key);
        size += written > 0 ? (size_t)written : 0;
    }
}

/* True when `path` goes on at or below what `prefix` names. */
static bool is_around(const char *prefix, const char *path)
{
    size_t size = strlen(prefix);
    return strncmp(prefix, path, size) == 0 &&
           (path[size] == '\0' || path[size] == '.' || path[size] == '[');
}

size_t yaml_outline_find(const struct yaml_outline *outline, const char *path)
{
    size_t best = 0;
    for (size_t i = 1; i < outline->count;) {
        char here[192];
        yaml_outline_path(outline, i, here, sizeof here);
        bool is_on_the_way = is_around(here, path);
        if (is_on_the_way)
            best = i;
        i = is_on_the_way ? i + 1 : outline->nodes[i].next;
    }
    return best;
}
