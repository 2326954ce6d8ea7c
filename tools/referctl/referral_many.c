#include "referctl/referral_many.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/limits.h"
#include "referctl/display.h"
#include "referctl/line_keys.h"
#include "referctl/offline.h"
#include "referctl/referral_file.h"
#include "referctl/words.h"

/* The largest referral, with every character of it escaped. */
#define LINE_SIZE_MAX (1024u * 1024)
#define BAR_SIZE 30
/* As wide as the bar and what stands behind it. */
#define PROGRESS_BLANK                                                         \
    "                                                                       "
/* Lines read between two looks at the bar. */
#define PROGRESS_LINE_COUNT 256

/* A line that the gateway has in its batch. */
struct waiting {
    size_t line;
    const char *key;
};

struct many {
    struct session *session;
    struct pool lasting;  /* until the end */
    struct pool by_batch; /* until the batch was answered */
    struct pool by_line;
    struct offline offline;
    struct referral_parties parties;
    struct line_keys keys;
    const char *path;
    const char *to; /* --to; "" without */
    FILE *file;
    char *text; /* of the line; getline()'s */
    size_t capacity;
    size_t line; /* its number, from 1 */
    struct waiting *waiting;
    size_t waiting_count;
    size_t waiting_capacity;
    size_t stored_count;
    size_t refused_count;
    size_t wrong_count;
    uint64_t read_size;
    uint64_t total_size; /* 0: unknown */
    bool shows_progress;
};

/* ---- What people see --------------------------------------------------- */

static void progress_hide(struct many *many)
{
    if (many->session->erase != NULL)
        (void)fputs(many->session->erase, many->session->err);
    many->session->erase = NULL;
}

static void progress_show(struct many *many)
{
    static const char erase[] = "\r" PROGRESS_BLANK "\r";
    char bar[BAR_SIZE + 1];
    if (!many->shows_progress)
        return;
    many->session->erase = erase;
    uint64_t total = many->total_size > 0 ? many->total_size : 1;
    uint64_t done =
        many->read_size < total ? many->read_size : many->total_size;
    for (uint64_t i = 0; i < BAR_SIZE; i++)
        bar[i] = i * total < done * BAR_SIZE ? '#' : '.';
    bar[BAR_SIZE] = '\0';
    if (many->total_size > 0)
        (void)fprintf(many->session->err, "\r[%s] %3u %%  ", bar,
            (unsigned)(done * 100 / total));
    (void)fprintf(many->session->err, "%s%zu stored, %zu refused",
        many->total_size > 0 ? "" : "\r", many->stored_count,
        many->refused_count + many->wrong_count);
    (void)fflush(many->session->err);
}

/* For programs; on a terminal it stands in the summary. */
static void result_print(struct many *many, const struct record *result)
{
    static const struct column columns[] = {
        { "line", "line", 0 },
        { "result", "result", 0 },
        { "id", "referral", COLUMN_REFERRAL },
        { "key", "key", 0 },
        { "problem", "problem", 0 },
        { "clause", "clause", 0 },
        { "remedy", "remedy", 0 },
    };
    struct session *session = many->session;
    struct records list = { 0 };
    if (session->json) {
        display_json_line(session, result);
    } else if (!session->is_terminal) {
        *records_add(session->pool, &list, "line") = *result;
        display_table(
            session, &list, "line", columns, DISPLAY_COUNT(columns), "");
    }
}

static struct record result_of(
    struct many *many, size_t line, const char *result, const char *key)
{
    struct pool *pool = many->session->pool;
    struct record record = { .type = "line" };
    record_put_number(pool, &record, "line", (int64_t)line);
    record_put_text(pool, &record, "result", result);
    if (key != NULL)
        record_put_text(pool, &record, "key", key);
    return record;
}

/* A line that was not handed over; why is said, or will be, on the error
 * output. */
static void wrong_print(struct many *many)
{
    struct record result = result_of(many, many->line, "wrong", NULL);
    many->wrong_count++;
    result_print(many, &result);
}

