#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/agreement.h"
#include "core/keys.h"
#include "core/node_state.h"
#include "support/bench_author.h"
#include "support/bench_papers.h"
#include "support/crypto_fake.h"

/* The record of the only agreement in an agency's mou.list; NULL: none. */
static const struct local_record *listed(
    struct federation *federation, size_t agency)
{
    struct call call;
    call_begin(&call, "mou.list");
    const struct local_reply *reply =
        federation_call(federation, agency, &call);
    assert_int_equal(reply->err, ERR_NONE);
    assert_true(reply->record_count <= 1);
    return reply_record(reply, "mou", 0);
}

static void assert_stands(struct federation *federation, size_t agency,
    const char *state, int64_t signatures)
{
    const struct local_record *record = listed(federation, agency);
    assert_non_null(record);
    assert_true(record_is(record, "state", state));
    assert_int_equal(record_number(record, "signed"), signatures);
}

/* The agreement of the first `count` agencies. */
static struct slice some_mou(struct federation *federation, size_t count,
    uint32_t version, struct arena *arena)
{
    struct crypto *parties[FEDERATION_COUNT_MAX] = { NULL };
    for (size_t i = 0; i < count; i++)
        parties[i] = federation_crypto(federation, i);
    return papers_mou(parties, count, version, arena);
}

static const struct local_reply *offer(
    struct federation *federation, size_t agency, struct slice bytes)
{
    struct call call;
    call_begin(&call, "mou.offer");
    call_data(&call, "data", bytes);
    return federation_call(federation, agency, &call);
}

/* `signer` signs for `agency`, told at `at`. */
static const struct local_reply *sign(struct federation *federation, size_t at,
    size_t agency, size_t signer, struct slice bytes)
{
    struct mou_signature signature;
    struct mou_id id;
    char text[MOU_ID_TEXT_SIZE + 1];
    struct call call;
    mou_id_of(federation_crypto(federation, 0), bytes, &id);
    mou_id_format(&id, text);
    papers_mou_sign(federation_crypto(federation, signer), &id, &signature);
    call_begin(&call, "mou.sign");
    call_text(&call, "id", text);
    call_text(&call, "agency", federation_id(federation, agency)->text);
    call_data(&call, "signature", SLICE_ARRAY(signature.signature));
    return federation_call(federation, at, &call);
}

struct desk {
    struct federation *federation;
    struct arena arena;
    struct slice mou;
};

static void desk_open(struct desk *desk, size_t count)
{
    desk->federation = federation_new(count);
    assert_int_equal(arena_init(&desk->arena, 1u << 20), ERR_NONE);
    desk->mou = some_mou(desk->federation, count, 1, &desk->arena);
}

static void desk_close(struct desk *desk)
{
    federation_free(desk->federation);
    arena_release(&desk->arena);
}

/* ---- Its life ---- */

static void an_agreement_is_in_force_when_all_have_signed(void **state)
{
    struct desk desk;
    struct federation *federation;
    (void)state;
    desk_open(&desk, 2);
    federation = desk.federation;
    federation_connect(federation, 0, 1);
    assert_null(listed(federation, 0));
    assert_int_equal(offer(federation, 0, desk.mou)->err, ERR_NONE);
    assert_stands(federation, 0, "offered", 0);
    federation_run(federation);
    assert_stands(federation, 1, "offered", 0);
    assert_int_equal(sign(federation, 0, 0, 0, desk.mou)->err, ERR_NONE);
    federation_run(federation);
    assert_stands(federation, 0, "offered", 1);
    assert_stands(federation, 1, "offered", 1);
    assert_int_equal(sign(federation, 1, 1, 1, desk.mou)->err, ERR_NONE);
    assert_stands(federation, 1, "in_force", 2);
    assert_stands(federation, 0, "offered", 1);
    federation_run(federation);
    assert_stands(federation, 0, "in_force", 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(federation_logged(federation, i, LOG_MOU_OFFERED), 1);
        assert_int_equal(federation_logged(federation, i, LOG_MOU_SIGNED), 2);
        assert_int_equal(federation_logged(federation, i, LOG_MOU_IN_FORCE), 1);
    }
    federation_crash(federation, 0);
    federation_run(federation);
    assert_stands(federation, 0, "in_force", 2);
    desk_close(&desk);
}

