#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "daemon/clock.h"
#include "daemon/loop.h"
#include "io/card_file.h"
#include "io/crypto_openssl.h"
#include "io/store_memory.h"
#include "support/agency_folder.h"
#include "support/call.h"
#include "support/said.h"
#include "support/scratch.h"
#include "support/vault_plain.h"

/* ---- What stands around the loop ---------------------------------------- */

static struct around {
    struct loop *loop;
    struct arena arena;
    struct local_reply reply; /* the last */
    size_t reply_count;
    size_t end_after; /* replies */
    size_t commit_count_at_reply;
    size_t taken_count; /* for peers */
    size_t commit_count_at_take;
    size_t commit_count_at_release; /* of what was taken; 0: it was not */
    size_t sheet_size;
    size_t resume_count;
    size_t own_count; /* TLS keys that were to be shown */
} around;

bool courier_take(struct courier *courier, const struct node_output *output)
{
    (void)courier;
    (void)output;
    around.taken_count++;
    around.commit_count_at_take = store_memory_commit_count(around.loop->store);
    return true;
}

void courier_release(struct courier *courier)
{
    (void)courier;
    if (around.taken_count > 0 && around.commit_count_at_release == 0)
        around.commit_count_at_release =
            store_memory_commit_count(around.loop->store);
}

void courier_set_sheet(struct courier *courier, struct slice sheet)
{
    (void)courier;
    around.sheet_size = sheet.size;
}

enum err courier_set_pins(struct courier *courier)
{
    (void)courier;
    return ERR_NONE;
}

enum err courier_set_own(
    struct courier *courier, const char *certificate_path, const char *key_path)
{
    (void)courier;
    (void)certificate_path;
    (void)key_path;
    around.own_count++;
    return ERR_NONE;
}

void courier_counters(struct courier *courier, struct peers_counters *counters)
{
    (void)courier;
    *counters = (struct peers_counters){ .open = 3 };
}

enum err local_socket_reply(struct local_socket *socket, uint64_t client,
    const uint8_t *bytes, size_t size)
{
    (void)socket;
    (void)client;
    arena_reset(&around.arena);
    struct slice copy = arena_copy(&around.arena, slice_of(bytes, size));
    MUST(local_reply_read(copy, &around.arena, &around.reply) == ERR_NONE);
    if (++around.reply_count == around.end_after)
        loop_end(around.loop);
    around.commit_count_at_reply =
        store_memory_commit_count(around.loop->store);
    return ERR_NONE;
}

void local_socket_hold(struct local_socket *socket)
{
    (void)socket;
}

void local_socket_release(struct local_socket *socket)
{
    (void)socket;
}

void local_socket_resume(struct local_socket *socket)
{
    (void)socket;
    around.resume_count++;
}

size_t local_socket_client_count(const struct local_socket *socket)
{
    (void)socket;
    return 4;
}

/* ---- A gateway in this thread ------------------------------------------- */

static struct gateway {
    struct scratch folder;
    struct arena memory;
    struct arena batch;
    struct arena scratch;
    struct identity identity;
    char keys_dir[sizeof((struct scratch *)NULL)->path + 8];
    struct arena card;
    struct keyring *signers; /* so that loop.keyring may be another */
    struct crypto *crypto;
    struct vault *vault;
    struct node_options options;
    struct loop loop;
    struct said said;
} gateway;

static void open_identity(struct keyring *keyring)
{
    struct keys_problem problem;
    struct slice card;
    struct identity *identity = &gateway.identity;
    assert_int_equal(arena_init(&gateway.card, 1u << 20), ERR_NONE);
    assert_int_equal(
        card_file_read(gateway.folder.path, &gateway.card, &card, &problem),
        ERR_NONE);
    *identity = (struct identity){ .data = gateway.folder.path,
        .keys_dir = gateway.keys_dir,
        .keyring = keyring,
        .crypto = gateway.crypto,
        .rules = { 90 * AGENCY_FOLDER_DAY_MS, 14 * AGENCY_FOLDER_DAY_MS,
            730 * AGENCY_FOLDER_DAY_MS } };
    assert_int_equal(identity_open(identity, card), ERR_NONE);
    gateway.loop.identity = identity;
}

