#include "referctl/key.h"

#include <string.h>

#include "base/text.h"
#include "core/limits.h"
#include "io/random_openssl.h"
#include "referctl/display.h"

#define KEY_RANDOM_SIZE 16

enum exit_code key_choose(struct session *session,
    const struct arguments *arguments, const char **key)
{
    uint8_t random[KEY_RANDOM_SIZE];
    char text[TEXT_HEX_SIZE(KEY_RANDOM_SIZE) + 1];
    *key = arguments_option(arguments, "key");
    if (*key != NULL) {
        size_t size = strlen(*key);
        if (size == 0 || size > IDEMPOTENCY_KEY_SIZE_MAX)
            return session_fail(session, EXIT_CODE_USAGE,
                "give one such as --key visit-2026-12-01-17",
                "--key takes 1 to %u characters", IDEMPOTENCY_KEY_SIZE_MAX);
        return EXIT_CODE_DONE;
    }
    if (random_fill(random, sizeof random) != ERR_NONE)
        return session_fail(session, EXIT_CODE_LOCAL, "give one: --key KEY",
            "cannot draw a random key");
    (void)text_hex_encode(SLICE_ARRAY(random), text, sizeof text);
    *key = pool_text(session->pool, text);
    return EXIT_CODE_DONE;
}

enum exit_code key_ask(struct session *session, const struct request *request,
    const char *key, struct reply *reply)
{
    enum exit_code code = session_gateway(session);
    if (code != EXIT_CODE_DONE)
        return code;
    code = session_ask_quietly(session, request, session->timeout_ms, reply);
    if (code == EXIT_CODE_DONE)
        return code;
    if (code == EXIT_CODE_UNREACHABLE)
        reply->remedy = pool_format(session->pool,
            "it may or may not be done: repeat the command with --key %s, "
            "which does it once",
            key);
    return session_fail_reply(session, reply);
}

enum exit_code key_print(
    struct session *session, const struct reply *reply, const char *key)
{
    static const struct column columns[] = {
        { "id", "referral", COLUMN_REFERRAL },
        { "state", "state", COLUMN_STATE },
        { "pending", "pending", 0 },
        { "mou", "agreement", COLUMN_MOU },
        { "key", "key", 0 },
    };
    const struct record *given = records_first(&reply->records, "referral");
    if (given == NULL)
        return session_fail(session, EXIT_CODE_UNREACHABLE,
            "install referctl and referd of the same version",
            "the gateway's answer holds no referral");
    struct record referral = { .type = "referral" };
    for (size_t i = 0; i < given->field_count; i++) {
        const struct field *field = &given->fields[i];
        if (field->value.type == VALUE_TEXT)
            record_put_text(
                session->pool, &referral, field->name, field->value.bytes);
        else if (field->value.type == VALUE_FLAG)
            record_put_flag(session->pool, &referral, field->name,
                field->value.number != 0);
        else if (field->value.type == VALUE_NUMBER)
            record_put_number(
                session->pool, &referral, field->name, field->value.number);
    }
    record_put_text(session->pool, &referral, "key", key);
    if (session->json)
        display_json_record(session, &referral);
    else
        display_fields(session, &referral, columns, DISPLAY_COUNT(columns));
    if (record_flag(&referral, "pending"))
        display_hint(
            session, "pending: the other agency's gateway has yet to decide");
    return EXIT_CODE_DONE;
}
