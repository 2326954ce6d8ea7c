#include "core/agreement.h"

#include <assert.h>

#include "core/delivery.h"
#include "core/generation.h"
#include "core/keys.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "core/output.h"
#include "core/verdict.h"

#include <stdio.h>
#include <string.h>

#define ROW_VERSION 1

/* Of a batch's arena, for agreements that are asked for again and again; what
 * comes after goes to scratch and is read anew. */
#define CACHE_SIZE_MAX (4u * 1024 * 1024)

/* ---- Rows --------------------------------------------------------------- */

static bool lists_take(struct agreement *agreement, struct arena *arena)
{
    agreement->signatures = arena_take_array(
        arena, agreement->mou.party_count, sizeof *agreement->signatures);
    agreement->in_force = arena_take_array(
        arena, agreement->mou.party_count, sizeof *agreement->in_force);
    return agreement->signatures != NULL && agreement->in_force != NULL;
}

static void lists_unpack(struct unpacker *in, struct agreement *agreement)
{
    size_t limit = agreement->mou.party_count;
    agreement->in_force_here = unpack_u8(in) != 0;
    agreement->signature_count = unpack_u32(in);
    if (agreement->signature_count > limit)
        in->err = ERR_CORRUPT;
    for (size_t i = 0; in->err == ERR_NONE && i < agreement->signature_count;
         i++) {
        struct mou_signature *signature = &agreement->signatures[i];
        unpack_fixed(in, signature->agency.text, AGENCY_ID_SIZE);
        unpack_fixed(in, signature->signature, SIGNATURE_SIZE);
    }
    agreement->in_force_count = unpack_u32(in);
    if (agreement->in_force_count > limit)
        in->err = ERR_CORRUPT;
    for (size_t i = 0; in->err == ERR_NONE && i < agreement->in_force_count;
         i++)
        unpack_fixed(in, agreement->in_force[i].text, AGENCY_ID_SIZE);
}

static struct agreement *row_read(struct work *work, struct arena *arena,
    const struct mou_id *id, struct slice row)
{
    struct agreement *agreement = arena_take(arena, sizeof *agreement);
    row = arena_copy(arena, row);
    if (agreement == NULL || row.bytes == NULL) {
        work_exhausted(work);
        return NULL;
    }
    struct unpacker in = unpack_from(row);
    if (unpack_u8(&in) != ROW_VERSION)
        in.err = ERR_CORRUPT;
    agreement->id = *id;
    agreement->offered_by = unpack_u32(&in);
    agreement->bytes = unpack_bytes(&in);
    /* judged when it was offered; what the store gives back is that */
    enum err err = in.err;
    if (err == ERR_NONE)
        err = mou_read_again(agreement->bytes, arena, &agreement->mou);
    if (err == ERR_NONE && !lists_take(agreement, arena))
        err = ERR_LIMIT;
    if (err == ERR_NONE) {
        lists_unpack(&in, agreement);
        err = unpack_end(&in);
    }
    if (err == ERR_NONE)
        return agreement;
    work_unread(work, err);
    return NULL;
}

static void row_put(struct work *work, const struct agreement *agreement)
{
    work->node->choice.found = NULL;
    size_t used = work->scratch->used;
    size_t capacity =
        64 + agreement->bytes.size +
        agreement->mou.party_count * (2 * AGENCY_ID_SIZE + SIGNATURE_SIZE);
    uint8_t *bytes = arena_take(work->scratch, capacity);
    if (bytes == NULL) {
        work_exhausted(work);
        return;
    }
    struct packer out = pack_into(bytes, capacity);
    pack_u8(&out, ROW_VERSION);
    pack_u32(&out, agreement->offered_by);
    pack_bytes(&out, agreement->bytes);
    pack_u8(&out, agreement->in_force_here);
    pack_u32(&out, (uint32_t)agreement->signature_count);
    for (size_t i = 0; i < agreement->signature_count; i++) {
        const struct mou_signature *signature = &agreement->signatures[i];
        pack_fixed(&out, signature->agency.text, AGENCY_ID_SIZE);
        pack_fixed(&out, signature->signature, SIGNATURE_SIZE);
    }
    pack_u32(&out, (uint32_t)agreement->in_force_count);
    for (size_t i = 0; i < agreement->in_force_count; i++)
        pack_fixed(&out, agreement->in_force[i].text, AGENCY_ID_SIZE);
    work_put(work, key_mou(&agreement->id), &out);
    arena_rewind(work->scratch, used);
}

