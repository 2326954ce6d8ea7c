#include "core/request.h"

#include "core/card.h"
#include "core/envelope.h"
#include "core/letter.h"
#include "core/limits.h"

#include <assert.h>
#include <string.h>

/* Begins what is signed, and names what is exported for it. */
#define PURPOSE_REQUEST SLICE_LITERAL("refer.v1 request")
#define PURPOSE_REPLY SLICE_LITERAL("refer.v1 reply")
#define REPLY_AAD SLICE_LITERAL("refer.v1 reply \001")

struct info {
    uint8_t bytes[16 + 1 + AGENCY_ID_SIZE + 8];
};

/* HPKE's info: protocol version, recipient and sealing key. */
static struct info info_of(const struct agency_id *recipient, uint64_t key_id)
{
    struct info info;
    uint8_t *at = info.bytes;
    memcpy(at, "refer.v1 sealing", 16);
    at[16] = REFER_PROTOCOL_VERSION;
    memcpy(at + 17, recipient->text, AGENCY_ID_SIZE);
    for (int i = 0; i < 8; i++)
        at[17 + AGENCY_ID_SIZE + i] = (uint8_t)(key_id >> (8 * (7 - i)));
    return info;
}

/* What is signed of a statement. */
struct signed_bytes {
    uint8_t bytes[17 + 2 * AGENCY_ID_SIZE + 2 * HASH_SIZE];
    size_t size;
};

static void add(struct signed_bytes *to, const void *bytes, size_t size)
{
    memcpy(to->bytes + to->size, bytes, size);
    to->size += size;
}

/* Ed25519 hashes what it signs twice, so it gets no more than a hash of it. */
static void add_digest(
    struct crypto *crypto, struct slice statement, struct signed_bytes *to)
{
    uint8_t digest[HASH_SIZE];
    crypto_hash(crypto, &statement, 1, digest);
    add(to, digest, sizeof digest);
}

/* That of the one encapsulation. */
static void add_binding(struct crypto *crypto,
    const struct request_secret *secret, struct slice purpose,
    struct signed_bytes *to)
{
    uint8_t binding[HASH_SIZE];
    crypto->ops->export_secret(
        crypto, &secret->hpke, purpose, binding, sizeof binding);
    add(to, binding, sizeof binding);
}

typedef struct signed_bytes statement_signed(struct crypto *crypto,
    const struct request_secret *secret, struct slice statement);

/* What the sender signs: purpose, who may read it, this one encapsulation. */
static struct signed_bytes request_signed(struct crypto *crypto,
    const struct request_secret *secret, struct slice statement)
{
    struct signed_bytes to = { .size = 0 };
    add(&to, PURPOSE_REQUEST.bytes, PURPOSE_REQUEST.size);
    add(&to, secret->recipient.text, AGENCY_ID_SIZE);
    add_binding(crypto, secret, PURPOSE_REQUEST, &to);
    add_digest(crypto, statement, &to);
    return to;
}

static struct signed_bytes reply_signed(struct crypto *crypto,
    const struct request_secret *secret, struct slice statement)
{
    struct signed_bytes to = { .size = 0 };
    add(&to, PURPOSE_REPLY.bytes, PURPOSE_REPLY.size);
    add(&to, secret->recipient.text, AGENCY_ID_SIZE);
    add(&to, secret->sender.text, AGENCY_ID_SIZE);
    add_binding(crypto, secret, PURPOSE_REPLY, &to);
    add_digest(crypto, statement, &to);
    return to;
}

/* Puts the letter together, signs and seals it. The statement that is signed
 * is the one written. */
struct sealing {
    const uint8_t *key;
    const uint8_t *nonce;
    struct slice aad;
    statement_signed *signs;
    const struct request_secret *secret;
};

