/*
 * send.c - the case system of an NGO as a program: it refers one person and
 * waits until the other agency has taken the referral on.
 *
 *   send [-s SOCKET] KEY TO SERVICE PURPOSE REASON CODE=VALUE...
 *
 * KEY is this system's own name for the intention, such as the number of its
 * form: sending twice with one key makes one referral. TO is the receiving
 * agency's id. REASON is in plain words, agreed with the person; CODE=VALUE
 * are the elements that the person lets go, and no other leaves the agency.
 */
#include <refer/refer.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#define WAIT_MS 10000
#define CONSENT_DAYS 90
#define ARGUMENT_COUNT 5

static int complain(
    const refer_client *client, const char *what, refer_status status)
{
    fprintf(stderr, "send: %s: %s: %s\n", what, refer_status_name(status),
        refer_client_error(client));
    if (refer_client_remedy(client)[0] != 0)
        fprintf(stderr, "send: %s %s: %s\n", refer_client_problem(client),
            refer_client_clause(client), refer_client_remedy(client));
    return 1;
}

/* "code=value" as an element; its code is added to the list for the grant. */
static refer_status add_element(
    refer_referral *referral, const char *argument, char *codes, size_t size)
{
    char code[64 + 1];
    const char *equals = strchr(argument, '=');
    if (equals == NULL || equals - argument >= (int)sizeof code)
        return REFER_INVALID;
    (void)snprintf(
        code, sizeof code, "%.*s", (int)(equals - argument), argument);
    size_t used = strlen(codes);
    int added =
        snprintf(codes + used, size - used, "%s%s", used == 0 ? "" : " ", code);
    if (added < 0 || (size_t)added >= size - used)
        return REFER_TOO_LARGE;
    return refer_referral_set_element(referral, code, equals + 1);
}

static refer_status fill(
    refer_referral *referral, char **arguments, int64_t consent_at_ms)
{
    char codes[4096] = "";
    char consent_at[24];
    (void)snprintf(
        consent_at, sizeof consent_at, "%lld", (long long)consent_at_ms);
    const char *const fields[][2] = {
        { "to", arguments[1] },
        { "service", arguments[2] },
        { "purpose", arguments[3] },
        { "reason_plain", arguments[4] },
        { "urgency", "routine" },
        { "choice", "chosen" }, /* the person's own wish */
        { "ask_back", "outcome_code" },
        { "consent_at_ms", consent_at },
    };
    refer_status status = REFER_OK;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (status == REFER_OK)
            status = refer_referral_set(referral, fields[i][0], fields[i][1]);
    for (char **next = arguments + ARGUMENT_COUNT; *next != NULL; next++)
        if (status == REFER_OK)
            status = add_element(referral, *next, codes, sizeof codes);
    if (status == REFER_OK)
        status = refer_referral_grant(referral, arguments[1], arguments[3],
            codes, consent_at_ms + (int64_t)CONSENT_DAYS * 86400000);
    return status;
}

/* After a time-out nobody knows whether it was stored; with the same key it is
 * safe to ask again. */
static refer_status submit(refer_client *client, const refer_referral *referral,
    const char *key, char *id)
{
    refer_status status = REFER_TIMEOUT;
    for (int tries = 0; tries < 5 && refer_status_is_retryable(status); tries++)
        status =
            refer_submit(client, referral, key, WAIT_MS, id, refer_id_size());
    return status;
}

/* Until the referral is taken on, or cannot be any more. */
static int wait_for_answer(
    refer_client *client, refer_cursor *cursor, const char *id)
{
    static const char *const ends[] = { "declined", "withdrawn", "cancelled",
        "expired", "refused_by_policy", "redirected", "void" };
    for (;;) {
        refer_event *event = NULL;
        refer_status status = refer_cursor_next(cursor, WAIT_MS, &event);
        if (status == REFER_TIMEOUT)
            continue;
        if (status != REFER_OK)
            return complain(client, "next event", status);
        int answer = -1;
        if (strcmp(refer_event_referral_id(event), id) == 0) {
            printf("%s %s\n", id, refer_event_state(event));
            if (strcmp(refer_event_state(event), "accepted") == 0) {
                printf("offer: %s\n", refer_event_detail(event, "offer"));
                answer = 0;
            }
            for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
                if (strcmp(refer_event_state(event), ends[i]) == 0)
                    answer = 3;
        }
        /* a real system handles the events of its other referrals here */
        status = refer_cursor_ack(cursor, event, WAIT_MS);
        refer_event_free(event);
        if (status != REFER_OK)
            return complain(client, "acknowledge", status);
        if (answer >= 0)
            return answer;
    }
}

static int run(refer_client *client, char **arguments)
{
    char id[REFER_ID_SIZE];
    refer_cursor *cursor = NULL;
    refer_referral *referral = NULL;
    refer_status status = refer_referral_new(&referral);
    if (status == REFER_OK)
        status = fill(referral, arguments, (int64_t)time(NULL) * 1000);
    if (status != REFER_OK) {
        refer_referral_free(referral);
        return complain(client, "fill in", status);
    }
    /* before submitting, so that no answer is missed */
    status = refer_cursor_open(client, "send", WAIT_MS, &cursor);
    if (status == REFER_OK)
        status = submit(client, referral, arguments[0], id);
    refer_referral_free(referral);
    int failed = status == REFER_OK ? wait_for_answer(client, cursor, id)
                                    : complain(client, "submit", status);
    refer_cursor_free(cursor);
    return failed;
}

int main(int argc, char **argv)
{
    const char *socket = "";
    int first = 1;
    if (argc > 2 && strcmp(argv[1], "-s") == 0) {
        socket = argv[2];
        first = 3;
    }
    if (argc - first < ARGUMENT_COUNT) {
        fputs("usage: send [-s SOCKET] KEY TO SERVICE PURPOSE REASON "
              "CODE=VALUE...\n",
            stderr);
        return 2;
    }
    refer_client *client = NULL;
    refer_status status = refer_client_new(&client);
    if (status == REFER_OK)
        status = refer_client_set(client, "application", "send");
    if (status == REFER_OK && socket[0] != 0)
        status = refer_client_set(client, "socket", socket);
    int failed = status == REFER_OK ? run(client, argv + first)
                                    : complain(client, "start", status);
    refer_client_free(client);
    return failed;
}