static struct agreement *cached(struct work *work, const struct mou_id *id)
{
    struct agreement *at = work->node->agreements;
    while (at != NULL && !mou_id_equal(&at->id, id))
        at = at->next;
    return at;
}

struct agreement *agreement_get(struct work *work, const struct mou_id *id)
{
    struct node *node = work->node;
    struct agreement *agreement = cached(work, id);
    if (agreement != NULL)
        return agreement;
    struct key key = key_mou(id);
    struct slice row = store_get(work->txn, key_slice(&key));
    if (row.bytes == NULL)
        return NULL;
    if (node->agreements_size >= CACHE_SIZE_MAX)
        return row_read(work, work->scratch, id, row);
    size_t used = work->arena->used;
    agreement = row_read(work, work->arena, id, row);
    node->agreements_size += work->arena->used - used;
    if (agreement != NULL) {
        agreement->next = node->agreements;
        node->agreements = agreement;
    }
    return agreement;
}

/* The id after this one; all ones stay what they are. */
static void id_step(struct mou_id *id)
{
    struct mou_id next = *id;
    for (size_t i = sizeof next.bytes; i-- > 0;)
        if (++next.bytes[i] != 0) {
            *id = next;
            return;
        }
}

bool agreement_row_next(struct work *work, struct mou_id *from,
    struct mou_id *id, struct slice *row)
{
    struct key wanted = key_mou(from);
    struct slice key = key_slice(&wanted);
    if (!store_seek(work->txn, KEY_TABLE_SIZE, &key, row))
        return false;
    memcpy(id->bytes, key.bytes + KEY_TABLE_SIZE, sizeof id->bytes);
    *from = *id;
    id_step(from);
    return true;
}

struct agreement *agreement_next(struct work *work, struct mou_id *from)
{
    struct mou_id id;
    struct slice row;
    if (!agreement_row_next(work, from, &id, &row))
        return NULL;
    struct agreement *held = cached(work, &id);
    return held != NULL ? held : row_read(work, work->scratch, &id, row);
}

/* What a row says without its document being read: that is what most of them
 * are asked, and documents are large. */
struct row_head {
    uint32_t offered_by;
    bool in_force_here;
    bool in_force_there;
    bool signed_there;
};

static struct row_head row_peek(
    struct work *work, struct slice row, const struct agency_id *there)
{
    struct agency_id agency = { "" };
    struct row_head head = { .offered_by = 0 };
    struct unpacker in = unpack_from(row);
    (void)unpack_u8(&in);
    head.offered_by = unpack_u32(&in);
    (void)unpack_bytes(&in);
    head.in_force_here = unpack_u8(&in) != 0;
    for (uint32_t left = unpack_u32(&in); left > 0 && in.err == ERR_NONE;
         left--) {
        uint8_t skipped[SIGNATURE_SIZE];
        unpack_fixed(&in, agency.text, AGENCY_ID_SIZE);
        unpack_fixed(&in, skipped, SIGNATURE_SIZE);
        head.signed_there |= agency_id_equal(&agency, there);
    }
    for (uint32_t left = unpack_u32(&in); left > 0 && in.err == ERR_NONE;
         left--) {
        unpack_fixed(&in, agency.text, AGENCY_ID_SIZE);
        head.in_force_there |= agency_id_equal(&agency, there);
    }
    if (unpack_end(&in) != ERR_NONE)
        work_corrupt(work);
    return head;
}

/* Each party tells all others of each signature: among many, nearly all that
 * is told is known, which the row shows without its document being read. */
static bool has_all(struct work *work, const struct mou_id *id,
    const struct mou_signature *signatures, size_t count)
{
    struct key key = key_mou(id);
    struct slice row = store_get(work->txn, key_slice(&key));
    bool has = row.bytes != NULL;
    for (size_t i = 0; i < count && has; i++)
        has = row_peek(work, row, &signatures[i].agency).signed_there;
    return has;
}

/* ---- What holds --------------------------------------------------------- */

bool agreement_is_in_force_at(const struct work *work,
    const struct agreement *agreement, const struct agency_id *agency)
{
    if (agency_id_equal(agency, &work->node->self))
        return agreement->in_force_here;
    for (size_t i = 0; i < agreement->in_force_count; i++)
        if (agency_id_equal(&agreement->in_force[i], agency))
            return true;
    return false;
}

const char *agreement_state(
    const struct agreement *agreement, struct instant now)
{
    if (!agreement->in_force_here)
        return "offered";
    if (instant_before(now, agreement->mou.from))
        return "waiting";
    return mou_is_dated(&agreement->mou, now) ? "in_force" : "over";
}

