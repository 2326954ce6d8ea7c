#include "core/repeat.h"

#include "base/checksum.h"
#include "core/feed.h"
#include "core/limits.h"
#include "core/node_state.h"
#include "core/submission_read.h"

#include <string.h>

static void name_of(struct work *work, const struct slice *parts, size_t count,
    uint8_t name[REPEAT_NAME_SIZE])
{
    uint8_t hash[HASH_SIZE];
    crypto_hash(work->crypto, parts, count, hash);
    memcpy(name, hash, REPEAT_NAME_SIZE);
}

bool repeat_read(struct work *work, uint32_t uid,
    const struct local_request *request, struct repeat *repeat,
    struct local_answer *answer)
{
    uint8_t who[4] = { (uint8_t)(uid >> 24), (uint8_t)(uid >> 16),
        (uint8_t)(uid >> 8), (uint8_t)uid };
    struct slice key = field_text(request->fields, request->field_count, "key");
    if (key.size == 0 || key.size > IDEMPOTENCY_KEY_SIZE_MAX) {
        answer_error(answer, ERR_INVALID, PROBLEM_FORMAT, "key",
            "give a key of 1 to 64 characters, one for each intention");
        return false;
    }
    /* with a secret: keys that programs choose may name people */
    struct slice parts[] = { SLICE_ARRAY(work->node->secret),
        SLICE_LITERAL("refer.v1 local key"), SLICE_ARRAY(who), key };
    name_of(work, parts, 4, repeat->name);
    repeat->digest = checksum(
        checksum(0, SLICE_ARRAY(work->node->secret)), request->unnumbered);
    return true;
}

void repeat_answer(
    struct local_answer *answer, const struct referral *referral, bool pending)
{
    answer_record(answer, "referral");
    answer_uuid(answer, "id", &referral->uuid);
    answer_text(answer, "state", referral_state_name(referral->state));
    answer_mou(answer, "mou", &referral->mou);
    answer_flag(answer, "pending", pending);
}

static void answer_known(struct work *work, const struct uuid *uuid,
    bool pending, struct local_answer *answer)
{
    const struct referral *referral = register_get(work, uuid);
    if (referral != NULL)
        repeat_answer(answer, referral, pending);
    else
        work_corrupt(work);
}

/* ---- A program's own key ------------------------------------------------ */

struct row {
    uint32_t grain;  /* the beginning of the salt, to find it by */
    uint32_t digest; /* of salt and request */
    struct uuid uuid;
    bool pending;
    uint64_t at_ms;
};

/* False when there is none, or the store failed. */
static bool row_get(
    struct work *work, const uint8_t name[REPEAT_NAME_SIZE], struct row *row)
{
    struct slice bytes = repeat_rows_get(work, name);
    if (bytes.bytes == NULL)
        return false;
    struct unpacker in = unpack_from(bytes);
    row->grain = unpack_u32(&in);
    row->digest = unpack_u32(&in);
    unpack_fixed(&in, row->uuid.bytes, sizeof row->uuid.bytes);
    row->pending = unpack_u8(&in) != 0;
    row->at_ms = unpack_u64(&in);
    if (unpack_end(&in) != ERR_NONE)
        work_corrupt(work);
    return !work_failed(work);
}

static void row_put(struct work *work, const uint8_t name[REPEAT_NAME_SIZE],
    const struct row *row)
{
    uint8_t bytes[2 * 4 + 16 + 1 + 8];
    struct packer out = pack_into(bytes, sizeof bytes);
    pack_u32(&out, row->grain);
    pack_u32(&out, row->digest);
    pack_fixed(&out, row->uuid.bytes, sizeof row->uuid.bytes);
    pack_u8(&out, row->pending);
    pack_u64(&out, row->at_ms);
    repeat_rows_put(work, name, packed(&out));
}

static uint32_t grain_of(struct slice salt)
{
    struct unpacker in = unpack_from(salt);
    return unpack_u32(&in);
}

