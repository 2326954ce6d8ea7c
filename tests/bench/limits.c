#include "limits.h"

#include <fcntl.h>
#include <lmdb.h>
#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "report.h"

#define BLOCK_SIZE 2048
#define PAGE_SIZE 4096
#define PROCESSOR_SECONDS 0.05
#define PATH_SIZE 4096

/* ---- The disk ----------------------------------------------------------- */

static void path_of(const char *disk, const char *name, char path[PATH_SIZE])
{
    int size = snprintf(path, PATH_SIZE, "%s/%s.%d", disk, name, (int)getpid());
    DIE_UNLESS(size > 0 && size < PATH_SIZE);
}

static double flush_measure(const char *disk, uint32_t count)
{
    static const uint8_t page[PAGE_SIZE] = { 1 };
    char path[PATH_SIZE];
    path_of(disk, "flush", path);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    DIE_UNLESS(file >= 0);
    (void)unlink(path);
    int64_t begin = now_ns();
    for (uint32_t i = 0; i < count; i++) {
        DIE_UNLESS(write(file, page, sizeof page) == (ssize_t)sizeof page);
        DIE_UNLESS(fdatasync(file) == 0);
    }
    double each = seconds_since(begin) / count;
    (void)close(file);
    return each;
}

/* Keys sort after those before: as the store's own do. */
static void row_put(MDB_txn *txn, MDB_dbi table, char prefix, uint32_t number,
    const uint8_t *bytes, size_t size)
{
    uint8_t key[] = { (uint8_t)prefix, (uint8_t)(number >> 24),
        (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number };
    MDB_val k = { sizeof key, key };
    /* cast: LMDB only reads it */
    MDB_val v = { size, (void *)(uintptr_t)bytes };
    DIE_UNLESS(mdb_put(txn, table, &k, &v, 0) == MDB_SUCCESS);
}

static double commits_measure(MDB_env *env, uint32_t count)
{
    static const uint8_t content[BLOCK_SIZE + 128] = { 1 };
    MDB_dbi table = 0;
    int64_t begin = 0;
    for (uint32_t i = 0; i <= count; i++) {
        MDB_txn *txn;
        DIE_UNLESS(mdb_txn_begin(env, NULL, 0, &txn) == MDB_SUCCESS);
        if (i == 0)
            DIE_UNLESS(mdb_dbi_open(txn, NULL, 0, &table) == MDB_SUCCESS);
        row_put(txn, table, 'c', i, content, sizeof content);
        row_put(txn, table, 'f', i, content, 128);
        row_put(txn, table, 'k', i, content, 128);
        row_put(txn, table, 'r', i, content, 256);
        DIE_UNLESS(mdb_txn_commit(txn) == MDB_SUCCESS);
        if (i == 0) /* the first makes the file */
            begin = now_ns();
    }
    return seconds_since(begin) / count;
}

static double commit_measure(const char *disk, uint32_t count)
{
    MDB_env *env;
    char path[PATH_SIZE];
    char lock[PATH_SIZE + 8];
    path_of(disk, "commit", path);
    DIE_UNLESS(mdb_env_create(&env) == MDB_SUCCESS);
    DIE_UNLESS(
        mdb_env_set_mapsize(env, (size_t)64 * 1024 * 1024) == MDB_SUCCESS);
    DIE_UNLESS(mdb_env_open(env, path, MDB_NOSUBDIR, 0600) == MDB_SUCCESS);
    double each = commits_measure(env, count);
    mdb_env_close(env);
    (void)snprintf(lock, sizeof lock, "%s-lock", path);
    (void)unlink(path);
    (void)unlink(lock);
    return each;
}

/* ---- The cores ---------------------------------------------------------- */

static double processor_s(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

struct cores {
    EVP_MD_CTX *signer;
    EVP_MD_CTX *verifier;
    EVP_MD_CTX *hasher;
    const EVP_MD *sha256;
    EVP_CIPHER_CTX *cipher;
    uint8_t block[BLOCK_SIZE];
    uint8_t out[BLOCK_SIZE];
    uint8_t signature[64];
};

static void sign_once(struct cores *cores)
{
    size_t size = sizeof cores->signature;
    DIE_UNLESS(EVP_DigestSign(cores->signer, cores->signature, &size,
                   cores->block, 128) == 1);
}

static void verify_once(struct cores *cores)
{
    DIE_UNLESS(EVP_DigestVerify(cores->verifier, cores->signature,
                   sizeof cores->signature, cores->block, 128) == 1);
}

static void hash_once(struct cores *cores)
{
    DIE_UNLESS(EVP_DigestInit_ex(cores->hasher, cores->sha256, NULL) == 1);
    DIE_UNLESS(EVP_DigestUpdate(cores->hasher, cores->block, BLOCK_SIZE) == 1);
    DIE_UNLESS(EVP_DigestFinal_ex(cores->hasher, cores->out, NULL) == 1);
}

static void seal_once(struct cores *cores)
{
    static const uint8_t nonce[12] = { 1 };
    int size = 0;
    DIE_UNLESS(EVP_EncryptInit_ex(cores->cipher, NULL, NULL, NULL, nonce) == 1);
    DIE_UNLESS(EVP_EncryptUpdate(cores->cipher, cores->out, &size, cores->block,
                   BLOCK_SIZE) == 1);
    DIE_UNLESS(EVP_EncryptFinal_ex(cores->cipher, cores->out, &size) == 1);
}

static double repeat(struct cores *cores, void (*once)(struct cores *))
{
    uint32_t count = 0;
    double begin = processor_s();
    double spent;
    do {
        for (int i = 0; i < 16; i++)
            once(cores);
        count += 16;
        spent = processor_s() - begin;
    } while (spent < PROCESSOR_SECONDS);
    return spent / count;
}

static void cores_measure(struct limits *limits)
{
    static const uint8_t key[32] = { 1 };
    struct cores cores = { .signer = EVP_MD_CTX_new(),
        .verifier = EVP_MD_CTX_new(),
        .hasher = EVP_MD_CTX_new(),
        .sha256 = EVP_sha256(),
        .cipher = EVP_CIPHER_CTX_new() };
    EVP_PKEY *pair =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, key, sizeof key);
    DIE_UNLESS(pair != NULL && cores.signer != NULL && cores.verifier != NULL &&
               cores.hasher != NULL && cores.cipher != NULL);
    DIE_UNLESS(
        EVP_DigestSignInit(cores.signer, NULL, NULL, NULL, pair) == 1 &&
        EVP_DigestVerifyInit(cores.verifier, NULL, NULL, NULL, pair) == 1 &&
        EVP_EncryptInit_ex(
            cores.cipher, EVP_chacha20_poly1305(), NULL, key, NULL) == 1);
    limits->sign = repeat(&cores, sign_once);
    limits->verify = repeat(&cores, verify_once);
    limits->hash = repeat(&cores, hash_once);
    limits->seal = repeat(&cores, seal_once);
    EVP_MD_CTX_free(cores.signer);
    EVP_MD_CTX_free(cores.verifier);
    EVP_MD_CTX_free(cores.hasher);
    EVP_CIPHER_CTX_free(cores.cipher);
    EVP_PKEY_free(pair);
}

void limits_begin(const struct options *options, struct limits *limits)
{
    limits->flush = flush_measure(options->disk, options->probes);
    limits->commit = commit_measure(options->disk, options->probes);
    cores_measure(limits);
}

static double mean(double one, double other)
{
    return (one + other) / 2;
}

void limits_end(const struct options *options, struct limits *limits)
{
    struct limits before = *limits;
    struct limits after;
    limits_begin(options, &after);
    *limits = (struct limits){
        .flush = mean(before.flush, after.flush),
        .commit = mean(before.commit, after.commit),
        .sign = mean(before.sign, after.sign),
        .verify = mean(before.verify, after.verify),
        .hash = mean(before.hash, after.hash),
        .seal = mean(before.seal, after.seal),
    };
}

void limits_report(const struct limits *limits)
{
    report_group("limits");
    report_number("fdatasync_per_s", 1 / limits->flush, 0);
    report_number("lmdb_commits_per_s", 1 / limits->commit, 0);
    report_number("ed25519_signs_per_s", 1 / limits->sign, 0);
    report_number("ed25519_verifies_per_s", 1 / limits->verify, 0);
    report_number("sha256_mb_per_s", BLOCK_SIZE / limits->hash / 1e6, 0);
    report_number("chacha20_mb_per_s", BLOCK_SIZE / limits->seal / 1e6, 0);
    report_group_end();
}
