#include "io/yaml_schema.h"

#include <stdio.h>
#include <string.h>

#include "base/id.h"
#include "base/text.h"
#include "core/likeness.h"

#define PATH_SIZE sizeof(((struct yaml_problem *)NULL)->path)

struct check {
    const struct yaml_document *document;
    const struct yaml_outline *outline;
    struct yaml_problem *problem;
};

/* ---- Rows ---- */

/* "pathways[12].to" as "pathways[].to". */
static void generalise(const char *path, char *general, size_t capacity)
{
    size_t size = 0;
    bool is_inside = false;
    for (; *path != '\0' && size + 1 < capacity; path++) {
        if (*path == ']')
            is_inside = false;
        if (!is_inside)
            general[size++] = *path;
        if (*path == '[')
            is_inside = true;
    }
    general[size] = '\0';
}

const struct yaml_key *yaml_key_of(
    const struct yaml_document *document, const char *path)
{
    char general[PATH_SIZE];
    generalise(path, general, sizeof general);
    for (size_t i = 0; i < document->key_count; i++)
        if (strcmp(document->keys[i].path, general) == 0)
            return &document->keys[i];
    return NULL;
}

/* ---- Forms in words ---- */

/* "a", "a or b", "one of a, b, c" */
static void name_choices(
    const cyaml_schema_value_t *schema, char *form, size_t capacity)
{
    uint32_t count = schema->enumeration.count;
    size_t size = 0;
    form[0] = '\0';
    for (uint32_t i = 0; i < count && size < capacity; i++) {
        const char *separator = i == 0       ? (count > 2 ? "one of " : "")
                                : count == 2 ? " or "
                                             : ", ";
        int written = snprintf(form + size, capacity - size, "%s%s", separator,
            schema->enumeration.strings[i].str);
        size += written > 0 ? (size_t)written : 0;
    }
}

static void name_number(const struct yaml_key *key, char *form, size_t capacity)
{
    const char *of = key->unit[0] != '\0' ? " of " : "";
    (void)snprintf(form, capacity, "a whole number%s%s from %llu to %llu", of,
        key->unit, (unsigned long long)key->min, (unsigned long long)key->max);
}

static void name_form(const cyaml_schema_value_t *schema,
    const struct yaml_key *key, char *form, size_t capacity)
{
    char choices[160];
    if (key != NULL && key->form != NULL) {
        (void)snprintf(form, capacity, "%s", key->form);
    } else if (schema->type == CYAML_UINT && key != NULL) {
        name_number(key, form, capacity);
    } else if (schema->type == CYAML_ENUM) {
        name_choices(schema, form, capacity);
    } else if (schema->type == CYAML_FLAGS) {
        name_choices(schema, choices, sizeof choices);
        (void)snprintf(form, capacity, "a list with %s", choices);
    } else if (schema->type == CYAML_SEQUENCE) {
        (void)snprintf(form, capacity, "a list of %u to %u entries",
            schema->sequence.min, schema->sequence.max);
    } else if (schema->type == CYAML_STRING) {
        (void)snprintf(form, capacity, "text of %u to %u bytes",
            schema->string.min, schema->string.max);
    } else {
        (void)snprintf(form, capacity, "keys and values");
    }
}

/* ---- Findings ---- */

static void point_at(const struct check *check, size_t node, const char *path)
{
    check->problem->line = check->outline->nodes[node].line;
    check->problem->column = check->outline->nodes[node].column;
    (void)snprintf(check->problem->path, PATH_SIZE, "%s", path);
}

static enum err refuse_form(const struct check *check, size_t node,
    const char *path, const cyaml_schema_value_t *schema, const char *prefix)
{
    const struct yaml_key *key = yaml_key_of(check->document, path);
    char form[240];
    name_form(schema, key, form, sizeof form);
    point_at(check, node, path);
    yaml_problem_reason(check->problem, "%sexpected %s", prefix, form);
    (void)snprintf(check->problem->example, sizeof check->problem->example,
        "%s", key != NULL ? key->example : "");
    return ERR_INVALID;
}

