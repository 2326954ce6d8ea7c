#include "conformance_world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int test_count, failed_count;

int check(int holds, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    printf("%sok %d - ", holds ? "" : "not ", ++test_count);
    (void)vprintf(format, arguments);
    (void)putchar('\n');
    (void)fflush(stdout);
    va_end(arguments);
    failed_count += !holds;
    return holds;
}

static void told(const char *what, const char *got, const char *wanted)
{
    printf("# %s: \"%s\" instead of \"%s\"\n", what, got, wanted);
}

void need(refer_status status, const struct world *world, const char *what)
{
    if (status == REFER_OK)
        return;
    printf("Bail out! %s: %s: %s (%s, %s)\n", what, refer_status_name(status),
        refer_client_error(world->client), refer_client_problem(world->client),
        refer_client_clause(world->client));
    if (world->there != NULL)
        printf("# there: %s (%s, %s)\n", refer_client_error(world->there),
            refer_client_problem(world->there),
            refer_client_clause(world->there));
    if (world->fake != NULL)
        printf("# fake: %s\n", refer_fake_error(world->fake));
    exit(1);
}

/* ---- What is expected -------------------------------------------------- */

void expect_text(const char *name, const char *got, const char *wanted)
{
    if (!check(strcmp(got, wanted) == 0, "%s", name))
        told(name, got, wanted);
}

void expect_refusal(const struct world *world, const char *name,
    refer_status got, refer_status status, const char *problem,
    const char *clause)
{
    int holds = got == status &&
                strcmp(refer_client_problem(world->client), problem) == 0 &&
                strcmp(refer_client_clause(world->client), clause) == 0 &&
                refer_client_remedy(world->client)[0] != 0;
    if (check(holds, "%s: %s %s %s", name, refer_status_name(status), problem,
            clause))
        return;
    told("status", refer_status_name(got), refer_status_name(status));
    told("problem", refer_client_problem(world->client), problem);
    told("clause", refer_client_clause(world->client), clause);
    told("remedy", refer_client_remedy(world->client), "any");
}

refer_event *next_event(const struct world *world, const char *what)
{
    refer_event *event;
    need(refer_cursor_next(world->cursor, WAIT_MS, &event), world, what);
    need(refer_cursor_ack(world->cursor, event, WAIT_MS), world, "ack");
    return event;
}

void expect_says(const struct world *world, const refer_event *event,
    const char *id, const struct wanted *wanted)
{
    const char *const parts[][3] = {
        { "type", refer_event_type(event), wanted->type },
        { "step", refer_event_step(event), wanted->step },
        { "by", refer_event_get(event, "by"), wanted->by },
        { "actor", refer_event_get(event, "actor"), wanted->actor },
        { "state", refer_event_state(event), wanted->state },
        { "status", refer_event_get(event, "status"), wanted->status },
        { "referral", refer_event_referral_id(event), id },
        { "peer", refer_event_get(event, "peer"), world->other },
    };
    int holds = refer_event_redeliveries(event) == 0 &&
                refer_event_position(event) > 0 &&
                refer_event_time_ms(event) > 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        holds = holds && strcmp(parts[i][1], parts[i][2]) == 0;
    if (!check(holds, "event %s: %s by %s, %s, %s", wanted->type, wanted->step,
            wanted->by, wanted->state, wanted->status))
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
            told(parts[i][0], parts[i][1], parts[i][2]);
}

refer_event *expect_event(
    const struct world *world, const char *id, const struct wanted *wanted)
{
    refer_event *event = next_event(world, wanted->step);
    expect_says(world, event, id, wanted);
    return event;
}

void expect_events(const struct world *world, const char *id,
    const struct wanted *wanted, size_t count)
{
    for (size_t i = 0; i < count; i++)
        refer_event_free(expect_event(world, id, &wanted[i]));
}

void expect_fields(const char *name, const refer_listing *listing, uint32_t i,
    const char *const *fields)
{
    uint32_t count = refer_listing_field_count(listing, i);
    uint32_t found = 0;
    for (size_t k = 0; fields[k] != NULL; k++)
        for (uint32_t j = 0; j < count; j++)
            found +=
                strcmp(refer_listing_field_name(listing, i, j), fields[k]) == 0;
    uint32_t wanted = 0;
    while (fields[wanted] != NULL)
        wanted++;
    if (check(found == wanted && count == wanted, "%s: its fields", name))
        return;
    for (uint32_t j = 0; j < count; j++)
        printf("# has %s\n", refer_listing_field_name(listing, i, j));
}

/* ---- Both agencies ----------------------------------------------------- */

int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void set(refer_referral *referral, const char *field, const char *value)
{
    if (refer_referral_set(referral, field, value) != REFER_OK)
        abort();
}

void set_number(refer_referral *referral, const char *field, int64_t number)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%lld", (long long)number);
    set(referral, field, text);
}

void set_element(refer_referral *referral, const char *code, const char *value)
{
    if (refer_referral_set_element(referral, code, value) != REFER_OK)
        abort();
}

