#include "core/codec.h"
#include "core/codec_parcel.h"
#include "core/limits.h"
#include "core/message.h"

#include "refer/v1/request.pb-c.h"

#include <string.h>

struct slice deliver_write(const struct deliver *deliver, struct arena *arena)
{
    Refer__V1__Deliver message = REFER__V1__DELIVER__INIT;
    Refer__V1__Parcel parcel;
    if (!codec_parcel_fill(&deliver->parcel, arena, &parcel))
        return SLICE_NONE;
    message.fence = codec_data(deliver->fence);
    message.parcel = &parcel;
    message.collected = deliver->collected;
    message.collected_generation = deliver->collected_generation;
    return codec_pack(&message.base, arena);
}

enum err deliver_read(
    struct slice bytes, struct arena *arena, struct deliver *deliver)
{
    const ProtobufCMessage *base;
    enum err err = codec_unpack_borrowing(
        &refer__v1__deliver__descriptor, bytes, MESSAGE_SIZE_MAX, arena, &base);
    if (err != ERR_NONE)
        return err;
    const Refer__V1__Deliver *message = (const Refer__V1__Deliver *)base;
    if (message->fence.len != FENCE_SIZE || message->parcel == NULL ||
        (message->collected == 0) != (message->collected_generation == 0))
        return ERR_MALFORMED;
    deliver->fence = codec_slice(message->fence);
    deliver->collected = message->collected;
    deliver->collected_generation = message->collected_generation;
    return codec_parcel_read(message->parcel, arena, &deliver->parcel);
}

struct slice collect_write(const struct collect *collect, struct arena *arena)
{
    Refer__V1__Collect message = REFER__V1__COLLECT__INIT;
    message.lane = REFER__V1__LANE__LANE_MAIN;
    message.wait_ms = collect->wait_ms;
    message.cosigned = codec_data(collect->cosigned);
    message.collected = collect->collected;
    return codec_pack(&message.base, arena);
}

enum err collect_read(
    struct slice bytes, struct arena *arena, struct collect *collect)
{
    const ProtobufCMessage *base;
    enum err err = codec_unpack(&refer__v1__collect__descriptor, bytes,
        NOTE_SIZE_MAX + 64, arena, &base);
    if (err != ERR_NONE)
        return err;
    const Refer__V1__Collect *message = (const Refer__V1__Collect *)base;
    *collect = (struct collect){
        .wait_ms = message->wait_ms,
        .cosigned = codec_slice(message->cosigned),
        .collected = message->collected,
    };
    if (message->lane != REFER__V1__LANE__LANE_MAIN ||
        (message->collected > 0 && message->cosigned.len == 0))
        return ERR_MALFORMED;
    return ERR_NONE;
}

static Refer__V1__LedgerView **views_fill(
    const struct head *head, struct arena *arena)
{
    size_t count = head->ledger_count;
    Refer__V1__LedgerView *views =
        arena_take_array(arena, count, sizeof *views);
    Refer__V1__LedgerView **list = arena_take_array(arena, count, sizeof *list);
    Refer__V1__Conflict *conflicts =
        arena_take_array(arena, count, sizeof *conflicts);
    if (views == NULL || list == NULL || conflicts == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        const struct ledger_view *view = &head->ledgers[i];
        refer__v1__ledger_view__init(&views[i]);
        views[i].authored = view->authored;
        views[i].lane = (Refer__V1__Lane)view->lane;
        views[i].generation = view->generation;
        views[i].size = view->size;
        views[i].note = codec_data(view->note);
        views[i].fence = codec_data(view->fence);
        views[i].collected = view->collected;
        views[i].cosigned = codec_data(view->cosigned);
        refer__v1__conflict__init(&conflicts[i]);
        conflicts[i].held = codec_data(view->conflict.held);
        conflicts[i].offered = codec_data(view->conflict.offered);
        views[i].conflict = view->has_conflict ? &conflicts[i] : NULL;
        list[i] = &views[i];
    }
    return list;
}

/* A part carried as exact bytes: SignedCard and SignedKeySheet hold what is
 * signed as bytes, so unpacking and packing these two shells changes nothing
 * (codec_unpack refuses any other encoding). */
static bool part_fill(const ProtobufCMessageDescriptor *descriptor,
    struct slice bytes, size_t size_max, struct arena *arena,
    const ProtobufCMessage **part)
{
    *part = NULL;
    if (bytes.size == 0)
        return true;
    return codec_unpack(descriptor, bytes, size_max, arena, part) == ERR_NONE;
}

/* Of no bytes it is signed by nobody, and would not be written again. */
static enum err part_read(
    const ProtobufCMessage *part, struct arena *arena, struct slice *bytes)
{
    *bytes = SLICE_NONE;
    if (part == NULL)
        return ERR_NONE;
    *bytes = codec_pack(part, arena);
    if (bytes->bytes == NULL)
        return ERR_LIMIT;
    return bytes->size == 0 ? ERR_MALFORMED : ERR_NONE;
}