static bool is_for(struct work *work, const struct agreement *agreement,
    const struct peer *to, struct slice service, struct slice purpose)
{
    const struct mou *mou = &agreement->mou;
    const struct mou_party *from = mou_party_of(mou, &work->node->self);
    const struct mou_party *recipient = mou_party_of(mou, &to->agency);
    const struct mou_service *offered = mou_service_named(mou, service);
    return from != NULL && recipient != NULL && offered != NULL &&
           slice_equal(offered->party, recipient->id) &&
           mou_pathway_for(mou, from->id, service, purpose) != NULL &&
           agreement->in_force_here && mou_is_dated(mou, work->now) &&
           agreement_is_in_force_at(work, agreement, &to->agency);
}

static bool is_chosen(const struct work *work, const struct peer *to,
    struct slice service, struct slice purpose)
{
    const struct agreement_choice *choice = &work->node->choice;
    return choice->found != NULL && choice->peer == to->number &&
           choice->at.unix_ms == work->now.unix_ms &&
           slice_equal(
               slice_of(choice->service, choice->service_size), service) &&
           slice_equal(
               slice_of(choice->purpose, choice->purpose_size), purpose);
}

/* Only what lives as long as the batch. */
static void choose(struct work *work, const struct peer *to,
    struct slice service, struct slice purpose, struct agreement *best)
{
    struct agreement_choice *choice = &work->node->choice;
    choice->found = NULL;
    if (best == NULL || cached(work, &best->id) != best ||
        service.size > sizeof choice->service || service.size == 0 ||
        purpose.size > sizeof choice->purpose || purpose.size == 0)
        return;
    *choice = (struct agreement_choice){ .found = best,
        .peer = to->number,
        .at = work->now,
        .service_size = service.size,
        .purpose_size = purpose.size };
    memcpy(choice->service, service.bytes, service.size);
    memcpy(choice->purpose, purpose.bytes, purpose.size);
}

struct agreement *agreement_for(struct work *work, const struct peer *to,
    struct slice service, struct slice purpose)
{
    struct agreement *best = NULL;
    struct mou_id from = { 0 };
    struct mou_id id;
    struct slice row;
    if (is_chosen(work, to, service, purpose))
        return work->node->choice.found;
    while (agreement_row_next(work, &from, &id, &row)) {
        struct row_head head = row_peek(work, row, &to->agency);
        if (!head.in_force_here || !head.in_force_there)
            continue;
        struct agreement *at = agreement_get(work, &id);
        if (at != NULL && is_for(work, at, to, service, purpose) &&
            (best == NULL || at->mou.version > best->mou.version))
            best = at;
    }
    choose(work, to, service, purpose, best);
    return best;
}

/* One in force at both ends, by the rows alone. */
static struct agreement *binding_with(struct work *work, const struct peer *to)
{
    struct mou_id from = { 0 };
    struct mou_id id;
    struct slice row;
    while (agreement_row_next(work, &from, &id, &row)) {
        struct row_head head = row_peek(work, row, &to->agency);
        if (head.in_force_here && head.in_force_there)
            return agreement_get(work, &id);
    }
    return NULL;
}

struct agreement *agreement_with(struct work *work, const struct peer *to)
{
    struct mou_id from = { 0 };
    struct agreement *at = binding_with(work, to);
    if (at != NULL)
        return at;
    size_t used = work->scratch->used;
    while ((at = agreement_next(work, &from)) != NULL &&
           mou_party_of(&at->mou, &to->agency) == NULL)
        arena_rewind(work->scratch, used);
    return at;
}

/* ---- Telling ------------------------------------------------------------ */

enum telling { TELL_OFFER, TELL_SIGNATURES, TELL_IN_FORCE };

static struct tell content_of(
    struct work *work, const struct agreement *agreement, enum telling telling)
{
    struct mou_bundle bundle = { agreement->id, agreement->bytes,
        agreement->signatures, agreement->signature_count };
    if (telling == TELL_OFFER)
        return (struct tell){ .kind = ENTRY_MOU_OFFER,
            .content = mou_offer_write(&bundle, work->scratch) };
    if (telling == TELL_SIGNATURES)
        return (struct tell){ .kind = ENTRY_MOU_SIGNATURES,
            .content = mou_signatures_write(&bundle, work->scratch) };
    assert(telling == TELL_IN_FORCE);
    return (struct tell){ .kind = ENTRY_MOU_IN_FORCE,
        .content = mou_in_force_write(&agreement->id, work->scratch) };
}

