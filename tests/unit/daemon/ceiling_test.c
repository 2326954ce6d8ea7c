#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/limits.h"
#include "daemon/ceiling.h"

#define MIB (UINT64_C(1024) * 1024)

static const struct config_limits by_default = {
    .connections = CONNECTION_COUNT_MAX,
    .dialed = DIALED_COUNT_MAX,
    .half_open = HALF_OPEN_COUNT_MAX,
};

static void parts_have_names_and_reasons_and_make_up_the_whole(void **state)
{
    struct ceiling_part part;
    uint64_t total = 0;
    size_t count = 0;
    (void)state;
    for (; (part = ceiling_part_at(count, &by_default)).name != NULL; count++) {
        assert_true(part.name[0] != '\0' && part.reason[0] != '\0');
        assert_true(part.size > 0);
        for (size_t i = 0; i < count; i++)
            assert_string_not_equal(
                part.name, ceiling_part_at(i, &by_default).name);
        total += part.size;
    }
    assert_int_equal(ceiling_size(&by_default), total);
}

/* The units' MemoryMax is above it, and leaves room for the store's pages. */
static void by_default_it_is_below_a_gibibyte(void **state)
{
    (void)state;
    assert_in_range(ceiling_size(&by_default), 128 * MIB, 864 * MIB);
}

static void each_connection_counts(void **state)
{
    struct config_limits limits = by_default;
    uint64_t before = ceiling_size(&limits);
    (void)state;
    limits.connections += 1000;
    uint64_t accepted = ceiling_size(&limits);
    assert_true(accepted - before >= 1000 * CONNECTION_SIZE_MAX);
    limits.dialed += 1000;
    uint64_t dialed = ceiling_size(&limits);
    assert_true(
        dialed - accepted >= 1000 * (CONNECTION_SIZE_MAX + LINK_SIZE_MAX));
    limits.half_open += 1000;
    assert_true(ceiling_size(&limits) - dialed >= 1000 * CONNECTION_SIZE_MAX);
    limits = (struct config_limits){ 65536, 65536, 65536, 1, 1, 1, 1, 1 };
    assert_true(ceiling_size(&limits) > 8192 * MIB); /* nothing wraps */
}

static void it_is_printed_as_comments(void **state)
{
    char text[CEILING_TEXT_SIZE_MAX];
    char line[128];
    size_t size;
    struct ceiling_part part;
    (void)state;
    assert_int_equal(
        ceiling_print(&by_default, text, sizeof text, &size), ERR_NONE);
    assert_int_equal(strlen(text), size);
    for (const char *at = text; *at != '\0'; at = strchr(at, '\n') + 1)
        assert_true(*at == '#' || *at == '\n');
    (void)snprintf(line, sizeof line, "\n# memory: %ju\n",
        (uintmax_t)ceiling_size(&by_default));
    assert_non_null(strstr(text, line));
    for (size_t i = 0; (part = ceiling_part_at(i, &by_default)).name != NULL;
         i++) {
        (void)snprintf(line, sizeof line, "\n# memory.%s: %ju, ", part.name,
            (uintmax_t)part.size);
        assert_non_null(strstr(text, line));
    }
}

static void a_text_without_room_is_told(void **state)
{
    char text[CEILING_TEXT_SIZE_MAX];
    size_t whole;
    size_t size;
    (void)state;
    assert_int_equal(
        ceiling_print(&by_default, text, sizeof text, &whole), ERR_NONE);
    assert_int_equal(
        ceiling_print(&by_default, text, whole + 1, &size), ERR_NONE);
    for (size_t capacity = 1; capacity <= whole; capacity += 7)
        assert_int_equal(
            ceiling_print(&by_default, text, capacity, &size), ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_have_names_and_reasons_and_make_up_the_whole),
        cmocka_unit_test(by_default_it_is_below_a_gibibyte),
        cmocka_unit_test(each_connection_counts),
        cmocka_unit_test(it_is_printed_as_comments),
        cmocka_unit_test(a_text_without_room_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
