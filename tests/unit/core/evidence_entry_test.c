/* What entries say, and what was answered, beyond the story that is told in
 * proto/vectors/evidence. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/erasure_notice.h"
#include "core/evidence.h"
#include "golden/book.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct desk {
    struct vectors vectors;
    struct arena arena;
    struct arena scratch;
    struct book told;
    struct book heard;
    struct evidence_report report;
};

/* Cards and the agreement of the vectors; no entry yet. */
static void desk_begin(struct desk *desk)
{
    struct vectors *vectors = &desk->vectors;
    size_t kept = 0;
    vectors_open(vectors);
    for (size_t i = 0; i < vectors->folder_count; i++)
        if (slice_is(vectors->folder[i].path, EVIDENCE_README) ||
            slice_is(vectors->folder[i].path, EVIDENCE_AGREEMENT) ||
            vectors->folder[i].path.bytes[0] == 'c')
            vectors->folder[kept++] = vectors->folder[i];
    vectors->folder_count = kept;
    desk->told = (struct book){ .vectors = vectors,
        .author = vectors->author,
        .recipient = vectors->recipient,
        .origin = { vectors->author_id, vectors->recipient_id, LANE_MAIN,
            VECTOR_GENERATION },
        .received_s = BOOK_RECEIVED_S };
    desk->heard = (struct book){ .vectors = vectors,
        .author = vectors->recipient,
        .recipient = vectors->author,
        .origin = { vectors->recipient_id, vectors->author_id, LANE_MAIN,
            BOOK_ANSWERS_GENERATION },
        .received_s = BOOK_RECEIVED_S };
    book_add(&desk->told, 0x40, ENTRY_REFERRAL_EVENT,
        vectors_get(vectors, "event_send.hex"));
    book_add(&desk->heard, 0x50, ENTRY_PADDING, SLICE_LITERAL(""));
}

static int setup(void **state)
{
    struct desk *desk = calloc(1, sizeof *desk);
    assert_non_null(desk);
    assert_int_equal(arena_init(&desk->arena, 1u << 20), ERR_NONE);
    assert_int_equal(arena_init(&desk->scratch, 1u << 20), ERR_NONE);
    desk_begin(desk);
    *state = desk;
    return 0;
}

static int teardown(void **state)
{
    struct desk *desk = *state;
    vectors_close(&desk->vectors);
    arena_release(&desk->arena);
    arena_release(&desk->scratch);
    free(desk);
    return 0;
}

/* All that both wrote is shown, but what the recipient padded. */
static const struct evidence_report *judge(struct desk *desk)
{
    struct vectors *vectors = &desk->vectors;
    for (uint64_t i = 0; i < desk->told.count; i++)
        book_show(&desk->told, i, true);
    for (uint64_t i = 1; i < desk->heard.count; i++)
        book_show(&desk->heard, i, true);
    book_file_add(vectors, SLICE_LITERAL(EVIDENCE_SUMS),
        evidence_sums_write(vectors->author, vectors->folder,
            vectors->folder_count, &vectors->arena));
    assert_int_equal(
        evidence_verify(vectors->author, vectors->folder, vectors->folder_count,
            &desk->arena, &desk->scratch, &desk->report),
        ERR_NONE);
    return &desk->report;
}

static void assert_found(
    const struct evidence_report *report, const char *what, bool is_failure)
{
    for (size_t i = 0; i < report->finding_count; i++)
        if (strstr(report->findings[i].what, what) != NULL &&
            report->findings[i].is_failure == is_failure)
            return;
    fail_msg("nothing says: %s", what);
}

static struct erasure_notice notice_of(uint8_t referral)
{
    struct erasure_notice notice = { .reason = ERASURE_PERSON_ASKED,
        .actor = ACTOR_STAFF,
        .at = { VECTOR_START_MS + 90000 } };
    memset(notice.referral.bytes, referral, sizeof notice.referral.bytes);
    return notice;
}

static void told_add(
    struct desk *desk, uint8_t salt, enum entry_kind kind, struct slice content)
{
    assert_non_null(content.bytes);
    book_add(&desk->told, salt, kind, content);
}

