#include "referctl/session.h"

#include <stdlib.h>
#include <string.h>

#include "referctl/config.h"
#include "referctl/words.h"

enum exit_code session_apply(
    struct session *session, const struct arguments *arguments)
{
    const char *socket_path = arguments_option(arguments, "socket");
    const char *config_path = arguments_option(arguments, "config");
    const char *timeout = arguments_option(arguments, "timeout");
    int64_t timeout_ms = session->timeout_ms;
    if (socket_path != NULL)
        session->socket_path = socket_path;
    if (config_path != NULL)
        session->config_path = config_path;
    if (arguments_flag(arguments, "json"))
        session->json = true;
    if (timeout != NULL && !words_number(timeout, 1, 3600000, &timeout_ms))
        return session_fail(session, EXIT_CODE_USAGE,
            "give milliseconds, such as --timeout 5000",
            "--timeout takes a number from 1 to 3600000");
    session->timeout_ms = (int)timeout_ms;
    return EXIT_CODE_DONE;
}

static void reply_fail(struct reply *reply, enum exit_code code,
    const char *message, const char *remedy)
{
    *reply = (struct reply){ .code = code,
        .message = message,
        .problem = "",
        .clause = "",
        .remedy = remedy };
}

/* An explicit --config beats the environment, which speaks of no gateway in
 * particular. */
static bool find_socket(struct session *session, struct reply *reply)
{
    const char *environment = getenv("REFER_SOCKET");
    if (session->socket_path != NULL)
        return true;
    if (session->config_path != NULL) {
        struct config_paths paths;
        const char *problem =
            config_read(session->pool, session->config_path, &paths);
        if (problem != NULL) {
            reply_fail(reply, EXIT_CODE_LOCAL, problem,
                "give the socket's path itself: --socket PATH");
            return false;
        }
        session->socket_path = paths.socket;
    } else if (environment != NULL && environment[0] != '\0') {
        session->socket_path = environment;
    } else {
        session->socket_path = SOCKET_PATH_DEFAULT;
    }
    return true;
}

enum exit_code session_gateway_quietly(
    struct session *session, struct reply *reply)
{
    if (session->gateway != NULL)
        return EXIT_CODE_DONE;
    if (!find_socket(session, reply))
        return reply->code;
    session->gateway = gateway_connect(
        session->socket_path, session->timeout_ms, session->pool, reply);
    return session->gateway != NULL ? EXIT_CODE_DONE : reply->code;
}

enum exit_code session_gateway(struct session *session)
{
    struct reply reply = { 0 };
    enum exit_code code = session_gateway_quietly(session, &reply);
    return code == EXIT_CODE_DONE ? code : session_fail_reply(session, &reply);
}

/* The record "more" is taken off; NULL: there was none, that was all. */
static const char *more_take(struct records *records)
{
    if (records->count == 0 ||
        !record_is(&records->items[records->count - 1], "more"))
        return NULL;
    return record_text(&records->items[--records->count], "after");
}

/* The pages of a long list that follow, until there are no more. */
static void pages_follow(struct session *session, const struct request *first,
    int timeout_ms, struct reply *reply)
{
    struct records all = reply->records;
    const char *after;
    while (reply->code == EXIT_CODE_DONE && (after = more_take(&all)) != NULL) {
        struct request next = { .operation = first->operation };
        for (size_t i = 0; i < first->fields.field_count; i++)
            if (strcmp(first->fields.fields[i].name, "after") != 0)
                record_put(session->pool, &next.fields,
                    first->fields.fields[i].name,
                    &first->fields.fields[i].value);
        record_put_text(session->pool, &next.fields, "after", after);
        *reply = (struct reply){
            .message = "", .problem = "", .clause = "", .remedy = ""
        };
        session->gateway->call(
            session->gateway, &next, timeout_ms, session->pool, reply);
        for (size_t i = 0; i < reply->records.count; i++)
            *records_add(session->pool, &all, reply->records.items[i].type) =
                reply->records.items[i];
    }
    reply->records = all;
}

enum exit_code session_ask_quietly(struct session *session,
    const struct request *request, int timeout_ms, struct reply *reply)
{
    *reply = (struct reply){
        .message = "", .problem = "", .clause = "", .remedy = ""
    };
    reply->code = session_gateway_quietly(session, reply);
    if (reply->code != EXIT_CODE_DONE)
        return reply->code;
    session->gateway->call(
        session->gateway, request, timeout_ms, session->pool, reply);
    pages_follow(session, request, timeout_ms, reply);
    return reply->code;
}

enum exit_code session_ask(
    struct session *session, const struct request *request, struct reply *reply)
{
    enum exit_code code = session_gateway(session);
    if (code != EXIT_CODE_DONE)
        return code;
    code = session_ask_quietly(session, request, session->timeout_ms, reply);
    return code == EXIT_CODE_DONE ? code : session_fail_reply(session, reply);
}

void session_close(struct session *session)
{
    if (session->gateway != NULL)
        session->gateway->close(session->gateway);
    session->gateway = NULL;
}

static void print_remedy(struct session *session, const char *remedy)
{
    if (remedy != NULL && remedy[0] != '\0')
        (void)fprintf(session->err, "remedy: %s\n",
            words_printable(session->pool, remedy));
}

enum exit_code session_fail(struct session *session, enum exit_code code,
    const char *remedy, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    const char *what = pool_format_list(session->pool, format, list);
    va_end(list);
    if (session->place != NULL)
        what = pool_format(session->pool, "%s: %s", session->place, what);
    (void)fflush(session->out);
    if (session->erase != NULL)
        (void)fputs(session->erase, session->err);
    session->erase = NULL;
    (void)fprintf(
        session->err, "referctl: %s\n", words_printable(session->pool, what));
    print_remedy(session, remedy);
    return code;
}

enum exit_code session_fail_reply(
    struct session *session, const struct reply *reply)
{
    struct pool *pool = session->pool;
    const char *why = "";
    if (reply->problem[0] != '\0' && reply->clause[0] != '\0')
        why = pool_format(pool, " (%s at %s)", reply->problem, reply->clause);
    else if (reply->problem[0] != '\0')
        why = pool_format(pool, " (%s)", reply->problem);
    else if (reply->clause[0] != '\0')
        why = pool_format(pool, " (at %s)", reply->clause);
    return session_fail(session, reply->code, reply->remedy, "%s%s",
        reply->message[0] != '\0' ? reply->message : "the gateway refused",
        why);
}
