/*
 * Bytes that a peer calls a referral event: reading, and whatever judges what
 * was read, must hold for any. What reads is written as the same bytes; what
 * is refused is refused in words of ours.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/policy.h"
#include "core/referral.h"
#include "core/verdict.h"

#define ARENA_SIZE (4u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* Printable ASCII, or nothing: a verdict travels back to whoever sent it. */
static void require_words(const struct verdict *verdict)
{
    require((size_t)verdict->problem < PROBLEM_COUNT);
    require((verdict->remedy[0] == '\0') == verdict_allows(verdict));
    for (const char *text = verdict->clause; *text != '\0'; text++)
        require(*text >= ' ' && *text <= '~');
    for (const char *text = verdict->remedy; *text != '\0'; text++)
        require(*text >= ' ' && *text <= '~');
}

static void judge(const struct referral_event *event)
{
    const struct slice listed[] = { SLICE_LITERAL("call_name"),
        SLICE_LITERAL("cough_weeks") };
    const struct mou_party parties[] = {
        { .id = SLICE_LITERAL("one"),
            .agency = { "aaaaaaaaaaaaaaaaaaaaaaaaaa" },
            .refers = true,
            .receives = true },
        { .id = SLICE_LITERAL("two"),
            .agency = { "bbbbbbbbbbbbbbbbbbbbbbbbbb" },
            .refers = true,
            .receives = true },
    };
    const struct mou_service service = { .id = SLICE_LITERAL("s"),
        .party = SLICE_LITERAL("two") };
    const struct mou_pathway pathway = { .from = SLICE_LITERAL("one"),
        .to = SLICE_LITERAL("s"),
        .purpose = SLICE_LITERAL("p"),
        .hops_max = 1 };
    const struct mou_purpose purpose = { .purpose = SLICE_LITERAL("p"),
        .required = listed,
        .required_count = 1,
        .allowed = listed + 1,
        .allowed_count = 1 };
    const struct mou mou = { .until = { INT64_MAX },
        .parties = parties,
        .party_count = 2,
        .services = &service,
        .service_count = 1,
        .pathways = &pathway,
        .pathway_count = 1,
        .purposes = &purpose,
        .purpose_count = 1,
        .consent_days_max = 365 };
    const struct referral_request stored = { .service = SLICE_LITERAL("s"),
        .purpose = SLICE_LITERAL("p"),
        .ask_back = ASK_BACK_SHORT_NOTE };
    const struct guard_context context = { .request = &stored,
        .walk_in = event->seq % 2 == 0,
        .may_forward = event->seen % 2 == 0,
        .offer = SLICE_LITERAL("2027-01-31T09:00:00Z"),
        .purpose_elements = listed,
        .purpose_element_count = 2 };
    const struct policy_question question = { .from = parties[0].agency,
        .to = parties[1].agency,
        .now = { INT64_C(1800000000000) },
        .mou = &mou,
        .in_force_at_author = true,
        .in_force_at_recipient = true,
        .event = event,
        .request = event->request != NULL ? event->request : &stored,
        .from_referrer = event->type == EVENT_SEND || event->seq % 3 == 0 };
    struct verdict verdict;
    enum referral_state next;
    referral_guard(event, &context, &verdict);
    require_words(&verdict);
    policy_judge(&question, &verdict);
    require_words(&verdict);
    for (int state = 0; state < REFERRAL_STATE_COUNT; state++)
        if (referral_next((enum referral_state)state, event->type,
                referral_party_of(event->actor, event->seq % 2 == 0),
                &next) == ERR_NONE)
            require(next > REFERRAL_UNKNOWN && next < REFERRAL_STATE_COUNT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* kept: taking and wiping it costs more than all the rest */
    static struct arena arena;
    struct referral_event event;
    struct verdict verdict;
    if (arena.capacity == 0)
        require(arena_init(&arena, ARENA_SIZE) == ERR_NONE);
    if (referral_event_read(slice_of(data, size), &arena, &event) == ERR_NONE) {
        struct slice again = referral_event_write(&event, &arena);
        require(slice_equal(again, slice_of(data, size)));
        referral_check(&event, &verdict);
        require_words(&verdict);
        if (verdict_allows(&verdict))
            judge(&event);
    }
    arena_reset(&arena);
    return 0;
}
