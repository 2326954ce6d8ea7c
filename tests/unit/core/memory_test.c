/* What peers and programs of the agency can make a node hold in memory: never
 * more than a step has. A node that ran out would end, and would be asked the
 * same again when it is back. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/delivery.h"
#include "core/element.h"
#include "core/limits.h"
#include "core/mou.h"
#include "core/register.h"
#include "support/bench_node.h"

static struct federation *opened(void)
{
    return federation_of_two();
}

/* Queues such entries from 0 to 1, all for one batch. */
static void tell(struct federation *federation, enum entry_kind kind,
    const struct slice *contents, size_t count)
{
    struct work *work = federation_begin(federation, 0);
    struct peer *peer = federation_peer(federation, 0, 1);
    for (size_t i = 0; i < count; i++) {
        struct tell entry = { .kind = kind, .content = contents[i] };
        assert_true(delivery_tell(work, peer, &entry));
    }
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
}

static void as_many_answers_as_entries_can_be_taken(void **state)
{
    struct slice contents[PARCEL_ENTRY_COUNT_MAX];
    struct federation *federation = opened();
    (void)state;
    for (size_t i = 0; i < PARCEL_ENTRY_COUNT_MAX; i++)
        contents[i] = SLICE_LITERAL("of a kind that is refused");
    tell(federation, ENTRY_NOTICE, contents, PARCEL_ENTRY_COUNT_MAX);
    federation_run(federation);
    assert_int_equal(federation_logged(federation, 0, LOG_PEER_REFUSED),
        PARCEL_ENTRY_COUNT_MAX);
    federation_free(federation);
}

static void rows_that_a_filter_leaves_out_take_no_room(void **state)
{
    struct federation *federation = opened();
    struct call call;
    (void)state;
    struct work *work = federation_begin(federation, 0);
    struct referral row = { .peer = federation_peer(federation, 0, 1)->number,
        .outgoing = true,
        .state = REFERRAL_CLOSED };
    for (unsigned i = 0; i < 4000; i++) {
        row.uuid.bytes[0] = (uint8_t)(i >> 8);
        row.uuid.bytes[1] = (uint8_t)i;
        register_put(work, &row);
    }
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    call_begin(&call, "list");
    call_text(&call, "state", "arrived");
    const struct local_reply *reply = federation_call(federation, 0, &call);
    assert_int_equal(reply->err, ERR_NONE);
    assert_int_equal(reply->record_count, 0);
    federation_free(federation);
}

/* One permission for everything to somebody else: allowed, and long. */
static void add_grants(
    struct federation *federation, struct call *call, size_t count)
{
    static char all[1024];
    size_t size = 0;
    for (size_t i = 0; element_at(i) != NULL; i++)
        size += (size_t)snprintf(all + size, sizeof all - size, "%s%s",
            i == 0 ? "" : " ", element_at(i)->code);
    assert_true(size < sizeof all);
    for (size_t i = 0; i < count; i++) {
        call_record(call, "grant");
        call_text(call, "to", federation_id(federation, 0)->text);
        call_text(call, "purpose", "elsewhere");
        call_text(call, "elements", all);
        call_number(call, "until_ms", FEDERATION_START_MS + FEDERATION_DAY_MS);
    }
}

static void a_page_of_the_feed_holds_more_than_it_shows(void **state)
{
    struct federation *federation = opened();
    struct call call;
    char key[16];
    (void)state;
    for (int i = 0; i < 200; i++) {
        (void)snprintf(key, sizeof key, "key-%d", i);
        federation_referral(federation, &call, 0, 1, key);
        add_grants(federation, &call, 18);
        const struct local_reply *reply = federation_call(federation, 0, &call);
        assert_int_equal(reply->err, ERR_NONE);
    }
    call_begin(&call, "cursor.open");
    call_text(&call, "name", "desk");
    (void)federation_call(federation, 0, &call);
    call_begin(&call, "cursor.next");
    call_text(&call, "name", "desk");
    call_number(&call, "count", 256);
    const struct local_reply *reply = federation_call(federation, 0, &call);
    assert_int_equal(reply->err, ERR_NONE);
    assert_int_equal(reply_count(reply, "event"), 200);
    federation_free(federation);
}

