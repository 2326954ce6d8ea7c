#include "core/desk.h"

#include "core/agreement.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "core/submission_read.h"
#include "core/verdict.h"

#include <string.h>

static void answer_agreement(struct work *work,
    const struct agreement *agreement, struct local_answer *answer)
{
    const struct mou *mou = &agreement->mou;
    answer_record(answer, "mou");
    answer_mou(answer, "id", &agreement->id);
    answer_slice(answer, "urn", mou->id);
    answer_slice(answer, "title", mou->title);
    answer_number(answer, "version", mou->version);
    answer_text(answer, "state", agreement_state(agreement, work->now));
    answer_number(answer, "from_ms", mou->from.unix_ms);
    answer_number(answer, "until_ms", mou->until.unix_ms);
    answer_number(answer, "signed", (int64_t)agreement->signature_count);
    answer_number(answer, "required", (int64_t)mou->signature_required_count);
}

static void refuse(struct local_answer *answer, const struct verdict *verdict)
{
    enum err err = verdict->problem == PROBLEM_MOU_NOT_FOUND   ? ERR_NOT_FOUND
                   : verdict->problem == PROBLEM_SIGNATURE_BAD ? ERR_SIGNATURE
                                                               : ERR_INVALID;
    answer_error(
        answer, err, verdict->problem, verdict->clause, verdict->remedy);
}

void desk_mou_offer(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    static const struct field_rule rules[] = { { "data", LOCAL_DATA, true } };
    struct verdict verdict = { .problem = PROBLEM_NONE };
    struct mou_bundle bundle = { 0 };
    (void)caller;
    if (!fields_check(
            answer, "mou", request->fields, request->field_count, rules, 1))
        return;
    bundle.mou = request->fields[0].bytes;
    if (bundle.mou.size > MOU_SIZE_MAX) {
        answer_error(answer, ERR_LIMIT, PROBLEM_FORMAT, "mou.data",
            "split the agreement: it may have 256 KiB");
        return;
    }
    mou_id_of(work->crypto, bundle.mou, &bundle.id);
    agreement_offer(work, NULL, &bundle, &verdict);
    const struct agreement *agreement = agreement_get(work, &bundle.id);
    if (!verdict_allows(&verdict))
        refuse(answer, &verdict);
    else if (agreement != NULL)
        answer_agreement(work, agreement, answer);
}

static bool id_read(const struct local_request *request, struct mou_id *id,
    struct local_answer *answer)
{
    struct slice text = field_text(request->fields, request->field_count, "id");
    if (mou_id_parse(text, id) == ERR_NONE)
        return true;
    answer_error(answer, ERR_INVALID, PROBLEM_FORMAT, "mou.id",
        "give the id from referctl mou list: 64 hexadecimal digits");
    return false;
}

void desk_mou_sign(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    static const struct field_rule rules[] = {
        { "id", LOCAL_TEXT, true },
        { "agency", LOCAL_TEXT, true },
        { "signature", LOCAL_DATA, true },
    };
    const struct local_field *fields = request->fields;
    size_t count = request->field_count;
    struct verdict verdict = { .problem = PROBLEM_NONE };
    struct mou_signature signature;
    struct mou_id id;
    (void)caller;
    if (!fields_check(answer, "mou", fields, count, rules, 3) ||
        !id_read(request, &id, answer))
        return;
    struct slice bytes = field_text(fields, count, "signature");
    if (bytes.size != SIGNATURE_SIZE ||
        agency_id_parse(field_text(fields, count, "agency"),
            &signature.agency) != ERR_NONE) {
        answer_error(answer, ERR_INVALID, PROBLEM_FORMAT, "mou.signature",
            "sign with referctl mou sign");
        return;
    }
    memcpy(signature.signature, bytes.bytes, SIGNATURE_SIZE);
    agreement_sign(work, NULL, &id, &signature, 1, &verdict);
    const struct agreement *agreement = agreement_get(work, &id);
    if (!verdict_allows(&verdict))
        refuse(answer, &verdict);
    else if (agreement != NULL)
        answer_agreement(work, agreement, answer);
}

void desk_mou_list(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    struct mou_id from = { 0 };
    const struct agreement *agreement;
    (void)caller;
    if (!fields_check(
            answer, "mou", request->fields, request->field_count, NULL, 0))
        return;
    size_t used = work->scratch->used;
    while (!answer_is_full(answer) &&
           (agreement = agreement_next(work, &from)) != NULL) {
        answer_agreement(work, agreement, answer);
        arena_rewind(work->scratch, used);
    }
}

/* NULL: it has not signed. */
static const struct mou_signature *signature_of(
    const struct agreement *agreement, const struct agency_id *agency)
{
    for (size_t i = 0; i < agreement->signature_count; i++)
        if (agency_id_equal(&agreement->signatures[i].agency, agency))
            return &agreement->signatures[i];
    return NULL;
}

void desk_mou_show(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    static const struct field_rule rules[] = { { "id", LOCAL_TEXT, true } };
    struct mou_id id;
    (void)caller;
    if (!fields_check(
            answer, "mou", request->fields, request->field_count, rules, 1) ||
        !id_read(request, &id, answer))
        return;
    const struct agreement *agreement = agreement_get(work, &id);
    if (agreement == NULL) {
        answer_error(answer, ERR_NOT_FOUND, PROBLEM_MOU_NOT_FOUND, "mou.id",
            "look the id up with referctl mou list");
        return;
    }
    answer_agreement(work, agreement, answer);
    answer_number(
        answer, "rivals", (int64_t)agreement_rival_count(work, agreement));
    answer_data(answer, "data", agreement->bytes);
    for (size_t i = 0; i < agreement->mou.party_count; i++) {
        const struct mou_party *party = &agreement->mou.parties[i];
        const struct mou_signature *signature =
            signature_of(agreement, &party->agency);
        answer_record(answer, "signature");
        answer_slice(answer, "party", party->id);
        answer_text(answer, "agency", party->agency.text);
        answer_slice(answer, "name", party->name);
        answer_flag(answer, "signed", signature != NULL);
        answer_flag(answer, "in_force",
            agreement_is_in_force_at(work, agreement, &party->agency));
        if (signature != NULL)
            answer_data(answer, "signature", SLICE_ARRAY(signature->signature));
    }
}