/* While old entries are taken up: it was told when it happened, or is when the
 * ledger goes on in a new generation. Who had that before is told now. */
static bool is_told_later(struct work *work, struct peer *peer)
{
    const struct ledger *out =
        work->node->folds ? peer_ledger(work, peer, LEDGER_OUT) : NULL;
    return out != NULL && (out->refills || generation_is_spent(work, out));
}

/* Tells that one, or NULL all other parties that are accepted peers but the one
 * it came from. However many they are, the content is there once. */
static void tell(struct work *work, struct peer *only, const struct peer *from,
    const struct agreement *agreement, enum telling telling)
{
    size_t used = work->scratch->used;
    struct tell what = content_of(work, agreement, telling);
    if (what.content.bytes == NULL) {
        work_exhausted(work);
        return;
    }
    for (size_t i = 0; i < agreement->mou.party_count; i++) {
        struct peer *peer =
            peer_find(work->node, &agreement->mou.parties[i].agency);
        if (peer == NULL || peer == from || peer->state != PEER_ACCEPTED ||
            (only != NULL && peer != only) || is_told_later(work, peer))
            continue;
        if (content_is_none(what.held))
            what.held = work_say(work, VAULT_ENTRY_COMMON, what.content);
        if (content_is_none(what.held) || !delivery_tell(work, peer, &what))
            work_exhausted(work);
    }
    arena_rewind(work->scratch, used);
}

static void tell_parties(struct work *work, const struct peer *from,
    const struct agreement *agreement, enum telling telling)
{
    tell(work, NULL, from, agreement, telling);
}

void agreement_greet(struct work *work, struct peer *peer)
{
    struct mou_id from = { 0 };
    struct agreement *at;
    size_t used = work->scratch->used;
    /* a batch has room for dozens of the largest; two agencies share a few */
    while (work_room(work) > 4 * MOU_SIZE_MAX &&
           (at = agreement_next(work, &from)) != NULL) {
        tell(work, peer, NULL, at, TELL_OFFER);
        if (at->in_force_here)
            tell(work, peer, NULL, at, TELL_IN_FORCE);
        arena_rewind(work->scratch, used);
    }
}

/* ---- Changes ------------------------------------------------------------ */

static void come_into_force(struct work *work, struct agreement *agreement)
{
    if (agreement->in_force_here ||
        !mou_is_signed(
            &agreement->mou, agreement->signatures, agreement->signature_count))
        return;
    agreement->in_force_here = true;
    tell_parties(work, NULL, agreement, TELL_IN_FORCE);
    OUTPUT_LOG(work, LOG_MOU_IN_FORCE, log_mou("mou", &agreement->id));
}

/* How many of them were new and hold. */
static size_t add_signatures(struct work *work, struct agreement *agreement,
    const struct mou_signature *signatures, size_t count,
    struct verdict *verdict)
{
    size_t added = 0;
    for (size_t i = 0; i < count; i++) {
        bool held = false;
        for (size_t k = 0; k < agreement->signature_count; k++)
            held |= agency_id_equal(
                &agreement->signatures[k].agency, &signatures[i].agency);
        if (held)
            continue;
        if (!mou_signature_holds(work->crypto, &agreement->mou, &agreement->id,
                &signatures[i])) {
            verdict_set(verdict, PROBLEM_SIGNATURE_BAD, "signatures",
                "sign the agreement with the root key of the party named");
            continue;
        }
        /* each party once, so the list never outgrows the parties */
        agreement->signatures[agreement->signature_count++] = signatures[i];
        added++;
        OUTPUT_LOG(work, LOG_MOU_SIGNED, log_mou("mou", &agreement->id),
            log_agency("party", &signatures[i].agency));
    }
    return added;
}

static bool is_party(const struct agreement *agreement, const struct peer *peer,
    struct verdict *verdict)
{
    if (peer == NULL || mou_party_of(&agreement->mou, &peer->agency) != NULL)
        return true;
    verdict_set(
        verdict, PROBLEM_FORBIDDEN, "parties", "only a party can say so");
    return false;
}

/* Offers of one agency that nobody brought into force: it could fill the store
 * with them. */