static void its_state_follows_its_dates(void **state)
{
    static const struct {
        bool in_force;
        int64_t at_ms;
        const char *name;
    } rows[] = {
        { false, 150, "offered" },
        { true, 99, "waiting" },
        { true, 100, "in_force" },
        { true, 199, "in_force" },
        { true, 200, "over" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct agreement agreement = { .in_force_here = rows[i].in_force,
            .mou = { .from = { 100 }, .until = { 200 } } };
        assert_string_equal(
            agreement_state(&agreement, (struct instant){ rows[i].at_ms }),
            rows[i].name);
    }
}

static void whoever_is_connected_learns_it_from_any_party(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk, 3);
    struct federation *federation = desk.federation;
    /* 0 and 2 know only 1 */
    federation_connect(federation, 0, 1);
    federation_connect(federation, 1, 2);
    (void)offer(federation, 0, desk.mou);
    federation_run(federation);
    assert_stands(federation, 2, "offered", 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(sign(federation, i, i, i, desk.mou)->err, ERR_NONE);
        federation_run(federation);
    }
    for (size_t i = 0; i < 3; i++)
        assert_stands(federation, i, "in_force", 3);
    desk_close(&desk);
}

static void who_is_accepted_later_is_told_what_there_is(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk, 2);
    struct federation *federation = desk.federation;
    (void)offer(federation, 0, desk.mou);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(sign(federation, 0, i, i, desk.mou)->err, ERR_NONE);
    assert_stands(federation, 0, "in_force", 2);
    federation_connect(federation, 0, 1);
    assert_stands(federation, 1, "in_force", 2);
    (void)federation_submit(federation, 1, 0, "works at once");
    desk_close(&desk);
}

static void an_offer_twice_is_one_agreement(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk, 2);
    federation_connect(desk.federation, 0, 1);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(
            offer(desk.federation, i % 2, desk.mou)->err, ERR_NONE);
        federation_run(desk.federation);
    }
    assert_int_equal(federation_logged(desk.federation, 0, LOG_MOU_OFFERED), 1);
    assert_stands(desk.federation, 0, "offered", 0);
    desk_close(&desk);
}

/* ---- What is refused ---- */

static void assert_refused(
    const struct local_reply *reply, enum err err, enum problem problem)
{
    assert_int_equal(reply->err, err);
    assert_string_equal(problem_name(reply->problem), problem_name(problem));
    assert_true(reply->clause.size > 0);
    assert_true(reply->remedy.size > 0);
}

/* The same agreement with another title. */
static struct slice otherwise(struct desk *desk, uint32_t version)
{
    struct mou mou;
    struct mou_problem problem;
    struct crypto *crypto = federation_crypto(desk->federation, 0);
    assert_int_equal(
        mou_read(crypto, desk->mou, &desk->arena, &mou, &problem), ERR_NONE);
    mou.title = SLICE_LITERAL("Something else altogether");
    mou.version = version;
    return mou_bytes(&mou, &desk->arena);
}

static int64_t rivals(struct desk *desk, size_t agency, struct slice bytes)
{
    struct mou_id id;
    char text[MOU_ID_TEXT_SIZE + 1];
    struct call call;
    mou_id_of(federation_crypto(desk->federation, 0), bytes, &id);
    mou_id_format(&id, text);
    call_begin(&call, "mou.show");
    call_text(&call, "id", text);
    return record_number(
        reply_record(
            federation_call(desk->federation, agency, &call), "mou", 0),
        "rivals");
}

static void two_of_one_version_are_shown(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk, 2);
    struct slice later = otherwise(&desk, 2);
    struct slice same = otherwise(&desk, 1);
    (void)offer(desk.federation, 0, desk.mou);
    (void)offer(desk.federation, 0, later);
    assert_int_equal(
        federation_logged(desk.federation, 0, LOG_MOU_CONTRADICTED), 0);
    (void)offer(desk.federation, 0, same);
    assert_int_equal(
        federation_logged(desk.federation, 0, LOG_MOU_CONTRADICTED), 1);
    assert_int_equal(rivals(&desk, 0, desk.mou), 1);
    assert_int_equal(rivals(&desk, 0, same), 1);
    assert_int_equal(rivals(&desk, 0, later), 0);
    desk_close(&desk);
}

