#include "core/codec_mou.h"

#include "base/text.h"
#include "core/codec.h"
#include "refer/v1/mou.pb-c.h"

/* ---- Reading ---- */

static enum err read_list(char *const *texts, size_t count, size_t count_max,
    struct arena *arena, const struct slice **list, size_t *list_count)
{
    if (count > count_max)
        return ERR_LIMIT;
    struct slice *slices = arena_take_array(arena, count, sizeof *slices);
    if (slices == NULL)
        return ERR_LIMIT;
    for (size_t i = 0; i < count; i++)
        slices[i] = slice_of_text(texts[i]);
    *list = slices;
    *list_count = count;
    return ERR_NONE;
}

static enum err read_party(
    const Refer__V1__MouParty *from, struct mou_party *party)
{
    *party = (struct mou_party){
        .id = slice_of_text(from->id),
        .name = slice_of_text(from->name),
        .refers = from->refers,
        .receives = from->receives,
    };
    /* not bound yet: mou_check says so, and which party it is */
    if (from->agency[0] == '\0' && from->root_key.len == 0)
        return ERR_NONE;
    enum err err = agency_id_parse(slice_of_text(from->agency), &party->agency);
    if (err != ERR_NONE)
        return err;
    return codec_fixed(from->root_key, party->root_key, KEY_SIZE);
}

static enum err read_parties(
    const Refer__V1__Mou *from, struct arena *arena, struct mou *mou)
{
    if (from->n_parties > MOU_PARTY_COUNT_MAX)
        return ERR_LIMIT;
    struct mou_party *parties =
        arena_take_array(arena, from->n_parties, sizeof *parties);
    if (parties == NULL)
        return ERR_LIMIT;
    for (size_t i = 0; i < from->n_parties; i++) {
        enum err err = read_party(from->parties[i], &parties[i]);
        if (err != ERR_NONE)
            return err;
    }
    mou->parties = parties;
    mou->party_count = from->n_parties;
    return ERR_NONE;
}

static enum err read_services(
    const Refer__V1__Mou *from, struct arena *arena, struct mou *mou)
{
    if (from->n_services > MOU_SERVICE_COUNT_MAX)
        return ERR_LIMIT;
    struct mou_service *services =
        arena_take_array(arena, from->n_services, sizeof *services);
    if (services == NULL)
        return ERR_LIMIT;
    for (size_t i = 0; i < from->n_services; i++)
        services[i] = (struct mou_service){
            .id = slice_of_text(from->services[i]->id),
            .party = slice_of_text(from->services[i]->party),
            .name = slice_of_text(from->services[i]->name),
            .walk_in = from->services[i]->walk_in,
            .booked = from->services[i]->booked,
            .outreach = from->services[i]->outreach,
        };
    mou->services = services;
    mou->service_count = from->n_services;
    return ERR_NONE;
}

static enum err read_pathways(
    const Refer__V1__Mou *from, struct arena *arena, struct mou *mou)
{
    if (from->n_pathways > MOU_PATHWAY_COUNT_MAX)
        return ERR_LIMIT;
    struct mou_pathway *pathways =
        arena_take_array(arena, from->n_pathways, sizeof *pathways);
    if (pathways == NULL)
        return ERR_LIMIT;
    for (size_t i = 0; i < from->n_pathways; i++)
        pathways[i] = (struct mou_pathway){
            .from = slice_of_text(from->pathways[i]->from),
            .to = slice_of_text(from->pathways[i]->to),
            .purpose = slice_of_text(from->pathways[i]->purpose),
            .hops_max = from->pathways[i]->hops_max,
            .forward = (enum mou_forward)from->pathways[i]->forward,
        };
    mou->pathways = pathways;
    mou->pathway_count = from->n_pathways;
    return ERR_NONE;
}

static enum err read_purposes(
    const Refer__V1__Mou *from, struct arena *arena, struct mou *mou)
{
    if (from->n_purposes > MOU_PURPOSE_COUNT_MAX)
        return ERR_LIMIT;
    struct mou_purpose *purposes =
        arena_take_array(arena, from->n_purposes, sizeof *purposes);
    if (purposes == NULL)
        return ERR_LIMIT;
    for (size_t i = 0; i < from->n_purposes; i++) {
        const Refer__V1__MouPurpose *row = from->purposes[i];
        purposes[i].purpose = slice_of_text(row->purpose);
        enum err err =
            read_list(row->required, row->n_required, MOU_ELEMENT_COUNT_MAX,
                arena, &purposes[i].required, &purposes[i].required_count);
        if (err == ERR_NONE)
            err = read_list(row->allowed, row->n_allowed, MOU_ELEMENT_COUNT_MAX,
                arena, &purposes[i].allowed, &purposes[i].allowed_count);
        if (err != ERR_NONE)
            return err;
    }
    mou->purposes = purposes;
    mou->purpose_count = from->n_purposes;
    return ERR_NONE;
}

