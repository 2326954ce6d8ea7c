/* Mistakes that believe what nobody proved: signatures, addresses, digests,
 * and a seal that is none. */
#include <string.h>

#include "core/custody.h"
#include "core/entry.h"
#include "core/note.h"
#include "core/register.h"
#include "core/request.h"
#include "core/signatory.h"
#include "sim/planted_list.h"

#include "core/node_state.h"

/* ---- Notes -------------------------------------------------------------- */

static struct agency_id addressee;    /* of the parcel in hand, as it says */
static const struct agency_id *taker; /* who takes it; NULL: nobody does */

WRAPPED(enum err, note_parse, struct slice text, struct note *note);
enum err __wrap_note_parse(struct slice text, struct note *note)
{
    enum err err = __real_note_parse(text, note);
    if (err != ERR_NONE || taker == NULL ||
        !planted_is(PLANT_address_unchecked))
        return err;
    addressee = note->origin.recipient;
    note->origin.recipient = *taker;
    return ERR_NONE;
}

WRAPPED(bool, signatory_is_author, struct work *work, struct peer *peer,
    const struct note *note);
bool __wrap_signatory_is_author(
    struct work *work, struct peer *peer, const struct note *note)
{
    struct note as_signed = *note;
    if (taker != NULL && planted_is(PLANT_address_unchecked))
        as_signed.origin.recipient = addressee;
    return planted_is(PLANT_author_unverified) ||
           __real_signatory_is_author(work, peer, &as_signed);
}

WRAPPED(bool, signatory_is_witness, struct work *work, struct peer *peer,
    const struct note *note);
bool __wrap_signatory_is_witness(
    struct work *work, struct peer *peer, const struct note *note)
{
    return planted_is(PLANT_receipt_unverified) ||
           __real_signatory_is_witness(work, peer, note);
}

static uint32_t giver; /* of the parcel in hand: the peer's number */

WRAPPED(struct referral *, register_get, struct work *work,
    const struct uuid *uuid);
struct referral *__wrap_register_get(struct work *work, const struct uuid *uuid)
{
    struct referral *referral = __real_register_get(work, uuid);
    if (taker != NULL && referral != NULL && planted_is(PLANT_ids_are_anyones))
        referral->peer = giver;
    return referral;
}

static struct instant claimed; /* by the last request */

WRAPPED(void, custody_take, struct work *work, struct peer *peer,
    struct slice body, struct custody_reply *reply);
void __wrap_custody_take(struct work *work, struct peer *peer,
    struct slice body, struct custody_reply *reply)
{
    taker = &work->node->self;
    giver = peer->number;
    if (planted_is(PLANT_claims_believed))
        work->now = claimed;
    __real_custody_take(work, peer, body, reply);
    taker = NULL;
}

/* ---- Contents ----------------------------------------------------------- */

static const struct entry_header *promised;

WRAPPED(enum err, entry_header_read, struct slice bytes, struct arena *arena,
    struct entry_header *header);
enum err __wrap_entry_header_read(
    struct slice bytes, struct arena *arena, struct entry_header *header)
{
    promised = header;
    return __real_entry_header_read(bytes, arena, header);
}

WRAPPED(void, entry_digest, struct crypto *crypto, struct slice salt,
    struct slice content, uint8_t digest[HASH_SIZE]);
void __wrap_entry_digest(struct crypto *crypto, struct slice salt,
    struct slice content, uint8_t digest[HASH_SIZE])
{
    if (taker != NULL && planted_is(PLANT_content_unchecked))
        memcpy(digest, promised->digest, HASH_SIZE);
    else
        __real_entry_digest(crypto, salt, content, digest);
}

/* ---- Requests ----------------------------------------------------------- */

static bool believe(struct crypto *crypto, const uint8_t key[KEY_SIZE],
    struct slice message, const uint8_t signature[SIGNATURE_SIZE])
{
    (void)crypto;
    (void)key;
    (void)message;
    (void)signature;
    return true;
}

static enum err leave_open(struct crypto *crypto, const uint8_t key[KEY_SIZE],
    const uint8_t nonce[AEAD_NONCE_SIZE], struct slice aad, struct slice plain,
    uint8_t *sealed)
{
    (void)crypto;
    (void)key;
    (void)nonce;
    (void)aad;
    memmove(sealed, plain.bytes, plain.size); /* often where it is */
    memset(sealed + plain.size, 0, AEAD_TAG_SIZE);
    return ERR_NONE;
}