static void what_is_no_agreement_is_refused(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk, 2);
    assert_refused(offer(desk.federation, 0, SLICE_LITERAL("no agreement")),
        ERR_INVALID, PROBLEM_FORMAT);
    assert_null(listed(desk.federation, 0));
    desk_close(&desk);
}

static void an_agreement_of_others_is_refused(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk, 3);
    struct slice two = some_mou(desk.federation, 2, 1, &desk.arena);
    assert_refused(
        offer(desk.federation, 2, two), ERR_INVALID, PROBLEM_FORBIDDEN);
    assert_null(listed(desk.federation, 2));
    desk_close(&desk);
}

static void only_a_party_may_offer_it_over_the_wire(void **state)
{
    struct desk desk;
    struct author author;
    struct mou_bundle bundle = { .signature_count = 0 };
    (void)state;
    desk_open(&desk, 3);
    /* of 0 and 1 only, and 2 offers it to 1 */
    bundle.mou = some_mou(desk.federation, 2, 1, &desk.arena);
    federation_connect(desk.federation, 2, 1);
    author_open(&author, desk.federation, 2, 1);
    author_add(&author, ENTRY_MOU_OFFER, mou_offer_write(&bundle, &desk.arena));
    author_deliver(&author);
    assert_null(listed(desk.federation, 1));
    assert_int_equal(federation_logged(desk.federation, 1, LOG_MOU_REFUSED), 1);
    author_close(&author);
    desk_close(&desk);
}

static void a_signature_must_be_the_partys_own(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk, 3);
    struct federation *federation = desk.federation;
    struct slice two = some_mou(federation, 2, 1, &desk.arena);
    (void)offer(federation, 0, two);
    assert_refused(
        sign(federation, 0, 1, 0, two), ERR_SIGNATURE, PROBLEM_SIGNATURE_BAD);
    assert_refused(sign(federation, 0, 2, 2, two), ERR_SIGNATURE,
        PROBLEM_SIGNATURE_BAD); /* no party */
    assert_stands(federation, 0, "offered", 0);
    assert_int_equal(sign(federation, 0, 1, 1, two)->err, ERR_NONE);
    assert_int_equal(sign(federation, 0, 1, 1, two)->err, ERR_NONE);
    assert_stands(federation, 0, "offered", 1); /* twice is once */
    desk_close(&desk);
}

static void what_nobody_offered_cannot_be_signed(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk, 2);
    assert_refused(sign(desk.federation, 0, 0, 0, desk.mou), ERR_NOT_FOUND,
        PROBLEM_MOU_NOT_FOUND);
    desk_close(&desk);
}

/* ---- Which one holds ---- */

static void a_version_is_used_once_it_is_in_force_at_both_ends(void **state)
{
    struct desk desk;
    struct mou_id second;
    (void)state;
    desk_open(&desk, 2);
    struct federation *federation = desk.federation;
    struct slice service = SLICE_LITERAL("beta.care");
    struct slice purpose = SLICE_LITERAL("care");
    federation_connect(federation, 0, 1);
    federation_agree(federation);
    struct slice newer = some_mou(federation, 2, 2, &desk.arena);
    mou_id_of(federation_crypto(federation, 0), newer, &second);
    assert_int_equal(offer(federation, 0, newer)->err, ERR_NONE);
    for (size_t i = 0; i < 2; i++)
        (void)sign(federation, 0, i, i, newer);
    for (int told = 0; told < 2; told++) {
        struct work *work = federation_begin(federation, 0);
        struct peer *peer = federation_peer(federation, 0, 1);
        const struct agreement *held = agreement_get(work, &second);
        assert_true(held->in_force_here);
        assert_true(
            agreement_is_in_force_at(work, held, federation_id(federation, 0)));
        assert_int_equal(
            agreement_is_in_force_at(work, held, &peer->agency), told);
        const struct agreement *best =
            agreement_for(work, peer, service, purpose);
        assert_int_equal(best->mou.version, told ? 2 : 1);
        assert_null(
            agreement_for(work, peer, SLICE_LITERAL("alpha.care"), purpose));
        assert_null(agreement_for(work, peer, service, SLICE_LITERAL("other")));
        work->now.unix_ms = INT64_C(1830297600000); /* they are over */
        assert_null(agreement_for(work, peer, service, purpose));
        assert_non_null(agreement_with(work, peer));
        assert_int_equal(federation_end(federation, 0), ERR_NONE);
        federation_run(federation);
    }
    desk_close(&desk);
}