enum err codec_mou_read(
    struct slice bytes, struct arena *arena, struct mou *mou)
{
    const ProtobufCMessage *message;
    *mou = (struct mou){ 0 };
    enum err err = codec_unpack(
        &refer__v1__mou__descriptor, bytes, MOU_SIZE_MAX, arena, &message);
    if (err != ERR_NONE)
        return err;
    const Refer__V1__Mou *from = (const void *)message;
    if (from->from_ms > INT64_MAX || from->until_ms > INT64_MAX)
        return ERR_MALFORMED;
    mou->id = slice_of_text(from->id);
    mou->title = slice_of_text(from->title);
    mou->version = from->version;
    mou->from.unix_ms = (int64_t)from->from_ms;
    mou->until.unix_ms = (int64_t)from->until_ms;
    mou->consent_days_max = from->consent_days_max;
    if (from->retention != NULL) {
        mou->content_days = from->retention->content_days;
        mou->identifiers_days = from->retention->identifiers_days;
        if (mou->content_days == 0 && mou->identifiers_days == 0)
            return ERR_MALFORMED; /* what says nothing is left out */
    }
    err = read_parties(from, arena, mou);
    if (err == ERR_NONE)
        err = read_services(from, arena, mou);
    if (err == ERR_NONE)
        err = read_pathways(from, arena, mou);
    if (err == ERR_NONE)
        err = read_purposes(from, arena, mou);
    if (err == ERR_NONE)
        err = read_list(from->never_share, from->n_never_share,
            MOU_ELEMENT_COUNT_MAX, arena, &mou->never_share,
            &mou->never_share_count);
    if (err == ERR_NONE)
        err = read_list(from->signatures_required, from->n_signatures_required,
            MOU_PARTY_COUNT_MAX, arena, &mou->signatures_required,
            &mou->signature_required_count);
    return err;
}

/* ---- Writing: false when the arena is full ---- */

static bool write_text(struct slice text, struct arena *arena, char **out)
{
    *out = codec_text(text, arena);
    return *out != NULL;
}

static bool write_list(const struct slice *list, size_t count,
    struct arena *arena, char ***texts, size_t *text_count)
{
    *texts = arena_take_array(arena, count, sizeof **texts);
    *text_count = count;
    if (*texts == NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!write_text(list[i], arena, &(*texts)[i]))
            return false;
    return true;
}

static bool write_parties(
    const struct mou *mou, struct arena *arena, Refer__V1__Mou *to)
{
    Refer__V1__MouParty *rows =
        arena_take_array(arena, mou->party_count, sizeof *rows);
    to->parties = arena_take_array(arena, mou->party_count, sizeof rows);
    to->n_parties = mou->party_count;
    if (rows == NULL || to->parties == NULL)
        return false;
    for (size_t i = 0; i < mou->party_count; i++) {
        const struct mou_party *party = &mou->parties[i];
        refer__v1__mou_party__init(&rows[i]);
        if (!write_text(party->id, arena, &rows[i].id) ||
            !write_text(party->name, arena, &rows[i].name) ||
            !write_text(
                agency_id_slice(&party->agency), arena, &rows[i].agency))
            return false;
        if (party->agency.text[0] != '\0')
            rows[i].root_key = codec_data(slice_of(party->root_key, KEY_SIZE));
        rows[i].refers = party->refers;
        rows[i].receives = party->receives;
        to->parties[i] = &rows[i];
    }
    return true;
}

static bool write_services(
    const struct mou *mou, struct arena *arena, Refer__V1__Mou *to)
{
    Refer__V1__MouService *rows =
        arena_take_array(arena, mou->service_count, sizeof *rows);
    to->services = arena_take_array(arena, mou->service_count, sizeof rows);
    to->n_services = mou->service_count;
    if (rows == NULL || to->services == NULL)
        return false;
    for (size_t i = 0; i < mou->service_count; i++) {
        const struct mou_service *service = &mou->services[i];
        refer__v1__mou_service__init(&rows[i]);
        if (!write_text(service->id, arena, &rows[i].id) ||
            !write_text(service->party, arena, &rows[i].party) ||
            !write_text(service->name, arena, &rows[i].name))
            return false;
        rows[i].walk_in = service->walk_in;
        rows[i].booked = service->booked;
        rows[i].outreach = service->outreach;
        to->services[i] = &rows[i];
    }
    return true;
}

