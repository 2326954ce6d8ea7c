/*
 * Two gateways under a tape: programs submit and act, messages arrive in any
 * order, twice, damaged or not at all, processes die, commits fail. Then the
 * weather clears; when all has come to rest, nothing waits any more, no ledger
 * stands still, and both agencies agree about every referral. Stores fill up,
 * and days pass: what is refused for want of room has changed nothing, what was
 * erased stays so.
 *
 * They are set up once, and go back to that after each tape: so each finds the
 * same, and costs what happens in it.
 */
#include <stdint.h>
#include <string.h>

#include "core/limits.h"
#include "core/referral.h"
#include "support/bench_node.h"
#include "support/call.h"
#include "support/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DEED_COUNT_MAX 64
#define REFERRAL_COUNT_MAX 12
/* Cards are for 300 days, their keys for so many after each renewal. */
#define DAY_COUNT_MAX 240
#define KEY_DAYS 60
#define KEY_LEFT_DAYS 45 /* and then the agency has others signed */

struct tape {
    const uint8_t *bytes;
    size_t size;
    size_t deeds;
};

static uint8_t next(struct tape *tape)
{
    if (tape->size == 0)
        return 0;
    tape->size--;
    return *tape->bytes++;
}

struct world {
    struct federation *federation;
    char ids[REFERRAL_COUNT_MAX][UUID_URN_SIZE + 1];
    size_t senders[REFERRAL_COUNT_MAX];
    bool erased[2][REFERRAL_COUNT_MAX];
    size_t count;
    unsigned key; /* of the next write */
    int64_t keys_until_day[2];
    uint64_t serials[2]; /* of their cards */
};

static const struct {
    const char *step;
    const char *actor;
    const char *const details[5];
    bool is_exempt; /* goes however full the store is */
} steps[] = {
    { "opened", "staff", { NULL }, false },
    { "accept", "staff", { "offer", "Any morning", NULL }, false },
    { "decline", "staff",
        { "reason", "NO_CAPACITY", "next_option", "the mobile clinic", NULL },
        false },
    { "ask", "staff", { "question", "How long?", NULL }, false },
    { "answer", "person", { "answer", "Three weeks.", NULL }, false },
    { "choose_time", "person", { "walk_in", "yes", NULL }, false },
    { "arrive", "person", { NULL }, false },
    { "start", "staff", { NULL }, false },
    { "finish", "staff", { "outcome", "SERVICE_GIVEN", NULL }, false },
    { "acknowledge", "staff", { "feedback", "invited", NULL }, false },
    { "withdraw", "person", { NULL }, true },
    { "consent_revoked", "person", { NULL }, true },
    { "cancel", "staff",
        { "reason", "NEED_CHANGED", "person_told", "yes", NULL }, false },
    { "wrong_person_or_place", "staff", { "what", "person", NULL }, true },
};

static const char *key_next(struct world *world, char key[16])
{
    (void)snprintf(key, 16, "key-%u", world->key++);
    return key;
}

/* Asks again, with the same key, when the gateway died over it. */
static const struct local_reply *call(
    struct federation *federation, size_t agency, struct call *call)
{
    const struct local_reply *reply = federation_call(federation, agency, call);
    if (reply == NULL)
        reply = federation_call(federation, agency, call);
    MUST(reply != NULL);
    return reply;
}

static bool is_full(
    const struct federation *federation, size_t agency, unsigned percent_max)
{
    struct store_usage usage = federation_usage(federation, agency);
    return usage.used / (usage.capacity / 100 + 1) >= percent_max;
}

/* What an agency still has to do beside is done, and its store stands still;
 * how it is then. False: its disk, or much to do, is in the way. */