static void prepare(void)
{
    struct keys_problem problem;
    struct loop *loop = &gateway.loop;
    memset(&gateway, 0, sizeof gateway);
    memset(&around, 0, sizeof around);
    around.loop = loop;
    around.end_after = 1;
    scratch_open(&gateway.folder);
    agency_folder_make(gateway.folder.path);
    char *keys = gateway.keys_dir;
    (void)snprintf(
        keys, sizeof gateway.keys_dir, "%s/keys", gateway.folder.path);
    assert_int_equal(keyring_open(keys, &loop->keyring, &problem), ERR_NONE);
    assert_int_equal(arena_init(&around.arena, 4u << 20), ERR_NONE);
    assert_int_equal(arena_init(&gateway.memory, 4u << 20), ERR_NONE);
    assert_int_equal(arena_init(&gateway.batch, 16u << 20), ERR_NONE);
    assert_int_equal(arena_init(&gateway.scratch, 1u << 20), ERR_NONE);
    assert_int_equal(keyring_open(keys, &gateway.signers, &problem), ERR_NONE);
    assert_int_equal(
        crypto_openssl_new(gateway.signers, &gateway.crypto), ERR_NONE);
    open_identity(gateway.signers);
    const struct store_memory_options store = { .capacity = 64u << 20 };
    assert_int_equal(store_memory_open(&store, &loop->store), ERR_NONE);
    assert_int_equal(inbox_new(&loop->inbox), ERR_NONE);
    assert_int_equal(directory_new(&loop->directory), ERR_NONE);
    gateway.options = (struct node_options){ .retry_delay_ms_min = 1000,
        .retry_delay_ms_max = 2000,
        .version = "test" };
    loop->options = &gateway.options;
    gateway.vault = vault_plain_new();
    loop->node = node_new(&gateway.options, gateway.crypto, gateway.vault,
        &gateway.memory, &gateway.batch, &gateway.scratch);
    assert_non_null(loop->node);
}

static void clean_up(void)
{
    struct loop *loop = &gateway.loop;
    loop->store->ops->close(loop->store);
    gateway.vault->ops->close(gateway.vault);
    inbox_free(loop->inbox);
    directory_free(loop->directory);
    crypto_openssl_free(gateway.crypto);
    keyring_close(loop->keyring);
    keyring_close(gateway.signers);
    arena_release(&gateway.memory);
    arena_release(&gateway.batch);
    arena_release(&gateway.scratch);
    arena_release(&around.arena);
    arena_release(&gateway.card);
    for (int i = 0; i < 2; i++)
        arena_release(&gateway.identity.arenas[i]);
    scratch_close(&gateway.folder);
}

static void begin(void)
{
    struct keys_problem problem;
    prepare();
    said_begin(&gateway.said);
    assert_int_equal(loop_begin(&gateway.loop, &problem), ERR_NONE);
    (void)said_end(&gateway.said);
}

static enum err run(void)
{
    said_begin(&gateway.said);
    enum err err = loop_run(&gateway.loop);
    (void)said_end(&gateway.said);
    return err;
}

static bool was_said(const char *text)
{
    return strstr(gateway.said.text, text) != NULL;
}

/* Puts a request of a program without fields. */
static void ask(const char *operation, uint32_t rights)
{
    struct arena arena;
    struct call call;
    assert_int_equal(arena_init(&arena, 65536), ERR_NONE);
    call_begin(&call, operation);
    struct local_request request = call_request(&call);
    struct slice frame = local_request_write(&request, &arena);
    assert_non_null(frame.bytes);
    struct inbox_item *item = calloc(1, sizeof *item);
    assert_non_null(item);
    item->block = malloc(frame.size);
    assert_non_null(item->block);
    memcpy(item->block, frame.bytes, frame.size);
    item->size = frame.size;
    item->input.type = NODE_CLIENT;
    item->input.of.client.client = 1;
    item->input.of.client.rights = rights;
    item->input.of.client.frame = slice_of(item->block, frame.size);
    arena_release(&arena);
    inbox_put(gateway.loop.inbox, item);
}

