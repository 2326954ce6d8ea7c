#include "io/vault_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/pack.h"
#include "io/aead_openssl.h"
#include "io/file_read.h"
#include "io/hkdf_openssl.h"
#include "io/must_openssl.h"
#include "io/openssl.h"
#include "io/random_openssl.h"

#define IDENTITY_SIZE VAULT_FILE_IDENTITY_SIZE
#define COUNT_SIZE 8
#define CHECK_SIZE 16
#define HEAD_SIZE (IDENTITY_SIZE + 2 * COUNT_SIZE + CHECK_SIZE)
#define ENTRY_SIZE 32
#define NEAR_COUNT 128u
/* Drawn together: a draw costs as much as sealing a content. */
#define NONCE_POOL_SIZE (AEAD_NONCE_SIZE * 128u)

_Static_assert(HEAD_SIZE == VAULT_FILE_HEAD_SIZE, "head");
_Static_assert(VAULT_FILE_STEP % NEAR_COUNT == 0, "whole blocks");
_Static_assert(VAULT_OVERHEAD == AEAD_NONCE_SIZE + AEAD_TAG_SIZE, "overhead");

struct vault_file {
    struct vault vault; /* first, so that either is the other */
    int file;
    uint8_t identity[IDENTITY_SIZE];
    uint64_t count;
    uint64_t changes;
    /* the entries around the last that was asked for */
    uint64_t near_first;
    size_t near_count; /* 0: none */
    uint8_t near[NEAR_COUNT * ENTRY_SIZE];
    uint8_t secret[KEY_SIZE];
    uint8_t nonces[NONCE_POOL_SIZE];
    size_t nonces_left;
    struct hkdf hkdf;
    struct aead gcm;
};

static struct vault_file *of(struct vault *vault)
{
    return (struct vault_file *)(void *)vault;
}

/* ---- The file ----------------------------------------------------------- */

static enum err write_at(
    int file, uint64_t offset, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t put = pwrite(file, bytes, size, (off_t)offset);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return ERR_IO;
        bytes += put;
        offset += (uint64_t)put;
        size -= (size_t)put;
    }
    return ERR_NONE;
}

static uint64_t entry_offset(uint64_t entry)
{
    return HEAD_SIZE + entry * ENTRY_SIZE;
}

static void head_print(const struct vault_file *self, uint64_t count,
    uint64_t changes, uint8_t head[HEAD_SIZE])
{
    uint8_t digest[HASH_SIZE];
    struct packer out = pack_into(head, HEAD_SIZE);
    pack_fixed(&out, self->identity, IDENTITY_SIZE);
    pack_u64(&out, count);
    pack_u64(&out, changes);
    must(EVP_Q_digest(NULL, "SHA256", NULL, head, HEAD_SIZE - CHECK_SIZE,
             digest, NULL) == 1);
    pack_fixed(&out, digest, CHECK_SIZE);
}

/* One change more, durable with all that was written before it when it returns
 * ERR_NONE. */
static enum err head_write(struct vault_file *self, uint64_t count)
{
    uint8_t head[HEAD_SIZE];
    head_print(self, count, self->changes + 1, head);
    enum err err = write_at(self->file, 0, head, sizeof head);
    if (err == ERR_NONE && fdatasync(self->file) != 0)
        err = ERR_IO;
    if (err == ERR_NONE) {
        self->count = count;
        self->changes++;
    }
    return err;
}

static enum err head_read(struct vault_file *self)
{
    uint8_t head[HEAD_SIZE];
    uint8_t expected[HEAD_SIZE];
    struct stat status;
    enum err err = file_read(self->file, 0, head, sizeof head);
    if (err != ERR_NONE)
        return err;
    struct unpacker in = unpack_from(SLICE_ARRAY(head));
    unpack_fixed(&in, self->identity, IDENTITY_SIZE);
    self->count = unpack_u64(&in);
    self->changes = unpack_u64(&in);
    head_print(self, self->count, self->changes, expected);
    if (memcmp(head, expected, sizeof head) != 0 ||
        self->count > INT64_MAX / (2 * ENTRY_SIZE))
        return ERR_CORRUPT;
    if (fstat(self->file, &status) != 0)
        return ERR_IO;
    return (uint64_t)status.st_size < entry_offset(self->count) ? ERR_CORRUPT
                                                                : ERR_NONE;
}

/* ---- Entries ------------------------------------------------------------ */

