/* Cross-checks of an agreement, in the order of the document. Paths are those
 * of the YAML form, which is what its authors see. */
#include "core/mou.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/card.h"
#include "core/element.h"
#include "core/form.h"
#include "core/likeness.h"
#include "core/public_key.h"

struct check {
    const struct mou *mou;
    struct crypto *crypto; /* NULL: parties need not be bound */
    struct mou_problem *problem;
    size_t twice; /* the first pathway that is another one as well... */
    size_t first; /* ... which is this one */
};

/* ---- What is said about a finding ---- */

__attribute__((format(printf, 2, 3))) static enum err refuse(
    const struct check *check, const char *path, ...)
{
    va_list arguments;
    va_start(arguments, path);
    (void)vsnprintf(check->problem->path, MOU_PROBLEM_SIZE, path, arguments);
    va_end(arguments);
    return ERR_INVALID;
}

static void explain(
    const struct check *check, const char *reason, const char *remedy)
{
    (void)snprintf(check->problem->reason, MOU_PROBLEM_SIZE, "%s", reason);
    (void)snprintf(check->problem->remedy, MOU_PROBLEM_SIZE, "%s", remedy);
}

/* "REASON: NAME", or the reason alone when the name is no code, so that no
 * foreign byte reaches a screen. */
static void explain_name(const struct check *check, const char *reason,
    struct slice name, const char *remedy)
{
    explain(check, reason, remedy);
    if (code_is_valid(name))
        (void)snprintf(check->problem->reason, MOU_PROBLEM_SIZE, "%s: %.*s",
            reason, (int)name.size, (const char *)name.bytes);
}

/* ---- Candidates: the names that could have been meant ---- */

/* The i-th; false past the last. An empty *name is passed over. */
typedef bool name_at(const struct mou *mou, size_t index, struct slice *name);

static bool referring_party_at(
    const struct mou *mou, size_t index, struct slice *name)
{
    if (index >= mou->party_count)
        return false;
    *name = mou->parties[index].refers ? mou->parties[index].id : SLICE_NONE;
    return true;
}

static bool receiving_party_at(
    const struct mou *mou, size_t index, struct slice *name)
{
    if (index >= mou->party_count)
        return false;
    *name = mou->parties[index].receives ? mou->parties[index].id : SLICE_NONE;
    return true;
}

static bool party_at(const struct mou *mou, size_t index, struct slice *name)
{
    if (index >= mou->party_count)
        return false;
    *name = mou->parties[index].id;
    return true;
}

static bool service_at(const struct mou *mou, size_t index, struct slice *name)
{
    if (index >= mou->service_count)
        return false;
    *name = mou->services[index].id;
    return true;
}

static bool purpose_at(const struct mou *mou, size_t index, struct slice *name)
{
    if (index >= mou->purpose_count)
        return false;
    *name = mou->purposes[index].purpose;
    return true;
}

static bool element_code_at(
    const struct mou *mou, size_t index, struct slice *name)
{
    const struct element *element = element_at(index);
    (void)mou;
    if (element == NULL)
        return false;
    *name = slice_of_text(element->code);
    return true;
}

/* The one most like `wanted`; empty when none is like it. */
static struct slice find_likeness(
    const struct mou *mou, name_at *candidate_at, struct slice wanted)
{
    struct slice best = SLICE_NONE;
    struct slice name;
    size_t best_distance = likeness_distance_max(wanted);
    if (!code_is_valid(wanted))
        return SLICE_NONE;
    for (size_t i = 0; candidate_at(mou, i, &name); i++) {
        if (!code_is_valid(name))
            continue;
        size_t distance = likeness_distance(wanted, name);
        if (distance <= best_distance &&
            (best.size == 0 || distance < best_distance)) {
            best = name;
            best_distance = distance;
        }
    }
    return best;
}

/* Appends as long as it fits with ", ..." behind it. */
static bool append_name(char *remedy, struct slice name, bool is_first)
{
    const char *separator = is_first ? "" : ", ";
    size_t size = strlen(remedy);
    size_t room = MOU_PROBLEM_SIZE - size - sizeof ", ...";
    if (strlen(separator) + name.size > room) {
        (void)snprintf(
            remedy + size, MOU_PROBLEM_SIZE - size, "%s...", separator);
        return false;
    }
    (void)snprintf(remedy + size, MOU_PROBLEM_SIZE - size, "%s%.*s", separator,
        (int)name.size, (const char *)name.bytes);
    return true;
}

