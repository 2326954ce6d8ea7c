#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "io/yaml_cyaml.h"

/* ---- Which YAML is taken ---- */

/* clang-format off */
static const struct {
    const char *text;
    size_t size;
    const char *problem;
} refused[] = {
    { "", 0,
      "x.yaml: holds nothing" },
    { "# nothing\n", 10,
      "x.yaml: holds nothing" },
    { "--- \n", 5,
      "x.yaml:2:1: expected keys and values" },
    { "mou: 1\n---\nmou: 1\n", 18,
      "x.yaml:2:1: is a second document: one file holds one" },
    { "%YAML 1.1\n---\nmou: 1\n", 21,
      "x.yaml:1:1: has a directive (%), which is not taken here: "
      "delete it" },
    { "mou: &a 1\n", 10,
      "x.yaml:1:6: mou: has an anchor (&) or an alias (*), which "
      "are not taken here: write the value out" },
    { "&a mou: 1\n", 10,
      "x.yaml:1:1: has an anchor (&) or an alias (*), which are "
      "not taken here: write the value out" },
    { "mou: *a\n", 8,
      "x.yaml:1:6: mou: has an anchor (&) or an alias (*), which "
      "are not taken here: write the value out" },
    { "parties: &p [x]\n", 16,
      "x.yaml:1:10: parties: has an anchor (&) or an alias (*), "
      "which are not taken here: write the value out" },
    { "in_force: !map {a: b}\n", 22,
      "x.yaml:1:11: in_force: has a tag (!), which is not taken "
      "here: delete it" },
    { "title: !!str x\n", 15,
      "x.yaml:1:8: title: has a tag (!), which is not taken here: "
      "delete it" },
    { "parties: ! [x]\n", 15,
      "x.yaml:1:10: parties: has a tag (!), which is not taken "
      "here: delete it" },
    { "in_force: {<<: {a: b}}\n", 23,
      "x.yaml:1:12: in_force: uses a merge key (<<), which is not "
      "taken here: write the entries out" },
    { "version: 1\nversion: 2\n", 22,
      "x.yaml:2:1: has the key version twice: delete one of the two" },
    { "[a]: b\n", 7,
      "x.yaml:1:1: has a key that is a list or a mapping: write a "
      "name" },
    { "{a: b}: c\n", 10,
      "x.yaml:1:1: has a key that is a list or a mapping: write a "
      "name" },
    { "? |\n  a\n: b\n", 12,
      "x.yaml:1:3: ?: this release does not enforce it, so it must "
      "not be in a signed agreement; the keys here are mou, id, "
      "title, version, in_force, parties, services, pathways, "
      "data_elements, never_share, consent, retention, signatures_required" },
    { "version: 010\n", 13,
      "x.yaml:1:10: version: has a number with a leading 0, which "
      "YAML's versions read differently: write it without, or text "
      "in quotes" },
    { "version: 0x10\n", 14,
      "x.yaml:1:10: version: has a number with a leading 0, which "
      "YAML's versions read differently: write it without, or text "
      "in quotes" },
    { "version: 0o17\n", 14,
      "x.yaml:1:10: version: has a number with a leading 0, which "
      "YAML's versions read differently: write it without, or text "
      "in quotes" },
    { "version: -07\n", 13,
      "x.yaml:1:10: version: has a number with a leading 0, which "
      "YAML's versions read differently: write it without, or text "
      "in quotes" },
    { "version: 0b1\n", 13,
      "x.yaml:1:10: version: has a number with a leading 0, which "
      "YAML's versions read differently: write it without, or text "
      "in quotes" },
    { "never_share: [00]\n", 18,
      "x.yaml:1:15: never_share[0]: has a number with a leading 0, "
      "which YAML's versions read differently: write it without, "
      "or text in quotes" },
    { "title: \"a\\0b\"\n", 14,
      "x.yaml:1:8: title: has a control character in a text: "
      "delete it" },
    { "title: \"\\e[2J\"\n", 15,
      "x.yaml:1:8: title: has a control character in a text: "
      "delete it" },
    { "title: a\000b\n", 11,
      "x.yaml:1:9: has a byte that is not UTF-8 text: save the "
      "file as UTF-8" },
    { "title: a\007b\n", 11,
      "x.yaml:1:9: is not YAML: control characters are not allowed" },
    { "title: \377\n", 9,
      "x.yaml:1:8: has a byte that is not UTF-8 text: save the "
      "file as UTF-8" },
    { "title: \303\226 \342\202\254 \355\240\200\n", 18,
      "x.yaml:1:12: has a byte that is not UTF-8 text: save the "
      "file as UTF-8" },
    { "\tmou: 1\n", 8,
      "x.yaml:1:1: is not YAML: a tab does not indent: use spaces" },
    { "mou: 1\n  id: x\n", 15,
      "x.yaml:2:5: is not YAML: mapping values are not allowed in "
      "this context" },
    { "parties: [\n", 11,
      "x.yaml:2:1: parties: is not YAML: did not find expected "
      "node content" },
    { "title: \"abc\n", 12,
      "x.yaml:2:1: title: is not YAML: found unexpected end of "
      "stream" },
    { "title: a: b\n", 12,
      "x.yaml:1:9: is not YAML: mapping values are not allowed in "
      "this context" },
    { "a: [[[[[[[[1]]]]]]]]\n", 21,
      "x.yaml:1:11: a[0][0][0][0][0][0]: is nested too deeply" },
    { "{k0: 1, k1: 1, k2: 1, k3: 1, k4: 1, k5: 1, k6: 1, k7: 1, "
      "k8: 1, k9: 1, k10: 1, k11: 1, k12: 1, k13: 1, k14: 1, k15: "
      "1, k16: 1, k17: 1, k18: 1, k19: 1, k20: 1, k21: 1, k22: 1, "
      "k23: 1, k24: 1, k25: 1, k26: 1, k27: 1, k28: 1, k29: 1, "
      "k30: 1, k31: 1, k32: 1, k33: 1, k34: 1, k35: 1, k36: 1, "
      "k37: 1, k38: 1, k39: 1, k40: 1, k41: 1, k42: 1, k43: 1, "
      "k44: 1, k45: 1, k46: 1, k47: 1, k48: 1, k49: 1, k50: 1, "
      "k51: 1, k52: 1, k53: 1, k54: 1, k55: 1, k56: 1, k57: 1, "
      "k58: 1, k59: 1, k60: 1, k61: 1, k62: 1, k63: 1, k64: 1}\n", 511,
      "x.yaml:1:504: has too many keys" },
};
/* clang-format on */