static void entries_that_are_listed_are_read_one_by_one(void **state)
{
    struct federation *federation = opened();
    struct arena *arena = &(struct arena){ 0 };
    static char text[VERDICT_TEXT_SIZE];
    struct answer_item items[256];
    struct slice contents[64];
    struct call call;
    (void)state;
    assert_int_equal(arena_init(arena, 1u << 20), ERR_NONE);
    memset(text, 'x', sizeof text - 1);
    for (size_t i = 0; i < 256; i++)
        items[i] = (struct answer_item){ .index = i,
            .count = 1,
            .verdict = ANSWER_REFUSED,
            .problem = PROBLEM_GUARD,
            .clause = slice_of_text(text),
            .remedy = slice_of_text(text) };
    struct answer answer = { 1, items, 256 };
    for (size_t i = 0; i < 64; i++)
        contents[i] = i == 0 ? answer_write(&answer, arena) : contents[0];
    tell(federation, ENTRY_ANSWER, contents, 64);
    federation_run(federation);
    call_begin(&call, "ledger.show");
    call_text(&call, "peer", federation_id(federation, 1)->text);
    call_text(&call, "direction", "out");
    const struct local_reply *reply = federation_call(federation, 0, &call);
    assert_int_equal(reply->err, ERR_NONE);
    assert_true(reply_count(reply, "entry") >= 64);
    call_number(&call, "after", INT64_MAX);
    reply = federation_call(federation, 0, &call);
    assert_int_equal(reply_count(reply, "entry"), 0);
    arena_release(arena);
    federation_free(federation);
}

#define LARGE_SERVICE_COUNT 250
#define LARGE_PURPOSE_COUNT 10
#define LARGE_PATHWAY_COUNT 600

/* The federation's agreement in another version, of 160 KiB. */
static struct slice large_mou(
    struct federation *federation, uint32_t version, struct arena *arena)
{
    static char names[LARGE_SERVICE_COUNT + LARGE_PURPOSE_COUNT][65];
    static struct mou_service services[LARGE_SERVICE_COUNT];
    static struct mou_purpose purposes[LARGE_PURPOSE_COUNT];
    static struct mou_pathway pathways[LARGE_PATHWAY_COUNT];
    static char title[NAME_SIZE_MAX];
    struct mou_problem problem;
    struct mou mou;
    assert_int_equal(mou_read(federation_crypto(federation, 0),
                         federation_mou(federation), arena, &mou, &problem),
        ERR_NONE);
    for (size_t i = 0; i < LARGE_SERVICE_COUNT + LARGE_PURPOSE_COUNT; i++)
        (void)snprintf(names[i], sizeof names[i], "%064zu", i);
    memset(title, 'x', sizeof title);
    for (size_t i = 0; i < LARGE_SERVICE_COUNT; i++) {
        services[i] = mou.services[1];
        services[i].id = slice_of_text(names[i]);
        services[i].name = SLICE_ARRAY(title);
    }
    for (size_t i = 0; i < LARGE_PURPOSE_COUNT; i++) {
        purposes[i] = mou.purposes[0];
        purposes[i].purpose = slice_of_text(names[LARGE_SERVICE_COUNT + i]);
    }
    for (size_t i = 0; i < LARGE_PATHWAY_COUNT; i++) {
        pathways[i] = mou.pathways[0];
        pathways[i].from = mou.parties[0].id;
        pathways[i].to = services[i / LARGE_PURPOSE_COUNT].id;
        pathways[i].purpose = purposes[i % LARGE_PURPOSE_COUNT].purpose;
    }
    mou.version = version;
    mou.services = services;
    mou.service_count = LARGE_SERVICE_COUNT;
    mou.purposes = purposes;
    mou.purpose_count = LARGE_PURPOSE_COUNT;
    mou.pathways = pathways;
    mou.pathway_count = LARGE_PATHWAY_COUNT;
    struct slice bytes = mou_bytes(&mou, arena);
    assert_true(bytes.size > 160 * 1024);
    return bytes;
}