/* Entry `index` of ours, and one after it, were answered so. */
static void heard_add(struct desk *desk, uint8_t salt, uint64_t generation,
    uint64_t index, enum answer_verdict verdict)
{
    struct answer_item item = { .index = index,
        .count = 1,
        .verdict = verdict,
        .problem = verdict == ANSWER_REFUSED ? PROBLEM_KEPT : PROBLEM_NONE,
        .clause = SLICE_LITERAL("erasure"),
        .remedy = SLICE_LITERAL("ask them"),
        .state = REFERRAL_DELIVERED };
    struct answer answer = { generation, &item, 1 };
    if (verdict != ANSWER_REFUSED) {
        item.clause = SLICE_LITERAL("");
        item.remedy = SLICE_LITERAL("");
    }
    book_add(&desk->heard, salt, ENTRY_ANSWER,
        answer_write(&answer, &desk->vectors.arena));
}

/* ---- Erasure ------------------------------------------------------------- */

static void a_notice_of_erasure_says_why_and_of_what(void **state)
{
    const struct slice codes[] = { SLICE_LITERAL("needs"),
        SLICE_LITERAL("call_name") };
    struct desk *desk = *state;
    struct erasure_notice notice = notice_of(0x77);
    struct arena *arena = &desk->vectors.arena;
    told_add(
        desk, 0x41, ENTRY_ERASURE_NOTICE, erasure_notice_write(&notice, arena));
    notice.elements = codes;
    notice.element_count = COUNT(codes);
    notice.reason = ERASURE_LAW;
    told_add(
        desk, 0x42, ENTRY_ERASURE_NOTICE, erasure_notice_write(&notice, arena));
    heard_add(desk, 0x51, VECTOR_GENERATION, 1, ANSWER_APPLIED);
    heard_add(desk, 0x52, VECTOR_GENERATION, 2, ANSWER_REFUSED);
    const struct evidence_report *report = judge(desk);
    assert_int_equal(report->finding_count, 0);
    assert_int_equal(report->event_count, 3);
    assert_false(report->events[0].is_erasure);
    static const struct {
        const char *elements;
        const char *verdict;
        enum erasure_reason reason;
    } rows[] = {
        { "", "erased", ERASURE_PERSON_ASKED },
        { "needs call_name", "kept", ERASURE_LAW },
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct evidence_event *event = &report->events[1 + i];
        assert_true(event->is_erasure);
        assert_int_equal(event->actor, ACTOR_STAFF);
        assert_int_equal(event->reason, rows[i].reason);
        assert_true(slice_is(event->elements, rows[i].elements));
        assert_string_equal(
            evidence_erasure_name(event->verdict), rows[i].verdict);
    }
    assert_string_equal(evidence_erasure_name(EVIDENCE_ABSENT), "absent");
}

static void a_notice_in_no_form_is_told(void **state)
{
    struct desk *desk = *state;
    struct erasure_notice notice = notice_of(0x77);
    notice.reason = ERASURE_NONE;
    told_add(desk, 0x41, ENTRY_ERASURE_NOTICE,
        erasure_notice_write(&notice, &desk->vectors.arena));
    told_add(desk, 0x42, ENTRY_ERASURE_NOTICE, SLICE_LITERAL("no notice"));
    const struct evidence_report *report = judge(desk);
    assert_int_equal(report->failure_count, 0);
    assert_int_equal(report->finding_count, 2);
    assert_found(report, "is in no form that a notice has", false);
    assert_int_equal(report->events[1].reason, ERASURE_NONE);
}

static void a_notice_of_another_referral_is_found(void **state)
{
    struct desk *desk = *state;
    struct erasure_notice notice = notice_of(0x78);
    told_add(desk, 0x41, ENTRY_ERASURE_NOTICE,
        erasure_notice_write(&notice, &desk->vectors.arena));
    assert_found(judge(desk), "speaks of another referral", true);
}

/* ---- Events -------------------------------------------------------------- */

static void an_event_in_no_form_is_told(void **state)
{
    struct desk *desk = *state;
    told_add(desk, 0x41, ENTRY_REFERRAL_EVENT, SLICE_LITERAL("no event"));
    const struct evidence_report *report = judge(desk);
    assert_int_equal(report->failure_count, 0);
    assert_found(report, "is in no form that an event has", false);
    assert_int_equal(report->events[1].type, EVENT_NONE);
}

static void an_event_under_another_agreement_is_told(void **state)
{
    struct desk *desk = *state;
    struct referral_event event = { .type = EVENT_WITHDRAW,
        .seq = 2,
        .actor = ACTOR_PERSON,
        .at = { VECTOR_START_MS + 95000 } };
    memset(event.referral.bytes, 0x77, sizeof event.referral.bytes);
    memset(event.mou.bytes, 0x99, sizeof event.mou.bytes);
    told_add(desk, 0x41, ENTRY_REFERRAL_EVENT,
        referral_event_write(&event, &desk->vectors.arena));
    const struct evidence_report *report = judge(desk);
    assert_found(report, "names another agreement than the first", false);
}

