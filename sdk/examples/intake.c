/*
 * intake.c - the intake desk of a hospital as a program: it takes on every
 * referral that arrives, with one offer for all.
 *
 *   intake [-s SOCKET] [-c CURSOR] [-o OFFER] [--once] [--until STATE]
 *
 * The durable cursor, in three rules:
 *  1. The gateway keeps the place. A program that ends, or is killed, opens
 *     the same cursor again and goes on where it had acknowledged.
 *  2. Acknowledge after the work, never before. What was under way when the
 *     program died comes again: "at least once".
 *  3. So the work must bear being done twice. Here every step has a key made
 *     from the referral's id, and the gateway does a key once. A program with
 *     a database of its own stores epoch and position in the same transaction
 *     as its result, and passes over what is not above them.
 */
#include <refer/refer.h>

#include <stdio.h>
#include <string.h>

#define WAIT_MS 10000

struct intake {
    refer_client *client;
    const char *offer;
    const char *until; /* a state, or NULL */
    int is_once;
};

static int complain(
    const struct intake *intake, const char *what, refer_status status)
{
    fprintf(stderr, "intake: %s: %s: %s\n", what, refer_status_name(status),
        refer_client_error(intake->client));
    if (refer_client_remedy(intake->client)[0] != 0)
        fprintf(stderr, "intake: %s (%s)\n",
            refer_client_remedy(intake->client),
            refer_client_clause(intake->client));
    return 1;
}

/* One step, once: the key is the same whenever this is tried again. */
static refer_status step(const struct intake *intake, const char *id,
    const char *name, const refer_referral *details)
{
    char key[64 + 1];
    /* an id has up to 47 characters, so the key fits */
    (void)snprintf(key, sizeof key, "%.12s:%.48s", name, id);
    return refer_act(intake->client, id, name, details, key, WAIT_MS, NULL);
}

static refer_status take_on(const struct intake *intake, const char *id)
{
    refer_referral *details = NULL;
    refer_status status = refer_referral_new(&details);
    /* in what role this is decided, never who the colleague is */
    if (status == REFER_OK)
        status = refer_referral_set(details, "role", "intake");
    if (status == REFER_OK)
        status = step(intake, id, "opened", details);
    if (status == REFER_OK)
        status = refer_referral_set_detail(details, "offer", intake->offer);
    if (status == REFER_OK)
        status = step(intake, id, "accept", details);
    refer_referral_free(details);
    return status;
}

static void print(const refer_event *event)
{
    printf("%llu %s %s %s\n", (unsigned long long)refer_event_position(event),
        refer_event_referral_id(event), refer_event_step(event),
        refer_event_state(event));
    for (uint32_t i = 0; i < refer_event_detail_count(event); i++)
        printf("    %s: %s\n", refer_event_detail_name(event, i),
            refer_event_detail_value(event, i));
    for (uint32_t i = 0; i < refer_event_element_count(event); i++)
        printf("    %s = %s\n", refer_event_element_name(event, i),
            refer_event_element_value(event, i));
    (void)fflush(stdout);
}

/* 1: goes wrong for good. */
static int handle(const struct intake *intake, const refer_event *event)
{
    refer_status status = REFER_OK;
    print(event);
    if (strcmp(refer_event_get(event, "direction"), "in") == 0 &&
        strcmp(refer_event_state(event), "delivered") == 0)
        status = take_on(intake, refer_event_referral_id(event));
    /* The person may have withdrawn it meanwhile, or a colleague decided: then
     * there is nothing left to do here. */
    if (status == REFER_CONFLICT)
        status = REFER_OK;
    return status == REFER_OK ? 0 : complain(intake, "step", status);
}

static int run(const struct intake *intake, refer_cursor *cursor)
{
    for (;;) {
        refer_event *event = NULL;
        refer_status status =
            refer_cursor_next(cursor, intake->is_once ? 0 : WAIT_MS, &event);
        if (status == REFER_TIMEOUT && intake->is_once) {
            /* nothing at once: give the answer its time, then end */
            status = refer_cursor_next(cursor, 1000, &event);
            if (status == REFER_TIMEOUT)
                return 0;
        }
        if (status == REFER_TIMEOUT)
            continue;
        if (status != REFER_OK)
            return complain(intake, "next event", status);
        int is_last = intake->until != NULL &&
                      strcmp(refer_event_state(event), intake->until) == 0;
        int failed = handle(intake, event);
        if (!failed) {
            status = refer_cursor_ack(cursor, event, WAIT_MS);
            if (status != REFER_OK)
                failed = complain(intake, "acknowledge", status);
        }
        refer_event_free(event);
        if (failed || is_last)
            return failed;
    }
}

static int usage(void)
{
    fputs("usage: intake [-s SOCKET] [-c CURSOR] [-o OFFER] [--once] "
          "[--until STATE]\n",
        stderr);
    return 2;
}

int main(int argc, char **argv)
{
    struct intake intake = { .offer = "walk_in" };
    const char *socket = "";
    const char *name = "intake";
    for (int i = 1; i < argc; i++) {
        int has_value = i + 1 < argc;
        if (strcmp(argv[i], "--once") == 0)
            intake.is_once = 1;
        else if (strcmp(argv[i], "-s") == 0 && has_value)
            socket = argv[++i];
        else if (strcmp(argv[i], "-c") == 0 && has_value)
            name = argv[++i];
        else if (strcmp(argv[i], "-o") == 0 && has_value)
            intake.offer = argv[++i];
        else if (strcmp(argv[i], "--until") == 0 && has_value)
            intake.until = argv[++i];
        else
            return usage();
    }
    refer_status status = refer_client_new(&intake.client);
    if (status != REFER_OK)
        return complain(&intake, "start", status);
    refer_cursor *cursor = NULL;
    status = refer_client_set(intake.client, "application", "intake");
    if (status == REFER_OK && socket[0] != 0)
        status = refer_client_set(intake.client, "socket", socket);
    if (status == REFER_OK)
        status = refer_cursor_open(intake.client, name, WAIT_MS, &cursor);
    int failed = status == REFER_OK ? run(&intake, cursor)
                                    : complain(&intake, "open", status);
    refer_cursor_free(cursor);
    refer_client_free(intake.client);
    return failed;
}
