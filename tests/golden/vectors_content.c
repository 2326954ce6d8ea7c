/* What entries say: an agreement, events of a referral, an answer. */
#include <string.h>

#include "core/erasure_notice.h"
#include "core/referral.h"
#include "golden/vectors.h"
#include "support/crypto_repeat.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct mou_id example_mou(void)
{
    struct mou_id id;
    memset(id.bytes, 0x11, sizeof id.bytes);
    return id;
}

/* ---- The agreement ------------------------------------------------------- */

static struct slice agreement(struct vectors *vectors)
{
    struct mou_party parties[] = {
        { .id = SLICE_LITERAL("opendoor"),
            .name = SLICE_LITERAL("Open Door outreach"),
            .agency = vectors->author_id,
            .refers = true },
        { .id = SLICE_LITERAL("tbhosp"),
            .name = SLICE_LITERAL("City TB Hospital"),
            .agency = vectors->recipient_id,
            .receives = true },
    };
    struct mou_service service = { .id = SLICE_LITERAL("tb.assess"),
        .party = SLICE_LITERAL("tbhosp"),
        .name = SLICE_LITERAL("TB check"),
        .walk_in = true,
        .booked = true };
    struct mou_pathway pathway = { .from = SLICE_LITERAL("opendoor"),
        .to = SLICE_LITERAL("tb.assess"),
        .purpose = SLICE_LITERAL("tb_assessment"),
        .hops_max = 1,
        .forward = MOU_FORWARD_WITH_CONSENT };
    struct slice required[] = { SLICE_LITERAL("call_name") };
    struct slice allowed[] = { SLICE_LITERAL("contact_route"),
        SLICE_LITERAL("cough_weeks"), SLICE_LITERAL("year_of_birth") };
    struct slice never[] = { SLICE_LITERAL("immigration_status"),
        SLICE_LITERAL("photo") };
    struct mou_purpose purpose = { .purpose = SLICE_LITERAL("tb_assessment"),
        .required = required,
        .required_count = COUNT(required),
        .allowed = allowed,
        .allowed_count = COUNT(allowed) };
    struct slice signing[] = { parties[0].id, parties[1].id };
    struct mou mou = { .id = SLICE_LITERAL("urn:mou:example:tb-support"),
        .title = SLICE_LITERAL("Referrals for a TB check"),
        .version = 1,
        .from = { VECTOR_START_MS },
        .until = { VECTOR_END_MS },
        .parties = parties,
        .party_count = COUNT(parties),
        .services = &service,
        .service_count = 1,
        .pathways = &pathway,
        .pathway_count = 1,
        .purposes = &purpose,
        .purpose_count = 1,
        .never_share = never,
        .never_share_count = COUNT(never),
        .consent_days_max = 365,
        .signatures_required = signing,
        .signature_required_count = COUNT(signing) };
    struct mou_problem problem;
    crypto_repeat_ed25519(0xa0, parties[0].root_key);
    crypto_repeat_ed25519(0xb0, parties[1].root_key);
    vectors_must(mou_check(vectors->author, &mou, true, &problem) == ERR_NONE);
    return mou_bytes(&mou, &vectors->arena);
}

static void add_agreement(struct vectors *vectors)
{
    struct slice bytes = agreement(vectors);
    mou_id_of(vectors->author, bytes, &vectors->mou);
    uint8_t statement[MOU_STATEMENT_SIZE];
    mou_statement(&vectors->mou, statement);
    struct mou_signature signatures[] = { { .agency = vectors->author_id },
        { .agency = vectors->recipient_id } };
    crypto_repeat_sign(0xa0, SLICE_ARRAY(statement), signatures[0].signature);
    crypto_repeat_sign(0xb0, SLICE_ARRAY(statement), signatures[1].signature);
    struct mou_bundle offer = { .id = vectors->mou,
        .mou = bytes,
        .signatures = signatures,
        .signature_count = 1 };
    struct mou_bundle both = {
        .id = vectors->mou, .signatures = signatures, .signature_count = 2
    };
    struct mou_id example = example_mou();
    vectors_add(vectors, "mou.hex", bytes);
    vectors_add(
        vectors, "mou_offer.hex", mou_offer_write(&offer, &vectors->arena));
    vectors_add(vectors, "mou_signatures.hex",
        mou_signatures_write(&both, &vectors->arena));
    vectors_add(vectors, "mou_in_force.hex",
        mou_in_force_write(&example, &vectors->arena));
}

/* ---- A referral ---------------------------------------------------------- */