/* "use one of: a, b, c", the likeliest first. */
static void explain_candidates(const struct check *check, const char *reason,
    struct slice wanted, name_at *candidate_at, const char *when_none)
{
    char *remedy = check->problem->remedy;
    struct slice likely = find_likeness(check->mou, candidate_at, wanted);
    struct slice name;
    bool is_first = likely.size == 0;
    explain_name(check, reason, wanted, "use one of: ");
    if (!is_first)
        (void)append_name(remedy, likely, true);
    for (size_t i = 0; candidate_at(check->mou, i, &name); i++) {
        if (!code_is_valid(name) || slice_equal(name, likely))
            continue;
        if (!append_name(remedy, name, is_first))
            return;
        is_first = false;
    }
    if (is_first)
        (void)snprintf(remedy, MOU_PROBLEM_SIZE, "%s", when_none);
}

/* ---- Small checks that several clauses share ---- */

#define REMEDY_CODE "use 1 to 64 of a-z, 0-9, hyphen, dot and underscore"
#define REMEDY_LINE "write one line of 1 to 256 bytes of UTF-8 text"
#define REMEDY_UNIQUE "give each its own, or delete one of the two"

static bool is_in(struct slice name, const struct slice *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_equal(name, list[i]))
            return true;
    return false;
}

/* ---- The document as a whole ---- */

static enum err check_counts(const struct check *check)
{
    const struct mou *mou = check->mou;
    const struct {
        const char *path;
        size_t count;
        size_t min;
        size_t max;
    } lists[] = {
        { "parties", mou->party_count, 2, MOU_PARTY_COUNT_MAX },
        { "services", mou->service_count, 1, MOU_SERVICE_COUNT_MAX },
        { "pathways", mou->pathway_count, 1, MOU_PATHWAY_COUNT_MAX },
        { "data_elements", mou->purpose_count, 1, MOU_PURPOSE_COUNT_MAX },
        { "never_share", mou->never_share_count, 0, MOU_ELEMENT_COUNT_MAX },
        { "signatures_required", mou->signature_required_count, 2,
            MOU_PARTY_COUNT_MAX },
    };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        if (lists[i].count >= lists[i].min && lists[i].count <= lists[i].max)
            continue;
        explain(check, "has too few or too many entries", "");
        (void)snprintf(check->problem->remedy, MOU_PROBLEM_SIZE,
            "list from %zu to %zu", lists[i].min, lists[i].max);
        (void)refuse(check, "%s", lists[i].path);
        return lists[i].count > lists[i].max ? ERR_LIMIT : ERR_INVALID;
    }
    return ERR_NONE;
}

static enum err check_head(const struct check *check)
{
    const struct mou *mou = check->mou;
    if (!form_is_urn(mou->id, NAME_SIZE_MAX)) {
        explain(check, "is no URN", "use a name such as urn:mou:city:tb");
        return refuse(check, "id");
    }
    if (!form_is_line(mou->title, NAME_SIZE_MAX)) {
        explain(check, "is not one line of text", REMEDY_LINE);
        return refuse(check, "title");
    }
    if (mou->version == 0) {
        explain(check, "is 0", "count from 1 and up with every change");
        return refuse(check, "version");
    }
    if (mou->from.unix_ms < 0 || !instant_before(mou->from, mou->until)) {
        explain(check, "ends before it begins",
            "let until be the day of from or a later one");
        return refuse(check, "in_force.until");
    }
    return ERR_NONE;
}

/* ---- Parties ---- */