/* Puts what a peer asks whom nobody knows: there is a reply. */
static void be_asked(void)
{
    struct inbox_item *item = calloc(1, sizeof *item);
    assert_non_null(item);
    item->request = (struct request){ .kind = REQUEST_HEAD,
        .sender = { "abcdefghijklmnopqrstuvwxyz" } };
    item->input.type = NODE_PEER_REQUEST;
    item->input.of.request.request = &item->request;
    inbox_put(gateway.loop.inbox, item);
}

static int64_t number(const char *name)
{
    const struct local_record *record =
        reply_find(&around.reply, "number", "name", name);
    if (record == NULL)
        fail_msg("no %s", name);
    return record_number(record, "value");
}

/* ---- Starting and serving ----------------------------------------------- */

static void it_starts_the_node_and_gives_it_a_sheet(void **state)
{
    (void)state;
    begin();
    assert_true(was_said(" info gateway.started "));
    assert_true(was_said(" info keys.changed serial=1 keys=14"));
    assert_true(around.sheet_size > 0);
    clean_up();
}

static void a_request_is_answered_after_the_commit(void **state)
{
    (void)state;
    begin();
    uint64_t before = store_memory_commit_count(gateway.loop.store);
    ask("health", 0);
    assert_int_equal(run(), ERR_NONE);
    assert_int_equal(around.reply_count, 1);
    assert_true(around.commit_count_at_reply > before);
    assert_int_equal(number("ready"), 1);
    assert_int_equal(number("alive"), 1);
    assert_int_equal(reply_count(&around.reply, "reason"), 0);
    assert_true(loop_turned_steady_ms(&gateway.loop) > 0);
    clean_up();
}

static void many_inputs_share_few_commits(void **state)
{
    (void)state;
    begin();
    for (int i = 0; i < 300; i++)
        ask("hello", 0);
    around.end_after = 300;
    uint64_t before = store_memory_commit_count(gateway.loop.store);
    assert_int_equal(run(), ERR_NONE);
    assert_int_equal(around.reply_count, 300);
    uint64_t commits = store_memory_commit_count(gateway.loop.store) - before;
    assert_true(commits >= 2 && commits < 20);
    clean_up();
}

static void numbers_are_the_nodes_and_those_around_it(void **state)
{
    (void)state;
    begin();
    ask("metrics", LOCAL_RIGHT_READ);
    assert_int_equal(run(), ERR_NONE);
    assert_int_equal(around.reply.err, ERR_NONE);
    assert_int_equal(number("refer_ready"), 1);
    assert_int_equal(number("refer_clients"), 4);
    assert_int_equal(number("refer_connections{state=\"open\"}"), 3);
    assert_int_equal(number("refer_commits_total"), 2); /* start, sheet */
    assert_int_equal(number("refer_inputs_total"), 2);
    assert_true(number("refer_store_capacity_bytes") == 64 << 20);
    clean_up();
}

static void who_may_not_read_gets_no_numbers(void **state)
{
    (void)state;
    begin();
    ask("metrics", LOCAL_RIGHT_SUBMIT);
    assert_int_equal(run(), ERR_NONE);
    assert_int_equal(around.reply.err, ERR_FORBIDDEN);
    assert_int_equal(reply_count(&around.reply, "number"), 0);
    clean_up();
}

/* ---- What goes wrong ---------------------------------------------------- */

static void after_a_failed_commit_nothing_is_said_and_it_ends(void **state)
{
    (void)state;
    begin();
    store_memory_fail_commit(gateway.loop.store, 1, STORE_MEMORY_FAIL_AFTER);
    ask("health", 0);
    assert_int_equal(run(), ERR_IO);
    assert_int_equal(around.reply_count, 0);
    assert_true(was_said(" error store.failed code=ERR_IO"));
    clean_up();
}

static void what_peers_get_is_sealed_in_the_commit_and_leaves_after_it(
    void **state)
{
    (void)state;
    begin();
    be_asked();
    ask("health", 0);
    assert_int_equal(run(), ERR_NONE);
    assert_int_equal(around.taken_count, 1);
    assert_int_equal(
        around.commit_count_at_release, around.commit_count_at_take + 1);
    clean_up();
}

