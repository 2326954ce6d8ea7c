/*
 * Proofs made and broken by others: the test data of transparency-dev/merkle,
 * read where it lies beside the project (or at REFER_VECTORS), else skipped.
 * Its proofs of subtrees (subtreeinclusion, subtreeconsistency) are left out:
 * nothing here makes or takes such a proof.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <jansson.h>

#include "base/text.h"
#include "core/merkle.h"
#include "support/crypto_fake.h"

/*
 * The one vector that we judge otherwise: equal sizes and equal roots, but the
 * roots are a few letters and no hashes. (Theirs refuse size 0, ours accept it
 * with an empty proof; no vector of size 0 that has hashes shows it.)
 */
static const char not_hashes[] = "sizes-are-equal-one-and-proof-is-empty.json";

struct run {
    struct crypto *crypto;
    bool (*verify)(struct crypto *crypto, const json_t *vector);
    size_t count;
};

/* False for all that is not 32 bytes: our types leave no room for it. */
static bool hash_read(const json_t *text, struct merkle_hash *hash)
{
    size_t size;
    return json_is_string(text) &&
           text_base64_decode(slice_of_text(json_string_value(text)),
               hash->bytes, HASH_SIZE, &size) == ERR_NONE &&
           size == HASH_SIZE;
}

static bool proof_read(const json_t *vector, struct merkle_proof *proof)
{
    const json_t *nodes = json_object_get(vector, "proof"); /* array or null */
    proof->count = json_array_size(nodes);
    if (proof->count > MERKLE_PROOF_COUNT_MAX)
        return false;
    for (size_t i = 0; i < proof->count; i++)
        if (!hash_read(json_array_get(nodes, i), &proof->nodes[i]))
            return false;
    return true;
}

/* Read as reals, because some are beyond jansson's integers. */
static uint64_t number_read(const json_t *vector, const char *name)
{
    const json_t *number = json_object_get(vector, name);
    assert_true(json_is_real(number));
    double value = json_real_value(number);
    return value >= 18446744073709551615.0 ? UINT64_MAX : (uint64_t)value;
}

static bool inclusion_holds(struct crypto *crypto, const json_t *vector)
{
    struct merkle_hash leaf, root;
    struct merkle_proof proof;
    if (!hash_read(json_object_get(vector, "leafHash"), &leaf) ||
        !hash_read(json_object_get(vector, "root"), &root) ||
        !proof_read(vector, &proof))
        return false;
    return merkle_verify_inclusion(crypto, &leaf,
        number_read(vector, "leafIdx"), number_read(vector, "treeSize"),
        proof.nodes, proof.count, &root);
}

static bool consistency_holds(struct crypto *crypto, const json_t *vector)
{
    struct merkle_hash old_root, root;
    struct merkle_proof proof;
    if (!hash_read(json_object_get(vector, "root1"), &old_root) ||
        !hash_read(json_object_get(vector, "root2"), &root) ||
        !proof_read(vector, &proof))
        return false;
    return merkle_verify_consistency(crypto, number_read(vector, "size1"),
        &old_root, number_read(vector, "size2"), &root, proof.nodes,
        proof.count);
}

static void check_file(struct run *run, const char *path)
{
    json_error_t error;
    json_t *vector = json_load_file(path, JSON_DECODE_INT_AS_REAL, &error);
    if (vector == NULL)
        fail_msg("%s: %s", path, error.text);
    bool is_refused = json_is_true(json_object_get(vector, "wantErr")) ||
                      strstr(path, not_hashes) != NULL;
    if (run->verify(run->crypto, vector) == is_refused)
        fail_msg("%s is %s", path, is_refused ? "believed" : "refused");
    run->count++;
    json_decref(vector);
}

static void check_folder(struct run *run, const char *path)
{
    DIR *folder = opendir(path);
    assert_non_null(folder);
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        char below[1024];
        struct stat status;
        if (entry->d_name[0] == '.')
            continue;
        int size = snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
        assert_in_range(size, 1, sizeof below - 1);
        assert_int_equal(stat(below, &status), 0);
        if (S_ISDIR(status.st_mode))
            check_folder(run, below);
        else if (strstr(entry->d_name, ".json") != NULL)
            check_file(run, below);
    }
    closedir(folder);
}

static void check_vectors(const char *kind,
    bool (*verify)(struct crypto *crypto, const json_t *vector))
{
    const char *vectors = getenv("REFER_VECTORS");
    char path[512];
    struct stat status;
    if (vectors == NULL)
        vectors = SOURCE_DIR "/../shared/vectors";
    snprintf(path, sizeof path, "%s/merkle/testdata/%s", vectors, kind);
    if (stat(path, &status) != 0) {
        print_message("skipped: there is no %s\n", path);
        skip();
    }
    struct run run = { crypto_fake_new(0, 0, 0), verify, 0 };
    check_folder(&run, path);
    crypto_fake_free(run.crypto);
    print_message("%zu %s proofs\n", run.count, kind);
    assert_in_range(run.count, 98, 10000);
}

static void inclusion_proofs_of_others_are_judged_as_by_them(void **unused)
{
    (void)unused;
    check_vectors("inclusion", inclusion_holds);
}

static void consistency_proofs_of_others_are_judged_as_by_them(void **unused)
{
    (void)unused;
    check_vectors("consistency", consistency_holds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inclusion_proofs_of_others_are_judged_as_by_them),
        cmocka_unit_test(consistency_proofs_of_others_are_judged_as_by_them),
    };
    return cmocka_run_group_tests_name(
        "core/merkle vectors", tests, NULL, NULL);
}