/* ---- Signatures ---------------------------------------------------------- */

static void a_ledger_from_an_agency_to_itself_proves_nothing(void **state)
{
    struct desk *desk = *state;
    desk->told.recipient = desk->vectors.author;
    desk->told.origin.recipient = desk->vectors.author_id;
    const struct evidence_report *report = judge(desk);
    assert_found(report, "from an agency to itself", true);
    assert_int_equal(report->event_count, 0);
}

static void a_time_outside_of_a_key_is_told(void **state)
{
    static const uint64_t outside_s[] = { VECTOR_START_MS / 1000 - 1,
        VECTOR_END_MS / 1000 };
    struct desk *desk = *state;
    for (size_t i = 0; i < COUNT(outside_s); i++) {
        if (i > 0) {
            vectors_close(&desk->vectors);
            desk_begin(desk);
        }
        desk->told.received_s = outside_s[i];
        const struct evidence_report *report = judge(desk);
        assert_int_equal(report->failure_count, 0);
        assert_found(report, "outside the dates of the author's key", false);
        assert_found(report, "outside the dates of the witness key", false);
    }
}

/* ---- Answers ------------------------------------------------------------- */

static void an_answer_in_no_form_is_found(void **state)
{
    struct desk *desk = *state;
    book_add(&desk->heard, 0x51, ENTRY_ANSWER, SLICE_LITERAL("no answer"));
    assert_found(judge(desk), "is in no form that an answer has", true);
}

static void an_answer_to_something_else_is_told(void **state)
{
    struct desk *desk = *state;
    heard_add(desk, 0x51, VECTOR_GENERATION + 1, 0, ANSWER_REFUSED);
    heard_add(desk, 0x52, VECTOR_GENERATION, 7, ANSWER_REFUSED);
    const struct evidence_report *report = judge(desk);
    assert_int_equal(report->failure_count, 0);
    assert_int_equal(report->finding_count, 2);
    assert_found(report, "answers no event that is here", false);
    assert_int_equal(report->events[0].verdict, EVIDENCE_UNANSWERED);
}

/* An author's own answers, in its own ledger, answer nothing of its own. */
static void nobody_answers_itself(void **state)
{
    struct desk *desk = *state;
    struct answer_item item = { .count = 1, .verdict = ANSWER_APPLIED };
    struct answer answer = { VECTOR_GENERATION, &item, 1 };
    told_add(
        desk, 0x41, ENTRY_ANSWER, answer_write(&answer, &desk->vectors.arena));
    const struct evidence_report *report = judge(desk);
    assert_found(report, "answers no event that is here", false);
    assert_int_equal(report->events[0].verdict, EVIDENCE_UNANSWERED);
}

/* By its time, and of two at one time by its place. */
static void the_first_answer_counts(void **state)
{
    static const struct {
        uint8_t salts[2];
        enum evidence_verdict verdict;
        uint64_t index;
    } rows[] = {
        { { 0x51, 0x52 }, EVIDENCE_REFUSED, 1 },
        { { 0x52, 0x51 }, EVIDENCE_HELD, 2 },
        { { 0x51, 0x51 }, EVIDENCE_REFUSED, 1 },
    };
    struct desk *desk = *state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (i > 0) {
            vectors_close(&desk->vectors);
            desk_begin(desk);
        }
        heard_add(desk, rows[i].salts[0], VECTOR_GENERATION, 0, ANSWER_REFUSED);
        heard_add(desk, rows[i].salts[1], VECTOR_GENERATION, 0, ANSWER_APPLIED);
        const struct evidence_report *report = judge(desk);
        assert_int_equal(report->finding_count, 0);
        assert_int_equal(report->events[0].verdict, rows[i].verdict);
        assert_int_equal(report->events[0].answer_index, rows[i].index);
    }
}

/* ---- Places -------------------------------------------------------------- */

/* The files of entry `index` of ours, under another place's names. */
static void show_as(
    struct desk *desk, uint64_t index, const struct evidence_place *as)
{
    struct vectors *vectors = &desk->vectors;
    book_show(&desk->told, index, true);
    for (size_t i = 0; i < vectors->folder_count; i++) {
        struct evidence_place place;
        enum evidence_part part;
        char path[EVIDENCE_PATH_SIZE];
        struct evidence_file file = vectors->folder[i];
        if (evidence_entry_path_read(file.path, &place, &part) != ERR_NONE ||
            !agency_id_equal(&place.author, &desk->told.origin.author) ||
            place.index != index ||
            place.generation != desk->told.origin.generation)
            continue;
        memmove(&vectors->folder[i], &vectors->folder[i + 1],
            (--vectors->folder_count - i) * sizeof file);
        book_file_add(vectors, evidence_entry_path(as, part, path), file.bytes);
        i = SIZE_MAX; /* from the first again */
    }
}

