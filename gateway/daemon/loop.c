#include "daemon/loop.h"

#include "core/limits.h"
#include "core/scrub_patrol.h"
#include "daemon/clock.h"
#include "daemon/journal.h"
#include "io/random_openssl.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOUR_MS (60 * 60 * 1000)
#define DAY_MS (24 * (int64_t)HOUR_MS)
#define LOOK_MS 1000

/* ---- Outputs ------------------------------------------------------------ */

static enum err carry_out(struct loop *loop, const struct node_output *output)
{
    switch (output->type) {
    case NODE_CLIENT_REPLY:
        /* a client that is gone asks again with the same key */
        if (local_socket_reply(loop->socket, output->of.client.client,
                output->of.client.frame.bytes,
                output->of.client.frame.size) != ERR_NONE)
            JOURNAL(
                LOG_CLIENT_REFUSED, log_code("code", "reply_undeliverable"));
        return ERR_NONE;
    case NODE_RELOAD:
        /* as if the service manager had asked: see watch.c */
        return kill(getpid(), SIGHUP) == 0 ? ERR_NONE : ERR_IO;
    case NODE_LOG:
        journal_write(&output->of.log);
        return ERR_NONE;
    case NODE_SEND: /* taken before: seal_ahead() */
    case NODE_REPLY:
    case NODE_DIRECTORY: /* set before all else */
        return ERR_NONE;
    }
    return ERR_NONE;
}

static bool is_for_courier(const struct node_output *output)
{
    return output->type == NODE_SEND || output->type == NODE_REPLY;
}

/* Seals while the batch is committed; nothing leaves before that is done. */
static enum err seal_ahead(struct loop *loop)
{
    size_t count;
    const struct node_output *outputs = node_outputs(loop->node, &count);
    for (size_t i = 0; i < count; i++)
        if (is_for_courier(&outputs[i]) &&
            !courier_take(loop->courier, &outputs[i]))
            return ERR_NO_MEMORY;
    return ERR_NONE;
}

/* Who is known comes first: what is sent next may be to the newly known. Then
 * what peers wait for: a parcel holds up the next one. */
static enum err carry_all(struct loop *loop)
{
    size_t count;
    bool directory_changed = false;
    enum err err = ERR_NONE;
    const struct node_output *outputs = node_outputs(loop->node, &count);
    journal_hold();
    if (loop->socket != NULL) /* it opens after the start */
        local_socket_hold(loop->socket);
    for (size_t i = 0; i < count && err == ERR_NONE; i++)
        if (outputs[i].type == NODE_DIRECTORY) {
            err = directory_set(loop->directory, &outputs[i].of.directory);
            directory_changed = true;
        }
    if (err == ERR_NONE && directory_changed)
        err = courier_set_pins(loop->courier);
    if (err == ERR_NONE)
        courier_release(loop->courier);
    for (size_t i = 0; i < count && err == ERR_NONE; i++)
        err = carry_out(loop, &outputs[i]);
    if (loop->socket != NULL)
        local_socket_release(loop->socket);
    journal_release();
    return err;
}

/* ---- Batches ------------------------------------------------------------ */

static enum err step(struct loop *loop, struct node_input *input)
{
    input->now = clock_wall();
    input->steady_ms = clock_steady_ms();
    enum err err = random_fill(input->entropy, sizeof input->entropy);
    return err != ERR_NONE ? err : node_step(loop->node, input);
}

static enum err batch_begin(struct loop *loop, struct store_txn **txn)
{
    struct store_usage usage;
    enum err err = loop->store->ops->begin(loop->store, true, txn);
    if (err != ERR_NONE)
        return err;
    loop->store->ops->usage(loop->store, &usage);
    node_begin(loop->node, *txn, &usage);
    return ERR_NONE;
}

/* Commits when all went well; on any error nothing was said to anyone. */
static enum err batch_end(
    struct loop *loop, struct store_txn *txn, enum err err)
{
    if (err == ERR_NONE)
        err = node_finish(loop->node);
    if (err == ERR_NONE)
        err = seal_ahead(loop);
    if (err == ERR_NONE)
        err = loop->store->ops->commit(txn);
    else
        loop->store->ops->abort(txn);
    if (err != ERR_NONE) {
        JOURNAL(LOG_STORE_FAILED, log_code("code", err_name(err)));
        if (node_met_damage(loop->node))
            patrol_note_damage(loop->store);
        return err;
    }
    marker_keep(
        &loop->marker, loop->store, node_life(loop->node), clock_steady_ms());
    err = node_committed(loop->node);
    if (err == ERR_NONE)
        err = carry_all(loop);
    else
        JOURNAL(LOG_STORE_FAILED, log_code("code", err_name(err)));
    node_release(loop->node);
    return err;
}

