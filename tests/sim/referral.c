#include "sim/referral.h"

#include <stdio.h>
#include <string.h>

#include "sim/agency.h"
#include "sim/say.h"
#include "sim/world.h"

#define DAY_MS INT64_C(86400000)
#define CONSENT_AT_MS (SIM_EPOCH_MS - 30 * DAY_MS)

/* Ways to go wrong. */
enum fault {
    FAULT_NONE,
    FAULT_NEVER_SHARED, /* an element that the agreement never shares */
    FAULT_NOT_LISTED,   /* one that the purpose does not list */
    FAULT_NOT_GIVEN,    /* one that the person did not agree to */
    FAULT_LACKING,      /* without the one that the purpose needs */
    FAULT_PURPOSE,      /* a purpose without a pathway */
    FAULT_NO_CONSENT,   /* no grant for this agency */
    FAULT_OVER,         /* a grant that has ended */
    FAULT_HOP,          /* passed on too often */
    FAULT_COUNT
};

struct draft {
    struct world *world;
    struct say *say;
    size_t affair;
    enum fault fault;
    const char *from;
    const char *to;
};

static const char *purpose_of(const struct draft *draft)
{
    return draft->fault == FAULT_PURPOSE ? "gossip" : "help";
}

static void one_of(struct draft *draft, const char *name,
    const char *const *values, int64_t count)
{
    say_text(draft->say, name,
        values[world_below(draft->world, STREAM_work, count)]);
}

static void words(
    struct draft *draft, const char *element, char text[80], const char *more)
{
    char word[CANARY_SIZE + 1];
    truth_canary(&draft->world->truth, draft->affair, element, word);
    (void)snprintf(text, 80, "%s%s", word, more);
}

static void head_say(struct draft *draft)
{
    static const char *const urgencies[] = { "immediate", "same_day", "soon",
        "routine" };
    static const char *const choices[] = { "chosen", "agreed", "advised" };
    static const char *const ask_backs[] = { "none", "outcome_code",
        "short_note", "full", "full" };
    char text[80];
    char service[32];
    size_t to = draft->world->truth.affairs[draft->affair].to;
    say_record(draft->say, "referral");
    say_text(draft->say, "to", draft->to);
    (void)snprintf(service, sizeof service, "service.%zu", to);
    say_text(draft->say, "service", service);
    say_text(draft->say, "purpose", purpose_of(draft));
    one_of(draft, "urgency", urgencies, 4);
    one_of(draft, "choice", choices, 3);
    one_of(draft, "ask_back", ask_backs, 5);
    words(draft, NULL, text, " wants to talk to someone");
    say_text(draft->say, "reason_plain", text);
    say_number(draft->say, "consent_at_ms", CONSENT_AT_MS);
    if (draft->fault == FAULT_HOP)
        say_number(draft->say, "hop", 2);
    if (world_below(draft->world, STREAM_work, 2) == 0) {
        struct uuid uuid;
        char id[UUID_URN_SIZE + 1];
        world_fill(draft->world, uuid.bytes, sizeof uuid.bytes);
        uuid_format(&uuid, id);
        say_text(draft->say, "id", id);
    }
}

static void element_say(struct draft *draft, const char *code)
{
    char text[80];
    words(draft, code, text, "");
    say_pair(draft->say, "element", code, text);
}

static void elements_say(struct draft *draft)
{
    if (draft->fault != FAULT_LACKING)
        element_say(draft, "call_name");
    if (draft->fault == FAULT_NOT_GIVEN ||
        world_below(draft->world, STREAM_work, 2) == 0)
        element_say(draft, "contact_route");
    if (draft->fault == FAULT_NEVER_SHARED)
        element_say(draft, "arrest_history");
    if (draft->fault == FAULT_NOT_LISTED)
        element_say(draft, "legal_name");
}

static void grant_say(struct draft *draft, const char *to, const char *elements)
{
    bool is_over = draft->fault == FAULT_OVER;
    say_record(draft->say, "grant");
    say_text(draft->say, "to", to);
    say_text(draft->say, "purpose", purpose_of(draft));
    say_text(draft->say, "elements", elements);
    say_number(draft->say, "until_ms",
        is_over ? CONSENT_AT_MS + DAY_MS : SIM_EPOCH_MS + 200 * DAY_MS);
}

static void grants_say(struct draft *draft)
{
    if (draft->fault != FAULT_NO_CONSENT)
        grant_say(draft, draft->to,
            draft->fault == FAULT_NOT_GIVEN
                ? "call_name needs"
                : "call_name contact_route needs arrest_history legal_name");
    grant_say(draft, draft->from, "outcome_note needs"); /* the way back */
}

/* In a ring, one of its neighbours on both sides. */
static size_t neighbour_choose(struct world *world, size_t from)
{
    size_t count = world->gateway_count;
    size_t at = (size_t)world_below(world, STREAM_work, 2 * ACCORD_RING_STEP);
    bool is_behind = at < ACCORD_RING_STEP;
    return (from + count - ACCORD_RING_STEP + at + !is_behind) % count;
}

/* Another one of its group, or of all. */
static size_t recipient_choose(struct world *world, size_t from)
{
    if (accord_is_ring(world))
        return neighbour_choose(world, from);
    size_t group = (size_t)world->options.group;
    size_t first = group == 0 ? 0 : from / group * group;
    size_t count = world->gateway_count - first;
    if (group > 0 && group < count)
        count = group;
    return first +
           (from - first + 1 +
               (size_t)world_below(world, STREAM_work, (int64_t)count - 1)) %
               count;
}

size_t referral_say(
    struct world *world, struct gateway *gateway, struct say *say)
{
    size_t from = gateway->index;
    size_t to = recipient_choose(world, from);
    if (world->options.star != 0) /* the hub to one after the other */
        to =
            from != 0 ? 0 : 1 + world->star_next++ % (world->gateway_count - 1);
    struct draft draft = {
        .world = world,
        .say = say,
        .affair = truth_affair(&world->truth, from, to),
        .from = gateway->agency.text,
        .to = world->gateways[to].agency.text,
    };
    if (CHANCE(world, policy_permille))
        draft.fault =
            (enum fault)(1 + world_below(world, STREAM_work, FAULT_COUNT - 1));
    world->truth.affairs[draft.affair].is_forbidden =
        draft.fault != FAULT_NONE || !agency_may_refer(world, from, to, "help");
    head_say(&draft);
    elements_say(&draft);
    grants_say(&draft);
    return draft.affair;
}
