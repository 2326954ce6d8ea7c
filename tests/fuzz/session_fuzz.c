/*
 * A tape of deeds of three programs at one gateway, with different rights; the
 * other agency is there and answers when it is let to. What they may expect of
 * each deed, whatever came before, is kept in a plain model:
 *
 *   - each request is answered once, with its number; a wait when it ends, and
 *     none for who has gone
 *   - who lacks the right is refused, and nothing has changed
 *   - the same key of the same user is the same referral
 *   - a cursor belongs to one at a time, hands events out in order, each once
 *     until it is taken up again, none that was acknowledged, and forgets
 *     nothing that was
 *   - a referral's state changes by a step that was taken, or by the other's
 *
 * A deed is a byte for what, one for who, and what it needs. Frames of any
 * bytes are among them; of what one of those achieved the model knows nothing,
 * and asks for less from then on.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/referral.h"
#include "support/bench_node.h"
#include "support/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DEED_COUNT_MAX 48
#define CLIENT_COUNT 3
#define CURSOR_COUNT 2
#define KEY_COUNT 2
#define ID_COUNT (CLIENT_COUNT * KEY_COUNT)
#define WAIT_COUNT_MAX 16
#define WAIT_MS 1000

static const struct bench_client clients[CLIENT_COUNT] = {
    { 11, UINT32_MAX, 1000 },
    { 12, LOCAL_RIGHT_READ, 1001 },
    { 13, LOCAL_RIGHT_SUBMIT | LOCAL_RIGHT_ACT, 1002 },
};
static const char *const cursor_names[CURSOR_COUNT] = { "intake", "backup" };
static const char *const keys[KEY_COUNT] = { "visit-1", "visit-2" };

struct tape {
    const uint8_t *bytes;
    size_t size;
};

struct cursor_model {
    bool is_there;
    size_t holder; /* CLIENT_COUNT: nobody */
    int64_t acknowledged;
    int64_t handed_out;
};

struct wait_model {
    uint32_t number;
    size_t client;
    size_t cursor;
};

struct session {
    struct federation *federation;
    struct tape tape;
    uint32_t number; /* of the last request */
    char ids[ID_COUNT][UUID_URN_SIZE + 1];
    int64_t submitted_ms[ID_COUNT];
    bool is_wordless[ID_COUNT]; /* the person took it back, or staff did before
                                 * it was told */
    struct cursor_model cursors[CURSOR_COUNT];
    struct wait_model waits[WAIT_COUNT_MAX];
    size_t wait_count;
    int64_t epoch;
    bool is_loose; /* a frame of any bytes did something */
};

static uint8_t next(struct tape *tape)
{
    if (tape->size == 0)
        return 0;
    tape->size--;
    return *tape->bytes++;
}

/* ---- Events -------------------------------------------------------------- */

/* In order, after what was handed out and what was acknowledged. */
static void events_check(struct session *session, size_t which,
    const struct local_reply *reply, size_t count_max)
{
    struct cursor_model *cursor = &session->cursors[which];
    size_t count = reply_count(reply, "event");
    MUST(count <= count_max);
    for (size_t i = 0; i < count; i++) {
        int64_t position =
            record_number(reply_record(reply, "event", i), "position");
        MUST(session->is_loose || (position > cursor->handed_out &&
                                      position > cursor->acknowledged));
        cursor->handed_out = position;
    }
}

/* ---- Requests and their replies ------------------------------------------ */

static void wait_ends(struct session *session, const struct local_reply *reply)
{
    for (size_t i = 0; i < session->wait_count; i++) {
        struct wait_model wait = session->waits[i];
        if (wait.number != reply->number)
            continue;
        session->waits[i] = session->waits[--session->wait_count];
        MUST(reply->err == ERR_NONE);
        if (session->cursors[wait.cursor].holder == wait.client)
            events_check(session, wait.cursor, reply, 1);
        return;
    }
    MUST(session->is_loose); /* nobody waits for it */
}

/* Replies that other deeds set free. */
static void waits_end(struct session *session)
{
    const struct local_reply *reply;
    while ((reply = federation_reply(session->federation, 0)) != NULL)
        wait_ends(session, reply);
}