/* One batch of these items, or the first of them; the rest is returned. */
static enum err batch(struct loop *loop, struct inbox_item **items)
{
    struct store_txn *txn;
    struct node_input time = { .type = NODE_TIME };
    struct inbox_item *done = NULL;
    enum err err = batch_begin(loop, &txn);
    if (err != ERR_NONE)
        return err;
    if (clock_steady_ms() >= node_wake_steady_ms(loop->node))
        err = step(loop, &time);
    bool takes = !node_leaves_rest(loop->node);
    while (err == ERR_NONE && takes && *items != NULL) {
        struct inbox_item *item = *items;
        err = step(loop, &item->input);
        if (err != ERR_NONE)
            break;
        *items = item->next;
        item->next = done;
        done = item;
    }
    if (err == ERR_LIMIT && done != NULL)
        err = ERR_NONE; /* the rest goes into a batch of its own */
    err = batch_end(loop, txn, err);
    while (done != NULL) {
        struct inbox_item *next = done->next;
        inbox_item_free(done);
        done = next;
    }
    return err;
}

/* ---- Sealing keys ------------------------------------------------------- */

static size_t sheet_fill(
    struct loop *loop, int64_t wall_ms, struct sealing_key *keys)
{
    struct keyring_day_key days[SHEET_KEY_COUNT_MAX];
    uint32_t today = (uint32_t)(wall_ms / DAY_MS);
    size_t count =
        keyring_day_keys(loop->keyring, today, days, SHEET_KEY_COUNT_MAX);
    for (size_t i = 0; i < count; i++) {
        keys[i] = (struct sealing_key){ .day = days[i].day };
        keys[i].from.unix_ms = (int64_t)days[i].day * DAY_MS;
        /* until it is destroyed: clocks differ, and messages take time */
        keys[i].until.unix_ms =
            ((int64_t)days[i].day + 1 + SEALING_DAYS_KEPT) * DAY_MS;
        memcpy(keys[i].key, days[i].public_key, KEY_SIZE);
    }
    return count;
}

/* A NODE_SHEET of the keys that there are. */
static enum err sheet_make(struct loop *loop)
{
    struct sealing_key keys[SHEET_KEY_COUNT_MAX];
    struct node_input input = { .type = NODE_SHEET };
    struct store_txn *txn;
    int64_t wall_ms = clock_wall().unix_ms;
    loop->sheet_day = wall_ms / DAY_MS;
    input.of.sheet.count = sheet_fill(loop, wall_ms, keys);
    input.of.sheet.keys = keys;
    enum err err = batch_begin(loop, &txn);
    if (err != ERR_NONE)
        return err;
    err = batch_end(loop, txn, step(loop, &input));
    if (err == ERR_NONE)
        courier_set_sheet(loop->courier, node_sheet(loop->node));
    return err;
}

/* Peers are told of a new card, and meet the keys that it shows. */
static enum err card_announce(struct loop *loop)
{
    struct node_input input = { .type = NODE_CARD,
        .of.card.card = loop->identity->card_bytes };
    struct store_txn *txn;
    enum err err = batch_begin(loop, &txn);
    return err == ERR_NONE ? batch_end(loop, txn, step(loop, &input)) : err;
}

static void keys_show(struct loop *loop)
{
    const char *key_path;
    const char *certificate_path;
    keyring_tls_paths(loop->keyring, &key_path, &certificate_path);
    enum err err = courier_set_own(loop->courier, certificate_path, key_path);
    if (err != ERR_NONE)
        JOURNAL(LOG_KEYS_FAILED, log_code("code", err_name(err)));
}

/* Judges a reading of the wall clock: what is destroyed goes by that one. */
static void trust_clock(struct loop *loop, struct instant wall)
{
    int64_t base_ms = loop->trust.base_wall_ms;
    bool in_doubt =
        !clock_trust_holds(&loop->trust, wall.unix_ms, clock_steady_ms());
    if (loop->trust.base_wall_ms != base_ms) /* it jumped: other days count */
        loop->keys_due_steady_ms = 0;
    if (in_doubt != loop->clock_in_doubt)
        JOURNAL(in_doubt ? LOG_CLOCK_DOUBTED : LOG_CLOCK_TRUSTED,
            log_number("wall_ms", wall.unix_ms));
    loop->clock_in_doubt = in_doubt;
}