static const char *place_of(struct many *many, size_t line)
{
    return pool_format(many->session->pool, "%s:%zu", many->path, line);
}

/* ---- A line ------------------------------------------------------------ */

/* A line as JSON, the key taken out of it; NULL after saying what is wrong. */
static json_t *line_read(struct many *many, size_t size, const char **key)
{
    struct session *session = many->session;
    json_error_t error;
    json_t *line = json_loadb(many->text, size, JSON_REJECT_DUPLICATES, &error);
    const json_t *given = json_object_get(line, "key");
    *key = NULL;
    if (!json_is_object(line)) {
        /* jansson's own words may quote the line */
        (void)session_fail(session, EXIT_CODE_LOCAL,
            "write one JSON object a line, as refer-referral(5) shows",
            "character %d: this is no JSON object",
            line == NULL ? error.column : 1);
        json_decref(line);
        return NULL;
    }
    if (given == NULL)
        return line;
    const char *text = json_string_value(given);
    if (text == NULL || text[0] == '\0' ||
        strlen(text) > IDEMPOTENCY_KEY_SIZE_MAX) {
        (void)session_fail(session, EXIT_CODE_LOCAL,
            "give one such as \"key\": \"visit-2026-12-01-17\"",
            "key: expected text of 1 to %u bytes", IDEMPOTENCY_KEY_SIZE_MAX);
        json_decref(line);
        return NULL;
    }
    *key = pool_text(session->pool, text);
    (void)json_object_del(line, "key");
    return line;
}

/* JSON is YAML, but for what JSON alone escapes; this has no escapes. */
static const char *line_plain(struct many *many, json_t *line)
{
    char *text = json_dumps(line, JSON_SORT_KEYS);
    if (text == NULL)
        return "";
    const char *copy = pool_text(many->session->pool, text);
    memset(text, 0, strlen(text));
    free(text);
    return copy;
}

static bool line_parse(
    struct many *many, const char *plain, struct referral_file *file)
{
    struct session *session = many->session;
    struct yaml_problem problem = { .file = "" };
    char text[YAML_PROBLEM_TEXT_SIZE];
    const char *place = session->place;
    arena_reset(&many->offline.arena);
    if (yaml_referral_parse(place, slice_of_text(plain), &many->offline.arena,
            file, &problem) == ERR_NONE)
        return true;
    /* line and column are those of a text that nobody wrote */
    problem.line = 0;
    yaml_problem_format(&problem, text);
    session->place = NULL;
    (void)session_fail(session, EXIT_CODE_LOCAL,
        "mend the line, then send the file again", "%s", text);
    session->place = place;
    return false;
}

/* Each key once in a file: two lines that say the same are a person sent
 * twice, or two people of whom one would be lost. */
static bool key_check(struct many *many, const char *key, bool is_given)
{
    size_t before =
        line_keys_put(&many->keys, many->offline.crypto, key, many->line);
    if (before == 0)
        return true;
    (void)session_fail(many->session, EXIT_CODE_LOCAL,
        is_given ? "give each line a key of its own"
                 : "take it out, or give each of them a key of its own",
        is_given ? "key: line %zu has the same" : "line %zu says the very same",
        before);
    return false;
}

/* The records and the key of a line; false after saying what is wrong. */
static bool line_take(
    struct many *many, size_t size, const char **key, struct records *records)
{
    struct referral_file file;
    char made[LINE_KEY_SIZE + 1];
    json_t *line = line_read(many, size, key);
    if (line == NULL)
        return false;
    const char *plain = line_plain(many, line);
    json_decref(line);
    bool is_given = *key != NULL;
    if (!is_given) {
        line_key_make(
            many->offline.crypto, slice_of_text(plain), many->to, made);
        *key = pool_text(many->session->pool, made);
    }
    return line_parse(many, plain, &file) &&
           referral_file_records(many->session, &file,
               many->to[0] != '\0' ? many->to : NULL, &many->parties,
               records) == EXIT_CODE_DONE &&
           key_check(many, *key, is_given);
}

