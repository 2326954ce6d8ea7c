#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/limits.h"
#include "core/message.h"
#include "support/bench_node.h"

/* An Introduce of agency 0 at agency 1, past the line. */
static void introduce(struct federation *federation, struct slice invitation,
    struct bench_reply *reply)
{
    struct arena arena;
    assert_int_equal(arena_init(&arena, 1u << 20), ERR_NONE);
    struct introduce body = { federation_card(federation, 0), invitation };
    federation_request(federation, 0, 1, REQUEST_INTRODUCE,
        introduce_write(&body, &arena), reply);
    arena_release(&arena);
}

static enum peer_state state_at_1(struct federation *federation)
{
    return federation_peer(federation, 1, 0)->state;
}

static void a_stranger_leaves_its_card_for_the_operator(void **state)
{
    struct federation *federation = federation_new(2);
    struct bench_reply reply;
    (void)state;
    introduce(federation, SLICE_NONE, &reply);
    assert_int_equal(reply.kind, REPLY_HEAD);
    assert_int_equal(state_at_1(federation), PEER_INTRODUCED);
    assert_false(federation_is_announced(federation, 1, 0));
    introduce(federation, SLICE_NONE, &reply); /* again changes nothing */
    assert_int_equal(reply.kind, REPLY_HEAD);
    assert_int_equal(state_at_1(federation), PEER_INTRODUCED);
    federation_crash(federation, 1);
    assert_int_equal(state_at_1(federation), PEER_INTRODUCED);
    federation_free(federation);
}

static void a_code_makes_it_an_invited_one(void **state)
{
    struct federation *federation = federation_new(2);
    struct bench_reply reply;
    struct call call;
    char code[INVITATION_SIZE];
    (void)state;
    call_begin(&call, "peer.invite");
    const struct local_reply *invited = federation_call(federation, 1, &call);
    assert_int_equal(invited->err, ERR_NONE);
    const struct local_field *field = local_field_get(
        invited->records[0].fields, invited->records[0].field_count, "code");
    memcpy(code, field->bytes.bytes, INVITATION_SIZE);
    introduce(federation, SLICE_ARRAY(code), &reply);
    assert_int_equal(reply.kind, REPLY_HEAD);
    assert_int_equal(state_at_1(federation), PEER_INVITED);
    federation_free(federation);
}

static void a_wrong_code_is_no_code(void **state)
{
    struct federation *federation = federation_new(2);
    struct bench_reply reply;
    (void)state;
    introduce(federation, SLICE_LITERAL("aaaaaaaaaaaaaaaaaaaa"), &reply);
    assert_int_equal(reply.kind, REPLY_HEAD);
    assert_int_equal(state_at_1(federation), PEER_INTRODUCED);
    federation_free(federation);
}

static void a_card_of_someone_else_is_refused(void **state)
{
    struct federation *federation = federation_new(3);
    struct bench_reply reply;
    struct arena arena;
    (void)state;
    assert_int_equal(arena_init(&arena, 1u << 20), ERR_NONE);
    struct introduce body = { federation_card(federation, 2), SLICE_NONE };
    federation_request(federation, 0, 1, REQUEST_INTRODUCE,
        introduce_write(&body, &arena), &reply);
    assert_int_equal(reply.kind, REPLY_REFUSED);
    assert_null(federation_peer(federation, 1, 0));
    assert_null(federation_peer(federation, 1, 2));
    federation_free(federation);
    arena_release(&arena);
}

static void who_was_accepted_gets_the_ledgers_too(void **state)
{
    struct federation *federation = federation_new(2);
    struct bench_reply reply;
    struct head head;
    struct arena arena;
    (void)state;
    assert_int_equal(arena_init(&arena, 1u << 20), ERR_NONE);
    introduce(federation, SLICE_NONE, &reply);
    assert_int_equal(head_read(reply.body, &arena, &head), ERR_NONE);
    assert_int_equal(head.ledger_count, 0);
    federation_connect(federation, 0, 1);
    introduce(federation, SLICE_NONE, &reply);
    assert_int_equal(head_read(reply.body, &arena, &head), ERR_NONE);
    assert_int_equal(head.ledger_count, 2);
    federation_free(federation);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stranger_leaves_its_card_for_the_operator),
        cmocka_unit_test(a_code_makes_it_an_invited_one),
        cmocka_unit_test(a_wrong_code_is_no_code),
        cmocka_unit_test(a_card_of_someone_else_is_refused),
        cmocka_unit_test(who_was_accepted_gets_the_ledgers_too),
    };
    return cmocka_run_group_tests_name("core/introduction", tests, NULL, NULL);
}