void yaml_expect(const struct yaml_document *document,
    const struct yaml_outline *outline, const char *path,
    struct yaml_problem *problem)
{
    const struct yaml_key *key = yaml_key_of(document, path);
    const struct check check = { document, outline, problem };
    point_at(&check, yaml_outline_find(outline, path), path);
    if (key == NULL)
        return;
    if (key->form != NULL)
        yaml_problem_reason(problem, "expected %s", key->form);
    (void)snprintf(
        problem->example, sizeof problem->example, "%s", key->example);
}

static void join_path(char path[PATH_SIZE], const char *base, const char *key)
{
    bool is_shown = code_is_valid(slice_of_text(key));
    (void)snprintf(path, PATH_SIZE, "%s%s%s", base, base[0] == '\0' ? "" : ".",
        is_shown ? key : "?");
}

/* The known key that is most like this one; NULL: none is. */
static const char *find_likely(
    const cyaml_schema_field_t *fields, const char *key)
{
    struct slice wanted = slice_of_text(key);
    size_t best = likeness_distance_max(wanted) + 1;
    const char *likely = NULL;
    for (; fields->key != NULL; fields++) {
        size_t distance = likeness_distance(wanted, slice_of_text(fields->key));
        if (distance < best) {
            best = distance;
            likely = fields->key;
        }
    }
    return likely;
}

static void list_keys(
    const cyaml_schema_field_t *fields, char *list, size_t capacity)
{
    size_t size = 0;
    list[0] = '\0';
    for (size_t i = 0; fields[i].key != NULL && size < capacity; i++) {
        int written = snprintf(list + size, capacity - size, "%s%s",
            i == 0 ? "" : ", ", fields[i].key);
        size += written > 0 ? (size_t)written : 0;
    }
}

static enum err refuse_unknown(const struct check *check, size_t node,
    const char *base, const cyaml_schema_field_t *fields)
{
    const char *key = check->outline->nodes[node].key;
    const char *shown = code_is_valid(slice_of_text(key)) ? key : "it";
    const char *likely = find_likely(fields, key);
    char path[PATH_SIZE];
    char keys[220];
    char what[160];
    join_path(path, base, key);
    point_at(check, node, path);
    list_keys(fields, keys, sizeof keys);
    /* the format is a constant of a document's table */
    const char *format = check->document->unknown_format;
    const char *mark = format != NULL ? strstr(format, "%s") : NULL;
    if (mark != NULL)
        (void)snprintf(what, sizeof what, "%.*s%s%s", (int)(mark - format),
            format, shown, mark + 2);
    else
        (void)snprintf(what, sizeof what, "there is no such key");
    if (likely != NULL)
        yaml_problem_reason(
            check->problem, "%s; did you mean %s?", what, likely);
    else
        yaml_problem_reason(
            check->problem, "%s; the keys here are %s", what, keys);
    return ERR_INVALID;
}

/* ---- Values ---- */

static enum err check_value(const struct check *check, size_t index,
    const char *path, const cyaml_schema_value_t *schema);

static bool is_null(const struct yaml_node *node)
{
    return node->is_plain &&
           (node->value.size == 0 || slice_is(node->value, "~") ||
               slice_is(node->value, "null") || slice_is(node->value, "Null") ||
               slice_is(node->value, "NULL"));
}

static bool is_choice(const cyaml_schema_value_t *schema, struct slice value)
{
    for (uint32_t i = 0; i < schema->enumeration.count; i++)
        if (slice_is(value, schema->enumeration.strings[i].str))
            return true;
    return false;
}

static bool is_number(const struct yaml_key *key, struct slice value)
{
    uint64_t number;
    return text_decimal_decode(value, &number) == ERR_NONE && key != NULL &&
           number >= key->min && number <= key->max;
}

static enum err check_scalar(const struct check *check, size_t index,
    const char *path, const cyaml_schema_value_t *schema)
{
    const struct yaml_node *node = &check->outline->nodes[index];
    bool is_right = node->kind == YAML_SCALAR && !is_null(node);
    if (is_right && schema->type == CYAML_ENUM)
        is_right = is_choice(schema, node->value);
    if (is_right && schema->type == CYAML_UINT)
        is_right = is_number(yaml_key_of(check->document, path), node->value);
    if (is_right && schema->type == CYAML_STRING)
        is_right = node->value.size >= schema->string.min &&
                   node->value.size <= schema->string.max;
    return is_right ? ERR_NONE : refuse_form(check, index, path, schema, "");
}

