#include "core/erasure_notice.h"

#include "core/element.h"
#include "core/verdict.h"

static const char *const reasons[] = { [ERASURE_NONE] = "",
#define X(symbol, number, text) [ERASURE_##symbol] = text,
    ERASURE_REASON_LIST(X)
#undef X
};
_Static_assert(
    sizeof reasons / sizeof *reasons == ERASURE_REASON_COUNT, "reasons");

const char *erasure_reason_name(enum erasure_reason reason)
{
    return (size_t)reason < ERASURE_REASON_COUNT ? reasons[reason] : "?";
}

enum erasure_reason erasure_reason_named(struct slice name)
{
    for (unsigned i = 1; i < ERASURE_REASON_COUNT; i++)
        if (slice_is(name, reasons[i]))
            return (enum erasure_reason)i;
    return ERASURE_NONE;
}

/* A year that people and programs can write. */
#define AT_MS_MAX INT64_C(253402300799999)

static bool is_repeated(const struct erasure_notice *notice, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (slice_equal(notice->elements[i], notice->elements[index]))
            return true;
    return false;
}

void erasure_notice_check(
    const struct erasure_notice *notice, struct verdict *verdict)
{
    static const struct uuid none;
    if (uuid_equal(&notice->referral, &none) ||
        notice->reason == ERASURE_NONE ||
        notice->reason >= ERASURE_REASON_COUNT || notice->actor == 0 ||
        notice->actor >= ACTOR_KIND_COUNT || notice->at.unix_ms > AT_MS_MAX) {
        verdict_set(verdict, PROBLEM_FORMAT, "erasure",
            "say of which referral, why, who and when");
        return;
    }
    for (size_t i = 0; i < notice->element_count; i++) {
        if (element_find(notice->elements[i]) == NULL) {
            verdict_refuse(
                verdict, PROBLEM_UNKNOWN_FIELD, "erasure.elements[%zu]", i);
            verdict_remedy(verdict, "use the codes of the element registry");
            return;
        }
        if (is_repeated(notice, i)) {
            verdict_refuse(verdict, PROBLEM_FORMAT, "erasure.elements[%zu]", i);
            verdict_remedy(verdict, "name each element once");
            return;
        }
    }
}
