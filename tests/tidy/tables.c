/*
 * tables.c - prints what the program's tables say, a fact a line, its parts
 * between tabs, for the check that manual pages say the same (pages.py).
 *
 *   key DOCUMENT PATH FORM DEFAULT TAKEN HELP    DEFAULT "": it is required
 *   event NAME LEVEL HELP
 *   command WORDS ARGUMENTS
 *   option WORDS LETTER NAME VALUE
 *   element CODE TYPE CLASS HELP
 *   state NAME
 *   step NAME ELEMENTS
 *   move STEP FROM TO BY
 *   detail STEP NAME NEED KIND CODES HELP
 *   code LIST CODE
 *   entry NAME
 *   trouble NAME
 *   reason KIND NAME
 *   health CODE REMEDY
 *   alarm CODE
 *
 * With the name of a document it reads one, config, mou or referral, from
 * standard input instead, and says what is wrong with it.
 */
#include "base/log.h"
#include "base/arena.h"
#include "core/alarm.h"
#include "core/element.h"
#include "core/entry.h"
#include "core/health.h"
#include "core/ledger.h"
#include "core/limits.h"
#include "core/message.h"
#include "core/step.h"
#include "io/local_socket.h"
#include "io/peers_nng.h"
#include "io/yaml_config.h"
#include "io/yaml_cyaml.h"
#include "io/yaml_mou.h"
#include "io/yaml_referral.h"
#include "io/yaml_schema.h"
#include "referctl/command.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- Keys of YAML documents --------------------------------------------- */

static const cyaml_schema_field_t *field_named(
    const cyaml_schema_value_t *mapping, const char *name, size_t size)
{
    const cyaml_schema_field_t *field = mapping->mapping.fields;
    assert(mapping->type == CYAML_MAPPING);
    while (field->key != NULL &&
           (strlen(field->key) != size || memcmp(field->key, name, size) != 0))
        field++;
    assert(field->key != NULL);
    return field;
}

/* What libcyaml's table has at a path such as "clients[].user". */
static const cyaml_schema_value_t *schema_at(
    const cyaml_schema_value_t *schema, const char *path)
{
    while (*path != '\0') {
        if (*path == '.') {
            path++;
        } else if (path[0] == '[' && path[1] == ']') {
            assert(schema->type == CYAML_SEQUENCE);
            schema = schema->sequence.entry;
            path += 2;
        } else {
            size_t size = strcspn(path, ".[");
            schema = &field_named(schema, path, size)->value;
            path += size;
        }
    }
    return schema;
}

static void print_choices(const cyaml_schema_value_t *schema)
{
    uint32_t count = schema->enumeration.count;
    for (uint32_t i = 0; i < count; i++)
        printf("%s%s",
            i == 0           ? ""
            : i + 1 == count ? " or "
                             : ", ",
            schema->enumeration.strings[i].str);
}

/* In the words of the errors: yaml_check.c. */
static void print_form(
    const cyaml_schema_value_t *schema, const struct yaml_key *key)
{
    if (key->form != NULL) {
        printf("%s", key->form);
    } else if (schema->type == CYAML_UINT) {
        printf("a whole number%s%s from %" PRIu64 " to %" PRIu64,
            key->unit[0] == '\0' ? "" : " of ", key->unit, key->min, key->max);
    } else if (schema->type == CYAML_ENUM) {
        print_choices(schema);
    } else if (schema->type == CYAML_FLAGS) {
        printf("a list with ");
        print_choices(schema);
    } else if (schema->type == CYAML_SEQUENCE) {
        printf("a list of %" PRIu32 " to %" PRIu32 " entries",
            schema->sequence.min, schema->sequence.max);
    } else {
        assert(schema->type == CYAML_MAPPING);
        printf("keys and values");
    }
}

static void print_keys(const char *name, const struct yaml_document *document)
{
    for (size_t i = 0; i < document->key_count; i++) {
        const struct yaml_key *key = &document->keys[i];
        printf("key\t%s\t%s\t", name, key->path);
        print_form(schema_at(document->schema, key->path), key);
        printf("\t%s\t%s\t%s\n", key->fallback == NULL ? "" : key->fallback,
            key->is_reloadable ? "reload" : "restart", key->help);
    }
}

/* ---- The log, the command line ------------------------------------------ */

static void print_log(void)
{
    for (int i = 0; i < LOG_EVENT_COUNT; i++) {
        enum log_event event = (enum log_event)i;
        printf("event\t%s\t%s\t%s\n", log_event_name(event),
            log_level_name(log_event_level(event)), log_event_help(event));
    }
}