/* The reply, NULL when it waits; those to others are taken. */
static const struct local_reply *ask(
    struct session *session, size_t client, struct call *call)
{
    call->number = ++session->number;
    const struct local_reply *reply =
        federation_call_as(session->federation, 0, &clients[client], call);
    while (reply != NULL && reply->number != call->number) {
        wait_ends(session, reply);
        reply = federation_reply(session->federation, 0);
    }
    return reply;
}

/* False: refused, as it must be. */
static bool is_allowed(
    size_t client, uint32_t right, const struct local_reply *reply)
{
    bool may = (clients[client].rights & right) != 0;
    MUST(reply != NULL || may);
    MUST(reply == NULL || (reply->err == ERR_FORBIDDEN) == !may);
    return may;
}

/* ---- Deeds --------------------------------------------------------------- */

static void submit(struct session *session, size_t client)
{
    struct call call;
    size_t key = next(&session->tape) % KEY_COUNT;
    size_t slot = client * KEY_COUNT + key; /* keys are each user's own */
    char *id = session->ids[slot];
    federation_referral(session->federation, &call, 0, 1, keys[key]);
    const struct local_reply *reply = ask(session, client, &call);
    if (!is_allowed(client, LOCAL_RIGHT_SUBMIT, reply))
        return;
    int64_t now_ms = federation_now(session->federation).unix_ms;
    if (id[0] != '\0' && now_ms != session->submitted_ms[slot]) {
        /* its consent is of that moment; of what was taken back no words are
         * left to compare with */
        MUST(reply->err == ERR_CONFLICT || session->is_wordless[slot]);
        if (reply->err == ERR_CONFLICT)
            return;
    }
    MUST(reply->err == ERR_NONE);
    session->submitted_ms[slot] = now_ms;
    struct slice said = record_text(reply_record(reply, "referral", 0), "id");
    MUST(said.size == UUID_URN_SIZE);
    MUST(id[0] == '\0' || slice_is(said, id));
    memcpy(id, said.bytes, UUID_URN_SIZE);
    for (size_t i = 0; i < ID_COUNT; i++)
        MUST(i == slot || !slice_is(said, session->ids[i]));
}

static void act(struct session *session, size_t client)
{
    static const char *const reasons[] = { "reason", "NEED_CHANGED",
        "person_told", "yes", NULL };
    static const struct {
        const char *step;
        const char *actor;
        const char *const *details;
    } steps[] = { { "withdraw", "person", NULL },
        { "cancel", "staff", reasons }, { "consent_revoked", "person", NULL },
        { "opened", "staff", NULL } };
    struct call call;
    char key[16];
    size_t slot = next(&session->tape) % ID_COUNT;
    const char *id = session->ids[slot];
    size_t step = next(&session->tape) % (sizeof steps / sizeof *steps);
    if (id[0] == '\0')
        return;
    (void)snprintf(key, sizeof key, "a%u", (unsigned)session->number);
    federation_step_call(&call, id, steps[step].step, key, steps[step].actor,
        steps[step].details);
    const struct local_reply *reply = ask(session, client, &call);
    MUST(reply != NULL);
    if ((clients[client].rights & LOCAL_RIGHT_ACT) == 0)
        MUST(reply->err == ERR_FORBIDDEN);
    else /* forbidden is also what is the other agency's to do */
        MUST(reply->err == ERR_NONE || reply->err == ERR_STATE ||
             reply->err == ERR_FORBIDDEN || reply->err == ERR_POLICY ||
             reply->err == ERR_INVALID);
    if (reply->err != ERR_NONE)
        return;
    waits_end(session);
    /* the other agency cannot have agreed to it yet */
    const char *state = federation_state(session->federation, 0, id);
    session->is_wordless[slot] |= strcmp(steps[step].actor, "person") == 0 ||
                                  strcmp(state, "cancelled") == 0;
}

static size_t cursor_call(
    struct session *session, const char *operation, struct call *call)
{
    size_t which = next(&session->tape) % CURSOR_COUNT;
    call_begin(call, operation);
    call_text(call, "name", cursor_names[which]);
    return which;
}

