/*
 * Two gateways under a tape: programs submit and act, messages arrive in any
 * order, twice, damaged or not at all, processes die, commits fail. Then the
 * weather clears; when all has come to rest, nothing waits any more, no ledger
 * stands still, and both agencies agree about every referral.
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
    size_t count;
    unsigned key; /* of the next write */
};

static const struct {
    const char *step;
    const char *actor;
    const char *const details[5];
} steps[] = {
    { "opened", "staff", { NULL } },
    { "accept", "staff", { "offer", "Any morning", NULL } },
    { "decline", "staff",
        { "reason", "NO_CAPACITY", "next_option", "the mobile clinic", NULL } },
    { "ask", "staff", { "question", "How long?", NULL } },
    { "answer", "person", { "answer", "Three weeks.", NULL } },
    { "choose_time", "person", { "walk_in", "yes", NULL } },
    { "arrive", "person", { NULL } },
    { "start", "staff", { NULL } },
    { "finish", "staff", { "outcome", "SERVICE_GIVEN", NULL } },
    { "acknowledge", "staff", { "feedback", "invited", NULL } },
    { "withdraw", "person", { NULL } },
    { "consent_revoked", "person", { NULL } },
    { "cancel", "staff",
        { "reason", "NEED_CHANGED", "person_told", "yes", NULL } },
    { "wrong_person_or_place", "staff", { "what", "person", NULL } },
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

static void submit(struct world *world, struct tape *tape)
{
    char key[16];
    struct call referral;
    size_t from = next(tape) % 2;
    if (world->count == REFERRAL_COUNT_MAX)
        return;
    federation_referral(
        world->federation, &referral, from, 1 - from, key_next(world, key));
    const struct local_reply *reply = call(world->federation, from, &referral);
    MUST(reply->err == ERR_NONE);
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
    const struct local_reply *reply =
        call(world->federation, agency, &step_call);
    MUST(reply->err == ERR_NONE || reply->err == ERR_STATE ||
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

/* No fault any more, and time for whatever waits to be tried again. */
static void clear_up(struct federation *federation)
{
    for (size_t i = 0; i < 2; i++)
        federation_fail_commit(federation, i, 0, STORE_MEMORY_FAIL_BEFORE);
    for (int i = 0; i < 4; i++) {
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
    struct world world = { .federation = federation };
    while (tape.size > 0 && tape.deeds++ < DEED_COUNT_MAX)
        deed(&world, &tape);
    clear_up(federation);
    for (size_t i = 0; i < 2; i++)
        check_rest(world.federation, i);
    for (size_t i = 0; i < world.count; i++)
        check_referral(&world, i);
    federation_return(federation); /* so that a run leaves nothing behind */
    return 0;
}