static void print_options(const char *words, const struct option_row *row)
{
    for (; row != NULL && row->name != NULL; row++)
        printf("option\t%s\t%.1s\t%s\t%s\n", words,
            row->letter == 0 ? "" : &row->letter, row->name,
            row->value == NULL ? "" : row->value);
}

static void print_commands(void)
{
    struct pool pool = { 0 };
    const struct command *command;
    print_options("", global_options);
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        const char *words = command_words(&pool, command);
        printf("command\t%s\t%s\n", words, command->arguments);
        print_options(words, command->options);
    }
    pool_release(&pool);
}

/* ---- Referrals ---------------------------------------------------------- */

static void print_elements(void)
{
    static const char *const types[ELEMENT_TYPE_COUNT] = {
        [ELEMENT_TEXT] = "text",
        [ELEMENT_CODE] = "code",
        [ELEMENT_NUMBER] = "number",
        [ELEMENT_DATE] = "date",
        [ELEMENT_YEAR] = "year",
        [ELEMENT_FLAG] = "flag",
    };
    const struct element *element;
    for (size_t i = 0; (element = element_at(i)) != NULL; i++)
        printf("element\t%s\t%s\t%s\t%s\n", element->code, types[element->type],
            element->sensitive_class, element->help);
}

static const char *const lists[CODE_LIST_COUNT] = {
    [CODES_NONE] = "",
    [CODES_DECLINE] = "decline",
    [CODES_CANCEL] = "cancel",
    [CODES_OUTCOME] = "outcome",
    [CODES_PROBLEM] = "problem",
    [CODES_BARRIER] = "barrier",
    [CODES_FEEDBACK] = "feedback",
    [CODES_MISTAKE] = "mistake",
};

static void print_codes(void)
{
    for (int list = 0; list < CODE_LIST_COUNT; list++) {
        const char *code;
        for (size_t i = 0;
             (code = code_list_at((enum code_list)list, i)) != NULL; i++)
            printf("code\t%s\t%s\n", lists[list], code);
    }
}

static void print_details(enum referral_event_type step)
{
    static const char *const needs[] = {
        [DETAIL_OPTIONAL] = "optional",
        [DETAIL_REQUIRED] = "required",
        [DETAIL_ONE_OF] = "one of these",
        [DETAIL_CONDITIONAL] = "depends",
    };
    static const char *const kinds[DETAIL_KIND_COUNT] = {
        [DETAIL_TEXT] = "text",
        [DETAIL_CODE] = "code",
        [DETAIL_DATE] = "date",
        [DETAIL_TIME] = "time",
        [DETAIL_TIMES] = "times",
        [DETAIL_UUID] = "id",
        [DETAIL_YES] = "yes",
        [DETAIL_FLAG] = "yes or no",
        [DETAIL_NUMBER] = "number",
        [DETAIL_ELEMENTS] = "element codes",
    };
    size_t count;
    const struct step_detail *details = step_details(step, &count);
    for (size_t i = 0; i < count; i++)
        printf("detail\t%s\t%s\t%s\t%s\t%s\t%s\n", event_type_name(step),
            details[i].name, needs[details[i].need], kinds[details[i].kind],
            lists[details[i].codes], details[i].help);
}

/* Who may take the step from there, and where it leads; false: nobody. */
static bool move(enum referral_event_type step, enum referral_state from,
    enum referral_state *to, char *by, size_t capacity)
{
    static const struct {
        enum referral_party party;
        const char *name;
    } parties[] = {
        { PARTY_REFERRER, "referrer" },
        { PARTY_RECEIVER, "receiver" },
        { PARTY_PERSON, "person" },
        { PARTY_COMPANION, "companion" },
        { PARTY_REFERRER_GATEWAY, "referrer's gateway" },
        { PARTY_RECEIVER_GATEWAY, "receiver's gateway" },
    };
    size_t size = 0;
    by[0] = '\0';
    for (size_t i = 0; i < COUNT(parties); i++) {
        enum referral_state next;
        if (referral_next(from, step, parties[i].party, &next) != ERR_NONE)
            continue;
        *to = next;
        int added = snprintf(by + size, capacity - size, "%s%s",
            size == 0 ? "" : ", ", parties[i].name);
        assert(added > 0 && (size_t)added < capacity - size);
        size += (size_t)added;
    }
    return size > 0;
}

