#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/envelope.h"
#include "core/limits.h"
#include "core/request.h"
#include "daemon/clock.h"
#include "daemon/courier.h"
#include "support/agency_folder.h"
#include "support/must.h"
#include "support/scratch.h"

/* Several fill each pool exactly. */
#define BODY_SIZE (2u << 20)
#define TOLD_COUNT_MAX 32u
#define SLOW 99u

/* ---- A transport that only notes ---------------------------------------- */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct peers_events events;
    uint64_t tokens[TOLD_COUNT_MAX]; /* of requests that left */
    size_t token_count;
    struct told {
        uint64_t connection;
        uint32_t number;
        enum plain_kind kind; /* 0: it was sealed */
    } told[TOLD_COUNT_MAX];
    size_t told_count;
    bool is_slow; /* who is told something on SLOW waits */
} net = { .lock = PTHREAD_MUTEX_INITIALIZER,
    .changed = PTHREAD_COND_INITIALIZER };

static void lock(void)
{
    MUST(pthread_mutex_lock(&net.lock) == 0);
}

static void unlock(void)
{
    MUST(pthread_cond_broadcast(&net.changed) == 0);
    MUST(pthread_mutex_unlock(&net.lock) == 0);
}

enum err peers_open(const struct peers_options *options,
    const struct peers_events *events, struct peers **peers,
    struct peers_problem *problem)
{
    (void)options;
    (void)problem;
    *peers = NULL;
    net.events = *events;
    return ERR_NONE;
}

enum err peers_request(struct peers *peers, const struct peers_address *address,
    uint64_t token, const uint8_t *body, size_t size, uint32_t timeout_ms)
{
    (void)peers;
    (void)address;
    (void)body;
    (void)size;
    (void)timeout_ms;
    lock();
    MUST(net.token_count < TOLD_COUNT_MAX);
    net.tokens[net.token_count++] = token;
    unlock();
    return ERR_NONE;
}

enum err peers_reply(struct peers *peers, uint64_t connection, uint32_t number,
    const uint8_t *body, size_t size)
{
    struct reply_shell shell;
    struct arena arena;
    (void)peers;
    MUST(arena_init(&arena, 8u << 20) == ERR_NONE);
    MUST(reply_shell_read(slice_of(body, size), &arena, &shell) == ERR_NONE);
    lock();
    MUST(net.told_count < TOLD_COUNT_MAX);
    net.told[net.told_count++] =
        (struct told){ connection, number, shell.plain };
    MUST(pthread_cond_broadcast(&net.changed) == 0);
    while (connection == SLOW && net.is_slow)
        MUST(pthread_cond_wait(&net.changed, &net.lock) == 0);
    unlock();
    arena_release(&arena);
    return ERR_NONE;
}

enum err peers_set_pins(
    struct peers *peers, const uint8_t (*spki)[PEERS_SPKI_SIZE], size_t count)
{
    (void)peers;
    (void)spki;
    (void)count;
    return ERR_NONE;
}

enum err peers_set_own(
    struct peers *peers, const char *certificate_path, const char *key_path)
{
    (void)peers;
    (void)certificate_path;
    (void)key_path;
    return ERR_NONE;
}

void peers_counters(struct peers *peers, struct peers_counters *counters)
{
    (void)peers;
    *counters = (struct peers_counters){ .open = 0 };
}

uint16_t peers_port(struct peers *peers, size_t index)
{
    (void)peers;
    (void)index;
    return 0;
}

static void await(const size_t *count, size_t wanted)
{
    MUST(pthread_mutex_lock(&net.lock) == 0);
    while (*count < wanted)
        MUST(pthread_cond_wait(&net.changed, &net.lock) == 0);
    MUST(pthread_mutex_unlock(&net.lock) == 0);
}

/* ---- A courier with one worker ------------------------------------------ */

/* It runs for ever, so there is one for each test, and its worker waits. */
struct place {
    struct scratch folder;
    struct keyring *keyring;
    struct inbox *inbox;
    struct directory *directory;
    struct courier *courier;
};

static const struct agency_id peer = { "22222222222222222222222222" };

static void place_open(struct place *place)
{
    char keys[sizeof place->folder.path + 8];
    struct keys_problem keys_problem;
    struct peers_problem problem;
    struct peers_options peers_options = { .listen_count = 0 };
    scratch_open(&place->folder);
    agency_folder_make(place->folder.path);
    (void)snprintf(keys, sizeof keys, "%s/keys", place->folder.path);
    assert_int_equal(
        keyring_open(keys, &place->keyring, &keys_problem), ERR_NONE);
    assert_int_equal(inbox_new(&place->inbox), ERR_NONE);
    assert_int_equal(directory_new(&place->directory), ERR_NONE);
    net.token_count = 0;
    net.told_count = 0;
    struct courier_options options = {
        .self = { "aaaaaaaaaaaaaaaaaaaaaaaaaa" },
        .keyring = place->keyring,
        .directory = place->directory,
        .inbox = place->inbox,
        .worker_count = 1,
    };
    assert_int_equal(
        courier_open(&options, &peers_options, &place->courier, &problem),
        ERR_NONE);
}

static void peer_is_known(struct place *place)
{
    static const uint8_t pins[1][HASH_SIZE] = { { 1 } };
    const struct slice endpoint = SLICE_LITERAL("tls+tcp://a:1");
    const struct node_directory entry = {
        .agency = peer,
        .accepted = true,
        .endpoints = &endpoint,
        .endpoint_count = 1,
        .pins = pins,
        .pin_count = 1,
    };
    assert_int_equal(directory_set(place->directory, &entry), ERR_NONE);
}