static enum err check_binding(const struct check *check, size_t index)
{
    const struct mou_party *party = &check->mou->parties[index];
    struct agency_id id;
    if (party->agency.text[0] == '\0') {
        explain_name(check, "is bound to no agency", party->id,
            "offer the MOU with the card of this party");
        return refuse(check, "parties[%zu].agency", index);
    }
    agency_id_of(check->crypto, party->root_key, &id);
    if (!public_key_is_sound(party->root_key) ||
        !agency_id_equal(&id, &party->agency)) {
        explain_name(check, "is not the hash of a sound root key", party->id,
            "offer the MOU with the card of this party");
        return refuse(check, "parties[%zu].agency", index);
    }
    for (size_t i = 0; i < index; i++)
        if (agency_id_equal(&party->agency, &check->mou->parties[i].agency)) {
            explain_name(check, "is the agency of another party too",
                check->mou->parties[i].id,
                "bind each party to an agency of its own");
            return refuse(check, "parties[%zu].agency", index);
        }
    return ERR_NONE;
}

static enum err check_party(const struct check *check, size_t index)
{
    const struct mou_party *party = &check->mou->parties[index];
    if (!code_is_valid(party->id)) {
        explain(check, "is no code", REMEDY_CODE);
        return refuse(check, "parties[%zu].id", index);
    }
    for (size_t i = 0; i < index; i++)
        if (slice_equal(party->id, check->mou->parties[i].id)) {
            explain_name(check, "names two parties", party->id, REMEDY_UNIQUE);
            return refuse(check, "parties[%zu].id", index);
        }
    if (!form_is_line(party->name, NAME_SIZE_MAX)) {
        explain(check, "is not one line of text", REMEDY_LINE);
        return refuse(check, "parties[%zu].name", index);
    }
    if (!party->refers && !party->receives) {
        explain(check, "is empty", "use one of: refers, receives");
        return refuse(check, "parties[%zu].role", index);
    }
    return check->crypto != NULL ? check_binding(check, index) : ERR_NONE;
}

/* ---- Services ---- */

static enum err check_service(const struct check *check, size_t index)
{
    const struct mou_service *service = &check->mou->services[index];
    if (!code_is_valid(service->id)) {
        explain(check, "is no code", REMEDY_CODE);
        return refuse(check, "services[%zu].id", index);
    }
    for (size_t i = 0; i < index; i++)
        if (slice_equal(service->id, check->mou->services[i].id)) {
            explain_name(
                check, "names two services", service->id, REMEDY_UNIQUE);
            return refuse(check, "services[%zu].id", index);
        }
    const struct mou_party *party = mou_party_named(check->mou, service->party);
    if (party == NULL || !party->receives) {
        explain_candidates(check,
            party == NULL ? "names no party"
                          : "names a party that does not receive",
            service->party, receiving_party_at,
            "give a party the role receives");
        return refuse(check, "services[%zu].party", index);
    }
    if (!form_is_line(service->name, NAME_SIZE_MAX)) {
        explain(check, "is not one line of text", REMEDY_LINE);
        return refuse(check, "services[%zu].name", index);
    }
    if (!service->walk_in && !service->booked && !service->outreach) {
        explain(check, "is empty", "use one of: walk_in, booked, outreach");
        return refuse(check, "services[%zu].access_mode", index);
    }
    return ERR_NONE;
}

/* ---- Pathways ---- */

static enum err check_pathway_names(const struct check *check, size_t index)
{
    const struct mou_pathway *pathway = &check->mou->pathways[index];
    const struct mou_party *from = mou_party_named(check->mou, pathway->from);
    if (from == NULL || !from->refers) {
        explain_candidates(check,
            from == NULL ? "names no party"
                         : "names a party that does not refer",
            pathway->from, referring_party_at, "give a party the role refers");
        return refuse(check, "pathways[%zu].from", index);
    }
    const struct mou_service *to = mou_service_named(check->mou, pathway->to);
    if (to == NULL) {
        explain_candidates(check, "names no service", pathway->to, service_at,
            "list the service under services");
        return refuse(check, "pathways[%zu].to", index);
    }
    if (slice_equal(to->party, pathway->from)) {
        explain_name(check, "names a service of the referring party itself",
            pathway->to, "use a service of another party");
        return refuse(check, "pathways[%zu].to", index);
    }
    if (mou_purpose_named(check->mou, pathway->purpose) == NULL) {
        explain_candidates(check, "names no purpose of data_elements",
            pathway->purpose, purpose_at,
            "list the purpose under data_elements");
        return refuse(check, "pathways[%zu].purpose", index);
    }
    return ERR_NONE;
}