static void print_steps(void)
{
    for (int i = REFERRAL_DRAFT; i < REFERRAL_STATE_COUNT; i++)
        printf("state\t%s\n", referral_state_name((enum referral_state)i));
    for (int i = EVENT_SEND; i < EVENT_TYPE_COUNT; i++) {
        enum referral_event_type step = (enum referral_event_type)i;
        printf("step\t%s\t%s\n", event_type_name(step),
            step_takes_elements(step) ? "elements" : "");
        for (int k = REFERRAL_DRAFT; k < REFERRAL_STATE_COUNT; k++) {
            enum referral_state from = (enum referral_state)k;
            enum referral_state to;
            char by[128];
            if (move(step, from, &to, by, sizeof by))
                printf("move\t%s\t%s\t%s\t%s\n", event_type_name(step),
                    referral_state_name(from),
                    to == from ? "same" : referral_state_name(to), by);
        }
        print_details(step);
    }
}

static void print_ledger(void)
{
    for (int i = ENTRY_CARD; i < ENTRY_KIND_COUNT; i++)
        printf("entry\t%s\n", entry_kind_name((enum entry_kind)i));
    for (int i = LEDGER_NONE + 1; i < LEDGER_TROUBLE_COUNT; i++)
        printf("trouble\t%s\n", ledger_trouble_name((enum ledger_trouble)i));
}

/* ---- Why a connection was refused --------------------------------------- */

static void print_reasons(void)
{
    static const char *const names[] = {
#define X(symbol, number, name) [number] = name,
        PEERS_REASON_LIST(X)
#undef X
    };
    for (int i = 0; i < PEERS_REASON_COUNT; i++)
        /* ends that are nobody's fault are not logged: courier.c */
        if (i != PEERS_REASON_CLOSED_BY_PEER && i != PEERS_REASON_IDLE &&
            i != PEERS_REASON_SHUTDOWN)
            printf("reason\tconnection\t%s\n", names[i]);
    printf("reason\tconnection\treply_undeliverable\n");
    for (int i = REFUSAL_MALFORMED; i < REFUSAL_CODE_COUNT; i++)
        printf("reason\tpeer\t%s\n", refusal_code_name((enum refusal_code)i));
    for (int i = BEHIND_UNSETTLED; i < BEHIND_REASON_COUNT; i++)
        printf("reason\tpeer\t%s\n", behind_reason_name((enum behind_reason)i));
    for (int i = LEDGER_NONE + 1; i < LEDGER_TROUBLE_COUNT; i++)
        printf(
            "reason\tpeer\t%s\n", ledger_trouble_name((enum ledger_trouble)i));
    for (int i = 0; i < LOCAL_REFUSAL_COUNT; i++)
        printf("reason\tclient\t%s\n",
            local_socket_refusal_name((enum local_socket_refusal)i));
}

static void print_health(void)
{
    for (int i = 0; i < HEALTH_REASON_COUNT; i++)
        printf("health\t%s\t%s\n", health_reason_code((enum health_reason)i),
            health_reason_remedy((enum health_reason)i));
    for (int i = ALARM_NONE + 1; i < ALARM_COUNT; i++)
        printf("alarm\t%s\n", alarm_code((enum alarm_kind)i));
}

/* ---- A document from a page --------------------------------------------- */

static int document_check(const char *name)
{
    static struct arena arena;
    struct yaml_problem problem;
    struct slice bytes;
    char text[YAML_PROBLEM_TEXT_SIZE];
    union {
        struct config config;
        struct mou mou;
        struct referral_file referral;
    } read;
    enum err err = arena_init(&arena, DECODE_ARENA_SIZE);
    if (err != ERR_NONE)
        return 1;
    err = yaml_read("-", &arena, &bytes, &problem);
    if (err == ERR_NONE && strcmp(name, "config") == 0)
        err = yaml_config_parse(name, bytes, &arena, &read.config, &problem);
    else if (err == ERR_NONE && strcmp(name, "mou") == 0)
        err = yaml_mou_parse(name, bytes, &arena, &read.mou, &problem);
    else if (err == ERR_NONE)
        err =
            yaml_referral_parse(name, bytes, &arena, &read.referral, &problem);
    if (err != ERR_NONE) {
        yaml_problem_format(&problem, text);
        printf("%s\n", text);
    }
    arena_release(&arena);
    return err == ERR_NONE ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return document_check(argv[1]);
    print_keys("config", &yaml_config_document);
    print_keys("mou", &yaml_mou_document);
    print_keys("referral", &yaml_referral_document);
    print_log();
    print_commands();
    print_elements();
    print_codes();
    print_steps();
    print_ledger();
    print_reasons();
    print_health();
    return fflush(stdout) == 0 ? 0 : 1;
}