/* Whoever does not know the salt learns nothing by it: for every request it may
 * be any number, each as likely as another. */
static uint32_t salted(struct slice salt, const struct repeat *repeat)
{
    uint8_t bytes[8];
    struct packer out = pack_into(bytes, sizeof bytes);
    pack_u64(&out, repeat->digest);
    return (uint32_t)checksum(checksum(0, salt), packed(&out));
}

enum match { MATCH_SAME, MATCH_OTHER, MATCH_ERASED };

static enum match match(
    struct work *work, const struct row *row, const struct repeat *repeat)
{
    enum match match = MATCH_ERASED;
    const struct referral *referral = register_get(work, &row->uuid);
    uint32_t count = referral == NULL ? 0 : referral->position_count;
    for (uint32_t i = 0; i < count && match == MATCH_ERASED; i++) {
        struct feed_event said;
        struct slice salt = SLICE_NONE;
        size_t used = work->scratch->used;
        if (feed_at(work, referral->positions[i], &said) && said.by_us)
            (void)content_get_salted(
                work->contents, work->txn, work->scratch, said.content, &salt);
        if (salt.bytes != NULL && grain_of(salt) == row->grain)
            match =
                salted(salt, repeat) == row->digest ? MATCH_SAME : MATCH_OTHER;
        arena_rewind(work->scratch, used);
    }
    return match;
}

bool repeat_recall(
    struct work *work, const struct repeat *repeat, struct local_answer *answer)
{
    struct row row;
    if (!row_get(work, repeat->name, &row))
        return work_failed(work);
    int64_t age_ms = work->now.unix_ms - (int64_t)row.at_ms;
    enum match found = match(work, &row, repeat);
    if (found == MATCH_OTHER)
        answer_error(answer, ERR_CONFLICT, PROBLEM_REPLAY, "key",
            "use a new key: this one stands for another request");
    else if (found == MATCH_ERASED && age_ms > REPEAT_BLIND_MS)
        answer_error(answer, ERR_CONFLICT, PROBLEM_REPLAY, "key",
            "use a new key: what was said under this one is erased");
    else
        answer_known(work, &row.uuid, row.pending, answer);
    return true;
}

void repeat_keep(struct work *work, const struct repeat *repeat,
    const struct uuid *uuid, bool pending, const uint8_t salt[SALT_SIZE])
{
    struct row row = { .grain = grain_of(slice_of(salt, SALT_SIZE)),
        .digest = salted(slice_of(salt, SALT_SIZE), repeat),
        .uuid = *uuid,
        .pending = pending,
        .at_ms = (uint64_t)work->now.unix_ms };
    row_put(work, repeat->name, &row);
}

/* ---- By what was said --------------------------------------------------- */

/* Kept while it may come back, or since it came back. */
struct said {
    struct uuid uuid;
    uint32_t seq;
    bool pending;
    bool is_back;
    uint8_t own[REPEAT_NAME_SIZE]; /* the program's row; zeros: not known */
};

/* The event without what the gateway adds. False when it has no key or memory
 * does not hold it. */
static bool said_name(struct work *work, const struct referral_event *event,
    const struct agency_id *to, uint8_t name[REPEAT_NAME_SIZE])
{
    static const struct uuid none;
    struct referral_event said = *event;
    struct referral_request request;
    size_t used = work->scratch->used;
    said.mou = (struct mou_id){ { 0 } };
    said.seq = 0;
    said.seen = 0;
    said.at = (struct instant){ 0 };
    said.state = REFERRAL_UNKNOWN;
    if (event->request != NULL) {
        request = *event->request;
        if (uuid_equal(&request.thread, &event->referral))
            request.thread = none;
        said.request = &request;
        said.referral = none;
    }
    struct slice bytes = referral_event_write(&said, work->scratch);
    struct slice parts[] = { SLICE_ARRAY(work->node->secret),
        SLICE_LITERAL("refer.v1 local key, said"), SLICE_ARRAY(to->text),
        bytes };
    if (bytes.bytes != NULL)
        name_of(work, parts, 4, name);
    arena_rewind(work->scratch, used);
    return bytes.bytes != NULL && event->key.size > 0;
}

