/*
 * One flipped bit in a stopped store, or in its vault: it is refused when it is
 * opened, or told of by whoever reads all of it; what is read is what was
 * written. Never another value, a signal, or a hang. Each try is a process of
 * its own. A count as argument makes as many as you like; the seed is second.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/prng.h"
#include "io/store_lmdb.h"
#include "io/store_sealed.h"
#include "io/vault_file.h"
#include "support/scratch.h"

#define ROW_COUNT 1200
#define CONTENT_COUNT 60u
#define VALUE_SIZE_MAX 9000u
#define SECONDS_MAX 60u

static unsigned try_count = 40;
static uint64_t seed = 1;

static const uint8_t row_key[KEY_SIZE] = { 1, 2, 3 };
static const uint8_t content_key[KEY_SIZE] = { 4, 5, 6 };

/* How a try ends; the exit status of its process. */
enum outcome {
    OUTCOME_SAME,    /* it lies where nothing is read */
    OUTCOME_REFUSED, /* when it was opened */
    OUTCOME_TOLD,    /* by who reads all of it */
    OUTCOME_ABSENT,  /* told, and a row that is asked for is not there */
    OUTCOME_SERVED,  /* another value, or silence */
    OUTCOME_COUNT
};

/* ---- What is stored ------------------------------------------------------ */

static struct slice key_of(unsigned row, uint8_t bytes[8])
{
    bytes[0] = (uint8_t)("celrf"[row % 5]);
    for (int i = 1; i < 8; i++)
        bytes[i] = (uint8_t)(row * 2654435761u >> (4 * i));
    bytes[6] = (uint8_t)(row >> 8);
    bytes[7] = (uint8_t)row;
    return slice_of(bytes, 8);
}

static struct slice value_of(unsigned row, uint8_t bytes[VALUE_SIZE_MAX])
{
    size_t size = row % 40 == 0 ? VALUE_SIZE_MAX - row % 7 : row % 300;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(row * 7 + i);
    return slice_of(bytes, size);
}

static struct slice where_of(unsigned content, uint8_t bytes[4])
{
    memset(bytes, 0, 4);
    bytes[0] = (uint8_t)content;
    return slice_of(bytes, 4);
}

struct house {
    struct store *store;
    struct vault *vault;
};

static enum err house_open(const char *dir, bool may_make, struct house *house)
{
    char path[600];
    struct store_problem problem;
    struct keys_problem said;
    struct store *sealed;
    struct store_lmdb_options options = store_lmdb_options_default();
    options.map_size = 64u << 20;
    *house = (struct house){ 0 };
    enum err err = store_lmdb_open(dir, &options, &house->store, &problem);
    if (err != ERR_NONE)
        return err;
    err = store_sealed_open(house->store, row_key, &sealed);
    if (err != ERR_NONE)
        return err;
    house->store = sealed;
    (void)snprintf(path, sizeof path, "%s/vault", dir);
    return vault_file_open(path, content_key, may_make, &house->vault, &said);
}

static void house_close(struct house *house)
{
    if (house->store != NULL)
        house->store->ops->close(house->store);
    if (house->vault != NULL)
        house->vault->ops->close(house->vault);
}

/* Some rows go again, so that there are free pages, too. */
static void fill(const char *dir, uint8_t sealed[CONTENT_COUNT][64])
{
    static uint8_t value[VALUE_SIZE_MAX];
    struct house house;
    assert_int_equal(house_open(dir, true, &house), ERR_NONE);
    for (int turn = 0; turn < 2; turn++) {
        struct store_txn *txn;
        assert_int_equal(
            house.store->ops->begin(house.store, true, &txn), ERR_NONE);
        for (unsigned row = 0; row < ROW_COUNT + 200; row++) {
            uint8_t key[8];
            if (turn == 0)
                store_put(txn, key_of(row, key), value_of(row, value));
            else if (row >= ROW_COUNT)
                store_del(txn, key_of(row, key));
        }
        assert_int_equal(house.store->ops->commit(txn), ERR_NONE);
    }
    assert_int_equal(
        house.vault->ops->reserve(house.vault, CONTENT_COUNT), ERR_NONE);
    for (unsigned i = 0; i < CONTENT_COUNT; i++) {
        uint8_t where[4];
        assert_int_equal(
            house.vault->ops->seal(house.vault, i, where_of(i, where),
                slice_of("a content of 30 bytes, or more", 30), sealed[i]),
            ERR_NONE);
    }
    house_close(&house);
}

/* ---- A try --------------------------------------------------------------- */

/* As a check reads it: every row there is. */
static bool all_is_told_whole(struct store *store)
{
    struct store_txn *txn;
    uint8_t from[STORE_KEY_SIZE_MAX] = { 1 };
    size_t from_size = 1;
    size_t count = 0;
    bool is_whole = true;
    if (store->ops->begin(store, false, &txn) != ERR_NONE)
        return false;
    for (;;) {
        struct slice key = slice_of(from, from_size);
        struct slice value;
        enum err err = txn->ops->probe(txn, 0, &key, &value, false);
        if (err == ERR_NOT_FOUND)
            break;
        is_whole &= err == ERR_NONE;
        if ((err != ERR_NONE && err != ERR_CORRUPT) ||
            ++count > 4 * ROW_COUNT || key.size + 1 > sizeof from)
            break;
        memcpy(from, key.bytes, key.size);
        from[key.size] = 0;
        from_size = key.size + 1;
    }
    store->ops->abort(txn);
    return is_whole && count == ROW_COUNT;
}