void set_grant(refer_referral *referral, const char *to, const char *purpose,
    const char *elements, int64_t until_ms)
{
    if (refer_referral_grant(referral, to, purpose, elements, until_ms) !=
        REFER_OK)
        abort();
}

static refer_referral *empty(void)
{
    refer_referral *referral;
    if (refer_referral_new(&referral) != REFER_OK)
        abort();
    return referral;
}

refer_referral *ungranted(
    const char *to, const char *service, const char *purpose)
{
    refer_referral *referral = empty();
    set(referral, "to", to);
    set(referral, "service", service);
    set(referral, "purpose", purpose);
    set(referral, "urgency", "soon");
    set(referral, "choice", "chosen");
    set(referral, "ask_back", "outcome_code");
    set(referral, "reason_plain", "I have been coughing for three weeks.");
    set_number(referral, "consent_at_ms", now_ms());
    set_element(referral, "pairwise_id", "k7m2p9x4w8q3");
    set_element(referral, "call_name", "Sasha");
    set_element(referral, "contact_route", "I will come by myself");
    return referral;
}

refer_referral *outgoing(const struct world *world)
{
    refer_referral *referral =
        ungranted(world->other, "tb.assess", "tb_assessment");
    set_grant(referral, world->other, "tb_assessment", GRANTED,
        now_ms() + 60 * DAY_MS);
    return referral;
}

void they_send(const struct world *world, char *id)
{
    refer_referral *referral = empty();
    set(referral, "to", world->us);
    set(referral, "service", "hr.dropin");
    set(referral, "purpose", "harm_reduction");
    set(referral, "urgency", "soon");
    set(referral, "choice", "chosen");
    set(referral, "ask_back", "outcome_code");
    set(referral, "reason_plain", "I would like to drop in.");
    set_number(referral, "consent_at_ms", now_ms());
    set_element(referral, "call_name", "Robin");
    set_grant(referral, world->us, "harm_reduction", "call_name language",
        now_ms() + 60 * DAY_MS);
    static int number;
    char key[32];
    (void)snprintf(key, sizeof key, "there-%d", ++number);
    need(world->fake != NULL
             ? refer_fake_receive(world->fake, referral, id, REFER_ID_SIZE)
             : refer_submit(
                   world->there, referral, key, WAIT_MS, id, REFER_ID_SIZE),
        world, "they send");
    refer_referral_free(referral);
}

void they_hear(const struct world *world, const char *id, const char *state)
{
    for (int is_heard = world->there == NULL; !is_heard;) {
        refer_event *event;
        need(refer_cursor_next(world->cursor_there, WAIT_MS, &event), world,
            "they hear");
        is_heard = strcmp(refer_event_referral_id(event), id) == 0 &&
                   strcmp(refer_event_state(event), state) == 0;
        refer_event_free(event);
    }
}

refer_referral *said(const char *role, const char *name, const char *value,
    const char *name2, const char *value2)
{
    refer_referral *details = empty();
    set(details, "role", role);
    if (name != NULL &&
        refer_referral_set_detail(details, name, value) != REFER_OK)
        abort();
    if (name2 != NULL &&
        refer_referral_set_detail(details, name2, value2) != REFER_OK)
        abort();
    return details;
}

refer_referral *by(const char *actor)
{
    refer_referral *details = empty();
    set(details, "actor", actor);
    return details;
}

void they_step(const struct world *world, const char *id, const char *step,
    refer_referral *details)
{
    char key[64];
    (void)snprintf(key, sizeof key, "%.15s:%.45s", step, id);
    need(world->fake != NULL
             ? refer_fake_step(world->fake, id, step, details)
             : refer_act(world->there, id, step, details, key, WAIT_MS, NULL),
        world, step);
    refer_referral_free(details);
}

void we_step(const struct world *world, const char *id, const char *step,
    refer_referral *details, const char *pending, const char *state)
{
    char key[64];
    refer_referral *now;
    (void)snprintf(key, sizeof key, "%.15s:%.45s", step, id);
    need(refer_act(world->client, id, step, details, key, WAIT_MS, &now), world,
        step);
    if (!check(strcmp(refer_referral_get(now, "pending"), pending) == 0 &&
                   strcmp(refer_referral_get(now, "state"), state) == 0,
            "we %s: pending %s, %s", step, pending, state)) {
        told("pending", refer_referral_get(now, "pending"), pending);
        told("state", refer_referral_get(now, "state"), state);
    }
    refer_referral_free(now);
    refer_referral_free(details);
}

void expect_step_refused(const struct world *world, const char *id,
    const char *step, refer_referral *details, refer_status status,
    const char *problem, const char *clause)
{
    static int number;
    char key[32];
    (void)snprintf(key, sizeof key, "refused-%d", ++number);
    refer_status got =
        refer_act(world->client, id, step, details, key, WAIT_MS, NULL);
    expect_refusal(world, step, got, status, problem, clause);
    refer_referral_free(details);
}