static enum err reserve(struct vault *vault, uint64_t count)
{
    struct vault_file *self = of(vault);
    uint8_t *entries = self->near;
    if (count <= self->count)
        return ERR_NONE;
    if (count > INT64_MAX / (4 * ENTRY_SIZE))
        return ERR_INVALID;
    uint64_t end = (count + VAULT_FILE_STEP - 1) / VAULT_FILE_STEP;
    end *= VAULT_FILE_STEP;
    enum err err = ERR_NONE;
    for (uint64_t at = self->count; at < end && err == ERR_NONE;
         at += NEAR_COUNT) {
        err = random_fill(entries, sizeof self->near);
        if (err == ERR_NONE)
            err = write_at(
                self->file, entry_offset(at), entries, sizeof self->near);
    }
    self->near_count = 0;
    /* before the head counts them */
    if (err == ERR_NONE && fdatasync(self->file) != 0)
        err = ERR_IO;
    return err == ERR_NONE ? head_write(self, end) : err;
}

static uint64_t count_of(struct vault *vault)
{
    return of(vault)->count;
}

static uint64_t changes_of(struct vault *vault)
{
    return of(vault)->changes;
}

/* The random number of an entry. ERR_NOT_FOUND: not there, or destroyed. */
static enum err entry_number(
    struct vault_file *self, uint64_t entry, const uint8_t **number)
{
    static const uint8_t destroyed[ENTRY_SIZE];
    if (entry >= self->count)
        return ERR_NOT_FOUND;
    if (entry < self->near_first ||
        entry - self->near_first >= self->near_count) {
        uint64_t first = entry - entry % NEAR_COUNT;
        self->near_count = 0;
        enum err err = file_read(
            self->file, entry_offset(first), self->near, sizeof self->near);
        if (err != ERR_NONE)
            return err;
        self->near_first = first;
        self->near_count = NEAR_COUNT;
    }
    *number = self->near + (entry - self->near_first) * ENTRY_SIZE;
    return memcmp(*number, destroyed, ENTRY_SIZE) == 0 ? ERR_NOT_FOUND
                                                       : ERR_NONE;
}

static bool is_destroyed(struct vault *vault, uint64_t entry)
{
    const uint8_t *number;
    return entry < of(vault)->count &&
           entry_number(of(vault), entry, &number) == ERR_NOT_FOUND;
}

/* The key of an entry, which the caller wipes. */
static enum err entry_key(
    struct vault_file *self, uint64_t entry, uint8_t key[KEY_SIZE])
{
    const uint8_t *number;
    enum err err = entry_number(self, entry, &number);
    if (err == ERR_NONE) {
        struct slice info[] = { SLICE_LITERAL("refer.v1 vault entry"),
            SLICE_ARRAY(self->identity), slice_of(number, ENTRY_SIZE) };
        hkdf_expand(&self->hkdf, self->secret, info, 3, key, KEY_SIZE);
    }
    return err;
}

static enum err destroy(
    struct vault *vault, const uint64_t *entries, size_t count)
{
    static const uint8_t zeroes[ENTRY_SIZE];
    struct vault_file *self = of(vault);
    enum err err = ERR_NONE;
    self->near_count = 0;
    OPENSSL_cleanse(self->near, sizeof self->near);
    /* each key takes the place of the one before; the last may be of these */
    aead_forget(&self->gcm);
    for (size_t i = 0; i < count && err == ERR_NONE; i++)
        if (entries[i] < self->count)
            err = write_at(
                self->file, entry_offset(entries[i]), zeroes, sizeof zeroes);
    return err == ERR_NONE && count > 0 ? head_write(self, self->count) : err;
}

/* ---- Contents ----------------------------------------------------------- */

static enum err nonce_draw(struct vault_file *self, uint8_t *nonce)
{
    if (self->nonces_left == 0) {
        enum err err = random_fill(self->nonces, NONCE_POOL_SIZE);
        if (err != ERR_NONE)
            return err;
        self->nonces_left = NONCE_POOL_SIZE;
    }
    self->nonces_left -= AEAD_NONCE_SIZE;
    memcpy(nonce, self->nonces + self->nonces_left, AEAD_NONCE_SIZE);
    return ERR_NONE;
}

static enum err seal(struct vault *vault, uint64_t entry, struct slice where,
    struct slice plain, uint8_t *sealed)
{
    struct vault_file *self = of(vault);
    uint8_t key[KEY_SIZE];
    enum err err = entry_key(self, entry, key);
    if (err == ERR_NONE)
        err = nonce_draw(self, sealed);
    if (err == ERR_NONE)
        err = aead_seal(
            &self->gcm, key, sealed, where, plain, sealed + AEAD_NONCE_SIZE);
    OPENSSL_cleanse(key, sizeof key);
    return err;
}

static enum err open_content(struct vault *vault, uint64_t entry,
    struct slice where, struct slice sealed, uint8_t *plain)
{
    struct vault_file *self = of(vault);
    uint8_t key[KEY_SIZE];
    if (sealed.size < VAULT_OVERHEAD)
        return ERR_CORRUPT;
    enum err err = entry_key(self, entry, key);
    if (err != ERR_NONE)
        return err;
    err = aead_open(&self->gcm, key, sealed.bytes, where,
        slice_of(sealed.bytes + AEAD_NONCE_SIZE, sealed.size - AEAD_NONCE_SIZE),
        plain);
    OPENSSL_cleanse(key, sizeof key);
    return err == ERR_NONE ? ERR_NONE : ERR_CORRUPT;
}