static bool comes_to_rest(
    struct federation *federation, size_t agency, uint64_t *hash)
{
    struct node_input time = { .type = NODE_TIME };
    const struct store *store = federation_store(federation, agency);
    *hash = store_memory_hash(store);
    for (int i = 0; i < 8; i++) {
        if (!federation_take(federation, agency, &time))
            return false;
        uint64_t after = store_memory_hash(store);
        if (after == *hash)
            return true;
        *hash = after;
    }
    return false;
}

/* What is refused for want of room can be tried again, and changed nothing.
 * *was_full: as it was called, and did not die over it. */
static const struct local_reply *call_with_room(struct federation *federation,
    size_t agency, struct call *wanted, unsigned percent_max, bool *was_full)
{
    uint64_t hash = 0;
    bool rests = is_full(federation, agency, percent_max) &&
                 comes_to_rest(federation, agency, &hash);
    *was_full = is_full(federation, agency, percent_max);
    const struct local_reply *reply =
        federation_call(federation, agency, wanted);
    if (reply == NULL) {
        *was_full = false;
        return call(federation, agency, wanted);
    }
    MUST(reply->err != ERR_FULL ||
         (*was_full && reply->problem == PROBLEM_TRY_LATER));
    MUST(reply->err != ERR_FULL || !rests ||
         store_memory_hash(federation_store(federation, agency)) == hash);
    return reply;
}

static void submit(struct world *world, struct tape *tape)
{
    char key[16];
    struct call referral;
    size_t from = next(tape) % 2;
    if (world->count == REFERRAL_COUNT_MAX)
        return;
    federation_referral(
        world->federation, &referral, from, 1 - from, key_next(world, key));
    bool was_full;
    const struct local_reply *reply = call_with_room(world->federation, from,
        &referral, STORE_INTAKE_PERCENT_MAX, &was_full);
    MUST(reply->err == ERR_NONE ? !was_full : reply->err == ERR_FULL);
    if (reply->err == ERR_FULL)
        return;
    struct slice id = record_text(reply_record(reply, "referral", 0), "id");
    MUST(id.size == UUID_URN_SIZE);
    memcpy(world->ids[world->count], id.bytes, UUID_URN_SIZE);
    world->senders[world->count++] = from;
}

/* It may be refused; it may not be anything else. */
static void act(struct world *world, struct tape *tape)
{
    char key[16];
    size_t agency = next(tape) % 2;
    size_t which = next(tape);
    size_t step = next(tape) % (sizeof steps / sizeof *steps);
    if (world->count == 0)
        return;
    struct call step_call;
    federation_step_call(&step_call, world->ids[which % world->count],
        steps[step].step, key_next(world, key), steps[step].actor,
        steps[step].details);
    bool was_full;
    const struct local_reply *reply = call_with_room(world->federation, agency,
        &step_call, STORE_RECEIVE_PERCENT_MAX, &was_full);
    MUST(reply->err == ERR_NONE || reply->err == ERR_STATE ||
         (reply->err == ERR_FULL && !steps[step].is_exempt) ||
         reply->err == ERR_FORBIDDEN || reply->err == ERR_NOT_FOUND ||
         reply->err == ERR_POLICY || reply->err == ERR_INVALID);
}

/* ---- Deeds --------------------------------------------------------------- */

static void deliver(struct world *world, struct tape *tape)
{
    size_t count = federation_message_count(world->federation);
    federation_deliver(world->federation, next(tape) % count);
}

static void repeat(struct world *world, struct tape *tape)
{
    size_t count = federation_message_count(world->federation);
    federation_repeat(world->federation, next(tape) % count);
}

static void lose(struct world *world, struct tape *tape)
{
    size_t count = federation_message_count(world->federation);
    federation_lose(world->federation, next(tape) % count);
}

static void corrupt(struct world *world, struct tape *tape)
{
    size_t count = federation_message_count(world->federation);
    size_t index = next(tape) % count;
    size_t bit = (size_t)next(tape) << 8;
    federation_corrupt(world->federation, index, bit | next(tape));
}

static void crash(struct world *world, struct tape *tape)
{
    federation_crash(world->federation, next(tape) % 2);
}