static bool said_get(
    struct work *work, const uint8_t name[REPEAT_NAME_SIZE], struct said *said)
{
    struct slice bytes = repeat_rows_get(work, name);
    if (bytes.bytes == NULL)
        return false;
    struct unpacker in = unpack_from(bytes);
    unpack_fixed(&in, said->uuid.bytes, sizeof said->uuid.bytes);
    said->seq = unpack_u32(&in);
    said->pending = unpack_u8(&in) != 0;
    said->is_back = unpack_u8(&in) != 0;
    unpack_fixed(&in, said->own, sizeof said->own);
    (void)unpack_u64(&in); /* when */
    if (unpack_end(&in) != ERR_NONE)
        work_corrupt(work);
    return !work_failed(work);
}

static void said_put(struct work *work, const uint8_t name[REPEAT_NAME_SIZE],
    const struct said *said)
{
    uint8_t bytes[16 + 4 + 1 + 1 + REPEAT_NAME_SIZE + 8];
    struct packer out = pack_into(bytes, sizeof bytes);
    pack_fixed(&out, said->uuid.bytes, sizeof said->uuid.bytes);
    pack_u32(&out, said->seq);
    pack_u8(&out, said->pending);
    pack_u8(&out, said->is_back);
    pack_fixed(&out, said->own, sizeof said->own);
    pack_u64(&out, (uint64_t)work->now.unix_ms);
    repeat_rows_put(work, name, packed(&out));
}

bool repeat_may_be_said(const struct work *work)
{
    return work->node->losses > 0;
}

bool repeat_recall_said(struct work *work, const struct referral_event *event,
    bool has_id, const struct agency_id *to, struct local_answer *answer)
{
    uint8_t name[REPEAT_NAME_SIZE];
    struct said said;
    if (!said_name(work, event, to, name) || !said_get(work, name, &said))
        return work_failed(work);
    if (!said.is_back || (has_id && !uuid_equal(&said.uuid, &event->referral)))
        return false;
    answer_known(work, &said.uuid, said.pending, answer);
    return true;
}

void repeat_keep_said(struct work *work, const struct repeat *repeat,
    const struct referral_event *event, const struct agency_id *to)
{
    uint8_t name[REPEAT_NAME_SIZE];
    struct said said = { .uuid = event->referral, .seq = event->seq };
    if (!said_name(work, event, to, name))
        return;
    memcpy(said.own, repeat->name, REPEAT_NAME_SIZE);
    said_put(work, name, &said);
}

/* The program's own row, too. */
static void own_point(struct work *work, const uint8_t own[REPEAT_NAME_SIZE],
    const struct uuid *uuid)
{
    struct row row;
    if (!row_get(work, own, &row))
        return;
    row.uuid = *uuid;
    row_put(work, own, &row);
}

bool repeat_take_up(struct work *work, const struct referral_event *event,
    const struct agency_id *to, bool pending, struct repeat_other *other)
{
    uint8_t name[REPEAT_NAME_SIZE];
    struct said before = { 0 };
    if (event->key.size == 0)
        return false;
    if (!said_name(work, event, to, name)) {
        work_exhausted(work);
        return false;
    }
    bool was_said = said_get(work, name, &before) && !before.is_back;
    struct said said = { .uuid = event->referral,
        .seq = event->seq,
        .pending = pending,
        .is_back = true };
    *other = (struct repeat_other){ before.uuid, before.seq };
    if (was_said)
        own_point(work, before.own, &event->referral);
    if (!work_failed(work))
        said_put(work, name, &said);
    return was_said && !work_failed(work);
}
