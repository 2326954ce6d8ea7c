#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "scripted_gateway.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "referctl/words.h"

struct scripted {
    struct gateway gateway;
    const struct exchange *script;
    size_t count;
    size_t next;
};

/* "~" stands for a blank within a word. */
static char *blanks(char *text)
{
    for (char *c = text; *c != '\0'; c++) {
        if (*c == '~')
            *c = ' ';
    }
    return text;
}

static void put_file(struct pool *pool, struct record *record, const char *name,
    const char *path)
{
    char bytes[65536];
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    assert_int_equal(ferror(file), 0);
    assert_int_equal(fclose(file), 0);
    record_put_data(pool, record, name, bytes, size);
}

static void put(struct pool *pool, struct record *record, const char *pair)
{
    const char *name = NULL;
    const char *value = NULL;
    assert_true(argument_split(pool, pair, &name, &value));
    if (value[0] == '#')
        record_put_number(pool, record, name, strtoimax(value + 1, NULL, 10));
    else if (value[0] == '?')
        record_put_flag(pool, record, name, strcmp(value, "?yes") == 0);
    else if (value[0] == '%')
        record_put_data(pool, record, name, value + 1, strlen(value + 1));
    else if (value[0] == '@')
        put_file(pool, record, name, value + 1);
    else
        record_put_text(pool, record, name, blanks(pool_text(pool, value)));
}

static void read_script(struct pool *pool, const char *text,
    struct record *fields, struct records *records)
{
    struct record *record = fields;
    bool is_type = false;
    char *word;
    while ((word = words_next(pool, &text)) != NULL) {
        if (strcmp(word, "|") == 0) {
            is_type = true;
        } else if (is_type) {
            record = records_add(pool, records, word);
            is_type = false;
        } else {
            put(pool, record, word);
        }
    }
}

static void compare(const struct record *expected, const struct record *got)
{
    for (size_t i = 0; i < expected->field_count; i++) {
        const struct field *field = &expected->fields[i];
        struct value value = record_get(got, field->name);
        if (field->value.type == VALUE_TEXT &&
            strcmp(field->value.bytes, "*") == 0) {
            assert_int_not_equal(value.type, VALUE_NONE);
            continue;
        }
        if (value.type != field->value.type)
            print_error("field %s\n", field->name);
        assert_int_equal(value.type, field->value.type);
        if (value.type == VALUE_TEXT)
            assert_string_equal(value.bytes, field->value.bytes);
        else
            assert_int_equal(value.number, field->value.number);
    }
}

static void scripted_call(struct gateway *gateway,
    const struct request *request, int timeout_ms, struct pool *pool,
    struct reply *reply)
{
    struct scripted *scripted = (struct scripted *)gateway;
    struct record fields = { .type = "" };
    struct records records = { 0 };
    (void)timeout_ms;
    if (scripted->next == scripted->count)
        fail_msg("unexpected request %s", request->operation);
    const struct exchange *exchange = &scripted->script[scripted->next++];
    assert_string_equal(request->operation, exchange->operation);
    read_script(pool, exchange->expects == NULL ? "" : exchange->expects,
        &fields, &records);
    compare(&fields, &request->fields);
    if (records.count > 0)
        assert_int_equal(request->records.count, records.count);
    for (size_t i = 0; i < records.count; i++) {
        assert_string_equal(
            request->records.items[i].type, records.items[i].type);
        compare(&records.items[i], &request->records.items[i]);
    }
    *reply = (struct reply){ .code = exchange->code,
        .message = exchange->message == NULL ? "" : exchange->message,
        .problem = exchange->problem == NULL ? "" : exchange->problem,
        .clause = exchange->clause == NULL ? "" : exchange->clause,
        .remedy = exchange->remedy == NULL ? "" : exchange->remedy,
        .in_time = true };
    struct record none = { .type = "" };
    if (exchange->answers != NULL)
        read_script(pool, exchange->answers, &none, &reply->records);
}

/* An exchange "add"; its message "full" is GATEWAY_FULL. */
static enum gateway_add scripted_add(struct gateway *gateway,
    const struct records *referral, const char *key, struct pool *pool,
    struct reply *reply)
{
    struct request request = { .operation = "add", .records = *referral };
    record_put_text(pool, &request.fields, "key", key);
    scripted_call(gateway, &request, 0, pool, reply);
    if (reply->code == EXIT_CODE_DONE)
        return GATEWAY_ADDED;
    return strcmp(reply->message, "full") == 0 ? GATEWAY_FULL : GATEWAY_REFUSED;
}

/* An exchange "submit.many". */
static void scripted_submit(struct gateway *gateway, int timeout_ms,
    struct pool *pool, struct reply *reply)
{
    struct request request = { .operation = "submit.many" };
    scripted_call(gateway, &request, timeout_ms, pool, reply);
}

static void scripted_close(struct gateway *gateway)
{
    (void)gateway;
}

static int words_of(
    struct pool *pool, const char *command_line, char **argv, int capacity)
{
    int argc = 0;
    char *word;
    while ((word = words_next(pool, &command_line)) != NULL) {
        assert_true(argc < capacity);
        argv[argc++] = word;
    }
    for (int i = 0; i < argc; i++)
        (void)blanks(argv[i]);
    return argc;
}

static FILE *keyboard_of(struct pool *pool, const char *typed)
{
    FILE *file = fmemopen(pool_text(pool, typed), strlen(typed), "r");
    assert_non_null(file);
    return file;
}

struct trial trial_run(struct stage stage, const char *command_line,
    const struct exchange *script, size_t exchange_count)
{
    struct trial trial = { .out = NULL };
    size_t out_size = 0;
    size_t err_size = 0;
    struct pool pool = { 0 };
    char *argv[64] = { NULL };
    struct scripted scripted = { { .call = scripted_call,
                                     .add = scripted_add,
                                     .submit = scripted_submit,
                                     .close = scripted_close },
        script, exchange_count, 0 };
    struct session session = {
        .pool = &pool,
        .out = open_memstream(&trial.out, &out_size),
        .err = open_memstream(&trial.err, &err_size),
        .in = stage.typed == NULL ? NULL : keyboard_of(&pool, stage.typed),
        .has_keyboard = stage.typed != NULL,
        .probe = stage.probe,
        .is_terminal = stage.is_terminal,
        .has_colour = stage.has_colour,
        .now_ms = stage.now_ms != 0 ? stage.now_ms : 1796040000000,
        .timeout_ms = 100,
        .gateway = &scripted.gateway,
    };
    assert_non_null(session.out);
    assert_non_null(session.err);
    int argc = words_of(&pool, command_line, argv, 63);
    trial.code = referctl_run(&session, argc, argv);
    session_close(&session);
    if (session.in != NULL)
        assert_int_equal(fclose(session.in), 0);
    assert_int_equal(fclose(session.out), 0);
    assert_int_equal(fclose(session.err), 0);
    pool_release(&pool);
    if (scripted.next != exchange_count)
        print_error("%s\n%s\n", trial.out, trial.err);
    assert_int_equal(scripted.next, exchange_count);
    return trial;
}

void trial_release(struct trial *trial)
{
    free(trial->out);
    free(trial->err);
}