static void wait(struct world *world, struct tape *tape)
{
    federation_wait(world->federation, next(tape) * 1000);
}

static void sheet(struct world *world, struct tape *tape)
{
    federation_sheet(world->federation, next(tape) % 2);
}

static void fail_commit(struct world *world, struct tape *tape)
{
    uint8_t how = next(tape);
    federation_fail_commit(world->federation, how % 2, 1 + how / 4 % 8,
        how / 2 % 2 == 0 ? STORE_MEMORY_FAIL_BEFORE : STORE_MEMORY_FAIL_AFTER);
}

/* Its store gets so full, but for a little: 0 is as empty as it was. */
static void fill(struct world *world, struct tape *tape)
{
    static const unsigned percents[] = { 0, STORE_INTAKE_PERCENT_MAX,
        STORE_RECEIVE_PERCENT_MAX, 97 };
    uint8_t how = next(tape);
    unsigned percent = percents[how / 2 % 4];
    federation_ballast(world->federation, how % 2, 0);
    if (percent == 0)
        return;
    struct store_usage usage = federation_usage(world->federation, how % 2);
    uint64_t size = (usage.capacity / 100 + 1) * percent;
    federation_ballast(
        world->federation, how % 2, size - usage.used - how / 8 * 512u);
}

/* The person asks; for that there is room, however full it is. */
static void erase(struct world *world, struct tape *tape)
{
    struct call call_erase;
    size_t agency = next(tape) % 2;
    size_t which = next(tape);
    if (world->count == 0)
        return;
    which %= world->count;
    call_begin(&call_erase, "erase");
    call_text(&call_erase, "id", world->ids[which]);
    call_text(&call_erase, "reason", "person_asked");
    const struct local_reply *reply =
        call(world->federation, agency, &call_erase);
    MUST(reply->err == ERR_NONE || reply->err == ERR_NOT_FOUND);
    world->erased[agency][which] |= reply->err == ERR_NONE;
}

/* What its operator and its clock tell it. */
static void tell(
    struct federation *federation, size_t agency, struct node_input *input)
{
    enum err err = federation_step(federation, agency, input);
    MUST(err == ERR_NONE || err == ERR_IO);
    if (err == ERR_IO)
        federation_crash(federation, agency);
}

static int64_t today(const struct federation *federation)
{
    return (federation_now(federation).unix_ms - FEDERATION_START_MS) /
           FEDERATION_DAY_MS;
}

static void card_renew(struct world *world, size_t agency)
{
    struct federation *federation = world->federation;
    struct node_input input = { .type = NODE_CARD };
    world->keys_until_day[agency] = today(federation) + KEY_DAYS;
    input.of.card.card = federation_card_new(federation, agency,
        ++world->serials[agency],
        (struct instant){ FEDERATION_START_MS +
                          world->keys_until_day[agency] * FEDERATION_DAY_MS });
    federation_card_set(federation, agency, input.of.card.card);
    tell(federation, agency, &input);
}

/* Days pass, with or without whatever is on the line; a month at most, or keys
 * would end before anybody could hear of the next. */
static void pass(struct world *world, struct tape *tape)
{
    struct federation *federation = world->federation;
    uint8_t how = next(tape);
    int64_t days = 1 + how / 2 % 31;
    if (today(federation) + days > DAY_COUNT_MAX)
        return;
    for (size_t i = 0; i < 2; i++)
        if (today(federation) + KEY_LEFT_DAYS > world->keys_until_day[i])
            card_renew(world, i);
    federation_wait_until(federation, federation_now(federation).unix_ms -
                                          FEDERATION_START_MS +
                                          days * FEDERATION_DAY_MS);
    for (size_t i = 0; i < 2; i++) {
        struct node_input review = { .type = NODE_REVIEW,
            .of.review.clock_is_trusted = how < 192 };
        federation_sheet(federation, i);
        tell(federation, i, &review);
    }
    if (how % 2 == 0)
        federation_run(federation);
}