static void cursor_open(struct session *session, size_t client)
{
    struct call call;
    size_t which = cursor_call(session, "cursor.open", &call);
    struct cursor_model *cursor = &session->cursors[which];
    const struct local_reply *reply = ask(session, client, &call);
    if (!is_allowed(client, LOCAL_RIGHT_READ, reply) || session->is_loose)
        return;
    bool is_free = cursor->holder == CLIENT_COUNT || cursor->holder == client;
    MUST(reply->err == (is_free ? ERR_NONE : ERR_CONFLICT));
    if (!is_free)
        return;
    const struct local_record *record = reply_record(reply, "cursor", 0);
    MUST(record_number(record, "position") == cursor->acknowledged);
    MUST(record_number(record, "head") >= cursor->acknowledged);
    session->epoch = record_number(record, "epoch");
    cursor->is_there = true;
    cursor->holder = client;
    cursor->handed_out = cursor->acknowledged;
}

static void cursor_next_event(struct session *session, size_t client)
{
    struct call call;
    size_t which = cursor_call(session, "cursor.next", &call);
    uint8_t how = next(&session->tape);
    bool waits = how % 2 == 1 && session->wait_count < WAIT_COUNT_MAX;
    size_t count_max = waits ? 1 : 1u + how / 2 % 4;
    call_number(&call, "wait_ms", waits ? WAIT_MS : 0);
    call_number(&call, "count", (int64_t)count_max);
    const struct local_reply *reply = ask(session, client, &call);
    if (!is_allowed(client, LOCAL_RIGHT_READ, reply))
        return;
    bool is_held = session->cursors[which].holder == client;
    if (reply == NULL) {
        MUST(waits && (is_held || session->is_loose));
        session->waits[session->wait_count++] =
            (struct wait_model){ call.number, client, which };
        return;
    }
    MUST(session->is_loose || reply->err == (is_held ? ERR_NONE : ERR_STATE));
    if (reply->err == ERR_NONE)
        events_check(session, which, reply, count_max);
}

static void cursor_ack(struct session *session, size_t client)
{
    struct call call;
    size_t which = cursor_call(session, "cursor.ack", &call);
    struct cursor_model *cursor = &session->cursors[which];
    int64_t position = next(&session->tape) % 32;
    call_number(&call, "epoch", session->epoch);
    call_number(&call, "position", position);
    const struct local_reply *reply = ask(session, client, &call);
    if (!is_allowed(client, LOCAL_RIGHT_READ, reply) || session->is_loose)
        return;
    MUST(cursor->holder == client
             ? reply->err == ERR_NONE || reply->err == ERR_INVALID
             : reply->err == ERR_STATE);
    /* what was handed out can be acknowledged */
    MUST(reply->err != ERR_INVALID || position > cursor->handed_out);
    if (reply->err != ERR_NONE)
        return;
    if (position > cursor->acknowledged)
        cursor->acknowledged = position;
    if (cursor->handed_out < cursor->acknowledged)
        cursor->handed_out = cursor->acknowledged;
    MUST(record_number(reply_record(reply, "cursor", 0), "position") ==
         cursor->acknowledged);
}

static void cursor_rewind(struct session *session, size_t client)
{
    struct call call;
    size_t which = cursor_call(session, "cursor.rewind", &call);
    struct cursor_model *cursor = &session->cursors[which];
    const struct local_reply *reply = ask(session, client, &call);
    if (!is_allowed(client, LOCAL_RIGHT_READ, reply) || session->is_loose)
        return;
    MUST(reply->err == (cursor->holder == client ? ERR_NONE : ERR_STATE));
    if (reply->err == ERR_NONE)
        cursor->handed_out = cursor->acknowledged;
}