static void what_peers_get_never_leaves_after_a_commit_that_failed(void **state)
{
    (void)state;
    begin();
    store_memory_fail_commit(gateway.loop.store, 1, STORE_MEMORY_FAIL_AFTER);
    be_asked();
    assert_int_equal(run(), ERR_IO);
    assert_int_equal(around.taken_count, 1);
    assert_int_equal(around.commit_count_at_release, 0);
    clean_up();
}

/* As if a day had gone by: the newest key is to be made. */
static void lose_a_day(void)
{
    struct keyring_day_key days[KEYRING_DAY_COUNT_MAX];
    struct keys_problem problem;
    char path[sizeof gateway.folder.path + 32];
    struct loop *loop = &gateway.loop;
    size_t count =
        keyring_day_keys(loop->keyring, 0, days, KEYRING_DAY_COUNT_MAX);
    (void)snprintf(path, sizeof path, "%s/keys/day/%u.pem", gateway.folder.path,
        (unsigned)days[count - 1].day);
    assert_int_equal(remove(path), 0);
    keyring_close(loop->keyring);
    (void)snprintf(path, sizeof path, "%s/keys", gateway.folder.path);
    assert_int_equal(keyring_open(path, &loop->keyring, &problem), ERR_NONE);
}

static void a_new_day_has_a_new_sheet(void **state)
{
    (void)state;
    begin();
    lose_a_day();
    ask("health", 0);
    assert_int_equal(run(), ERR_NONE);
    assert_true(was_said(" info keys.changed serial=2 keys=14"));
    clean_up();
}

static void a_commit_of_the_sheet_that_fails_ends_it_too(void **state)
{
    (void)state;
    begin();
    lose_a_day();
    store_memory_fail_commit(gateway.loop.store, 2, STORE_MEMORY_FAIL_BEFORE);
    ask("health", 0);
    around.end_after = 99;
    assert_int_equal(run(), ERR_IO);
    assert_true(was_said(" error store.failed "));
    clean_up();
}

static void keys_that_cannot_be_made_are_tried_again_later(void **state)
{
    char path[sizeof gateway.folder.path + 32];
    (void)state;
    begin();
    lose_a_day();
    (void)snprintf(path, sizeof path, "%s/keys", gateway.folder.path);
    scratch_remove(path);
    ask("health", 0);
    assert_int_equal(run(), ERR_NONE);
    assert_true(was_said(" error keys.failed code="));
    assert_true(
        gateway.loop.keys_due_steady_ms > clock_steady_ms() + 50 * 60 * 1000);
    assert_int_equal(number("ready"), 1);
    clean_up();
}

static void a_clock_that_jumped_is_a_reason_not_to_be_ready(void **state)
{
    (void)state;
    begin();
    gateway.loop.trust.base_wall_ms -= 2 * 60 * 60 * 1000;
    ask("health", 0);
    assert_int_equal(run(), ERR_NONE);
    assert_true(was_said(" warning clock.doubted "));
    assert_int_equal(number("ready"), 0);
    assert_int_equal(number("alive"), 1);
    const struct local_record *reason =
        reply_record(&around.reply, "reason", 0);
    assert_true(record_is(reason, "code", "clock_in_doubt"));
    assert_true(record_text(reason, "remedy").size > 0);
    clean_up();
}

/* It was ahead, and is right again: keys are there, and the sheet is of
 * other days. */
static void a_clock_that_was_set_back_has_a_sheet_of_its_day(void **state)
{
    (void)state;
    for (int days = 5; days >= 0; days -= 5) {
        begin();
        gateway.loop.keys_due_steady_ms = clock_steady_ms() + 60 * 60 * 1000;
        gateway.loop.sheet_day += days;
        gateway.loop.trust.base_wall_ms += days * 24 * (int64_t)3600000;
        ask("health", 0);
        assert_int_equal(run(), ERR_NONE);
        assert_int_equal(
            was_said(" info keys.changed serial=2 keys=14"), days > 0);
        clean_up();
    }
}