static enum err sign_and_seal(struct crypto *crypto,
    const struct sealing *sealing, struct letter_parts *parts,
    struct arena *arena, struct slice *envelope)
{
    struct letter letter;
    uint8_t own[KEY_SIZE];
    enum err err =
        crypto->ops->signer_public(crypto, CRYPTO_SIGNER_OPERATION, own);
    if (err != ERR_NONE)
        return err;
    parts->key_id = crypto_key_id(crypto, own);
    if (!letter_write(parts, arena, &letter))
        return ERR_LIMIT;
    struct signed_bytes said =
        sealing->signs(crypto, sealing->secret, letter.statement);
    err = crypto->ops->sign(crypto, CRYPTO_SIGNER_OPERATION,
        slice_of(said.bytes, said.size), letter.signature);
    if (err == ERR_NONE)
        err = crypto->ops->aead_seal(crypto, sealing->key, sealing->nonce,
            sealing->aad, letter.plain, letter.sealed);
    *envelope = letter.envelope;
    return err;
}

/* Opens in place, unpads and reads the signed part of either direction: of an
 * envelope, and what is sealed in it. */
static enum err open_part(struct crypto *crypto, const uint8_t key[KEY_SIZE],
    const uint8_t nonce[AEAD_NONCE_SIZE], struct slice aad, uint8_t *envelope,
    struct slice sealed, struct arena *arena, struct signed_part *part)
{
    struct slice bytes;
    if (sealed.size < AEAD_TAG_SIZE)
        return ERR_MALFORMED;
    uint8_t *plain = envelope + (sealed.bytes - envelope);
    struct slice opened = slice_of(plain, sealed.size - AEAD_TAG_SIZE);
    enum err err =
        crypto->ops->aead_open(crypto, key, nonce, aad, sealed, plain);
    if (err == ERR_NONE && !letter_unpad(opened, &bytes))
        err = ERR_MALFORMED;
    return err != ERR_NONE ? err : signed_part_read(bytes, arena, part);
}

enum err request_seal(struct crypto *crypto, const struct agency_id *sender,
    const struct agency_id *recipient, const uint8_t sealing_key[KEY_SIZE],
    enum request_kind kind, struct instant now, struct slice body,
    const uint8_t seed[SEED_SIZE], struct arena *arena,
    struct request_secret *secret, struct slice *envelope)
{
    struct envelope_header header = { .version = REFER_PROTOCOL_VERSION,
        .recipient = *recipient,
        .key_id = crypto_key_id(crypto, sealing_key) };
    struct info info = info_of(recipient, header.key_id);
    *secret =
        (struct request_secret){ .sender = *sender, .recipient = *recipient };
    enum err err = crypto->ops->encapsulate(crypto, sealing_key,
        SLICE_ARRAY(info.bytes), seed, secret->enc, &secret->hpke);
    if (err != ERR_NONE)
        return err;
    memcpy(header.enc, secret->enc, KEY_SIZE);

    struct request request = { .sender = *sender, .kind = kind, .at = now };
    struct slice header_bytes = envelope_header_write(&header, arena);
    struct letter_parts parts = {
        .envelope = envelope_write(header_bytes, SLICE_NONE, arena),
        .ciphertext = 2,
        .statement = request_statement_write(&request, arena),
        .body_number = 4,
        .body = body,
    };
    struct sealing sealing = { secret->hpke.key, secret->hpke.nonce,
        header_bytes, request_signed, secret };
    return sign_and_seal(crypto, &sealing, &parts, arena, envelope);
}

static enum err header_check(struct slice bytes, const struct agency_id *self,
    struct arena *arena, struct envelope_header *header)
{
    enum err err = envelope_header_read(bytes, arena, header);
    if (err != ERR_NONE)
        return err;
    if (header->version != REFER_PROTOCOL_VERSION)
        return ERR_VERSION;
    return strcmp(header->recipient.text, self->text) == 0 ? ERR_NONE
                                                           : ERR_ADDRESS;
}

