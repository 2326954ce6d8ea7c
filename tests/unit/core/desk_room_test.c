/* Lists that end where a batch has no room left: shorter, and never half. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/desk.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "support/bench_node.h"
#include "support/bench_reader.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define PACKING_SIZE (4u * 1024 * 1024) /* below that nothing is added */
#define STEP_SIZE 1024u
#define STEP_COUNT 12u

static const struct {
    const char *operation;
    const char *fields[4]; /* name, text; "PEER", "ID" */
} questions[] = {
    { "list", { NULL } },
    { "get", { "id", "ID" } },
    { "disclosures", { NULL } },
    { "disclosures", { "id", "ID" } },
    { "erase.find", { "pairwise_id", "p-1" } },
    { "cursor.list", { NULL } },
    { "card.list", { NULL } },
    { "card.show", { NULL } },
    { "peer.list", { NULL } },
    { "mou.list", { NULL } },
    { "ledger.list", { NULL } },
    { "ledger.show", { "peer", "PEER", "direction", "out" } },
    { "ledger.verify", { "peer", "PEER", "direction", "out" } },
    { "ledger.conflicts", { NULL } },
    { "evidence.read", { "peer", "PEER", "direction", "out" } },
    { "status", { NULL } },
    { "metrics", { NULL } },
    { "health", { NULL } },
    { "store.check", { NULL } },
};

static void ask(struct federation *federation, size_t index, const char *id,
    struct call *call)
{
    call_begin(call, questions[index].operation);
    for (size_t k = 0; k < 4 && questions[index].fields[k] != NULL; k += 2) {
        const char *text = questions[index].fields[k + 1];
        if (strcmp(text, "PEER") == 0)
            text = federation_id(federation, 1)->text;
        else if (strcmp(text, "ID") == 0)
            text = id;
        call_text(call, questions[index].fields[k], text);
    }
}

/* The reply in a batch that has just so much left; what became of the batch. */
static enum err answer_with(struct federation *federation, struct call *call,
    size_t left, size_t *record_count)
{
    static const struct caller staff = { 1, UINT32_MAX, 1000 };
    struct local_reply reply;
    struct work *work = federation_begin(federation, 0);
    struct local_request request = call_request(call);
    struct slice frame = local_request_write(&request, work->arena);
    assert_non_null(frame.bytes);
    size_t taken = work->arena->used + left + 64;
    assert_non_null(arena_take(work->arena, work->arena->capacity - taken));
    desk_serve(work, &staff, frame);
    enum err err = work->txn->err;
    size_t count;
    const struct node_output *outputs = node_outputs(work->node, &count);
    *record_count = 0;
    if (err == ERR_NONE) {
        assert_int_equal(count, 1);
        assert_int_equal(
            local_reply_read(outputs[0].of.client.frame, work->scratch, &reply),
            ERR_NONE);
        *record_count = reply.record_count;
    }
    work->txn->err = ERR_FULL;
    assert_int_equal(federation_end(federation, 0), ERR_FULL);
    federation_crash(federation, 0);
    while (federation_message_count(federation) > 0)
        federation_lose(federation, 0);
    return err;
}

static void a_list_ends_where_the_room_does(void **state)
{
    struct federation *federation = federation_new(3);
    char id[UUID_URN_SIZE + 1];
    (void)state;
    for (size_t other = 1; other < 3; other++)
        federation_connect(federation, 0, other);
    federation_agree(federation);
    for (int i = 0; i < 6; i++) {
        char key[8];
        (void)snprintf(key, sizeof key, "k%d", i);
        (void)snprintf(id, sizeof id, "%s",
            federation_submit(federation, 0, 1 + (size_t)i % 2, key));
        federation_run(federation);
    }
    reader_take(federation, 0, "first", 1);
    reader_take(federation, 0, "second", 1);
    for (size_t i = 0; i < COUNT(questions); i++) {
        struct call call;
        size_t whole, count;
        ask(federation, i, id, &call);
        assert_int_equal(
            answer_with(federation, &call, 2 * PACKING_SIZE, &whole), ERR_NONE);
        for (size_t step = 0; step < STEP_COUNT; step++) {
            enum err err = answer_with(
                federation, &call, PACKING_SIZE + step * STEP_SIZE, &count);
            /* one that says where it ended */
            if (err != ERR_NONE || count > whole + 1)
                fail_msg("%s: %zu records of %zu: %s", questions[i].operation,
                    count, whole, err_name(err));
        }
        for (size_t left = 0; left < PACKING_SIZE / 64; left = 2 * left + 512) {
            enum err err = answer_with(federation, &call, left, &count);
            if ((err != ERR_NONE && err != ERR_NO_MEMORY) || count > whole + 1)
                fail_msg("%s, with %zu bytes: %s", questions[i].operation, left,
                    err_name(err));
        }
    }
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_ends_where_the_room_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