static void a_proof_is_of_the_entry_that_its_folder_names(void **state)
{
    for (int i = 0; i < 3; i++) {
        struct desk *desk = *state;
        struct evidence_place as = { desk->told.origin.author,
            desk->told.origin.generation, 0 };
        if (i == 0)
            as.author = desk->vectors.recipient_id;
        else if (i == 1)
            as.generation++;
        else
            desk->told.origin.lane = LANE_BULK;
        if (i < 2)
            show_as(desk, 0, &as);
        assert_found(judge(desk), "proves another entry", true);
        assert_int_equal(desk->report.event_count, i < 2 ? 1 : 0);
        vectors_close(&desk->vectors);
        desk_begin(desk);
    }
}

static void an_entry_that_says_nothing_of_a_referral_is_found(void **state)
{
    struct desk *desk = *state;
    told_add(desk, 0x41, ENTRY_PADDING, SLICE_LITERAL("padding"));
    assert_found(judge(desk), "is of no event, notice of erasure", true);
}

static void a_salt_has_one_size(void **state)
{
    struct desk *desk = *state;
    struct book *told = &desk->told;
    struct entry_header header = { .kind = ENTRY_REFERRAL_EVENT,
        .at = { VECTOR_START_MS } };
    struct entry *entry = &told->entries[told->count];
    *entry = (struct entry){ .salt = vectors_repeat(
                                 &desk->vectors, 0x41, SALT_SIZE - 1),
        .content = SLICE_LITERAL("x") };
    entry_digest(told->author, entry->salt, entry->content, header.digest);
    entry->header = entry_header_write(&header, &desk->vectors.arena);
    merkle_leaf_hash(told->author, entry->header, &told->leaves[told->count++]);
    assert_found(judge(desk), "not the content that the header covers", true);
}

/* Each cosigned at another time: proofs of one export share a few. */
static void as_many_checkpoints_as_there_are_proofs_are_judged(void **state)
{
    struct desk *desk = *state;
    struct book *told = &desk->told;
    for (uint8_t i = 1; i < 20; i++)
        told_add(desk, (uint8_t)(0x40 + i), ENTRY_REFERRAL_EVENT,
            vectors_get(&desk->vectors, "event_send.hex"));
    for (uint64_t i = 0; i < told->count; i++) {
        told->received_s = BOOK_RECEIVED_S + i;
        book_show(told, i, false);
    }
    size_t count = told->count;
    told->count = 0;
    const struct evidence_report *report = judge(desk);
    assert_int_equal(report->failure_count, 0);
    assert_int_equal(report->event_count, count);
}

/* A ledger that grew meanwhile, and another generation of it. */
static void checkpoints_of_all_sizes_and_generations_agree(void **state)
{
    struct desk *desk = *state;
    struct book later = desk->told;
    later.origin.generation++;
    book_show(&desk->told, 0, true);
    told_add(desk, 0x41, ENTRY_REFERRAL_EVENT, SLICE_LITERAL("no event"));
    book_show(&desk->told, 1, true);
    book_show(&later, 0, true);
    desk->told.count = 0;
    const struct evidence_report *report = judge(desk);
    assert_int_equal(report->failure_count, 0);
    assert_int_equal(report->event_count, 3);
}

static void an_agreement_that_events_do_not_name_is_found(void **state)
{
    struct desk *desk = *state;
    struct referral_event event = { .type = EVENT_WITHDRAW,
        .seq = 2,
        .actor = ACTOR_PERSON,
        .at = { VECTOR_START_MS + 95000 } };
    memset(event.referral.bytes, 0x77, sizeof event.referral.bytes);
    memset(event.mou.bytes, 0x99, sizeof event.mou.bytes);
    desk->told.count = 0;
    told_add(desk, 0x41, ENTRY_REFERRAL_EVENT,
        referral_event_write(&event, &desk->vectors.arena));
    assert_found(judge(desk), "is not the agreement that events name", true);
}

