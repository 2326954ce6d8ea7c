#include "sim/apart.h"

#include <stdlib.h>
#include <string.h>

#include "sim/agency.h"
#include "sim/claimer.h"
#include "sim/say.h"
#include "sim/withholder.h"
#include "sim/world.h"

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)
/* A link or a gateway may have been down before, and a review comes hourly. */
#define SLACK_MS HOUR_MS

static bool is_parted(size_t here, size_t there)
{
    return (here == 0) != (there == 0);
}

/* ---- What a gateway says of it ------------------------------------------- */

bool apart_alarm_stands(struct world *world, size_t at, size_t peer)
{
    struct say say;
    struct local_reply reply;
    bool does = false;
    say_begin(&say, world, "status");
    if (local_reply_read(
            gateway_ask(world, &world->gateways[at], say_end(&say)),
            &world->talk, &reply) != ERR_NONE)
        world_fail(world, "local.malformed", at);
    else
        for (size_t i = 0; i < reply.record_count; i++)
            does |= slice_is(reply.records[i].type, "alarm") &&
                    slice_is(heard_text(&reply.records[i], "agency"),
                        world->gateways[peer].agency.text);
    arena_reset(&world->talk);
    return does;
}

/* A referral that it took for that peer long ago has still not left. */
static bool waits(struct world *world, size_t at, size_t peer)
{
    const struct truth *truth = &world->truth;
    bool does = false;
    for (size_t i = 0; i < truth->affair_count && !does; i++) {
        const struct affair *affair = &truth->affairs[i];
        struct local_reply reply;
        if (affair->from != at || affair->to != peer || !affair->is_named ||
            affair->outcome != OUTCOME_DONE ||
            affair->stored_ms < world->apart.begins_ms ||
            affair->stored_ms > world->apart.ends_ms - DAY_MS - SLACK_MS)
            continue;
        gateway_get(world, &world->gateways[at], &affair->uuid, &reply);
        const struct local_record *row = heard_record(&reply, "referral");
        does = row != NULL && slice_is(heard_text(row, "state"), "sent");
        arena_reset(&world->talk);
    }
    return does;
}

/* ---- The day and the hours ----------------------------------------------- */

static void restart(struct world *world, void *subject, uint64_t argument)
{
    struct gateway *gateway = subject;
    (void)argument;
    if (gateway->is_up)
        gateway_crash(world, gateway);
}

/* That it has not been told since when, or that there is a line, or what time
 * it is; or that it stands still at this moment. */
static bool may_not_know(const struct world *world, size_t at, size_t peer)
{
    return gateway_has_lost(world, at) || closer_was_at(world, at, peer) ||
           rogue_is_between(world, at, peer) || world->is_revoked ||
           world->options.clock_per_hour > 0 ||
           world->gateways[at].paused_until_ms > world->scheduler.now_ms;
}

/* Agency 0 was started again when it began, and is unsettled with everybody;
 * others know of it by what waits. */
static void end(struct world *world, void *subject, uint64_t argument)
{
    (void)subject;
    (void)argument;
    world_say(world, "together again");
    for (size_t i = 0; i < world->gateway_count; i++)
        for (size_t k = 0; k < world->gateway_count; k++)
            if (is_parted(i, k) && agency_is_linked(world, i, k) &&
                world->gateways[i].is_up && !may_not_know(world, i, k) &&
                (i == 0 || waits(world, i, k)) &&
                !apart_alarm_stands(world, i, k) &&
                world->gateways[i].is_up) /* a wrong bit, just then */
                world_fail(world, "alarm.missing", i);
}

static void begin(struct world *world, void *subject, uint64_t argument)
{
    (void)argument;
    world_say(world, "agency 0 is cut off");
    restart(world, subject, 0);
}