static enum err identity_maintain(
    struct loop *loop, struct instant wall, bool *changed)
{
    struct identity_change change;
    enum err err =
        identity_step(loop->identity, wall, !loop->clock_in_doubt, &change);
    if (err == ERR_NONE && change.card)
        err = card_announce(loop);
    if (err == ERR_NONE && change.keys)
        keys_show(loop);
    *changed = change.keys;
    return err;
}

static enum err review(struct loop *loop)
{
    struct node_input input = { .type = NODE_REVIEW,
        .of.review.clock_is_trusted = !loop->clock_in_doubt };
    struct store_txn *txn;
    enum err err = batch_begin(loop, &txn);
    return err == ERR_NONE ? batch_end(loop, txn, step(loop, &input)) : err;
}

/*
 * Once an hour, and when there is a new card. That keys cannot be made is tried
 * again then; those there are last for days. Only an error of the store or the
 * node is one here.
 */
static enum err keys_maintain(struct loop *loop)
{
    struct keys_problem problem;
    bool days_changed = false;
    bool keys_changed = false;
    if (clock_steady_ms() < loop->keys_due_steady_ms &&
        !identity_has_offer(loop->identity))
        return ERR_NONE;
    /* it may have been set since the last look around */
    struct instant wall = clock_wall();
    trust_clock(loop, wall);
    loop->keys_due_steady_ms = clock_steady_ms() + HOUR_MS;
    enum err err = identity_maintain(loop, wall, &keys_changed);
    if (err == ERR_NONE)
        err = review(loop);
    if (err != ERR_NONE)
        return err;
    err = keyring_refresh_days(loop->keyring, wall.unix_ms,
        !loop->clock_in_doubt, &days_changed, &problem);
    if (err != ERR_NONE)
        JOURNAL(LOG_KEYS_FAILED, log_code("code", err_name(err)));
    /* a sheet is signed by a key of the newest card, and begins with today: a
     * clock that was set back may find all its days' keys made, and none on
     * the sheet */
    bool is_due = days_changed || keys_changed ||
                  wall.unix_ms / DAY_MS != loop->sheet_day;
    return is_due ? sheet_make(loop) : ERR_NONE;
}

/* ---- Starting --------------------------------------------------------- */

static enum err node_start(struct loop *loop)
{
    struct store_txn *txn;
    struct node_input input = { .type = NODE_START,
        .of.start = { loop->identity->card_bytes, loop->earlier_cards,
            loop->earlier_card_count,
            loop->marker.keys_dir == NULL ? NULL : &loop->marker.mark } };
    enum err err = batch_begin(loop, &txn);
    if (err != ERR_NONE)
        return err;
    return batch_end(loop, txn, step(loop, &input));
}

/* A jump of the clock leaves keys of days far away: the newest says nothing. */
static bool is_unknown_day(struct keyring *keyring, int64_t wall_ms)
{
    struct keyring_day_key day;
    uint32_t today = (uint32_t)(wall_ms / DAY_MS);
    return keyring_day_keys(keyring, 0, &day, 1) == 1 &&
           (keyring_day_keys(keyring, today, &day, 1) == 0 || day.day != today);
}

enum err loop_begin(struct loop *loop, struct keys_problem *problem)
{
    bool changed;
    int64_t wall_ms = clock_wall().unix_ms;
    clock_trust_begin(&loop->trust, wall_ms, clock_steady_ms(),
        is_unknown_day(loop->keyring, wall_ms));
    problem->text[0] = '\0';
    enum err err = node_start(loop);
    if (err == ERR_NONE)
        err = keyring_refresh_days(
            loop->keyring, clock_wall().unix_ms, false, &changed, problem);
    if (err == ERR_NONE)
        err = sheet_make(loop);
    /* old keys go in the first turn, if the clock is believed */
    loop->keys_due_steady_ms = 0;
    return err;
}

/* ---- Turns -------------------------------------------------------------- */

/* Counting connections looks at each: not in every batch. */
static void look_around(struct loop *loop)
{
    struct peers_counters peers;
    struct node_surroundings surroundings = { .metrics = loop->around };
    if (clock_steady_ms() < loop->look_due_steady_ms)
        return;
    loop->look_due_steady_ms = clock_steady_ms() + LOOK_MS;
    trust_clock(loop, clock_wall());
    courier_counters(loop->courier, &peers);
    surroundings.clock_in_doubt = loop->clock_in_doubt;
    surroundings.metric_count = process_metrics(
        &peers, local_socket_client_count(loop->socket), loop->around);
    node_set_surroundings(loop->node, &surroundings);
    loop->around_count = surroundings.metric_count;
}