static bool write_pathways(
    const struct mou *mou, struct arena *arena, Refer__V1__Mou *to)
{
    Refer__V1__MouPathway *rows =
        arena_take_array(arena, mou->pathway_count, sizeof *rows);
    to->pathways = arena_take_array(arena, mou->pathway_count, sizeof rows);
    to->n_pathways = mou->pathway_count;
    if (rows == NULL || to->pathways == NULL)
        return false;
    for (size_t i = 0; i < mou->pathway_count; i++) {
        const struct mou_pathway *pathway = &mou->pathways[i];
        refer__v1__mou_pathway__init(&rows[i]);
        if (!write_text(pathway->from, arena, &rows[i].from) ||
            !write_text(pathway->to, arena, &rows[i].to) ||
            !write_text(pathway->purpose, arena, &rows[i].purpose))
            return false;
        rows[i].hops_max = pathway->hops_max;
        rows[i].forward = (Refer__V1__MouForward)pathway->forward;
        to->pathways[i] = &rows[i];
    }
    return true;
}

static bool write_purposes(
    const struct mou *mou, struct arena *arena, Refer__V1__Mou *to)
{
    Refer__V1__MouPurpose *rows =
        arena_take_array(arena, mou->purpose_count, sizeof *rows);
    to->purposes = arena_take_array(arena, mou->purpose_count, sizeof rows);
    to->n_purposes = mou->purpose_count;
    if (rows == NULL || to->purposes == NULL)
        return false;
    for (size_t i = 0; i < mou->purpose_count; i++) {
        const struct mou_purpose *purpose = &mou->purposes[i];
        refer__v1__mou_purpose__init(&rows[i]);
        if (!write_text(purpose->purpose, arena, &rows[i].purpose) ||
            !write_list(purpose->required, purpose->required_count, arena,
                &rows[i].required, &rows[i].n_required) ||
            !write_list(purpose->allowed, purpose->allowed_count, arena,
                &rows[i].allowed, &rows[i].n_allowed))
            return false;
        to->purposes[i] = &rows[i];
    }
    return true;
}

/* What a reader would refuse is not written. */
static bool counts_fit(const struct mou *mou)
{
    for (size_t i = 0; i < mou->purpose_count; i++)
        if (mou->purposes[i].required_count > MOU_ELEMENT_COUNT_MAX ||
            mou->purposes[i].allowed_count > MOU_ELEMENT_COUNT_MAX)
            return false;
    return mou->party_count <= MOU_PARTY_COUNT_MAX &&
           mou->service_count <= MOU_SERVICE_COUNT_MAX &&
           mou->pathway_count <= MOU_PATHWAY_COUNT_MAX &&
           mou->purpose_count <= MOU_PURPOSE_COUNT_MAX &&
           mou->never_share_count <= MOU_ELEMENT_COUNT_MAX &&
           mou->signature_required_count <= MOU_PARTY_COUNT_MAX &&
           mou->from.unix_ms >= 0 && mou->until.unix_ms >= 0;
}

struct slice codec_mou_write(const struct mou *mou, struct arena *arena)
{
    Refer__V1__Mou to = REFER__V1__MOU__INIT;
    Refer__V1__MouRetention retention = REFER__V1__MOU_RETENTION__INIT;
    if (!counts_fit(mou))
        return SLICE_NONE;
    to.version = mou->version;
    to.from_ms = (uint64_t)mou->from.unix_ms;
    to.until_ms = (uint64_t)mou->until.unix_ms;
    to.consent_days_max = mou->consent_days_max;
    retention.content_days = mou->content_days;
    retention.identifiers_days = mou->identifiers_days;
    if (mou->content_days > 0 || mou->identifiers_days > 0)
        to.retention = &retention;
    if (!write_text(mou->id, arena, &to.id) ||
        !write_text(mou->title, arena, &to.title) ||
        !write_parties(mou, arena, &to) || !write_services(mou, arena, &to) ||
        !write_pathways(mou, arena, &to) || !write_purposes(mou, arena, &to) ||
        !write_list(mou->never_share, mou->never_share_count, arena,
            &to.never_share, &to.n_never_share) ||
        !write_list(mou->signatures_required, mou->signature_required_count,
            arena, &to.signatures_required, &to.n_signatures_required))
        return SLICE_NONE;
    struct slice bytes = codec_pack(&to.base, arena);
    return bytes.size > MOU_SIZE_MAX ? SLICE_NONE : bytes;
}

/* ---- Contents of ledger entries ---- */

static enum err read_signatures(Refer__V1__MouSignature *const *from,
    size_t count, struct arena *arena, struct mou_bundle *bundle)
{
    if (count > MOU_PARTY_COUNT_MAX)
        return ERR_LIMIT;
    struct mou_signature *signatures =
        arena_take_array(arena, count, sizeof *signatures);
    if (signatures == NULL)
        return ERR_LIMIT;
    for (size_t i = 0; i < count; i++) {
        enum err err = agency_id_parse(
            slice_of_text(from[i]->agency), &signatures[i].agency);
        if (err == ERR_NONE)
            err = codec_fixed(
                from[i]->signature, signatures[i].signature, SIGNATURE_SIZE);
        if (err != ERR_NONE)
            return err;
        for (size_t j = 0; j < i; j++)
            if (agency_id_equal(&signatures[i].agency, &signatures[j].agency))
                return ERR_MALFORMED;
    }
    bundle->signatures = signatures;
    bundle->signature_count = count;
    return ERR_NONE;
}