static void what_yaml_readers_disagree_about_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct yaml_loaded loaded;
        struct yaml_problem problem;
        char text[YAML_PROBLEM_TEXT_SIZE];
        assert_int_equal(
            yaml_load(&yaml_mou_document, "x.yaml",
                slice_of(refused[i].text, refused[i].size), &loaded, &problem),
            ERR_INVALID);
        yaml_problem_format(&problem, text);
        assert_string_equal(text, refused[i].problem);
    }
}

static void a_document_too_large_or_too_long_is_refused(void **state)
{
    static char large[YAML_SIZE_MAX + 1];
    struct yaml_outline outline;
    struct yaml_problem problem;
    (void)state;
    memset(large, '#', sizeof large);
    yaml_problem_begin(&problem, "x");
    assert_int_equal(
        yaml_outline_init(&outline, SLICE_ARRAY(large), &problem), ERR_INVALID);
    assert_string_equal(problem.reason, "is larger than 1048576 bytes");
    yaml_outline_release(&outline);

    for (size_t i = 0; i < sizeof large; i += 2)
        memcpy(large + i, i == 0 ? "[1" : ",1", i + 1 < sizeof large ? 2 : 1);
    yaml_problem_begin(&problem, "x");
    assert_int_equal(
        yaml_outline_init(&outline, slice_of(large, 200000), &problem),
        ERR_INVALID);
    assert_string_equal(problem.reason, "has too many entries");
    yaml_outline_release(&outline);
}

static void every_node_knows_its_place(void **state)
{
    static const char text[] = "a: 1\n"
                               "\"b\":\n"
                               "  - {c: x, d: [y, z]}\n"
                               "  - c: \xc3\x96; 0.5\n"
                               "    f: |\n"
                               "      two\n"
                               "      lines\n"
                               "g: {}\n";
    static const struct {
        const char *path;
        unsigned line;
        unsigned column;
        const char *value;
    } places[] = {
        { "", 1, 1, NULL },
        { "a", 1, 1, "1" },
        { "b", 2, 1, NULL },
        { "b[0]", 3, 5, NULL },
        { "b[0].c", 3, 6, "x" },
        { "b[0].d", 3, 12, NULL },
        { "b[0].d[1]", 3, 19, "z" },
        { "b[1]", 4, 5, NULL },
        { "b[1].c", 4, 5, "\xc3\x96; 0.5" },
        { "b[1].f", 5, 5, "two\nlines\n" },
        { "g", 8, 1, NULL },
    };
    struct yaml_outline outline;
    struct yaml_problem problem;
    char path[64];
    (void)state;
    yaml_problem_begin(&problem, "x");
    assert_int_equal(
        yaml_outline_init(&outline, slice_of_text(text), &problem), ERR_NONE);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        size_t node = yaml_outline_find(&outline, places[i].path);
        yaml_outline_path(&outline, node, path, sizeof path);
        assert_string_equal(path, places[i].path);
        assert_int_equal(outline.nodes[node].line, places[i].line);
        assert_int_equal(outline.nodes[node].column, places[i].column);
        if (places[i].value != NULL)
            assert_true(slice_is(outline.nodes[node].value, places[i].value));
    }
    /* what is not there is looked for around it */
    yaml_outline_path(
        &outline, yaml_outline_find(&outline, "b[0].x.y"), path, sizeof path);
    assert_string_equal(path, "b[0]");
    assert_int_equal(yaml_outline_find(&outline, "nothing"), 0);
    yaml_outline_release(&outline);
}