/* What was found last is found again without a look at the store, and not
 * once something changed, in the same batch. */
static void a_choice_is_good_until_an_agreement_changes(void **state)
{
    struct desk desk;
    struct mou_id second;
    struct verdict verdict = { .problem = PROBLEM_NONE };
    (void)state;
    desk_open(&desk, 2);
    struct federation *federation = desk.federation;
    struct slice service = SLICE_LITERAL("beta.care");
    struct slice purpose = SLICE_LITERAL("care");
    federation_connect(federation, 0, 1);
    federation_agree(federation);
    struct slice newer = some_mou(federation, 2, 2, &desk.arena);
    mou_id_of(federation_crypto(federation, 0), newer, &second);
    assert_int_equal(offer(federation, 0, newer)->err, ERR_NONE);
    for (size_t i = 0; i < 2; i++)
        (void)sign(federation, 0, i, i, newer);
    struct work *work = federation_begin(federation, 0);
    struct peer *peer = federation_peer(federation, 0, 1);
    const struct agreement *first = agreement_for(work, peer, service, purpose);
    assert_int_equal(first->mou.version, 1);
    assert_ptr_equal(agreement_for(work, peer, service, purpose), first);
    agreement_in_force(work, peer, &second, &verdict);
    assert_int_equal(verdict.problem, PROBLEM_NONE);
    assert_int_equal(
        agreement_for(work, peer, service, purpose)->mou.version, 2);
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    desk_close(&desk);
}

static void agreements_are_walked_each_once(void **state)
{
    struct desk desk;
    struct mou_id from = { { 0 } };
    uint64_t versions = 0;
    (void)state;
    desk_open(&desk, 2);
    for (uint32_t version = 1; version <= 5; version++)
        assert_int_equal(offer(desk.federation, 0,
                             some_mou(desk.federation, 2, version, &desk.arena))
                             ->err,
            ERR_NONE);
    struct work *work = federation_begin(desk.federation, 0);
    const struct agreement *at;
    while ((at = agreement_next(work, &from)) != NULL) {
        assert_int_equal(versions >> at->mou.version & 1, 0);
        versions |= UINT64_C(1) << at->mou.version;
    }
    assert_int_equal(versions, 0x3e);
    memset(from.bytes, 0xff, sizeof from.bytes);
    assert_null(agreement_next(work, &from));
    assert_int_equal(federation_end(desk.federation, 0), ERR_NONE);
    desk_close(&desk);
}

static void a_damaged_row_is_found(void **state)
{
    struct desk desk;
    struct mou_id id;
    (void)state;
    desk_open(&desk, 2);
    mou_id_of(federation_crypto(desk.federation, 0), desk.mou, &id);
    (void)offer(desk.federation, 0, desk.mou);
    (void)sign(desk.federation, 0, 0, 0, desk.mou);
    struct key key = key_mou(&id);
    struct work *work = federation_begin(desk.federation, 0);
    struct slice row =
        arena_copy(work->scratch, store_get(work->txn, key_slice(&key)));
    for (size_t size = 0; size < row.size; size += 1 + size / 16) {
        size_t used = work->arena->used;
        store_put(work->txn, key_slice(&key), slice_of(row.bytes, size));
        assert_null(agreement_get(work, &id));
        assert_int_equal(work->txn->err, ERR_CORRUPT);
        work->txn->err = ERR_NONE;
        arena_rewind(work->arena, used);
    }
    /* version, who offered it, its bytes, in force: then the signatures */
    size_t count_at = 1 + 4 + 4 + desk.mou.size + 1;
    uint8_t *bytes = (uint8_t *)(uintptr_t)row.bytes;
    bytes[count_at + 3] += 2; /* more than parties */
    store_put(work->txn, key_slice(&key), row);
    assert_null(agreement_get(work, &id));
    assert_int_equal(work->txn->err, ERR_CORRUPT);
    work->txn->err = ERR_NONE;
    bytes[count_at + 3] -= 2;
    store_put(work->txn, key_slice(&key), row);
    assert_non_null(agreement_get(work, &id));
    assert_int_equal(federation_end(desk.federation, 0), ERR_NONE);
    desk_close(&desk);
}