void apart_begin(struct world *world)
{
    struct apart *apart = &world->apart;
    struct gateway *gateway = &world->gateways[0];
    size_t count = world->gateway_count;
    if (world->options.apart_hours == 0)
        return;
    apart->begins_ms = world->options.minutes * 60000 / 2;
    apart->ends_ms = apart->begins_ms + world->options.apart_hours * HOUR_MS;
    apart->is_mute = world_below(world, STREAM_apart_hours, 2) == 1;
    apart->raised = calloc(count * count, sizeof *apart->raised);
    if (apart->raised == NULL)
        abort();
    world->options.minutes += world->options.apart_hours * 60;
    scheduler_add(&world->scheduler, apart->begins_ms, begin, gateway, 0);
    /* a restart neither forgets an alarm nor tells it again */
    if (apart->ends_ms - apart->begins_ms > DAY_MS + 2 * SLACK_MS)
        scheduler_add(&world->scheduler, apart->begins_ms + DAY_MS + SLACK_MS,
            restart, gateway, 0);
    scheduler_add(&world->scheduler, apart->ends_ms, end, NULL, 0);
}

void apart_release(struct apart *apart)
{
    free(apart->raised);
}

bool apart_cuts(const struct world *world, size_t from, size_t to)
{
    const struct apart *apart = &world->apart;
    int64_t now_ms = world->scheduler.now_ms;
    return apart->begins_ms > 0 && is_parted(from, to) &&
           now_ms >= apart->begins_ms && now_ms < apart->ends_ms;
}

/* ---- What is told -------------------------------------------------------- */

/* INT64_MAX: always. Who withholds its receipts does so from the beginning. */
static int64_t together_until_ms(
    const struct world *world, size_t at, size_t peer)
{
    if (withholder_is(world, peer))
        return 0;
    return is_parted(at, peer) ? world->apart.begins_ms : INT64_MAX;
}

/* By a wall clock that jumps a day is soon over, and what claims to be old has
 * waited long; of two histories people hear at once, or when a line that stood
 * still for them goes on. */
static bool is_early(const struct world *world, size_t at, size_t peer)
{
    int64_t day_ms = DAY_MS * 1000 / (1000 + world->options.drift_permille);
    int64_t day_ago_ms = world->scheduler.now_ms - day_ms + SLACK_MS;
    return world->options.clock_per_hour == 0 &&
           !rogue_is_between(world, at, peer) && !claimer_is_at(world, at) &&
           together_until_ms(world, at, peer) > day_ago_ms;
}

/* What the entry is about, when that is an alarm about a line; or NULL. */
static const char **raised_of(struct world *world, size_t at,
    const struct log_entry *entry, const char **now)
{
    bool is_raised = entry->event == LOG_ALARM_RAISED;
    if (world->apart.begins_ms == 0 ||
        !(is_raised || entry->event == LOG_ALARM_ENDED))
        return NULL;
    size_t peer = gateway_find(world, &entry->fields[0].value.agency);
    if (peer == world->gateway_count || !agency_is_linked(world, at, peer))
        return NULL;
    *now = is_raised ? entry->fields[1].value.code : NULL;
    return &world->apart.raised[at * world->gateway_count + peer];
}

void apart_unsaid(struct world *world, size_t at, const struct log_entry *entry)
{
    const char *now;
    const char **raised = raised_of(world, at, entry, &now);
    if (raised != NULL)
        *raised = now;
}

void apart_log(struct world *world, size_t at, const struct log_entry *entry)
{
    const char *now;
    const char **raised = raised_of(world, at, entry, &now);
    if (raised == NULL)
        return;
    size_t peer = gateway_find(world, &entry->fields[0].value.agency);
    if (now != NULL && is_early(world, at, peer))
        world_fail(world, "alarm.early", at);
    if (now != NULL && *raised != NULL && strcmp(*raised, now) == 0)
        world_fail(world, "alarm.twice", at);
    if (now != NULL)
        TALLY(world, alarms_raised);
    else
        TALLY(world, alarms_ended);
    *raised = now;
}

void apart_lost(struct world *world, size_t at)
{
    for (size_t i = 0; world->apart.begins_ms > 0 && i < world->gateway_count;
         i++)
        world->apart.raised[at * world->gateway_count + i] = NULL;
}

void apart_check(struct world *world, size_t at)
{
    if (world->apart.begins_ms == 0)
        return;
    for (size_t i = 0; i < world->gateway_count; i++)
        if (i != at && agency_is_linked(world, at, i) &&
            !withholder_is_between(world, at, i) &&
            !rogue_is_for_good(world, at, i) &&
            apart_alarm_stands(world, at, i))
            world_fail(world, "alarm.stays", at);
}