static void take_options(struct loop *loop)
{
    uint64_t wanted = atomic_exchange(&loop->retry_wanted, 0);
    unsigned policy = atomic_exchange(&loop->erasure_wanted, 0);
    uint32_t hold_days = atomic_exchange(&loop->hold_wanted, 0);
    if (policy > 0)
        loop->options->erase_policy = policy - 1;
    if (hold_days > 0)
        loop->options->hold_ms = loop_hold_ms(hold_days);
    if (wanted == 0)
        return;
    loop->options->retry_delay_ms_min = (uint32_t)(wanted >> 32);
    loop->options->retry_delay_ms_max = (uint32_t)wanted;
}

static void publish_metrics(struct loop *loop)
{
    struct metric_value
        values[NODE_METRIC_COUNT_MAX + PROCESS_METRIC_COUNT_MAX];
    _Static_assert(
        sizeof values / sizeof *values <= METRICS_FILE_COUNT_MAX, "values");
    size_t count = node_metrics(loop->node, clock_wall(), values);
    memcpy(values + count, loop->around,
        loop->around_count * sizeof *loop->around);
    metrics_file_offer(loop->metrics, values, count + loop->around_count);
    loop->metrics_due_steady_ms = clock_steady_ms() + METRICS_FILE_MS;
}

/* When there is something to do, if nothing comes before. */
static int64_t turn_due_steady_ms(const struct loop *loop)
{
    int64_t due = node_wake_steady_ms(loop->node);
    if (loop->keys_due_steady_ms < due)
        due = loop->keys_due_steady_ms;
    if (loop->metrics != NULL && loop->metrics_due_steady_ms < due)
        due = loop->metrics_due_steady_ms;
    if (loop->turn_ms_max > 0 && clock_steady_ms() + loop->turn_ms_max < due)
        due = clock_steady_ms() + loop->turn_ms_max;
    return due;
}

static enum err turn(struct loop *loop, struct inbox_item *items)
{
    enum err err = ERR_NONE;
    int64_t now = clock_steady_ms();
    bool shows = loop->metrics != NULL && now >= loop->metrics_due_steady_ms;
    look_around(loop);
    take_options(loop);
    /* an empty batch shows what the store says now */
    bool is_due = shows || now >= node_wake_steady_ms(loop->node);
    while (err == ERR_NONE && (items != NULL || is_due)) {
        err = batch(loop, &items);
        is_due = false;
    }
    if (err != ERR_NONE)
        return err;
    if (shows)
        publish_metrics(loop);
    err = keys_maintain(loop);
    atomic_store(&loop->turned_steady_ms, clock_steady_ms());
    return err;
}

enum err loop_run(struct loop *loop)
{
    enum err err = ERR_NONE;
    atomic_store(&loop->turned_steady_ms, clock_steady_ms());
    while (err == ERR_NONE && !atomic_load(&loop->ended)) {
        bool was_full;
        struct inbox_item *items =
            inbox_take(loop->inbox, turn_due_steady_ms(loop),
                BATCH_INPUT_COUNT_MAX, BATCH_INPUT_SIZE_MAX, &was_full);
        if (was_full)
            local_socket_resume(loop->socket);
        err = turn(loop, items);
    }
    if (err == ERR_NONE)
        marker_end(&loop->marker, loop->store);
    return err;
}

void loop_end(struct loop *loop)
{
    atomic_store(&loop->ended, true);
    inbox_wake(loop->inbox);
}

void loop_set_retry(
    struct loop *loop, uint32_t delay_ms_min, uint32_t delay_ms_max)
{
    atomic_store(
        &loop->retry_wanted, (uint64_t)delay_ms_min << 32 | delay_ms_max);
    inbox_wake(loop->inbox);
}

bool loop_offer_card(struct loop *loop, struct slice signed_card)
{
    if (!identity_offer(loop->identity, signed_card))
        return false;
    inbox_wake(loop->inbox);
    return true;
}

int64_t loop_turned_steady_ms(const struct loop *loop)
{
    return atomic_load(&loop->turned_steady_ms);
}

void loop_set_erasure(struct loop *loop, enum erase_policy policy)
{
    atomic_store(&loop->erasure_wanted, (unsigned)policy + 1);
    inbox_wake(loop->inbox);
}

int64_t loop_hold_ms(uint32_t days)
{
    return (int64_t)days * 24 * 60 * 60 * 1000;
}

void loop_set_hold(struct loop *loop, uint32_t days)
{
    atomic_store(&loop->hold_wanted, days);
    inbox_wake(loop->inbox);
}