/* ---- A batch ----------------------------------------------------------- */

static void answer_print(struct many *many, const struct waiting *waiting,
    const struct record *answer)
{
    struct session *session = many->session;
    bool is_stored = record_is(answer, "referral");
    struct record result = result_of(
        many, waiting->line, is_stored ? "stored" : "refused", waiting->key);
    many->stored_count += is_stored;
    many->refused_count += !is_stored;
    for (size_t i = 0; i < answer->field_count; i++)
        if (answer->fields[i].value.type == VALUE_TEXT)
            record_put(session->pool, &result, answer->fields[i].name,
                &answer->fields[i].value);
    result_print(many, &result);
    if (is_stored || !session->is_terminal || session->json)
        return;
    session->place = place_of(many, waiting->line);
    (void)session_fail_reply(
        session, &(struct reply){ .code = EXIT_CODE_REFUSED,
                     .message = record_text(answer, "message"),
                     .problem = record_text(answer, "problem"),
                     .clause = record_text(answer, "clause"),
                     .remedy = record_text(answer, "remedy") });
    session->place = NULL;
}

/* Hands over what waits. */
static enum exit_code batch_submit(struct many *many)
{
    struct session *session = many->session;
    struct pool *before = session->pool;
    struct pool turn = { 0 };
    struct reply reply = { 0 };
    if (many->waiting_count == 0)
        return EXIT_CODE_DONE;
    session->pool = &turn;
    session->gateway->submit(
        session->gateway, session->timeout_ms, &turn, &reply);
    progress_hide(many);
    if (reply.code == EXIT_CODE_UNREACHABLE)
        reply.remedy = "some may be stored: send the file again, which stores "
                       "nobody twice";
    if (reply.code != EXIT_CODE_DONE)
        (void)session_fail_reply(session, &reply);
    for (size_t i = 0; reply.code == EXIT_CODE_DONE && i < many->waiting_count;
         i++)
        answer_print(many, &many->waiting[i], &reply.records.items[i]);
    many->waiting = NULL;
    many->waiting_count = 0;
    many->waiting_capacity = 0;
    pool_release(&many->by_batch);
    session->pool = before;
    pool_release(&turn);
    progress_show(many);
    return reply.code;
}

static void waiting_add(struct many *many, const char *key)
{
    many->waiting = pool_grow(&many->by_batch, many->waiting,
        many->waiting_count, &many->waiting_capacity, sizeof *many->waiting);
    many->waiting[many->waiting_count++] =
        (struct waiting){ many->line, pool_text(&many->by_batch, key) };
}

/* One that is too large by itself is told as any other that is wrong. */
static enum exit_code batch_add(
    struct many *many, const struct records *records, const char *key)
{
    struct session *session = many->session;
    struct reply reply = { 0 };
    enum exit_code code = EXIT_CODE_DONE;
    enum gateway_add added = session->gateway->add(
        session->gateway, records, key, session->pool, &reply);
    if (added == GATEWAY_FULL) {
        code = batch_submit(many);
        added = session->gateway->add(
            session->gateway, records, key, session->pool, &reply);
    }
    if (code != EXIT_CODE_DONE)
        return code;
    if (added == GATEWAY_ADDED) {
        waiting_add(many, key);
    } else {
        session->place = place_of(many, many->line);
        (void)session_fail_reply(session, &reply);
        session->place = NULL;
        wrong_print(many);
    }
    return code;
}

/* ---- The file ---------------------------------------------------------- */

static bool is_blank(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (strchr(" \t\r\n", text[i]) == NULL)
            return false;
    return true;
}