static void cursor_delete_it(struct session *session, size_t client)
{
    struct call call;
    size_t which = cursor_call(session, "cursor.delete", &call);
    struct cursor_model *cursor = &session->cursors[which];
    const struct local_reply *reply = ask(session, client, &call);
    if (!is_allowed(client, LOCAL_RIGHT_READ, reply) || session->is_loose)
        return;
    bool is_free = cursor->holder == CLIENT_COUNT || cursor->holder == client;
    MUST(reply->err == (!is_free              ? ERR_CONFLICT
                           : cursor->is_there ? ERR_NONE
                                              : ERR_NOT_FOUND));
    if (reply->err == ERR_NONE)
        *cursor = (struct cursor_model){ .holder = CLIENT_COUNT };
}

/* Nobody is told any more; its cursors are free. */
static void go(struct session *session, size_t client)
{
    federation_gone(session->federation, 0, clients[client].client);
    for (size_t i = 0; i < CURSOR_COUNT; i++)
        if (session->cursors[i].holder == client)
            session->cursors[i].holder = CLIENT_COUNT;
    for (size_t i = 0; i < session->wait_count;)
        if (session->waits[i].client == client)
            session->waits[i] = session->waits[--session->wait_count];
        else
            i++;
}

/* All waits are over. */
static void pass(struct session *session, size_t client)
{
    (void)client;
    federation_wait(session->federation, WAIT_MS + 1);
    waits_end(session);
    MUST(session->wait_count == 0);
}

static void other_answers(struct session *session, size_t client)
{
    (void)client;
    federation_run(session->federation);
}

static void look(struct session *session, size_t client)
{
    struct call call;
    const char *id = session->ids[next(&session->tape) % ID_COUNT];
    call_begin(&call, id[0] == '\0' ? "list" : "get");
    if (id[0] != '\0')
        call_text(&call, "id", id);
    const struct local_reply *reply = ask(session, client, &call);
    if (is_allowed(client, LOCAL_RIGHT_READ, reply))
        MUST(reply->err == ERR_NONE);
}

static void frame(struct session *session, size_t client)
{
    size_t size = next(&session->tape);
    if (size > session->tape.size)
        size = session->tape.size;
    const struct local_reply *reply = federation_frame(session->federation, 0,
        &clients[client], slice_of(session->tape.bytes, size));
    session->tape.bytes += size;
    session->tape.size -= size;
    session->is_loose |= reply == NULL || reply->err == ERR_NONE;
    while ((reply = federation_reply(session->federation, 0)) != NULL)
        MUST(session->is_loose);
}

/* By their number on the tape; new ones come at the end. */
static void (*const deeds[])(struct session *session, size_t client) = {
    submit,
    act,
    cursor_open,
    cursor_next_event,
    cursor_ack,
    cursor_rewind,
    cursor_delete_it,
    go,
    pass,
    other_answers,
    look,
    frame,
};

/* Steps that we take, and whatever lets the other agency go on. */
static bool changes_states(size_t what)
{
    return deeds[what] == act || deeds[what] == pass ||
           deeds[what] == other_answers;
}

static void states_take(struct session *session, const char **states)
{
    for (size_t i = 0; i < ID_COUNT; i++)
        states[i] =
            session->ids[i][0] == '\0'
                ? NULL
                : federation_state(session->federation, 0, session->ids[i]);
}

static void deed(struct session *session)
{
    const char *before[ID_COUNT];
    const char *after[ID_COUNT];
    size_t what = next(&session->tape) % (sizeof deeds / sizeof *deeds);
    size_t client = next(&session->tape) % CLIENT_COUNT;
    states_take(session, before);
    deeds[what](session, client);
    waits_end(session);
    states_take(session, after);
    if (changes_states(what) || session->is_loose)
        return;
    for (size_t i = 0; i < ID_COUNT; i++)
        MUST(before[i] == NULL || strcmp(before[i], after[i]) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct federation *federation; /* kept: most of the work is there */
    if (federation == NULL) {
        federation = federation_of_two();
        federation_mark(federation);
    }
    struct session session = { .federation = federation,
        .tape = { data, size } };
    for (size_t i = 0; i < CURSOR_COUNT; i++)
        session.cursors[i].holder = CLIENT_COUNT;
    for (int i = 0; i < DEED_COUNT_MAX && session.tape.size > 0; i++)
        deed(&session);
    pass(&session, 0);
    federation_return(federation); /* so that a run leaves nothing behind */
    return 0;
}