static enum err check_pathway(const struct check *check, size_t index)
{
    const struct mou_pathway *pathway = &check->mou->pathways[index];
    enum err err = check_pathway_names(check, index);
    if (err != ERR_NONE)
        return err;
    if (pathway->hops_max > MOU_HOP_COUNT_MAX) {
        explain(check, "is too many", "use a number from 0 to 8");
        return refuse(check, "pathways[%zu].max_hops", index);
    }
    if (pathway->forward != MOU_FORWARD_NEVER &&
        pathway->forward != MOU_FORWARD_WITH_CONSENT) {
        explain(check, "is missing", "use one of: never, with_consent");
        return refuse(check, "pathways[%zu].forward", index);
    }
    if (index != check->twice)
        return ERR_NONE;
    explain(check, "", "delete one of the two");
    (void)snprintf(check->problem->reason, MOU_PROBLEM_SIZE,
        "is for the same from, to and purpose as pathways[%zu]", check->first);
    return refuse(check, "pathways[%zu]", index);
}

_Static_assert(MOU_HOP_COUNT_MAX == 8, "the remedy says 8");

/* ---- Data elements ---- */

struct element_list {
    const char *name;
    const struct slice *codes;
    size_t count;
};

/* Every code in the registry, none twice, none in `other` or never_share. */
static enum err check_elements(const struct check *check, size_t purpose,
    const struct element_list *list, const struct element_list *other)
{
    const struct mou *mou = check->mou;
    for (size_t i = 0; i < list->count; i++) {
        struct slice code = list->codes[i];
        if (element_find(code) == NULL)
            explain_candidates(check, "is no element of the registry", code,
                element_code_at, "use an element of the registry");
        else if (is_in(code, list->codes, i))
            explain_name(check, "stands twice", code, "delete one of the two");
        else if (is_in(code, other->codes, other->count))
            explain_name(check, "is both required and allowed", code,
                "delete one: what is required is allowed");
        else if (is_in(code, mou->never_share, mou->never_share_count))
            explain_name(check, "is named by never_share", code,
                "delete it here or there");
        else
            continue;
        return refuse(
            check, "data_elements[%zu].%s[%zu]", purpose, list->name, i);
    }
    return ERR_NONE;
}

static enum err check_purpose(const struct check *check, size_t index)
{
    const struct mou_purpose *purpose = &check->mou->purposes[index];
    const struct element_list required = { "required", purpose->required,
        purpose->required_count };
    const struct element_list allowed = { "allowed", purpose->allowed,
        purpose->allowed_count };
    const struct element_list nothing = { "", NULL, 0 };
    if (!code_is_valid(purpose->purpose)) {
        explain(check, "is no code", REMEDY_CODE);
        return refuse(check, "data_elements[%zu].purpose", index);
    }
    for (size_t i = 0; i < index; i++)
        if (slice_equal(purpose->purpose, check->mou->purposes[i].purpose)) {
            explain_name(
                check, "stands twice", purpose->purpose, REMEDY_UNIQUE);
            return refuse(check, "data_elements[%zu].purpose", index);
        }
    if (required.count > MOU_ELEMENT_COUNT_MAX ||
        allowed.count > MOU_ELEMENT_COUNT_MAX) {
        explain(check, "lists too many elements", "list at most 128");
        (void)refuse(check, "data_elements[%zu]", index);
        return ERR_LIMIT;
    }
    enum err err = check_elements(check, index, &required, &nothing);
    if (err != ERR_NONE)
        return err;
    return check_elements(check, index, &allowed, &required);
}

static enum err check_never_share(const struct check *check)
{
    const struct mou *mou = check->mou;
    for (size_t i = 0; i < mou->never_share_count; i++) {
        struct slice code = mou->never_share[i];
        if (element_find(code) == NULL)
            explain_candidates(check, "is no element of the registry", code,
                element_code_at, "use an element of the registry");
        else if (is_in(code, mou->never_share, i))
            explain_name(check, "stands twice", code, "delete one of the two");
        else
            continue;
        return refuse(check, "never_share[%zu]", i);
    }
    return ERR_NONE;
}

/* ---- Consent and signatures ---- */

static enum err check_consent(const struct check *check)
{
    if (check->mou->consent_days_max >= 1 &&
        check->mou->consent_days_max <= MOU_CONSENT_DAYS_MAX)
        return ERR_NONE;
    explain(check, "is not a number of days that consent can last",
        "use a number from 1 to 3650");
    return refuse(check, "consent.max_expiry_days");
}