static enum exit_code line_send(struct many *many, size_t size)
{
    struct session *session = many->session;
    struct records records = { 0 };
    const char *key = NULL;
    bool is_taken = false;
    if (is_blank(many->text, size))
        return EXIT_CODE_DONE;
    session->place = place_of(many, many->line);
    if (size <= LINE_SIZE_MAX)
        is_taken = line_take(many, size, &key, &records);
    else
        (void)session_fail(session, EXIT_CODE_LOCAL,
            "say less: a referral may have 256 KiB",
            "the line has more than %u bytes", LINE_SIZE_MAX);
    session->place = NULL;
    if (is_taken)
        return batch_add(many, &records, key);
    wrong_print(many);
    return EXIT_CODE_DONE;
}

static enum exit_code file_send(struct many *many)
{
    struct session *session = many->session;
    struct pool *outer = session->pool;
    enum exit_code code = EXIT_CODE_DONE;
    ssize_t size = 0;
    progress_show(many);
    while (code == EXIT_CODE_DONE &&
           (size = getline(&many->text, &many->capacity, many->file)) >= 0) {
        many->line++;
        many->read_size += (uint64_t)size;
        if (many->line % PROGRESS_LINE_COUNT == 0)
            progress_show(many);
        session->pool = &many->by_line;
        code = line_send(many, (size_t)size);
        session->pool = outer;
        pool_release(&many->by_line);
    }
    if (code == EXIT_CODE_DONE && ferror(many->file) != 0)
        code = session_fail(session, EXIT_CODE_LOCAL,
            "send the file again once it can be read", "cannot read %s: %s",
            many->path, strerror(errno));
    if (code == EXIT_CODE_DONE)
        code = batch_submit(many);
    progress_hide(many);
    return code;
}

static enum exit_code file_open(struct many *many)
{
    struct stat status;
    bool is_input = strcmp(many->path, "-") == 0;
    many->file = is_input ? stdin : fopen(many->path, "rb");
    if (many->file == NULL)
        return session_fail(many->session, EXIT_CODE_LOCAL,
            "give a file of one JSON object a line", "cannot read %s: %s",
            many->path, strerror(errno));
    if (!is_input && fstat(fileno(many->file), &status) == 0 &&
        S_ISREG(status.st_mode))
        many->total_size = (uint64_t)status.st_size;
    return EXIT_CODE_DONE;
}

static void many_release(struct many *many)
{
    if (many->file != NULL && many->file != stdin)
        (void)fclose(many->file);
    if (many->text != NULL)
        memset(many->text, 0, many->capacity);
    /* the compiler must not drop the wipe of memory that is freed next */
    __asm__ volatile("" : : "r"(many->text) : "memory");
    free(many->text);
    pool_release(&many->by_batch);
    pool_release(&many->lasting);
    offline_close(&many->offline);
}

enum exit_code referral_many_send(
    struct session *session, const struct arguments *arguments)
{
    struct many many = { .session = session,
        .path = arguments->values[0],
        .shows_progress = session->is_terminal };
    many.parties.pool = &many.lasting;
    many.keys.pool = &many.lasting;
    many.to = arguments_option(arguments, "to");
    if (many.to == NULL)
        many.to = "";
    if (arguments_option(arguments, "key") != NULL)
        return session_fail(session, EXIT_CODE_USAGE,
            "give each line of the file a \"key\", or none",
            "--key is for one referral");
    enum exit_code code = offline_open(session, &many.offline);
    if (code == EXIT_CODE_DONE)
        code = file_open(&many);
    if (code == EXIT_CODE_DONE)
        code = session_gateway(session); /* what it holds is the session's */
    if (code == EXIT_CODE_DONE) {
        code = file_send(&many);
        (void)fflush(session->out); /* the summary comes last */
        display_note(session, "%zu lines: %zu stored, %zu refused, %zu wrong",
            many.line, many.stored_count, many.refused_count, many.wrong_count);
    }
    many_release(&many);
    if (code == EXIT_CODE_DONE && many.refused_count + many.wrong_count > 0)
        code = EXIT_CODE_REFUSED;
    return code;
}