/* As the gateway reads it: by key. */
static enum outcome rows_get(struct store *store, bool is_told)
{
    static uint8_t expected[VALUE_SIZE_MAX];
    enum outcome outcome = is_told ? OUTCOME_TOLD : OUTCOME_SAME;
    for (unsigned row = 0; row < ROW_COUNT; row++) {
        uint8_t key[8];
        struct store_txn *txn;
        if (store->ops->begin(store, false, &txn) != ERR_NONE)
            return OUTCOME_TOLD;
        struct slice value = store_get(txn, key_of(row, key));
        enum err err = txn->err;
        bool is_same = slice_equal(value, value_of(row, expected));
        bool is_absent = err == ERR_NONE && value.bytes == NULL;
        store->ops->abort(txn);
        if (err == ERR_NONE && !is_absent && !is_same)
            return OUTCOME_SERVED;
        if (is_absent && !is_told)
            return OUTCOME_SERVED;
        if (is_absent)
            outcome = OUTCOME_ABSENT;
        else if (err != ERR_NONE && outcome == OUTCOME_SAME)
            outcome = OUTCOME_TOLD;
    }
    return outcome;
}

static enum outcome contents_open(
    struct vault *vault, uint8_t sealed[CONTENT_COUNT][64])
{
    enum outcome outcome = OUTCOME_SAME;
    for (unsigned i = 0; i < CONTENT_COUNT; i++) {
        uint8_t where[4];
        uint8_t plain[64];
        enum err err = vault->ops->open(vault, i, where_of(i, where),
            slice_of(sealed[i], 30 + VAULT_OVERHEAD), plain);
        if (err == ERR_NONE &&
            memcmp(plain, "a content of 30 bytes, or more", 30) != 0)
            return OUTCOME_SERVED;
        if (err == ERR_NOT_FOUND)
            return OUTCOME_SERVED; /* silence */
        if (err != ERR_NONE)
            outcome = OUTCOME_TOLD;
    }
    return outcome;
}

static enum outcome look(const char *dir, uint8_t sealed[CONTENT_COUNT][64])
{
    struct house house;
    if (house_open(dir, false, &house) != ERR_NONE) {
        house_close(&house);
        return OUTCOME_REFUSED;
    }
    enum outcome contents = contents_open(house.vault, sealed);
    bool is_told = !all_is_told_whole(house.store);
    enum outcome rows = rows_get(house.store, is_told);
    house_close(&house);
    return rows > contents ? rows : contents;
}

/* ---- Many ---------------------------------------------------------------- */

static void flip(const char *path, uint64_t offset, unsigned bit)
{
    uint8_t byte;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, (off_t)offset), 1);
    byte ^= (uint8_t)(1u << bit);
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)offset), 1);
    assert_int_equal(close(fd), 0);
}

static enum outcome try_one(
    const char *dir, uint8_t sealed[CONTENT_COUNT][64], const char *what)
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        /* what hangs here, computes; a machine that stands still does not */
        const struct rlimit most = { SECONDS_MAX, SECONDS_MAX };
        (void)setrlimit(RLIMIT_CPU, &most);
        _exit((int)look(dir, sealed));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status))
        fail_msg("%s: signal %d", what, WTERMSIG(status));
    if (WEXITSTATUS(status) >= OUTCOME_SERVED)
        fail_msg("%s: status %d", what, WEXITSTATUS(status));
    return (enum outcome)WEXITSTATUS(status);
}

static void tries(const char *name, unsigned one_of)
{
    static uint8_t sealed[CONTENT_COUNT][64];
    unsigned counts[OUTCOME_COUNT] = { 0 };
    char dir[512];
    char path[600];
    char what[128];
    struct scratch scratch;
    struct stat status;
    struct prng prng = prng_from_seed(seed);
    scratch_open(&scratch);
    (void)snprintf(dir, sizeof dir, "%s", scratch.path);
    fill(dir, sealed);
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(try_one(dir, sealed, "nothing"), OUTCOME_SAME);
    for (unsigned i = 0; i < try_count / one_of; i++) {
        uint64_t offset = prng_below(&prng, (uint64_t)status.st_size);
        unsigned bit = (unsigned)prng_below(&prng, 8);
        (void)snprintf(what, sizeof what, "%s, byte %llu, bit %u, seed %llu",
            name, (unsigned long long)offset, bit, (unsigned long long)seed);
        flip(path, offset, bit);
        counts[try_one(dir, sealed, what)]++;
        flip(path, offset, bit);
    }
    print_message("%s: %u flips: %u where nothing is read, %u refused, %u told,"
                  " %u told and absent\n",
        name, try_count / one_of, counts[OUTCOME_SAME], counts[OUTCOME_REFUSED],
        counts[OUTCOME_TOLD], counts[OUTCOME_ABSENT]);
    scratch_close(&scratch);
}

static void a_flipped_bit_of_the_store_is_never_served(void **state)
{
    (void)state;
    tries("store/data.mdb", 1);
}

static void a_flipped_bit_of_the_vault_is_never_served(void **state)
{
    (void)state;
    tries("vault", 2);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flipped_bit_of_the_store_is_never_served),
        cmocka_unit_test(a_flipped_bit_of_the_vault_is_never_served),
    };
    if (argc > 1)
        try_count = (unsigned)strtoul(argv[1], NULL, 10);
    if (argc > 2)
        seed = strtoull(argv[2], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