/* ---- Tables ---- */

static const struct yaml_document *const documents[] = {
    &yaml_config_document,
    &yaml_mou_document,
    &yaml_referral_document,
};

static size_t check_row(const struct yaml_document *document,
    const cyaml_schema_value_t *schema, const char *path);

static size_t check_fields(const struct yaml_document *document,
    const cyaml_schema_value_t *schema, const char *path)
{
    size_t count = 0;
    for (const cyaml_schema_field_t *field = schema->mapping.fields;
         field->key != NULL; field++) {
        char entry[128];
        (void)snprintf(entry, sizeof entry, "%s%s%s", path,
            path[0] != '\0' ? "." : "", field->key);
        bool is_optional = (field->value.flags & CYAML_FLAG_OPTIONAL) != 0;
        const struct yaml_key *key = yaml_key_of(document, entry);
        assert_non_null(key);
        assert_int_equal(is_optional, key->fallback != NULL);
        count += check_row(document, &field->value, entry);
    }
    return count;
}

/* How many rows the schema asks for, each there. */
static size_t check_row(const struct yaml_document *document,
    const cyaml_schema_value_t *schema, const char *path)
{
    size_t count = 0;
    if (path[0] != '\0') {
        const struct yaml_key *key = yaml_key_of(document, path);
        assert_non_null(key);
        assert_string_equal(key->path, path);
        assert_non_null(key->example);
        assert_non_null(key->help);
        assert_int_equal(key->help[strlen(key->help) - 1], '.');
        if (schema->type == CYAML_UINT) {
            assert_int_equal(schema->data_size, 4);
            assert_true(key->min <= key->max && key->max <= UINT32_MAX);
            assert_true(key->max > 0);
        }
        count = 1;
    }
    if (schema->type == CYAML_MAPPING)
        count += check_fields(document, schema, path);
    if (schema->type == CYAML_SEQUENCE) {
        char entry[128];
        (void)snprintf(entry, sizeof entry, "%s[]", path);
        count += check_row(document, schema->sequence.entry, entry);
    }
    return count;
}

static void every_key_has_a_row_and_every_row_a_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++)
        assert_int_equal(check_row(documents[i], documents[i]->schema, ""),
            documents[i]->key_count);
}

/* ---- Should libcyaml refuse what our checks let pass ---- */

struct odd {
    uint8_t number;
};

static void what_only_libcyaml_refuses_has_a_line_too(void **state)
{
    static const cyaml_schema_field_t fields[] = {
        CYAML_FIELD_UINT("number", CYAML_FLAG_DEFAULT, struct odd, number),
        CYAML_FIELD_END,
    };
    static const cyaml_schema_value_t schema = {
        CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct odd, fields),
    };
    static const struct yaml_key key = { .path = "number",
        .unit = "",
        .max = 1000,
        .example = "number: 1",
        .help = "A number." };
    static const struct yaml_document document = {
        .schema = &schema, .keys = &key, .key_count = 1
    };
    struct yaml_loaded loaded;
    struct yaml_problem problem;
    char text[YAML_PROBLEM_TEXT_SIZE];
    (void)state;
    assert_int_equal(yaml_load(&document, "x.yaml",
                         SLICE_LITERAL("number: 255"), &loaded, &problem),
        ERR_NONE);
    assert_int_equal(((const struct odd *)loaded.data)->number, 255);
    yaml_release(&loaded);
    assert_int_equal(
        yaml_load(&document, "x.yaml", SLICE_LITERAL("# more\nnumber: 256"),
            &loaded, &problem),
        ERR_INVALID);
    yaml_problem_format(&problem, text);
    assert_string_equal(text, "x.yaml:2:9: does not load: Invalid value");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_yaml_readers_disagree_about_is_refused),
        cmocka_unit_test(a_document_too_large_or_too_long_is_refused),
        cmocka_unit_test(every_node_knows_its_place),
        cmocka_unit_test(every_key_has_a_row_and_every_row_a_key),
        cmocka_unit_test(what_only_libcyaml_refuses_has_a_line_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