_Static_assert(MOU_CONSENT_DAYS_MAX == 3650, "the remedy says 3650");

static enum err check_retention(const struct check *check)
{
    const struct mou *mou = check->mou;
    bool is_long = mou->content_days > MOU_RETENTION_DAYS_MAX;
    if (is_long || mou->identifiers_days > MOU_RETENTION_DAYS_MAX) {
        explain(check, "is not a number of days that words may be held",
            "use a number from 1 to 3650");
        return refuse(check, "retention.%s",
            is_long ? "referral_content_days" : "identifiers_days");
    }
    if (mou->content_days == 0 || mou->identifiers_days <= mou->content_days)
        return ERR_NONE;
    explain(check, "is more than referral_content_days",
        "use fewer days: identifiers go with the content");
    return refuse(check, "retention.identifiers_days");
}

_Static_assert(MOU_RETENTION_DAYS_MAX == 3650, "the remedy says 3650");

static enum err check_required_signature(
    const struct check *check, struct slice party, size_t pathway)
{
    const struct mou *mou = check->mou;
    if (is_in(party, mou->signatures_required, mou->signature_required_count))
        return ERR_NONE;
    explain(check, "", "");
    (void)snprintf(check->problem->reason, MOU_PROBLEM_SIZE,
        "lacks %.*s, a party of pathways[%zu]", (int)party.size,
        (const char *)party.bytes, pathway);
    (void)snprintf(check->problem->remedy, MOU_PROBLEM_SIZE,
        "add %.*s, or delete the pathway", (int)party.size,
        (const char *)party.bytes);
    return refuse(check, "signatures_required");
}

static enum err check_signatures(const struct check *check)
{
    const struct mou *mou = check->mou;
    for (size_t i = 0; i < mou->signature_required_count; i++) {
        struct slice party = mou->signatures_required[i];
        if (mou_party_named(mou, party) == NULL)
            explain_candidates(
                check, "names no party", party, party_at, "list the party");
        else if (is_in(party, mou->signatures_required, i))
            explain_name(check, "stands twice", party, "delete one of the two");
        else
            continue;
        return refuse(check, "signatures_required[%zu]", i);
    }
    for (size_t i = 0; i < mou->pathway_count; i++) {
        const struct mou_pathway *pathway = &mou->pathways[i];
        struct slice to = mou_service_named(mou, pathway->to)->party;
        enum err err = check_required_signature(check, pathway->from, i);
        if (err == ERR_NONE)
            err = check_required_signature(check, to, i);
        if (err != ERR_NONE)
            return err;
    }
    return ERR_NONE;
}

/* ---- All of it ---- */

static enum err check_rows(const struct check *check, size_t count,
    enum err (*check_row)(const struct check *, size_t))
{
    for (size_t i = 0; i < count; i++) {
        enum err err = check_row(check, i);
        if (err != ERR_NONE)
            return err;
    }
    return ERR_NONE;
}

enum err mou_check(struct crypto *crypto, const struct mou *mou, bool bound,
    struct mou_problem *problem)
{
    struct check check = {
        .mou = mou,
        .crypto = bound ? crypto : NULL,
        .problem = problem,
    };
    *problem = (struct mou_problem){ "", "", "" };
    enum err err = check_counts(&check);
    if (err == ERR_NONE)
        err = check_head(&check);
    if (err == ERR_NONE)
        err = check_rows(&check, mou->party_count, check_party);
    if (err == ERR_NONE)
        err = check_rows(&check, mou->service_count, check_service);
    if (err == ERR_NONE) {
        check.twice = mou_pathway_twice(mou, &check.first);
        err = check_rows(&check, mou->pathway_count, check_pathway);
    }
    if (err == ERR_NONE)
        err = check_never_share(&check);
    if (err == ERR_NONE)
        err = check_rows(&check, mou->purpose_count, check_purpose);
    if (err == ERR_NONE)
        err = check_consent(&check);
    if (err == ERR_NONE)
        err = check_retention(&check);
    if (err == ERR_NONE)
        err = check_signatures(&check);
    return err;
}