/* Keys of far days, of a clock that was wrong once, vouch for nothing. */
static void a_start_on_a_day_without_a_key_is_in_doubt(void **state)
{
    (void)state;
    for (int is_known = 1; is_known >= 0; is_known--) {
        struct keys_problem problem;
        bool changed;
        const int64_t day_ms = 24 * 60 * 60 * 1000;
        prepare();
        int64_t now_ms = clock_wall().unix_ms;
        assert_int_equal(keyring_refresh_days(gateway.loop.keyring,
                             now_ms - 40 * day_ms, false, &changed, &problem),
            ERR_NONE);
        assert_int_equal(keyring_refresh_days(gateway.loop.keyring,
                             now_ms + 400 * day_ms, false, &changed, &problem),
            ERR_NONE);
        if (is_known)
            assert_int_equal(keyring_refresh_days(gateway.loop.keyring, now_ms,
                                 false, &changed, &problem),
                ERR_NONE);
        assert_int_equal(loop_begin(&gateway.loop, &problem), ERR_NONE);
        gateway.loop.look_due_steady_ms = 0;
        ask("health", 0);
        assert_int_equal(run(), ERR_NONE);
        assert_int_equal(was_said(" warning clock.doubted "), !is_known);
        clean_up();
    }
}

/* Between two looks at the clock, as a reload right after it was set. */
static void a_jump_just_before_keys_are_looked_after_destroys_none(void **state)
{
    (void)state;
    for (int jumps = 1; jumps >= 0; jumps--) {
        struct keyring_day_key days[KEYRING_DAY_COUNT_MAX];
        struct keys_problem problem;
        bool changed;
        begin();
        struct loop *loop = &gateway.loop;
        int64_t past_ms =
            clock_wall().unix_ms - (int64_t)20 * 24 * 60 * 60 * 1000;
        assert_int_equal(keyring_refresh_days(
                             loop->keyring, past_ms, false, &changed, &problem),
            ERR_NONE);
        loop->look_due_steady_ms = clock_steady_ms() + 60 * 60 * 1000;
        loop->trust.base_wall_ms -= (int64_t)jumps * 2 * 60 * 60 * 1000;
        ask("health", 0);
        assert_int_equal(run(), ERR_NONE);
        size_t count =
            keyring_day_keys(loop->keyring, 0, days, KEYRING_DAY_COUNT_MAX);
        assert_int_equal(count > 2 * (size_t)SEALING_DAYS_AHEAD - 10, jumps);
        clean_up();
    }
}

static void another_agencys_store_is_refused(void **state)
{
    struct store *store;
    struct keys_problem problem;
    (void)state;
    begin();
    store = gateway.loop.store;
    struct store_memory_snapshot *snapshot;
    assert_int_equal(store_memory_snapshot_take(store, &snapshot), ERR_NONE);
    clean_up();
    prepare();
    store_memory_restore(gateway.loop.store, snapshot);
    store_memory_snapshot_free(snapshot);
    said_begin(&gateway.said);
    enum err err = loop_begin(&gateway.loop, &problem);
    (void)said_end(&gateway.said);
    assert_int_equal(err, ERR_CONFLICT);
    assert_string_equal(problem.text, "");
    clean_up();
}

/* ---- Told from other threads -------------------------------------------- */

static void other_delays_are_taken_between_batches(void **state)
{
    (void)state;
    begin();
    loop_set_retry(&gateway.loop, 77, 7777);
    assert_int_equal(gateway.options.retry_delay_ms_min, 1000);
    ask("health", 0);
    assert_int_equal(run(), ERR_NONE);
    assert_int_equal(gateway.options.retry_delay_ms_min, 77);
    assert_int_equal(gateway.options.retry_delay_ms_max, 7777);
    clean_up();
}

static void another_time_of_keeping_is_taken_between_batches(void **state)
{
    (void)state;
    begin();
    loop_set_hold(&gateway.loop, 45);
    assert_int_equal(gateway.options.hold_ms, 0);
    ask("health", 0);
    assert_int_equal(run(), ERR_NONE);
    assert_int_equal(gateway.options.hold_ms, INT64_C(45) * 86400000);
    ask("health", 0);
    assert_int_equal(run(), ERR_NONE);
    assert_int_equal(gateway.options.hold_ms, INT64_C(45) * 86400000);
    clean_up();
}