struct slice introduce_write(
    const struct introduce *introduce, struct arena *arena)
{
    Refer__V1__Introduce message = REFER__V1__INTRODUCE__INIT;
    const ProtobufCMessage *card;
    if (!part_fill(&refer__v1__signed_card__descriptor, introduce->card,
            SIGNED_CARD_SIZE_MAX, arena, &card))
        return SLICE_NONE;
    message.card = (Refer__V1__SignedCard *)(uintptr_t)card;
    message.invitation = codec_text(introduce->invitation, arena);
    return message.invitation == NULL ? SLICE_NONE
                                      : codec_pack(&message.base, arena);
}

enum err introduce_read(
    struct slice bytes, struct arena *arena, struct introduce *introduce)
{
    const ProtobufCMessage *base;
    enum err err = codec_unpack(&refer__v1__introduce__descriptor, bytes,
        SIGNED_CARD_SIZE_MAX + 128, arena, &base);
    if (err != ERR_NONE)
        return err;
    const Refer__V1__Introduce *message = (const Refer__V1__Introduce *)base;
    if (message->card == NULL)
        return ERR_MALFORMED;
    introduce->invitation = slice_of_text(message->invitation);
    return part_read(&message->card->base, arena, &introduce->card);
}

struct slice head_write(const struct head *head, struct arena *arena)
{
    Refer__V1__Head message = REFER__V1__HEAD__INIT;
    const ProtobufCMessage *card;
    const ProtobufCMessage *sheet;
    const ProtobufCMessage *revocation;
    if (!part_fill(&refer__v1__signed_card__descriptor, head->card,
            SIGNED_CARD_SIZE_MAX, arena, &card) ||
        !part_fill(&refer__v1__signed_key_sheet__descriptor, head->sheet,
            SIGNED_CARD_SIZE_MAX, arena, &sheet) ||
        !part_fill(&refer__v1__signed_revocation__descriptor, head->revocation,
            SIGNED_CARD_SIZE_MAX, arena, &revocation))
        return SLICE_NONE;
    message.ledgers = views_fill(head, arena);
    if (message.ledgers == NULL)
        return SLICE_NONE;
    message.n_ledgers = head->ledger_count;
    message.card = (Refer__V1__SignedCard *)(uintptr_t)card;
    message.sheet = (Refer__V1__SignedKeySheet *)(uintptr_t)sheet;
    message.card_serial = head->card_serial;
    message.sheet_serial = head->sheet_serial;
    message.echo = codec_data(head->echo);
    message.revocation = (Refer__V1__SignedRevocation *)(uintptr_t)revocation;
    message.epoch = head->epoch;
    return codec_pack(&message.base, arena);
}

static enum err view_read(
    const Refer__V1__LedgerView *message, struct ledger_view *view)
{
    *view = (struct ledger_view){
        .authored = message->authored != 0,
        .lane = (enum lane)message->lane,
        .generation = message->generation,
        .size = message->size,
        .note = codec_slice(message->note),
        .fence = codec_slice(message->fence),
        .collected = message->collected,
        .cosigned = codec_slice(message->cosigned),
        .has_conflict = message->conflict != NULL,
    };
    if (view->has_conflict) {
        view->conflict.held = codec_slice(message->conflict->held);
        view->conflict.offered = codec_slice(message->conflict->offered);
    }
    size_t fence_size = view->authored ? 0 : FENCE_SIZE;
    if (message->lane == REFER__V1__LANE__LANE_UNSPECIFIED ||
        view->fence.size != fence_size || view->note.size > NOTE_SIZE_MAX ||
        view->cosigned.size > (view->authored ? NOTE_SIZE_MAX : 0) ||
        (view->authored && view->has_conflict) ||
        view->conflict.held.size > NOTE_SIZE_MAX ||
        view->conflict.offered.size > NOTE_SIZE_MAX)
        return ERR_MALFORMED;
    return ERR_NONE;
}