/* Who introduces itself brings the card that its key is on. */
static bool introduced_key(struct crypto *crypto, const struct request *request,
    uint64_t key_id, struct arena *arena, uint8_t key[KEY_SIZE])
{
    struct introduce introduce;
    struct card card;
    struct card_problem problem;
    if (request->kind != REQUEST_INTRODUCE ||
        introduce_read(request->body, arena, &introduce) != ERR_NONE ||
        card_read(crypto, introduce.card, arena, &card, &problem) != ERR_NONE ||
        !agency_id_equal(&card.agency, &request->sender))
        return false;
    const struct card_key *found =
        card_key_find(crypto, &card, KEY_OPERATION, key_id);
    if (found != NULL)
        memcpy(key, found->key, KEY_SIZE);
    return found != NULL;
}

enum err request_open(struct crypto *crypto, const struct agency_id *self,
    uint8_t *envelope, size_t size, struct arena *arena, request_key_find *find,
    void *user, struct request_secret *secret, struct request *request)
{
    struct slice header_bytes;
    struct slice ciphertext;
    struct envelope_header header;
    struct signed_part part;
    uint8_t key[KEY_SIZE];
    enum err err = envelope_read(
        slice_of(envelope, size), arena, &header_bytes, &ciphertext);
    if (err == ERR_NONE)
        err = header_check(header_bytes, self, arena, &header);
    if (err != ERR_NONE)
        return err;

    struct info info = info_of(self, header.key_id);
    enum crypto_opener opener;
    *secret = (struct request_secret){ .recipient = *self };
    memcpy(secret->enc, header.enc, KEY_SIZE);
    err = crypto->ops->decapsulate(crypto, header.key_id, header.enc,
        SLICE_ARRAY(info.bytes), &opener, &secret->hpke);
    if (err == ERR_NONE)
        err = open_part(crypto, secret->hpke.key, secret->hpke.nonce,
            header_bytes, envelope, ciphertext, arena, &part);
    if (err == ERR_NONE)
        err = request_statement_read(part.statement, arena, request);
    if (err != ERR_NONE)
        return err;

    request->opener = opener;
    secret->sender = request->sender;
    if (!find(user, &request->sender, part.key_id, key) &&
        !introduced_key(crypto, request, part.key_id, arena, key))
        return ERR_NOT_FOUND;
    struct signed_bytes said = request_signed(crypto, secret, part.statement);
    return crypto->ops->verify(
               crypto, key, slice_of(said.bytes, said.size), part.signature)
               ? ERR_NONE
               : ERR_SIGNATURE;
}

struct reply_keys {
    uint8_t key[KEY_SIZE];
    uint8_t nonce[AEAD_NONCE_SIZE];
};

/* RFC 9458, 4.4: keys from the exported secret, enc and a fresh nonce. */
static void reply_derive(struct crypto *crypto,
    const struct request_secret *secret, struct slice response_nonce,
    struct reply_keys *keys)
{
    uint8_t exported[KEY_SIZE];
    uint8_t salt[KEY_SIZE + SEED_SIZE];
    assert(response_nonce.size == SEED_SIZE);
    crypto->ops->export_secret(crypto, &secret->hpke,
        SLICE_LITERAL("refer.v1 response"), exported, sizeof exported);
    memcpy(salt, secret->enc, KEY_SIZE);
    memcpy(salt + KEY_SIZE, response_nonce.bytes, SEED_SIZE);
    crypto->ops->derive(crypto, SLICE_ARRAY(salt), SLICE_ARRAY(exported),
        SLICE_LITERAL("key"), keys->key, sizeof keys->key);
    crypto->ops->derive(crypto, SLICE_ARRAY(salt), SLICE_ARRAY(exported),
        SLICE_LITERAL("nonce"), keys->nonce, sizeof keys->nonce);
}