static void add_send(struct vectors *vectors)
{
    struct slice codes[] = { SLICE_LITERAL("call_name"),
        SLICE_LITERAL("cough_weeks") };
    struct named_value elements[] = {
        { codes[0], SLICE_LITERAL("Sasha") },
        { codes[1], SLICE_LITERAL("3") },
    };
    struct grant grant = { .to = vectors->recipient_id,
        .purpose = SLICE_LITERAL("tb_assessment"),
        .elements = codes,
        .element_count = COUNT(codes),
        .until = { VECTOR_START_MS + INT64_C(60) * 86400000 } };
    struct referral_request request = { .service = SLICE_LITERAL("tb.assess"),
        .purpose = SLICE_LITERAL("tb_assessment"),
        .urgency = URGENCY_SOON,
        .choice = CHOICE_CHOSEN,
        .ask_back = ASK_BACK_OUTCOME_CODE,
        .reason_plain = SLICE_LITERAL("I have been coughing for three weeks."),
        .consent_at = { VECTOR_START_MS },
        .grants = &grant,
        .grant_count = 1 };
    struct referral_event event = { .mou = vectors->mou,
        .type = EVENT_SEND,
        .seq = 1,
        .actor = ACTOR_STAFF,
        .role = SLICE_LITERAL("outreach_worker"),
        .at = { VECTOR_START_MS + 90000 },
        .key = SLICE_LITERAL("r-1"),
        .request = &request,
        .elements = elements,
        .element_count = COUNT(elements) };
    struct verdict verdict;
    memset(request.thread.bytes, 0x78, sizeof request.thread.bytes);
    memset(event.referral.bytes, 0x77, sizeof event.referral.bytes);
    referral_check(&event, &verdict);
    vectors_must(verdict.problem == PROBLEM_NONE);
    vectors_add(vectors, "event_send.hex",
        referral_event_write(&event, &vectors->arena));
}

static void add_withdraw(struct vectors *vectors)
{
    struct referral_event event = { .mou = example_mou(),
        .type = EVENT_WITHDRAW,
        .seq = 2,
        .seen = 1,
        .actor = ACTOR_PERSON,
        .at = { VECTOR_START_MS + 100000 },
        .key = SLICE_LITERAL("w-1") };
    memset(event.referral.bytes, 0x77, sizeof event.referral.bytes);
    vectors_add(vectors, "event_withdraw.hex",
        referral_event_write(&event, &vectors->arena));
}

static void add_decline(struct vectors *vectors)
{
    struct named_value details[] = {
        { SLICE_LITERAL("reason"), SLICE_LITERAL("NO_CAPACITY") },
        { SLICE_LITERAL("next_option"), SLICE_LITERAL("the mobile clinic") },
    };
    struct referral_event event = { .mou = vectors->mou,
        .type = EVENT_DECLINE,
        .seq = 2,
        .seen = 1,
        .actor = ACTOR_STAFF,
        .role = SLICE_LITERAL("intake_nurse"),
        .at = { VECTOR_START_MS + 110000 },
        .details = details,
        .detail_count = COUNT(details),
        .state = REFERRAL_DECLINED };
    memset(event.referral.bytes, 0x77, sizeof event.referral.bytes);
    vectors_add(vectors, "event_decline.hex",
        referral_event_write(&event, &vectors->arena));
}

static void add_answer(struct vectors *vectors)
{
    struct answer_item items[] = {
        { .index = 0, .count = 1, .verdict = ANSWER_APPLIED },
        { .index = 3,
            .count = 1,
            .verdict = ANSWER_REFUSED,
            .problem = PROBLEM_ELEMENT_NOT_ALLOWED,
            .clause = SLICE_LITERAL("never_share"),
            .remedy =
                SLICE_LITERAL("remove photo: the agreement never shares it"),
            .state = REFERRAL_REFUSED_BY_POLICY },
    };
    struct answer answer = { VECTOR_GENERATION, items, COUNT(items) };
    vectors_add(vectors, "answer.hex", answer_write(&answer, &vectors->arena));
}

static void add_erasure(struct vectors *vectors)
{
    struct slice elements[] = { SLICE_LITERAL("contact_route"),
        SLICE_LITERAL("call_name") };
    struct erasure_notice notice = { .elements = elements,
        .element_count = COUNT(elements),
        .reason = ERASURE_PERSON_ASKED,
        .actor = ACTOR_PERSON,
        .at = { VECTOR_START_MS + 120000 } };
    struct verdict verdict = { .problem = PROBLEM_NONE };
    memset(notice.referral.bytes, 0x77, sizeof notice.referral.bytes);
    erasure_notice_check(&notice, &verdict);
    vectors_must(verdict.problem == PROBLEM_NONE);
    vectors_add(vectors, "erasure_elements.hex",
        erasure_notice_write(&notice, &vectors->arena));
    notice.element_count = 0;
    notice.reason = ERASURE_RETENTION_OVER;
    notice.actor = ACTOR_GATEWAY;
    vectors_add(vectors, "erasure_all.hex",
        erasure_notice_write(&notice, &vectors->arena));
}

static void add_generation(struct vectors *vectors)
{
    struct generation_end end = { VECTOR_GENERATION, 2, { 0 } };
    memset(end.root, 0x88, sizeof end.root);
    vectors_add(
        vectors, "generation.hex", generation_end_write(&end, &vectors->arena));
}

void vectors_add_contents(struct vectors *vectors)
{
    add_agreement(vectors);
    add_send(vectors);
    add_withdraw(vectors);
    add_decline(vectors);
    add_answer(vectors);
    add_generation(vectors);
    add_erasure(vectors);
}
