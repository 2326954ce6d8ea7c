/*
 * Two gateways under a tape: programs submit and act, messages arrive in any
 * order, twice or not at all, processes die. Then the weather clears; when all
 * has come to rest, nothing waits any more, no ledger stands still, and both
 * agencies agree about every referral.
 */
#include <stdint.h>
#include <string.h>

#include "core/limits.h"
#include "core/referral.h"
#include "support/bench_node.h"
#include "support/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DEED_COUNT_MAX 96
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

static void submit(struct world *world, struct tape *tape)
{
    char key[16];
    size_t from = next(tape) % 2;
    if (world->count == REFERRAL_COUNT_MAX)
        return;
    const char *id = federation_submit(
        world->federation, from, 1 - from, key_next(world, key));
    memcpy(world->ids[world->count], id, UUID_URN_SIZE + 1);
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
    const struct local_reply *reply = federation_act_by(world->federation,
        agency, world->ids[which % world->count], steps[step].step,
        key_next(world, key), steps[step].actor, steps[step].details);
    MUST(reply != NULL);
    MUST(reply->err == ERR_NONE || reply->err == ERR_STATE ||
         reply->err == ERR_FORBIDDEN || reply->err == ERR_NOT_FOUND ||
         reply->err == ERR_POLICY || reply->err == ERR_INVALID);
}

static void deed(struct world *world, struct tape *tape)
{
    struct federation *federation = world->federation;
    uint8_t what = next(tape) % 8;
    size_t count = federation_message_count(federation);
    if (what >= 2 && what <= 4 && count == 0)
        return;
    switch (what) {
    case 0:
        submit(world, tape);
        break;
    case 1:
        act(world, tape);
        break;
    case 2:
        federation_deliver(federation, next(tape) % count);
        break;
    case 3:
        federation_repeat(federation, next(tape) % count);
        break;
    case 4:
        federation_lose(federation, next(tape) % count);
        break;
    case 5:
        federation_crash(federation, next(tape) % 2);
        break;
    case 6:
        federation_wait(federation, next(tape) * 1000);
        break;
    default:
        federation_sheet(federation, next(tape) % 2);
        break;
    }
}

static void check_rest(struct federation *federation, size_t agency)
{
    const struct peer *peer = federation_peer(federation, agency, 1 - agency);
    MUST(peer->settled_out && peer->settled_in);
    MUST(peer->queued_count == 0);
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
    federation_return(federation);
    struct world world = { .federation = federation };
    while (tape.size > 0 && tape.deeds++ < DEED_COUNT_MAX)
        deed(&world, &tape);
    for (int i = 0; i < 4; i++)
        federation_wait(world.federation, RETRY_DELAY_MS_MAX);
    for (size_t i = 0; i < 2; i++)
        check_rest(world.federation, i);
    for (size_t i = 0; i < world.count; i++)
        check_referral(&world, i);
    return 0;
}