static bool has_quota(
    struct work *work, const struct peer *from, struct verdict *verdict)
{
    struct mou_id at = { 0 };
    struct mou_id id;
    struct slice row;
    size_t count = 0;
    while (from != NULL && agreement_row_next(work, &at, &id, &row)) {
        struct row_head head = row_peek(work, row, &from->agency);
        count += head.offered_by == from->number && !head.in_force_here;
    }
    if (count < MOU_OFFER_COUNT_MAX)
        return true;
    verdict_set(verdict, PROBLEM_RATE_LIMIT, "mou",
        "offer more when those offered before are signed by all");
    return false;
}

/* Checked in scratch: what does not hold there reaches nothing else. */
static bool is_sound_offer(struct work *work, const struct peer *from,
    struct agreement *agreement, struct verdict *verdict)
{
    struct mou_problem problem;
    enum err err = mou_read(work->crypto, agreement->bytes, work->scratch,
        &agreement->mou, &problem);
    if (err != ERR_NONE) {
        verdict_set(verdict, PROBLEM_FORMAT,
            err == ERR_INVALID ? problem.path : "mou",
            err == ERR_INVALID ? problem.remedy
                               : "send the agreement as PROTOCOL.md says");
        return false;
    }
    if (mou_party_of(&agreement->mou, &work->node->self) == NULL) {
        verdict_set(verdict, PROBLEM_FORBIDDEN, "parties",
            "offer it to its parties only: this agency is none");
        return false;
    }
    return is_party(agreement, from, verdict) && has_quota(work, from, verdict);
}

static struct agreement *agreement_add(struct work *work,
    const struct peer *from, const struct mou_bundle *bundle,
    struct verdict *verdict)
{
    size_t used = work->scratch->used;
    struct agreement agreement = { .id = bundle->id,
        .offered_by = from == NULL ? 0 : from->number,
        .bytes = bundle->mou };
    bool is_sound = is_sound_offer(work, from, &agreement, verdict);
    size_t rival_count = is_sound ? agreement_rival_count(work, &agreement) : 0;
    if (is_sound)
        row_put(work, &agreement);
    arena_rewind(work->scratch, used);
    if (!is_sound || work_failed(work))
        return NULL;
    OUTPUT_LOG(work, LOG_MOU_OFFERED, log_mou("mou", &agreement.id));
    if (rival_count > 0)
        OUTPUT_LOG(work, LOG_MOU_CONTRADICTED, log_mou("mou", &agreement.id),
            log_number("rivals", (int64_t)rival_count));
    return agreement_get(work, &agreement.id);
}

void agreement_offer(struct work *work, const struct peer *from,
    const struct mou_bundle *bundle, struct verdict *verdict)
{
    struct agreement *agreement = agreement_get(work, &bundle->id);
    bool is_new = agreement == NULL;
    if (work_failed(work))
        return;
    if (is_new)
        agreement = agreement_add(work, from, bundle, verdict);
    if (agreement == NULL || !is_party(agreement, from, verdict))
        return;
    size_t added = add_signatures(
        work, agreement, bundle->signatures, bundle->signature_count, verdict);
    if (is_new)
        tell_parties(work, from, agreement, TELL_OFFER);
    else if (added > 0)
        tell_parties(work, from, agreement, TELL_SIGNATURES);
    come_into_force(work, agreement);
    if (is_new || added > 0)
        row_put(work, agreement);
}

static struct agreement *known(
    struct work *work, const struct mou_id *id, struct verdict *verdict)
{
    struct agreement *agreement = agreement_get(work, id);
    if (agreement == NULL && !work_failed(work))
        verdict_set(
            verdict, PROBLEM_MOU_NOT_FOUND, "mou", "offer the agreement first");
    return agreement;
}

void agreement_sign(struct work *work, const struct peer *from,
    const struct mou_id *id, const struct mou_signature *signatures,
    size_t count, struct verdict *verdict)
{
    if (has_all(work, id, signatures, count))
        return;
    struct agreement *agreement = known(work, id, verdict);
    if (agreement == NULL)
        return;
    size_t added = add_signatures(work, agreement, signatures, count, verdict);
    if (added == 0)
        return;
    tell_parties(work, from, agreement, TELL_SIGNATURES);
    come_into_force(work, agreement);
    row_put(work, agreement);
}

void agreement_in_force(struct work *work, const struct peer *from,
    const struct mou_id *id, struct verdict *verdict)
{
    struct agreement *agreement = known(work, id, verdict);
    if (agreement == NULL || !is_party(agreement, from, verdict))
        return;
    if (agreement_is_in_force_at(work, agreement, &from->agency))
        return;
    agreement->in_force[agreement->in_force_count++] = from->agency;
    row_put(work, agreement);
}