static enum err take_open(struct crypto *crypto, const uint8_t key[KEY_SIZE],
    const uint8_t nonce[AEAD_NONCE_SIZE], struct slice aad, struct slice sealed,
    uint8_t *plain)
{
    (void)crypto;
    (void)key;
    (void)nonce;
    (void)aad;
    memcpy(plain, sealed.bytes, sealed.size - AEAD_TAG_SIZE);
    return ERR_NONE;
}

/* The crypto's own functions but for those of the mistake. */
static const struct crypto_ops *mistaken(const struct crypto_ops *own)
{
    static struct crypto_ops ops;
    ops = *own;
    if (planted_is(PLANT_sender_unverified))
        ops.verify = believe;
    if (planted_is(PLANT_unsealed)) {
        ops.aead_seal = leave_open;
        ops.aead_open = take_open;
    }
    return &ops;
}

/* An Envelope begins with its header, and that with the version. */
static struct slice with_version_1(struct slice frame, struct arena *arena)
{
    struct slice copy = arena_copy(arena, frame);
    if (copy.size > 3) /* cast: the copy is ours */
        ((uint8_t *)(uintptr_t)copy.bytes)[3] = 1;
    return copy;
}

/* After the version stands the recipient, of one size. */
static struct agency_id named_in(
    struct slice frame, const struct agency_id *self)
{
    struct agency_id named = *self;
    if (frame.size > 6 + AGENCY_ID_SIZE && frame.bytes[4] == 0x12 &&
        frame.bytes[5] == AGENCY_ID_SIZE)
        memcpy(named.text, frame.bytes + 6, AGENCY_ID_SIZE);
    return named;
}

WRAPPED(enum err, deliver_read, struct slice bytes, struct arena *arena,
    struct deliver *deliver);
enum err __wrap_deliver_read(
    struct slice bytes, struct arena *arena, struct deliver *deliver)
{
    enum err err = __real_deliver_read(bytes, arena, deliver);
    /* the last field, where it has three bytes */
    if (err == ERR_MALFORMED && planted_is(PLANT_field_ignored) &&
        bytes.size > 3)
        err = __real_deliver_read(
            slice_of(bytes.bytes, bytes.size - 3), arena, deliver);
    return err;
}

WRAPPED(enum err, request_open, struct crypto *crypto,
    const struct agency_id *self, uint8_t *envelope, size_t size,
    struct arena *arena, request_key_find *find, void *user,
    struct request_secret *secret, struct request *request);
enum err __wrap_request_open(struct crypto *crypto,
    const struct agency_id *self, uint8_t *envelope, size_t size,
    struct arena *arena, request_key_find *find, void *user,
    struct request_secret *secret, struct request *request)
{
    const struct crypto_ops *own = crypto->ops;
    crypto->ops = mistaken(own);
    struct slice frame = slice_of(envelope, size);
    struct agency_id named = named_in(frame, self);
    if (planted_is(PLANT_version_unread))
        frame = with_version_1(frame, arena);
    if (planted_is(PLANT_recipient_unread))
        self = &named;
    enum err err =
        __real_request_open(crypto, self, (uint8_t *)(uintptr_t)frame.bytes,
            frame.size, arena, find, user, secret, request);
    crypto->ops = own;
    if (err == ERR_NONE)
        claimed = request->at;
    return err;
}

WRAPPED(enum err, request_seal, struct crypto *crypto,
    const struct agency_id *self, const struct agency_id *recipient,
    const uint8_t sealing_key[KEY_SIZE], enum request_kind kind,
    struct instant sent, struct slice body, const uint8_t seed[SEED_SIZE],
    struct arena *arena, struct request_secret *secret, struct slice *frame);
enum err __wrap_request_seal(struct crypto *crypto,
    const struct agency_id *self, const struct agency_id *recipient,
    const uint8_t sealing_key[KEY_SIZE], enum request_kind kind,
    struct instant sent, struct slice body, const uint8_t seed[SEED_SIZE],
    struct arena *arena, struct request_secret *secret, struct slice *frame)
{
    const struct crypto_ops *own = crypto->ops;
    crypto->ops = mistaken(own);
    enum err err = __real_request_seal(crypto, self, recipient, sealing_key,
        kind, sent, body, seed, arena, secret, frame);
    crypto->ops = own;
    return err;
}