enum err reply_seal(struct crypto *crypto, const struct request_secret *secret,
    enum reply_kind kind, struct instant now, struct slice body,
    const uint8_t seed[SEED_SIZE], struct arena *arena, struct slice *envelope)
{
    struct reply reply = { .kind = kind, .at = now };
    struct reply_shell shell = { .version = REFER_PROTOCOL_VERSION,
        .nonce = slice_of(seed, SEED_SIZE) };
    struct letter_parts parts = {
        .envelope = reply_shell_write(&shell, arena),
        .ciphertext = 3,
        .statement = reply_statement_write(&reply, arena),
        .body_number = 3,
        .body = body,
    };
    struct reply_keys keys;
    reply_derive(crypto, secret, shell.nonce, &keys);
    struct sealing sealing = { keys.key, keys.nonce, REPLY_AAD, reply_signed,
        secret };
    return sign_and_seal(crypto, &sealing, &parts, arena, envelope);
}

struct slice reply_plain(enum plain_kind kind, struct slice sheet,
    uint32_t retry_after_ms, struct arena *arena)
{
    struct reply_shell shell = { .version = REFER_PROTOCOL_VERSION,
        .plain = kind,
        .sheet = sheet,
        .retry_after_ms = retry_after_ms };
    return reply_shell_write(&shell, arena);
}

/* Keys of a card that the reply brings, if it is newer than the one held. */
static bool is_by_newer_card(struct crypto *crypto,
    const struct request_secret *secret, const struct replier *replier,
    const struct signed_part *part, struct slice statement, struct arena *arena)
{
    struct reply reply;
    struct head head;
    struct card card;
    struct card_problem problem;
    if (reply_statement_read(part->statement, arena, &reply) != ERR_NONE ||
        reply.kind != REPLY_HEAD ||
        head_read(reply.body, arena, &head) != ERR_NONE ||
        card_read(crypto, head.card, arena, &card, &problem) != ERR_NONE ||
        !agency_id_equal(&card.agency, &secret->recipient) ||
        card.serial <= replier->card_serial)
        return false;
    const struct card_key *key =
        card_key_find(crypto, &card, KEY_OPERATION, part->key_id);
    return key != NULL &&
           crypto->ops->verify(crypto, key->key, statement, part->signature);
}

static enum err reply_verify(struct crypto *crypto,
    const struct request_secret *secret, const struct replier *replier,
    const struct signed_part *part, struct arena *arena)
{
    struct signed_bytes said = reply_signed(crypto, secret, part->statement);
    struct slice statement = slice_of(said.bytes, said.size);
    for (size_t i = 0; i < replier->operation_key_count; i++) {
        const uint8_t *key = replier->operation_keys[i];
        if (crypto_key_id(crypto, key) == part->key_id &&
            crypto->ops->verify(crypto, key, statement, part->signature))
            return ERR_NONE;
    }
    return is_by_newer_card(crypto, secret, replier, part, statement, arena)
               ? ERR_NONE
               : ERR_SIGNATURE;
}

enum err reply_open(struct crypto *crypto, const struct request_secret *secret,
    const struct replier *replier, uint8_t *envelope, size_t size,
    struct arena *arena, struct reply *reply)
{
    struct reply_shell shell;
    struct reply_keys keys;
    struct signed_part part;
    *reply = (struct reply){ 0 };
    enum err err = reply_shell_read(slice_of(envelope, size), arena, &shell);
    if (err != ERR_NONE)
        return err;
    if (shell.version != REFER_PROTOCOL_VERSION)
        return ERR_VERSION;
    if (shell.plain != 0) {
        reply->plain = shell.plain;
        reply->sheet = shell.sheet;
        reply->retry_after_ms = shell.retry_after_ms;
        return ERR_NONE;
    }
    reply_derive(crypto, secret, shell.nonce, &keys);
    err = open_part(crypto, keys.key, keys.nonce, REPLY_AAD, envelope,
        shell.ciphertext, arena, &part);
    if (err == ERR_NONE)
        err = reply_verify(crypto, secret, replier, &part, arena);
    return err != ERR_NONE ? err
                           : reply_statement_read(part.statement, arena, reply);
}