/* By their number on the tape; new ones come at the end. */
static const struct {
    void (*run)(struct world *world, struct tape *tape);
    bool needs_message;
} deeds[] = {
    { submit, false },
    { act, false },
    { deliver, true },
    { repeat, true },
    { lose, true },
    { crash, false },
    { wait, false },
    { sheet, false },
    { corrupt, true },
    { fail_commit, false },
    { fill, false },
    { erase, false },
    { pass, false },
};

static void deed(struct world *world, struct tape *tape)
{
    size_t what = next(tape) % (sizeof deeds / sizeof *deeds);
    if (!deeds[what].needs_message ||
        federation_message_count(world->federation) > 0)
        deeds[what].run(world, tape);
}

/* ---- Rest ---------------------------------------------------------------- */

static bool is_at_rest(struct federation *federation, size_t agency)
{
    const struct peer *peer = federation_peer(federation, agency, 1 - agency);
    return peer->settled_out && peer->settled_in && peer->queued_count == 0;
}

/* No fault any more, and time for whatever waits to be tried again. Who
 * takes nothing new has room enough for all else; who takes nothing at all
 * gets it. */
static void clear_up(struct federation *federation)
{
    for (size_t i = 0; i < 2; i++)
        federation_fail_commit(federation, i, 0, STORE_MEMORY_FAIL_BEFORE);
    for (int i = 0; i < 4; i++) {
        for (size_t k = 0; k < 2; k++)
            if (is_full(federation, k, STORE_RECEIVE_PERCENT_MAX))
                federation_ballast(federation, k, 0);
        federation_wait(federation, RETRY_DELAY_MS_MAX);
        if (is_at_rest(federation, 0) && is_at_rest(federation, 1))
            break;
    }
}

static void check_rest(struct federation *federation, size_t agency)
{
    MUST(is_at_rest(federation, agency));
    MUST(federation_logged(federation, agency, LOG_LEDGER_TROUBLED) == 0);
}

/* The same at both, or never told: then it has ended where it began. */
static void check_referral(const struct world *world, size_t index)
{
    const char *id = world->ids[index];
    const char *here =
        federation_state(world->federation, world->senders[index], id);
    const char *there =
        federation_state(world->federation, 1 - world->senders[index], id);
    if (strcmp(here, there) == 0)
        return;
    enum referral_state state = referral_state_named(slice_of_text(here));
    if (strcmp(there, "none") != 0 || !referral_is_terminal(state))
        fprintf(stderr, "%s: %s here, %s there\n", id, here, there);
    MUST(strcmp(there, "none") == 0 && referral_is_terminal(state));
}

/* Nothing that was said of it is there. */
static void check_erased(
    struct federation *federation, size_t agency, const char *id)
{
    const struct local_reply *reply = federation_get(federation, agency, id);
    MUST(reply != NULL && reply_count(reply, "element") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct federation *federation; /* kept: most of the work is there */
    struct tape tape = { data, size, 0 };
    if (federation == NULL) {
        federation = federation_new(2);
        federation_connect(federation, 0, 1);
        federation_agree(federation);
        federation_mark(federation);
    }
    struct world world = { .federation = federation,
        .keys_until_day = { KEY_DAYS, KEY_DAYS },
        .serials = { 1, 1 } };
    while (tape.size > 0 && tape.deeds++ < DEED_COUNT_MAX)
        deed(&world, &tape);
    clear_up(federation);
    for (size_t i = 0; i < 2; i++)
        check_rest(world.federation, i);
    for (size_t i = 0; i < world.count; i++)
        check_referral(&world, i);
    for (size_t i = 0; i < 2 * world.count; i++)
        if (world.erased[i % 2][i / 2])
            check_erased(federation, i % 2, world.ids[i / 2]);
    federation_return(federation); /* so that a run leaves nothing behind */
    return 0;
}