/* Each party tells it, and the document is large: damage of that is met by who
 * reads it. */
static void a_signature_that_is_held_is_known_without_its_document(void **state)
{
    struct desk desk;
    struct mou_id id;
    struct mou_signature both[2];
    struct verdict verdict = { 0 };
    (void)state;
    desk_open(&desk, 2);
    mou_id_of(federation_crypto(desk.federation, 0), desk.mou, &id);
    for (size_t i = 0; i < 2; i++) {
        papers_mou_sign(federation_crypto(desk.federation, i), &id, &both[i]);
        both[i].agency = *federation_id(desk.federation, i);
    }
    (void)offer(desk.federation, 0, desk.mou);
    (void)sign(desk.federation, 0, 0, 0, desk.mou);
    struct key key = key_mou(&id);
    struct work *work = federation_begin(desk.federation, 0);
    struct slice row =
        arena_copy(work->scratch, store_get(work->txn, key_slice(&key)));
    size_t document_at = 1 + 4 + 4;
    uint8_t *bytes = (uint8_t *)(uintptr_t)row.bytes;
    bytes[document_at] ^= 0xff;
    store_put(work->txn, key_slice(&key), row);
    agreement_sign(work, NULL, &id, both, 1, &verdict);
    assert_int_equal(work->txn->err, ERR_NONE);
    agreement_sign(work, NULL, &id, both, 2, &verdict);
    assert_int_equal(work->txn->err, ERR_CORRUPT);
    assert_int_equal(verdict.problem, PROBLEM_NONE);
    work->txn->err = ERR_NONE;
    bytes[document_at] ^= 0xff;
    store_put(work->txn, key_slice(&key), row);
    assert_int_equal(federation_end(desk.federation, 0), ERR_NONE);
    desk_close(&desk);
}

/* What is in force with others is not with this one. */
static void one_with_others_is_none_with_this_one(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk, 3);
    struct federation *federation = desk.federation;
    struct slice two = some_mou(federation, 2, 1, &desk.arena);
    for (size_t other = 1; other < 3; other++)
        federation_connect(federation, 0, other);
    assert_int_equal(offer(federation, 0, two)->err, ERR_NONE);
    for (size_t i = 0; i < 2; i++)
        (void)sign(federation, 0, i, i, two);
    struct work *work = federation_begin(federation, 0);
    assert_non_null(agreement_with(work, federation_peer(federation, 0, 1)));
    assert_null(agreement_with(work, federation_peer(federation, 0, 2)));
    assert_int_equal(federation_end(federation, 0), ERR_NONE);
    desk_close(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_agreement_is_in_force_when_all_have_signed),
        cmocka_unit_test(its_state_follows_its_dates),
        cmocka_unit_test(whoever_is_connected_learns_it_from_any_party),
        cmocka_unit_test(who_is_accepted_later_is_told_what_there_is),
        cmocka_unit_test(an_offer_twice_is_one_agreement),
        cmocka_unit_test(two_of_one_version_are_shown),
        cmocka_unit_test(what_is_no_agreement_is_refused),
        cmocka_unit_test(an_agreement_of_others_is_refused),
        cmocka_unit_test(only_a_party_may_offer_it_over_the_wire),
        cmocka_unit_test(a_signature_must_be_the_partys_own),
        cmocka_unit_test(what_nobody_offered_cannot_be_signed),
        cmocka_unit_test(a_version_is_used_once_it_is_in_force_at_both_ends),
        cmocka_unit_test(a_choice_is_good_until_an_agreement_changes),
        cmocka_unit_test(one_with_others_is_none_with_this_one),
        cmocka_unit_test(agreements_are_walked_each_once),
        cmocka_unit_test(a_damaged_row_is_found),
        cmocka_unit_test(
            a_signature_that_is_held_is_known_without_its_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