/* A parcel of ours, in the batch that is not committed yet. */
static void send(struct place *place, uint64_t token)
{
    static const uint8_t body[BODY_SIZE];
    struct node_output output = { .type = NODE_SEND };
    output.of.send.token = token;
    output.of.send.agency = peer;
    output.of.send.sealing_key[0] = 9; /* X25519's base point */
    output.of.send.kind = REQUEST_DELIVER;
    output.of.send.body = SLICE_ARRAY(body);
    assert_true(courier_take(place->courier, &output));
}

static struct peers_body body_new(void)
{
    uint8_t *block = calloc(1, BODY_SIZE);
    assert_non_null(block);
    return (struct peers_body){ block, block, BODY_SIZE };
}

/* The worker tells someone that it was no request, and that takes its time. */
static void worker_stop(void)
{
    static const uint8_t spki[PEERS_SPKI_SIZE] = { SLOW };
    net.is_slow = true;
    net.events.on_request(net.events.user, SLOW, 0, spki, false, body_new());
    await(&net.told_count, 1);
}

static void worker_go_on(void)
{
    lock();
    net.is_slow = false;
    unlock();
}

/* What becomes of so many requests of ours, by their tokens. */
static void await_replies(
    struct place *place, enum err *errs, size_t token_count, size_t count)
{
    while (count > 0) {
        bool was_full;
        struct inbox_item *items =
            inbox_take(place->inbox, INT64_MAX, count, SIZE_MAX, &was_full);
        while (items != NULL) {
            struct inbox_item *next = items->next;
            assert_int_equal(items->input.type, NODE_PEER_REPLY);
            assert_true(items->input.of.reply.token < token_count);
            errs[items->input.of.reply.token] = items->input.of.reply.err;
            inbox_item_free(items);
            items = next;
            count--;
        }
    }
}

static void place_close(struct place *place)
{
    scratch_close(&place->folder);
}

/* ---- No room ------------------------------------------------------------ */

static void what_is_sent_beyond_its_room_is_busy(void **state)
{
    enum { ROOM = SEAL_REQUEST_SIZE_MAX / BODY_SIZE, COUNT = ROOM + 3 };
    enum err errs[COUNT] = { ERR_NONE };
    struct place place;
    (void)state;
    place_open(&place);
    for (uint64_t i = 0; i < COUNT; i++)
        send(&place, i);
    courier_release(place.courier);
    await_replies(&place, errs, COUNT, COUNT);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(errs[i], i < ROOM ? ERR_UNREACHABLE : ERR_BUSY);
    place_close(&place);
}

static void requests_beyond_their_room_are_told_to_come_later(void **state)
{
    enum { ROOM = OPEN_SIZE_MAX / BODY_SIZE, EACH = ROOM / 4 };
    struct place place;
    uint32_t number = 0;
    (void)state;
    place_open(&place);
    worker_stop(); /* with one of them */
    for (uint8_t from = 1; from <= 4; from++) {
        const uint8_t spki[PEERS_SPKI_SIZE] = { from };
        size_t count = from == 4 ? EACH - 1 : EACH;
        for (size_t i = 0; i <= count; i++)
            net.events.on_request(
                net.events.user, from, number++, spki, false, body_new());
        assert_int_equal(net.told_count, 1 + from); /* each its last alone */
        assert_int_equal(net.told[from].connection, from);
        assert_int_equal(net.told[from].number, number - 1);
        assert_int_equal(net.told[from].kind, PLAIN_BUSY);
    }
    worker_go_on();
    await(&net.told_count, 5 + ROOM - 1); /* they are none, but had room */
    for (size_t i = 5; i < 5 + ROOM - 1; i++)
        assert_int_equal(net.told[i].kind, PLAIN_REFUSED);
    place_close(&place);
}

static void a_reply_beyond_its_room_is_busy(void **state)
{
    enum { ROOM = OPEN_REPLY_SIZE_MAX / BODY_SIZE, COUNT = ROOM + 2 };
    enum err errs[COUNT] = { ERR_NONE };
    struct place place;
    (void)state;
    place_open(&place);
    peer_is_known(&place);
    for (uint64_t i = 0; i < COUNT; i++)
        send(&place, i);
    courier_release(place.courier);
    await(&net.token_count, COUNT);
    worker_stop();
    for (size_t i = 0; i <= ROOM; i++)
        net.events.on_reply(
            net.events.user, net.tokens[i], ERR_NONE, body_new());
    /* no reply needs no room */
    net.events.on_reply(net.events.user, net.tokens[ROOM + 1], ERR_TIMEOUT,
        (struct peers_body){ .size = 0 });
    worker_go_on();
    await_replies(&place, errs, COUNT, COUNT);
    for (size_t i = 0; i < ROOM; i++)
        assert_int_equal(errs[i], ERR_MALFORMED);
    assert_int_equal(errs[ROOM], ERR_BUSY);
    assert_int_equal(errs[ROOM + 1], ERR_TIMEOUT);
    place_close(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sent_beyond_its_room_is_busy),
        cmocka_unit_test(requests_beyond_their_room_are_told_to_come_later),
        cmocka_unit_test(a_reply_beyond_its_room_is_busy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