enum err head_read(struct slice bytes, struct arena *arena, struct head *head)
{
    const ProtobufCMessage *base;
    enum err err = codec_unpack(
        &refer__v1__head__descriptor, bytes, MESSAGE_SIZE_MAX, arena, &base);
    if (err != ERR_NONE)
        return err;
    const Refer__V1__Head *message = (const Refer__V1__Head *)base;
    /* both directions of both lanes, each once */
    if (message->n_ledgers > 4 ||
        (message->echo.len != 0 && message->echo.len != FENCE_SIZE))
        return ERR_MALFORMED;
    struct ledger_view *views =
        arena_take_array(arena, message->n_ledgers, sizeof *views);
    if (views == NULL)
        return ERR_LIMIT;
    *head = (struct head){
        .ledgers = views,
        .ledger_count = message->n_ledgers,
        .card_serial = message->card_serial,
        .sheet_serial = message->sheet_serial,
        .echo = codec_slice(message->echo),
        .epoch = message->epoch,
    };
    for (size_t i = 0; i < message->n_ledgers && err == ERR_NONE; i++) {
        err = view_read(message->ledgers[i], &views[i]);
        for (size_t k = 0; k < i; k++)
            if (views[k].authored == views[i].authored &&
                views[k].lane == views[i].lane)
                err = ERR_MALFORMED;
    }
    if (err == ERR_NONE)
        err = part_read(
            (const ProtobufCMessage *)message->card, arena, &head->card);
    if (err == ERR_NONE)
        err = part_read(
            (const ProtobufCMessage *)message->sheet, arena, &head->sheet);
    if (err == ERR_NONE)
        err = part_read((const ProtobufCMessage *)message->revocation, arena,
            &head->revocation);
    return err;
}

struct slice cosigned_write(
    const struct cosigned *cosigned, struct arena *arena)
{
    Refer__V1__Cosigned message = REFER__V1__COSIGNED__INIT;
    message.note = codec_data(cosigned->note);
    message.collected = cosigned->collected;
    return codec_pack(&message.base, arena);
}

enum err cosigned_read(
    struct slice bytes, struct arena *arena, struct cosigned *cosigned)
{
    const ProtobufCMessage *base;
    enum err err = codec_unpack(&refer__v1__cosigned__descriptor, bytes,
        NOTE_SIZE_MAX + 64, arena, &base);
    if (err != ERR_NONE)
        return err;
    const Refer__V1__Cosigned *message = (const Refer__V1__Cosigned *)base;
    cosigned->note = codec_slice(message->note);
    cosigned->collected = message->collected;
    return ERR_NONE;
}

struct slice behind_write(const struct behind *behind, struct arena *arena)
{
    Refer__V1__Behind message = REFER__V1__BEHIND__INIT;
    message.reason = (Refer__V1__BehindReason)behind->reason;
    message.size = behind->size;
    return codec_pack(&message.base, arena);
}

enum err behind_read(
    struct slice bytes, struct arena *arena, struct behind *behind)
{
    const ProtobufCMessage *base;
    enum err err =
        codec_unpack(&refer__v1__behind__descriptor, bytes, 64, arena, &base);
    if (err != ERR_NONE)
        return err;
    const Refer__V1__Behind *message = (const Refer__V1__Behind *)base;
    behind->reason = (enum behind_reason)message->reason;
    behind->size = message->size;
    return behind->reason == 0 ? ERR_MALFORMED : ERR_NONE;
}

struct slice conflict_write(
    const struct conflict *conflict, struct arena *arena)
{
    Refer__V1__Conflict message = REFER__V1__CONFLICT__INIT;
    message.held = codec_data(conflict->held);
    message.offered = codec_data(conflict->offered);
    return codec_pack(&message.base, arena);
}

enum err conflict_read(
    struct slice bytes, struct arena *arena, struct conflict *conflict)
{
    const ProtobufCMessage *base;
    enum err err = codec_unpack(&refer__v1__conflict__descriptor, bytes,
        2 * NOTE_SIZE_MAX + 64, arena, &base);
    if (err != ERR_NONE)
        return err;
    const Refer__V1__Conflict *message = (const Refer__V1__Conflict *)base;
    conflict->held = codec_slice(message->held);
    conflict->offered = codec_slice(message->offered);
    return ERR_NONE;
}

struct slice busy_write(uint32_t retry_after_ms, struct arena *arena)
{
    Refer__V1__Busy message = REFER__V1__BUSY__INIT;
    message.retry_after_ms = retry_after_ms;
    return codec_pack(&message.base, arena);
}

enum err busy_read(
    struct slice bytes, struct arena *arena, uint32_t *retry_after_ms)
{
    const ProtobufCMessage *base;
    enum err err =
        codec_unpack(&refer__v1__busy__descriptor, bytes, 64, arena, &base);
    if (err == ERR_NONE)
        *retry_after_ms = ((const Refer__V1__Busy *)base)->retry_after_ms;
    return err;
}

struct slice refusal_write(enum refusal_code code, struct arena *arena)
{
    Refer__V1__Refusal message = REFER__V1__REFUSAL__INIT;
    message.code = (Refer__V1__RefusalCode)code;
    return codec_pack(&message.base, arena);
}

enum err refusal_read(
    struct slice bytes, struct arena *arena, enum refusal_code *code)
{
    const ProtobufCMessage *base;
    enum err err =
        codec_unpack(&refer__v1__refusal__descriptor, bytes, 64, arena, &base);
    if (err != ERR_NONE)
        return err;
    *code = (enum refusal_code)((const Refer__V1__Refusal *)base)->code;
    return *code == 0 ? ERR_MALFORMED : ERR_NONE;
}
