#include "daemon/loop.h"

#include "core/limits.h"
#include "daemon/clock.h"
#include "daemon/journal.h"
#include "io/random_openssl.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_MS (60 * 60 * 1000)
#define DAY_MS (24 * (int64_t)HOUR_MS)

/* ---- Outputs ------------------------------------------------------------ */

static enum err carry_out(struct loop *loop, const struct node_output *output)
{
    switch (output->type) {
    case NODE_SEND:
    case NODE_REPLY:
        return courier_take(loop->courier, output) ? ERR_NONE : ERR_NO_MEMORY;
    case NODE_CLIENT_REPLY:
        /* a client that is gone asks again with the same key */
        if (local_socket_reply(loop->socket, output->of.client.client,
                output->of.client.frame.bytes,
                output->of.client.frame.size) != ERR_NONE)
            JOURNAL(
                LOG_CLIENT_REFUSED, log_code("code", "reply_undeliverable"));
        return ERR_NONE;
    case NODE_DIRECTORY:
        return directory_set(loop->directory, &output->of.directory);
    case NODE_LOG:
        journal_write(&output->of.log);
        return ERR_NONE;
    }
    return ERR_NONE;
}

static enum err carry_all(struct loop *loop)
{
    size_t count;
    bool directory_changed = false;
    enum err err = ERR_NONE;
    const struct node_output *outputs = node_outputs(loop->node, &count);
    /* who is known first: what is sent next may be to the newly known */
    for (size_t i = 0; i < count && err == ERR_NONE; i++)
        if (outputs[i].type == NODE_DIRECTORY) {
            err = carry_out(loop, &outputs[i]);
            directory_changed = true;
        }
    if (err == ERR_NONE && directory_changed)
        err = courier_set_pins(loop->courier);
    for (size_t i = 0; i < count && err == ERR_NONE; i++)
        if (outputs[i].type != NODE_DIRECTORY)
            err = carry_out(loop, &outputs[i]);
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
        err = loop->store->ops->commit(txn);
    else
        loop->store->ops->abort(txn);
    if (err != ERR_NONE) {
        JOURNAL(LOG_STORE_FAILED, log_code("code", err_name(err)));
        return err;
    }
    err = carry_all(loop);
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
    while (err == ERR_NONE && *items != NULL) {
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

/*
 * Keys are destroyed only while the wall clock is believable: it went on as
 * the steady one did, and it had not run ahead of all keys when we started. A
 * clock that jumps must not destroy what peers still seal to.
 */
static bool clock_is_believable(const struct loop *loop, int64_t wall_ms)
{
    int64_t drift = (wall_ms - loop->start_wall_ms) -
                    (clock_steady_ms() - loop->start_steady_ms);
    return drift > -HOUR_MS && drift < HOUR_MS &&
           loop->start_wall_ms / DAY_MS <= (int64_t)loop->newest_day;
}

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

/* Makes the keys that are missing; a NODE_SHEET when there are new ones. */
static enum err keys_refresh(
    struct loop *loop, bool is_start, struct keys_problem *problem)
{
    struct sealing_key keys[SHEET_KEY_COUNT_MAX];
    struct node_input input = { .type = NODE_SHEET };
    struct store_txn *txn;
    bool changed = false;
    int64_t wall_ms = clock_wall().unix_ms;
    loop->keys_due_steady_ms = clock_steady_ms() + HOUR_MS;
    enum err err = keyring_refresh_days(loop->keyring, wall_ms,
        !is_start && clock_is_believable(loop, wall_ms), &changed, problem);
    if (err != ERR_NONE || (!changed && !is_start))
        return err;
    input.of.sheet.count = sheet_fill(loop, wall_ms, keys);
    input.of.sheet.keys = keys;
    err = batch_begin(loop, &txn);
    if (err != ERR_NONE)
        return err;
    err = batch_end(loop, txn, step(loop, &input));
    if (err == ERR_NONE)
        courier_set_sheet(loop->courier, node_sheet(loop->node));
    return err;
}

/* ---- The thread --------------------------------------------------------- */

static enum err node_start(struct loop *loop)
{
    struct store_txn *txn;
    struct node_input input = { .type = NODE_START,
        .of.start.card = loop->card };
    enum err err = batch_begin(loop, &txn);
    if (err != ERR_NONE)
        return err;
    return batch_end(loop, txn, step(loop, &input));
}

enum err loop_begin(struct loop *loop, struct keys_problem *problem)
{
    struct keyring_day_key days[KEYRING_DAY_COUNT_MAX];
    size_t count =
        keyring_day_keys(loop->keyring, 0, days, KEYRING_DAY_COUNT_MAX);
    loop->newest_day = count == 0 ? 0 : days[count - 1].day;
    loop->start_steady_ms = clock_steady_ms();
    loop->start_wall_ms = clock_wall().unix_ms;
    problem->text[0] = '\0';
    enum err err = node_start(loop);
    return err != ERR_NONE ? err : keys_refresh(loop, true, problem);
}

/* A failure here is tried again in an hour; the keys last for days. */
static void keys_maintain(struct loop *loop)
{
    struct keys_problem problem;
    if (clock_steady_ms() < loop->keys_due_steady_ms)
        return;
    enum err err = keys_refresh(loop, false, &problem);
    if (err != ERR_NONE)
        JOURNAL(LOG_KEYS_FAILED, log_code("code", err_name(err)));
}

enum err loop_run(struct loop *loop)
{
    enum err err = ERR_NONE;
    while (err == ERR_NONE && !loop->ended) {
        bool was_full;
        int64_t wake = node_wake_steady_ms(loop->node);
        if (loop->keys_due_steady_ms < wake)
            wake = loop->keys_due_steady_ms;
        struct inbox_item *items = inbox_take(loop->inbox, wake,
            BATCH_INPUT_COUNT_MAX, BATCH_INPUT_SIZE_MAX, &was_full);
        if (was_full)
            local_socket_resume(loop->socket);
        do
            err = batch(loop, &items);
        while (err == ERR_NONE && items != NULL);
        if (err == ERR_NONE)
            keys_maintain(loop);
    }
    return err;
}

void loop_end(struct loop *loop)
{
    loop->ended = true;
    inbox_wake(loop->inbox);
}
