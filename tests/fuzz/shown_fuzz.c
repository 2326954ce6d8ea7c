/*
 * shown_fuzz.c - what referctl shows of what a gateway says, which is what
 * other agencies wrote: nothing of it moves a terminal's cursor or ends a line
 * where it should not, and with --json it is JSON. The first byte chooses the
 * command, the second how it is shown; then a reply, which answers each of the
 * first requests. Later ones find no gateway.
 */
#include <jansson.h>
#include <locale.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "core/local.h"
#include "referctl/command.h"
#include "referctl/words.h"
#include "support/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CALL_COUNT_MAX 3
#define NOW_MS INT64_C(1796040000000)
#define AGENCY "abbbbbbbbbbbbbbbbbbbbbbbbb"
#define REFERRAL "urn:uuid:00000000-0000-4000-8000-000000000001"
#define MOU "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* Corpus files begin with the index: append only. */
static const char *const command_lines[] = {
    "status",
    "health",
    "card show",
    "card show " AGENCY,
    "peer list",
    "peer show " AGENCY,
    "mou list",
    "mou show " MOU,
    "referral list",
    "referral show " REFERRAL,
    "referral act " REFERRAL " accept",
    "due",
    "disclosures " REFERRAL,
    "feed list",
    "feed show 3",
    "feed follow --cursor intake",
    "ledger list",
    "ledger show " AGENCY " out",
    "ledger verify",
    "ledger conflicts",
    "store check",
    "peer invite",
};
#define COMMAND_COUNT (sizeof command_lines / sizeof *command_lines)

struct parrot {
    struct gateway gateway; /* first, so that either is the other */
    const struct local_reply *said;
    int call_count;
};

/* ---- The gateway --------------------------------------------------------- */

static const char *text_of(struct pool *pool, struct slice slice)
{
    return pool_copy(pool, slice.bytes, slice.size);
}

static void field_put(
    struct pool *pool, struct record *record, const struct local_field *field)
{
    const char *name = text_of(pool, field->name);
    switch (field->type) {
    case LOCAL_TEXT:
        record_put_text(pool, record, name, text_of(pool, field->bytes));
        break;
    case LOCAL_NUMBER:
        record_put_number(pool, record, name, field->number);
        break;
    case LOCAL_DATA:
        record_put_data(
            pool, record, name, field->bytes.bytes, field->bytes.size);
        break;
    case LOCAL_FLAG:
        record_put_flag(pool, record, name, field->number != 0);
        break;
    case LOCAL_NONE:
    default:
        abort();
    }
}

static void parrot_call(struct gateway *gateway, const struct request *request,
    int timeout_ms, struct pool *pool, struct reply *reply)
{
    struct parrot *parrot = (struct parrot *)(void *)gateway;
    const struct local_reply *said = parrot->said;
    (void)request;
    (void)timeout_ms;
    *reply = (struct reply){ .code = EXIT_CODE_UNREACHABLE,
        .message = "gone",
        .problem = "",
        .clause = "",
        .remedy = "" };
    if (parrot->call_count++ >= CALL_COUNT_MAX)
        return;
    *reply = (struct reply){ .code = said->err == ERR_NONE ? EXIT_CODE_DONE
                                                           : EXIT_CODE_REFUSED,
        .message = text_of(pool, said->message),
        .problem = problem_name(said->problem),
        .clause = text_of(pool, said->clause),
        .remedy = text_of(pool, said->remedy),
        .in_time = true };
    for (size_t i = 0; i < said->record_count; i++) {
        const struct local_record *from = &said->records[i];
        struct record *record =
            records_add(pool, &reply->records, text_of(pool, from->type));
        for (size_t k = 0; k < from->field_count; k++)
            field_put(pool, record, &from->fields[k]);
    }
}

static void parrot_close(struct gateway *gateway)
{
    (void)gateway;
}

/* ---- What is shown ------------------------------------------------------- */

/* Nor is there what a terminal takes for more than a letter (C1). Progress is
 * taken off by blanks, between the only two returns to where a line begins. */
static void must_be_shown(const char *text, bool has_progress)
{
    const unsigned char *at = (const unsigned char *)text;
    for (; *at != '\0'; at++) {
        if (has_progress && *at == '\r') {
            at += 1 + strspn((const char *)at + 1, " ");
            MUST(*at == '\r');
            continue;
        }
        MUST((*at >= 0x20 && *at != 0x7f) || *at == '\n' || *at == '\t');
        MUST(*at != 0xc2 || at[1] >= 0xa0);
    }
}

static void must_be_json(const char *text, size_t size)
{
    size_t at = 0;
    while (at < size && strspn(text + at, " \n") < size - at) {
        json_error_t error;
        json_t *value = json_loadb(text + at, size - at,
            JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES, &error);
        MUST(value != NULL && error.position > 0);
        at += (size_t)error.position;
        json_decref(value);
    }
}

static int line_split(
    struct pool *pool, const char *line, bool is_json, char *words[16])
{
    int count = 0;
    words[count++] = pool_text(pool, "referctl");
    if (is_json)
        words[count++] = pool_text(pool, "--json");
    while ((words[count] = words_next(pool, &line)) != NULL)
        MUST(++count < 16);
    return count;
}

static void show(const struct local_reply *said, const char *line, uint8_t how)
{
    struct pool pool = { 0 };
    char *words[16];
    char *out = NULL;
    char *err = NULL;
    size_t out_size = 0;
    size_t err_size = 0;
    bool is_json = how % 2 == 1;
    struct parrot parrot = { { .call = parrot_call, .close = parrot_close },
        said, 0 };
    struct session session = { .pool = &pool,
        .out = open_memstream(&out, &out_size),
        .err = open_memstream(&err, &err_size),
        .is_terminal = how / 2 % 2 == 1,
        .now_ms = NOW_MS,
        .gateway = &parrot.gateway,
        .timeout_ms = TIMEOUT_MS_DEFAULT };
    MUST(session.out != NULL && session.err != NULL);
    int count = line_split(&pool, line, is_json, words);
    enum exit_code code = referctl_run(&session, count, words);
    MUST(fclose(session.out) == 0 && fclose(session.err) == 0);
    MUST(code >= EXIT_CODE_DONE && code <= EXIT_CODE_LOCAL);
    MUST(code == EXIT_CODE_DONE || err_size > 0 || out_size > 0);
    must_be_shown(err, session.is_terminal && !is_json);
    if (is_json)
        must_be_json(out, out_size);
    must_be_shown(out, false);
    free(out);
    free(err);
    pool_release(&pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* kept: taking and wiping it costs more than all the rest */
    static struct arena arena;
    struct local_reply said;
    if (size < 2 || setlocale(LC_CTYPE, "C.UTF-8") == NULL)
        return 0;
    if (arena.capacity == 0)
        MUST(arena_init(&arena, DECODE_ARENA_SIZE) == ERR_NONE);
    if (local_reply_read(slice_of(data + 2, size - 2), &arena, &said) ==
        ERR_NONE)
        show(&said, command_lines[data[0] % COMMAND_COUNT], data[1]);
    arena_reset(&arena);
    return 0;
}