/* A list of words, each from the table and none twice. */
static enum err check_flags(const struct check *check, size_t index,
    const char *path, const cyaml_schema_value_t *schema)
{
    const struct yaml_node *nodes = check->outline->nodes;
    if (nodes[index].kind != YAML_SEQUENCE || nodes[index].child_count == 0)
        return refuse_form(check, index, path, schema, "");
    for (size_t i = index + 1; i < nodes[index].next; i = nodes[i].next) {
        bool is_twice = false;
        for (size_t j = index + 1; j < i; j = nodes[j].next)
            is_twice |= slice_equal(nodes[j].value, nodes[i].value);
        if (is_twice || nodes[i].kind != YAML_SCALAR ||
            !is_choice(schema, nodes[i].value))
            return refuse_form(
                check, i, path, schema, is_twice ? "stands twice: " : "");
    }
    return ERR_NONE;
}

static enum err check_sequence(const struct check *check, size_t index,
    const char *path, const cyaml_schema_value_t *schema)
{
    const struct yaml_node *nodes = check->outline->nodes;
    if (nodes[index].kind != YAML_SEQUENCE ||
        nodes[index].child_count < schema->sequence.min ||
        nodes[index].child_count > schema->sequence.max)
        return refuse_form(check, index, path, schema, "");
    for (size_t i = index + 1; i < nodes[index].next; i = nodes[i].next) {
        char entry[PATH_SIZE];
        (void)snprintf(entry, sizeof entry, "%s[%zu]", path, nodes[i].index);
        enum err err = check_value(check, i, entry, schema->sequence.entry);
        if (err != ERR_NONE)
            return err;
    }
    return ERR_NONE;
}

static const cyaml_schema_field_t *find_field(
    const cyaml_schema_field_t *fields, const char *key)
{
    for (; fields->key != NULL; fields++)
        if (strcmp(fields->key, key) == 0)
            return fields;
    return NULL;
}

static enum err check_entries(const struct check *check, size_t index,
    const char *path, const cyaml_schema_value_t *schema)
{
    const struct yaml_node *nodes = check->outline->nodes;
    for (size_t i = index + 1; i < nodes[index].next; i = nodes[i].next) {
        char entry[PATH_SIZE];
        const cyaml_schema_field_t *field =
            find_field(schema->mapping.fields, nodes[i].key);
        if (field == NULL)
            return refuse_unknown(check, i, path, schema->mapping.fields);
        join_path(entry, path, field->key);
        enum err err = check_value(check, i, entry, &field->value);
        if (err != ERR_NONE)
            return err;
    }
    return ERR_NONE;
}

static enum err check_mapping(const struct check *check, size_t index,
    const char *path, const cyaml_schema_value_t *schema)
{
    if (check->outline->nodes[index].kind != YAML_MAPPING)
        return refuse_form(check, index, path, schema, "");
    enum err err = check_entries(check, index, path, schema);
    if (err != ERR_NONE)
        return err;
    for (const cyaml_schema_field_t *field = schema->mapping.fields;
         field->key != NULL; field++) {
        char entry[PATH_SIZE];
        if ((field->value.flags & CYAML_FLAG_OPTIONAL) != 0 ||
            yaml_outline_entry(check->outline, index, field->key) !=
                YAML_NODE_NONE)
            continue;
        join_path(entry, path, field->key);
        return refuse_form(check, index, entry, &field->value, "is missing: ");
    }
    return ERR_NONE;
}

/* As deep as the table nests. */
static enum err check_value(const struct check *check, size_t index,
    const char *path, const cyaml_schema_value_t *schema)
{
    if (schema->type == CYAML_MAPPING)
        return check_mapping(check, index, path, schema);
    if (schema->type == CYAML_SEQUENCE)
        return check_sequence(check, index, path, schema);
    if (schema->type == CYAML_FLAGS)
        return check_flags(check, index, path, schema);
    return check_scalar(check, index, path, schema);
}

enum err yaml_check(const struct yaml_document *document,
    const struct yaml_outline *outline, struct yaml_problem *problem)
{
    const struct check check = { document, outline, problem };
    return check_value(&check, 0, "", document->schema);
}