static bool write_signatures(const struct mou_bundle *bundle,
    struct arena *arena, Refer__V1__MouSignature ***to, size_t *count)
{
    Refer__V1__MouSignature *rows =
        arena_take_array(arena, bundle->signature_count, sizeof *rows);
    *to = arena_take_array(arena, bundle->signature_count, sizeof **to);
    *count = bundle->signature_count;
    if (rows == NULL || *to == NULL ||
        bundle->signature_count > MOU_PARTY_COUNT_MAX)
        return false;
    for (size_t i = 0; i < bundle->signature_count; i++) {
        const struct mou_signature *signature = &bundle->signatures[i];
        refer__v1__mou_signature__init(&rows[i]);
        rows[i].signature =
            codec_data(slice_of(signature->signature, SIGNATURE_SIZE));
        if (!write_text(
                agency_id_slice(&signature->agency), arena, &rows[i].agency))
            return false;
        (*to)[i] = &rows[i];
    }
    return true;
}

/* An entry's content at most. */
static struct slice pack_content(
    const ProtobufCMessage *message, struct arena *arena)
{
    struct slice bytes = codec_pack(message, arena);
    return bytes.size > CONTENT_SIZE_MAX ? SLICE_NONE : bytes;
}

struct slice mou_offer_write(
    const struct mou_bundle *bundle, struct arena *arena)
{
    Refer__V1__MouOffer to = REFER__V1__MOU_OFFER__INIT;
    to.mou = codec_data(bundle->mou);
    if (!write_signatures(bundle, arena, &to.signatures, &to.n_signatures))
        return SLICE_NONE;
    return pack_content(&to.base, arena);
}

enum err mou_offer_read(struct crypto *crypto, struct slice bytes,
    struct arena *arena, struct mou_bundle *bundle)
{
    const ProtobufCMessage *message;
    *bundle = (struct mou_bundle){ 0 };
    enum err err = codec_unpack(&refer__v1__mou_offer__descriptor, bytes,
        CONTENT_SIZE_MAX, arena, &message);
    if (err != ERR_NONE)
        return err;
    const Refer__V1__MouOffer *from = (const void *)message;
    if (from->mou.len == 0)
        return ERR_MALFORMED;
    bundle->mou = codec_slice(from->mou);
    mou_id_of(crypto, bundle->mou, &bundle->id);
    return read_signatures(from->signatures, from->n_signatures, arena, bundle);
}

struct slice mou_signatures_write(
    const struct mou_bundle *bundle, struct arena *arena)
{
    Refer__V1__MouSignatures to = REFER__V1__MOU_SIGNATURES__INIT;
    to.mou = codec_data(SLICE_ARRAY(bundle->id.bytes));
    if (!write_signatures(bundle, arena, &to.signatures, &to.n_signatures))
        return SLICE_NONE;
    return pack_content(&to.base, arena);
}

enum err mou_signatures_read(
    struct slice bytes, struct arena *arena, struct mou_bundle *bundle)
{
    const ProtobufCMessage *message;
    *bundle = (struct mou_bundle){ 0 };
    enum err err = codec_unpack(&refer__v1__mou_signatures__descriptor, bytes,
        CONTENT_SIZE_MAX, arena, &message);
    if (err != ERR_NONE)
        return err;
    const Refer__V1__MouSignatures *from = (const void *)message;
    err = codec_fixed(from->mou, bundle->id.bytes, sizeof bundle->id.bytes);
    if (err != ERR_NONE)
        return err;
    return read_signatures(from->signatures, from->n_signatures, arena, bundle);
}

struct slice mou_in_force_write(const struct mou_id *id, struct arena *arena)
{
    Refer__V1__MouInForce to = REFER__V1__MOU_IN_FORCE__INIT;
    to.mou = codec_data(SLICE_ARRAY(id->bytes));
    return codec_pack(&to.base, arena);
}

enum err mou_in_force_read(
    struct slice bytes, struct arena *arena, struct mou_id *id)
{
    const ProtobufCMessage *message;
    enum err err = codec_unpack(&refer__v1__mou_in_force__descriptor, bytes,
        CONTENT_SIZE_MAX, arena, &message);
    if (err != ERR_NONE)
        return err;
    const Refer__V1__MouInForce *from = (const void *)message;
    return codec_fixed(from->mou, id->bytes, sizeof id->bytes);
}