/* A referral under that agreement, which is not in force. */
static struct slice send_under(struct federation *federation,
    const struct mou_id *mou, uint8_t number, struct arena *arena)
{
    struct referral_request request = { .service = SLICE_LITERAL("beta.care"),
        .purpose = SLICE_LITERAL("care"),
        .urgency = URGENCY_ROUTINE,
        .choice = CHOICE_CHOSEN,
        .ask_back = ASK_BACK_NONE,
        .reason_plain = SLICE_LITERAL("wants the cough looked at"),
        .thread = { { 1 } },
        .consent_at = federation_now(federation) };
    struct referral_event event = { .referral = { { 7, number } },
        .mou = *mou,
        .type = EVENT_SEND,
        .seq = 1,
        .actor = ACTOR_STAFF,
        .at = federation_now(federation),
        .request = &request };
    return referral_event_write(&event, arena);
}

static void as_many_agreements_as_one_likes_end_nobody(void **state)
{
    struct federation *federation = opened();
    struct arena *arena = &(struct arena){ 0 };
    struct slice sends[MOU_OFFER_COUNT_MAX];
    struct mou_id ids[MOU_OFFER_COUNT_MAX + 4];
    struct call call;
    (void)state;
    assert_int_equal(arena_init(arena, 8u << 20), ERR_NONE);
    for (uint32_t i = 0; i < MOU_OFFER_COUNT_MAX + 4; i++) {
        struct mou_bundle bundle = { .mou =
                                         large_mou(federation, i + 2, arena) };
        struct slice offer = mou_offer_write(&bundle, arena);
        mou_id_of(federation_crypto(federation, 0), bundle.mou, &ids[i]);
        tell(federation, ENTRY_MOU_OFFER, &offer, 1);
        federation_run(federation);
        arena_reset(arena);
    }
    /* those beyond its share are refused */
    assert_int_equal(federation_logged(federation, 1, LOG_MOU_REFUSED), 4);
    call_begin(&call, "mou.list");
    const struct local_reply *reply = federation_call(federation, 1, &call);
    assert_int_equal(reply_count(reply, "mou"), MOU_OFFER_COUNT_MAX + 1);
    /* the agency's own work goes on */
    (void)federation_submit(federation, 1, 0, "first");
    /* all of them at once, too */
    for (uint8_t i = 0; i < MOU_OFFER_COUNT_MAX; i++)
        sends[i] = send_under(federation, &ids[i], i, arena);
    tell(federation, ENTRY_REFERRAL_EVENT, sends, MOU_OFFER_COUNT_MAX);
    federation_run(federation);
    assert_int_equal(federation_logged(federation, 1, LOG_REFERRAL_REFUSED),
        MOU_OFFER_COUNT_MAX);
    arena_release(arena);
    federation_free(federation);
}

/* Documents that unfold to the most that one can. */
static void what_unfolds_without_measure_is_refused(void **state)
{
    static uint8_t parties[CONTENT_SIZE_MAX - 16];
    struct federation *federation = opened();
    struct arena *arena = &(struct arena){ 0 };
    struct slice contents[4];
    (void)state;
    assert_int_equal(arena_init(arena, 2u << 20), ERR_NONE);
    for (size_t i = 0; i + 2 <= sizeof parties; i += 2)
        parties[i] = 0x32; /* party 6, of no bytes */
    struct mou_bundle bundle = { .mou = slice_of(parties, sizeof parties) };
    for (size_t i = 0; i < 4; i++)
        contents[i] = mou_offer_write(&bundle, arena);
    tell(federation, ENTRY_MOU_OFFER, contents, 3);
    tell(federation, ENTRY_MOU_SIGNATURES, contents, 4);
    tell(federation, ENTRY_REFERRAL_EVENT, contents, 4);
    tell(federation, ENTRY_ANSWER, contents, 4);
    for (size_t i = 0; i < 4; i++)
        contents[i] = slice_of(parties, CARD_SIZE_MAX);
    tell(federation, ENTRY_CARD, contents, 4);
    federation_run(federation);
    const char *id = federation_submit(federation, 0, 1, "first");
    federation_run(federation);
    assert_string_equal(federation_state(federation, 1, id), "delivered");
    arena_release(arena);
    federation_free(federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_answers_as_entries_can_be_taken),
        cmocka_unit_test(rows_that_a_filter_leaves_out_take_no_room),
        cmocka_unit_test(a_page_of_the_feed_holds_more_than_it_shows),
        cmocka_unit_test(entries_that_are_listed_are_read_one_by_one),
        cmocka_unit_test(as_many_agreements_as_one_likes_end_nobody),
        cmocka_unit_test(what_unfolds_without_measure_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
