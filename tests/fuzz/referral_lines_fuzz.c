/*
 * referral_lines_fuzz.c - a file of referrals, one JSON object a line, as
 * `referctl referral send --many` takes it, against a gateway that stores all
 * it gets. Each line is stored or called wrong, once; each that is handed over
 * has a key, and no key is given twice; whatever is said of it moves no
 * terminal's cursor. Input: the file.
 */
#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "fuzz/file.h"
#include "referctl/command.h"
#include "support/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KEY_COUNT_MAX 64
#define BATCH_COUNT_MAX 3
#define NOW_MS INT64_C(1796040000000)

struct taker {
    struct gateway gateway; /* first, so that either is the other */
    size_t waiting_count;
    size_t stored_count;
    char keys[KEY_COUNT_MAX][IDEMPOTENCY_KEY_SIZE_MAX + 1];
    size_t key_count;
};

/* ---- The gateway --------------------------------------------------------- */

static const struct reply nothing = {
    .message = "", .problem = "", .clause = "", .remedy = "", .in_time = true
};

static void taker_call(struct gateway *gateway, const struct request *request,
    int timeout_ms, struct pool *pool, struct reply *reply)
{
    (void)gateway;
    (void)request;
    (void)timeout_ms;
    (void)pool;
    *reply = nothing;
    reply->code = EXIT_CODE_NOT_FOUND;
}

static void key_take(struct taker *taker, const char *key)
{
    size_t size = strlen(key);
    MUST(size > 0 && size <= IDEMPOTENCY_KEY_SIZE_MAX);
    for (size_t i = 0; i < taker->key_count; i++)
        MUST(strcmp(taker->keys[i], key) != 0);
    if (taker->key_count < KEY_COUNT_MAX)
        memcpy(taker->keys[taker->key_count++], key, size + 1);
}

static enum gateway_add taker_add(struct gateway *gateway,
    const struct records *referral, const char *key, struct pool *pool,
    struct reply *reply)
{
    struct taker *taker = (struct taker *)(void *)gateway;
    (void)pool;
    *reply = nothing;
    if (taker->waiting_count == BATCH_COUNT_MAX)
        return GATEWAY_FULL;
    MUST(records_count(referral, "referral") == 1);
    key_take(taker, key);
    taker->waiting_count++;
    return GATEWAY_ADDED;
}

static void taker_submit(struct gateway *gateway, int timeout_ms,
    struct pool *pool, struct reply *reply)
{
    struct taker *taker = (struct taker *)(void *)gateway;
    (void)timeout_ms;
    *reply = nothing;
    MUST(taker->waiting_count > 0);
    for (; taker->waiting_count > 0; taker->waiting_count--) {
        struct record *record = records_add(pool, &reply->records, "referral");
        record_put_text(pool, record, "id", "urn:uuid:1");
        taker->stored_count++;
    }
}

static void taker_close(struct gateway *gateway)
{
    (void)gateway;
}

/* ---- The command --------------------------------------------------------- */

static void must_be_shown(const char *text)
{
    for (; *text != '\0'; text++)
        MUST(((unsigned char)*text >= 0x20 && *text != 0x7f) || *text == '\n' ||
             *text == '\t');
}

static size_t lines_count(const char *text, const char *part)
{
    size_t count = 0;
    for (; (text = strstr(text, part)) != NULL; text++)
        count++;
    return count;
}

static void send(const char *path)
{
    struct pool pool = { 0 };
    char *out = NULL;
    char *err = NULL;
    size_t out_size = 0;
    size_t err_size = 0;
    struct taker taker = { .gateway = { taker_call, taker_add, taker_submit,
                               taker_close } };
    struct session session = { .pool = &pool,
        .out = open_memstream(&out, &out_size),
        .err = open_memstream(&err, &err_size),
        .now_ms = NOW_MS,
        .gateway = &taker.gateway,
        .timeout_ms = TIMEOUT_MS_DEFAULT };
    char *words[] = { pool_text(&pool, "referctl"),
        pool_text(&pool, "referral"), pool_text(&pool, "send"),
        pool_text(&pool, "--many"), pool_text(&pool, path), NULL };
    MUST(session.out != NULL && session.err != NULL);
    enum exit_code code = referctl_run(&session, 5, words);
    MUST(fclose(session.out) == 0 && fclose(session.err) == 0);
    MUST(code == EXIT_CODE_DONE || code == EXIT_CODE_REFUSED);
    MUST(taker.waiting_count == 0);
    MUST(lines_count(out, "\tstored\t") == taker.stored_count);
    MUST((code == EXIT_CODE_REFUSED) == (lines_count(out, "\twrong") > 0));
    must_be_shown(out);
    must_be_shown(err);
    free(out);
    free(err);
    pool_release(&pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *file;
    char path[FILE_PATH_SIZE];
    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
        return 0;
    if (file == NULL)
        file = tmpfile();
    MUST(file != NULL);
    file_hold(fileno(file), slice_of(data, size));
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fileno(file));
    send(path);
    return 0;
}
