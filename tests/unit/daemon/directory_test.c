#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/directory.h"

struct known {
    struct node_directory directory;
    struct slice endpoints[2];
    uint8_t pins[2][HASH_SIZE];
    uint8_t keys[2][KEY_SIZE];
    uint64_t key_ids[2];
};

/* Agency `number`, whose keys are full of `fill`. */
static void known_make(struct known *entry, int number, uint8_t fill)
{
    *entry = (struct known){ 0 };
    (void)snprintf(entry->directory.agency.text,
        sizeof entry->directory.agency.text, "%026d", number);
    entry->directory.accepted = true;
    entry->endpoints[0] = SLICE_LITERAL("tls+tcp://a:1");
    entry->endpoints[1] = SLICE_LITERAL("tls+tcp://bb:2");
    memset(entry->pins, fill, sizeof entry->pins);
    memset(entry->keys[0], fill, KEY_SIZE);
    memset(entry->keys[1], fill + 1, KEY_SIZE);
    entry->key_ids[0] = fill;
    entry->key_ids[1] = fill + 1u;
    entry->directory.endpoints = entry->endpoints;
    entry->directory.endpoint_count = 2;
    entry->directory.pins = (const uint8_t(*)[HASH_SIZE])entry->pins;
    entry->directory.pin_count = 2;
    entry->directory.operation_keys = (const uint8_t(*)[KEY_SIZE])entry->keys;
    entry->directory.operation_key_ids = entry->key_ids;
    entry->directory.operation_key_count = 2;
}

static struct directory *open_directory(void)
{
    struct directory *directory;
    assert_int_equal(directory_new(&directory), ERR_NONE);
    return directory;
}

static void set(struct directory *directory, int number, uint8_t fill)
{
    struct known entry;
    known_make(&entry, number, fill);
    assert_int_equal(directory_set(directory, &entry.directory), ERR_NONE);
    memset(&entry, 0xee, sizeof entry); /* it was copied */
}

static void what_was_set_is_given_as_a_copy(void **state)
{
    struct directory *directory = open_directory();
    struct known entry;
    (void)state;
    set(directory, 7, 0x11);
    known_make(&entry, 7, 0x11);
    struct node_directory *got =
        directory_get(directory, &entry.directory.agency);
    assert_non_null(got);
    assert_true(got->accepted);
    assert_true(agency_id_equal(&got->agency, &entry.directory.agency));
    assert_int_equal(got->endpoint_count, 2);
    /* as texts, for those who want such */
    assert_string_equal((const char *)got->endpoints[0].bytes, "tls+tcp://a:1");
    assert_string_equal(
        (const char *)got->endpoints[1].bytes, "tls+tcp://bb:2");
    assert_int_equal(got->endpoints[1].size, strlen("tls+tcp://bb:2"));
    assert_int_equal(got->pin_count, 2);
    assert_memory_equal(got->pins, entry.pins, sizeof entry.pins);
    assert_int_equal(got->operation_key_count, 2);
    assert_memory_equal(got->operation_keys, entry.keys, sizeof entry.keys);
    assert_memory_equal(
        got->operation_key_ids, entry.key_ids, sizeof entry.key_ids);
    directory_free(directory);
    assert_int_equal(got->pins[1][0], 0x11); /* lives on */
    free(got);
}

static void a_newer_entry_replaces_the_older(void **state)
{
    struct directory *directory = open_directory();
    struct known entry;
    size_t count;
    (void)state;
    set(directory, 7, 0x11);
    set(directory, 7, 0x22);
    known_make(&entry, 7, 0);
    struct node_directory *got =
        directory_get(directory, &entry.directory.agency);
    assert_int_equal(got->pins[0][0], 0x22);
    free(got);
    uint8_t(*pins)[HASH_SIZE] = directory_pins(directory, &count);
    assert_int_equal(count, 2);
    free(pins);
    directory_free(directory);
}

static void an_agency_that_is_not_accepted_is_forgotten(void **state)
{
    struct directory *directory = open_directory();
    struct known entry;
    (void)state;
    for (int i = 0; i < 3; i++)
        set(directory, i, (uint8_t)(0x10 * i));
    for (int i = 0; i < 2; i++) {
        known_make(&entry, 1, 0);
        entry.directory.accepted = false;
        assert_int_equal(directory_set(directory, &entry.directory), ERR_NONE);
        assert_null(directory_get(directory, &entry.directory.agency));
    }
    for (int i = 0; i < 3; i += 2) {
        known_make(&entry, i, 0);
        struct node_directory *got =
            directory_get(directory, &entry.directory.agency);
        assert_non_null(got);
        assert_int_equal(got->pins[0][0], 0x10 * i);
        free(got);
    }
    directory_free(directory);
}

static void operation_keys_are_found_by_agency_and_id(void **state)
{
    struct directory *directory = open_directory();
    struct known entry;
    uint8_t key[KEY_SIZE] = { 0 };
    (void)state;
    set(directory, 1, 0x11);
    set(directory, 2, 0x21);
    known_make(&entry, 1, 0);
    const struct agency_id *agency = &entry.directory.agency;
    assert_true(directory_operation_key(directory, agency, 0x12, key));
    assert_int_equal(key[KEY_SIZE - 1], 0x12);
    assert_true(directory_operation_key(directory, agency, 0x11, key));
    assert_int_equal(key[0], 0x11);
    /* another agency's key is not ours */
    assert_false(directory_operation_key(directory, agency, 0x21, key));
    known_make(&entry, 3, 0);
    assert_false(directory_operation_key(directory, agency, 0x11, key));
    assert_int_equal(key[0], 0x11);
    directory_free(directory);
}

static void pins_are_those_of_all(void **state)
{
    struct directory *directory = open_directory();
    bool seen[200] = { false };
    size_t count = 1;
    (void)state;
    uint8_t(*pins)[HASH_SIZE] = directory_pins(directory, &count);
    assert_int_equal(count, 0);
    free(pins);
    for (int i = 0; i < 100; i++) /* it grows */
        set(directory, i, (uint8_t)i);
    pins = directory_pins(directory, &count);
    assert_int_equal(count, 200);
    for (size_t i = 0; i < count; i++)
        seen[pins[i][HASH_SIZE - 1]] = true;
    for (size_t i = 0; i < 100; i++)
        assert_true(seen[i]);
    free(pins);
    directory_free(directory);
}

static void an_entry_may_be_empty(void **state)
{
    struct directory *directory = open_directory();
    struct node_directory bare = { .accepted = true };
    size_t count;
    (void)state;
    assert_int_equal(directory_set(directory, &bare), ERR_NONE);
    struct node_directory *got = directory_get(directory, &bare.agency);
    assert_int_equal(got->endpoint_count, 0);
    free(got);
    uint8_t(*pins)[HASH_SIZE] = directory_pins(directory, &count);
    assert_int_equal(count, 0);
    free(pins);
    directory_free(directory);
    directory_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_set_is_given_as_a_copy),
        cmocka_unit_test(a_newer_entry_replaces_the_older),
        cmocka_unit_test(an_agency_that_is_not_accepted_is_forgotten),
        cmocka_unit_test(operation_keys_are_found_by_agency_and_id),
        cmocka_unit_test(pins_are_those_of_all),
        cmocka_unit_test(an_entry_may_be_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