static void who_found_the_inbox_full_is_called_back(void **state)
{
    (void)state;
    begin();
    struct inbox_item *refused = calloc(1, sizeof *refused);
    assert_non_null(refused);
    for (size_t i = 0; i < 1024; i++)
        ask("hello", 0);
    assert_false(inbox_try(gateway.loop.inbox, refused));
    inbox_item_free(refused);
    around.end_after = 1024;
    assert_int_equal(run(), ERR_NONE);
    assert_int_equal(around.resume_count, 1);
    clean_up();
}

static void an_end_that_was_asked_for_is_no_error(void **state)
{
    (void)state;
    begin();
    loop_end(&gateway.loop);
    assert_int_equal(run(), ERR_NONE);
    clean_up();
}

/* ---- The file ----------------------------------------------------------- */

static void the_file_says_what_the_operation_says(void **state)
{
    char path[sizeof gateway.folder.path + 16];
    static char text[65536];
    (void)state;
    begin();
    (void)snprintf(path, sizeof path, "%s/metrics", gateway.folder.path);
    assert_int_equal(metrics_file_open(path, &gateway.loop.metrics), ERR_NONE);
    ask("metrics", LOCAL_RIGHT_READ);
    assert_int_equal(run(), ERR_NONE);
    assert_true(gateway.loop.metrics_due_steady_ms > clock_steady_ms());
    FILE *file = NULL;
    while ((file = fopen(path, "rb")) == NULL)
        assert_int_equal(sched_yield(), 0);
    size_t size = fread(text, 1, sizeof text - 1, file);
    text[size] = '\0';
    assert_int_equal(fclose(file), 0);
    metrics_file_close(gateway.loop.metrics);
    for (size_t i = 0; i < reply_count(&around.reply, "number"); i++) {
        char line[METRIC_NAME_SIZE + 2];
        struct slice name =
            record_text(reply_record(&around.reply, "number", i), "name");
        (void)snprintf(line, sizeof line, "\n%.*s ", (int)name.size,
            (const char *)name.bytes);
        assert_non_null(strstr(text, line));
    }
    assert_non_null(strstr(text, "\nrefer_ready 1\n"));
    assert_non_null(strstr(text, "\nrefer_clients 4\n"));
    clean_up();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_starts_the_node_and_gives_it_a_sheet),
        cmocka_unit_test(a_request_is_answered_after_the_commit),
        cmocka_unit_test(many_inputs_share_few_commits),
        cmocka_unit_test(numbers_are_the_nodes_and_those_around_it),
        cmocka_unit_test(who_may_not_read_gets_no_numbers),
        cmocka_unit_test(after_a_failed_commit_nothing_is_said_and_it_ends),
        cmocka_unit_test(
            what_peers_get_is_sealed_in_the_commit_and_leaves_after_it),
        cmocka_unit_test(
            what_peers_get_never_leaves_after_a_commit_that_failed),
        cmocka_unit_test(a_new_day_has_a_new_sheet),
        cmocka_unit_test(a_commit_of_the_sheet_that_fails_ends_it_too),
        cmocka_unit_test(keys_that_cannot_be_made_are_tried_again_later),
        cmocka_unit_test(a_clock_that_jumped_is_a_reason_not_to_be_ready),
        cmocka_unit_test(a_clock_that_was_set_back_has_a_sheet_of_its_day),
        cmocka_unit_test(a_start_on_a_day_without_a_key_is_in_doubt),
        cmocka_unit_test(
            a_jump_just_before_keys_are_looked_after_destroys_none),
        cmocka_unit_test(another_agencys_store_is_refused),
        cmocka_unit_test(other_delays_are_taken_between_batches),
        cmocka_unit_test(another_time_of_keeping_is_taken_between_batches),
        cmocka_unit_test(who_found_the_inbox_full_is_called_back),
        cmocka_unit_test(an_end_that_was_asked_for_is_no_error),
        cmocka_unit_test(the_file_says_what_the_operation_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