/* ---- Opening ------------------------------------------------------------ */

static void close_vault(struct vault *vault)
{
    struct vault_file *self = of(vault);
    if (self->file >= 0)
        (void)close(self->file);
    hkdf_release(&self->hkdf);
    aead_release(&self->gcm);
    OPENSSL_cleanse(self, sizeof *self);
    free(self);
}

static const struct vault_ops vault_file_ops = {
    .reserve = reserve,
    .count = count_of,
    .changes = changes_of,
    .is_destroyed = is_destroyed,
    .seal = seal,
    .open = open_content,
    .destroy = destroy,
    .close = close_vault,
};

/* A vault without entries, whole or not at all. */
static enum err make(
    struct vault_file *self, const char *path, struct keys_problem *problem)
{
    uint8_t head[HEAD_SIZE];
    if (random_fill(self->identity, IDENTITY_SIZE) != ERR_NONE) {
        keys_problem_set(problem, "%s: cannot be made: no randomness", path);
        return ERR_IO;
    }
    head_print(self, 0, 0, head);
    return private_file_create(path, SLICE_ARRAY(head), problem);
}

static enum err complain(
    const char *path, enum err err, struct keys_problem *problem)
{
    if (err == ERR_CORRUPT)
        keys_problem_set(problem,
            "%s: is cut short or damaged, or is no vault; restore it together "
            "with the store beside it",
            path);
    else
        keys_problem_set(problem,
            "%s: cannot be read: %s; see to the disk and to the owner of the "
            "file",
            path, strerror(errno));
    return err;
}

static enum err file_open(struct vault_file *self, const char *path,
    bool may_make, struct keys_problem *problem)
{
    struct stat status;
    self->file = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (self->file < 0 && errno == ENOENT && may_make) {
        enum err err = make(self, path, problem);
        if (err != ERR_NONE)
            return err;
        self->file = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    }
    if (self->file < 0 && errno == ENOENT) {
        keys_problem_set(problem,
            "%s: there is no such file, but a store that needs it; restore "
            "both from one backup",
            path);
        return ERR_NOT_FOUND;
    }
    if (self->file < 0 || fstat(self->file, &status) != 0)
        return complain(path, ERR_IO, problem);
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        keys_problem_set(problem,
            "%s: others may read or change it (mode %04o); chmod 600 it", path,
            (unsigned)status.st_mode & 07777u);
        return ERR_KEY;
    }
    enum err err = head_read(self);
    return err == ERR_NONE ? ERR_NONE : complain(path, err, problem);
}

enum err vault_file_open(const char *path, const uint8_t secret[KEY_SIZE],
    bool may_make, struct vault **vault, struct keys_problem *problem)
{
    *vault = NULL;
    struct vault_file *self = calloc(1, sizeof *self);
    if (self == NULL) {
        keys_problem_set(problem, "%s: out of memory", path);
        return ERR_NO_MEMORY;
    }
    self->vault.ops = &vault_file_ops;
    self->file = -1;
    memcpy(self->secret, secret, sizeof self->secret);
    enum err err = hkdf_init(&self->hkdf);
    if (err == ERR_NONE)
        err = aead_init(&self->gcm, "AES-256-GCM");
    if (err != ERR_NONE)
        keys_problem_set(problem, "%s: out of memory", path);
    else
        err = file_open(self, path, may_make, problem);
    if (err != ERR_NONE) {
        close_vault(&self->vault);
        ERR_clear_error();
        return err;
    }
    *vault = &self->vault;
    return ERR_NONE;
}

/* A head that is being written is read again. */
#define LOOK_COUNT 10

enum err vault_file_look(
    const char *path, struct vault_look *look, struct keys_problem *problem)
{
    enum err err = ERR_CORRUPT;
    struct vault_file *self = calloc(1, sizeof *self);
    if (self == NULL) {
        keys_problem_set(problem, "%s: out of memory", path);
        return ERR_NO_MEMORY;
    }
    for (int i = 0; i < LOOK_COUNT && err == ERR_CORRUPT; i++) {
        err = file_open(self, path, false, problem);
        if (self->file >= 0)
            (void)close(self->file);
    }
    if (err == ERR_NONE) {
        memcpy(look->identity, self->identity, sizeof look->identity);
        look->count = self->count;
        look->changes = self->changes;
        look->size = entry_offset(self->count);
        head_print(self, self->count, self->changes, look->head);
    }
    free(self);
    return err;
}