/* In the order of their paths, "10" comes before "2". */
static void of_answers_at_one_time_that_of_the_least_index_counts(void **state)
{
    struct desk *desk = *state;
    for (uint8_t i = 1; i < 10; i++)
        heard_add(desk, (uint8_t)(0x60 + i), VECTOR_GENERATION, 7 + i,
            ANSWER_APPLIED);
    heard_add(desk, 0x51, VECTOR_GENERATION, 0, ANSWER_REFUSED);
    desk->heard.entries[2] = desk->heard.entries[10];
    desk->heard.leaves[2] = desk->heard.leaves[10];
    const struct evidence_report *report = judge(desk);
    assert_int_equal(report->events[0].verdict, EVIDENCE_REFUSED);
    assert_int_equal(report->events[0].answer_index, 2);
}

static void a_state_that_is_not_known_here_is_unknown(void **state)
{
    struct desk *desk = *state;
    struct answer_item item = {
        .count = 1, .verdict = ANSWER_APPLIED, .state = REFERRAL_STATE_COUNT
    };
    struct answer answer = { VECTOR_GENERATION, &item, 1 };
    book_add(&desk->heard, 0x51, ENTRY_ANSWER,
        answer_write(&answer, &desk->vectors.arena));
    const struct evidence_report *report = judge(desk);
    assert_int_equal(report->events[0].verdict, EVIDENCE_HELD);
    assert_int_equal(report->events[0].state, REFERRAL_UNKNOWN);
}

/* ---- Memory -------------------------------------------------------------- */

#define LITTLE_MORE 16 /* what an arena gives out is so aligned */

/* With more and more of that memory, until the folder is judged. */
static void judge_with_little(struct desk *desk, struct arena *little)
{
    struct vectors *vectors = &desk->vectors;
    struct evidence_report *report = &desk->report;
    size_t whole = little->capacity;
    size_t event_count = report->event_count;
    enum err err = ERR_NO_MEMORY;
    size_t size = 0;
    for (; err == ERR_NO_MEMORY && size < whole; size += LITTLE_MORE) {
        arena_reset(&desk->arena);
        little->capacity = size;
        err = evidence_verify(vectors->author, vectors->folder,
            vectors->folder_count, &desk->arena, &desk->scratch, report);
        if (err != ERR_NONE)
            assert_int_equal(report->finding_count + report->event_count, 0);
    }
    little->capacity = whole;
    assert_int_equal(err, ERR_NONE);
    assert_int_equal(report->finding_count, 0);
    assert_int_equal(report->event_count, event_count);
    assert_true(size > LITTLE_MORE);
}

/* A judgement is whole, or it is none. */
static void memory_that_is_short_is_said(void **state)
{
    struct desk *desk = *state;
    struct vectors *vectors = &desk->vectors;
    const struct slice codes[] = { SLICE_LITERAL("needs") };
    struct erasure_notice notice = notice_of(0x77);
    notice.elements = codes;
    notice.element_count = COUNT(codes);
    told_add(desk, 0x41, ENTRY_ERASURE_NOTICE,
        erasure_notice_write(&notice, &vectors->arena));
    heard_add(desk, 0x51, VECTOR_GENERATION, 0, ANSWER_REFUSED);
    heard_add(desk, 0x52, VECTOR_GENERATION, 1, ANSWER_APPLIED);
    assert_int_equal(judge(desk)->finding_count, 0);
    judge_with_little(desk, &desk->arena);
    judge_with_little(desk, &desk->scratch);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_notice_of_erasure_says_why_and_of_what),
        CASE(a_notice_in_no_form_is_told),
        CASE(a_notice_of_another_referral_is_found),
        CASE(an_event_in_no_form_is_told),
        CASE(an_event_under_another_agreement_is_told),
        CASE(a_ledger_from_an_agency_to_itself_proves_nothing),
        CASE(a_time_outside_of_a_key_is_told),
        CASE(an_answer_in_no_form_is_found),
        CASE(an_answer_to_something_else_is_told),
        CASE(nobody_answers_itself),
        CASE(the_first_answer_counts),
        CASE(a_proof_is_of_the_entry_that_its_folder_names),
        CASE(an_entry_that_says_nothing_of_a_referral_is_found),
        CASE(a_salt_has_one_size),
        CASE(as_many_checkpoints_as_there_are_proofs_are_judged),
        CASE(checkpoints_of_all_sizes_and_generations_agree),
        CASE(an_agreement_that_events_do_not_name_is_found),
        CASE(of_answers_at_one_time_that_of_the_least_index_counts),
        CASE(a_state_that_is_not_known_here_is_unknown),
        CASE(memory_that_is_short_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
