#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>

#include "refer/fake.h"

/* Links the shared library, as customers do. */

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = calloc(1, 65536);
    assert_non_null(text);
    assert_true(fread(text, 1, 65535, file) > 0);
    (void)fclose(file);
    return text;
}

static size_t name_size(const char *text)
{
    return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");
}

static bool map_has(const char *map, const char *name)
{
    char line[128];
    (void)snprintf(line, sizeof line, "    %s;\n", name);
    return strstr(map, line) != NULL;
}

static void compare(
    const char *header_path, const char *map_path, size_t count_min)
{
    char *header = read_file(header_path);
    char *map = read_file(map_path);
    void *self = dlopen(NULL, RTLD_NOW);
    size_t count = 0;
    assert_non_null(self);
    for (char *next = header; (next = strstr(next, "REFER_API ")) != NULL;) {
        char name[64] = "";
        next += strlen("REFER_API ");
        char *paren = strchr(next, '(');
        if (paren == NULL)
            break;
        char *start = paren;
        while (name_size(start - 1) > 0)
            start--;
        (void)snprintf(name, sizeof name, "%.*s", (int)(paren - start), start);
        if (strncmp(name, "refer_", 6) != 0)
            continue; /* the definition of the macro itself */
        count++;
        if (!map_has(map, name))
            fail_msg("%s is not in %s", name, map_path);
        if (dlsym(self, name) == NULL)
            fail_msg("%s is not exported", name);
    }
    assert_true(count > count_min);
    for (char *next = map; (next = strstr(next, "    refer_")) != NULL;) {
        next += 4;
        count--;
    }
    assert_int_equal(count, 0);
    (void)dlclose(self);
    free(header);
    free(map);
}

static void every_declared_function_is_exported(void **state)
{
    (void)state;
    compare(SOURCE_DIR "/sdk/include/refer/refer.h",
        SOURCE_DIR "/sdk/librefer.map", 90);
    compare(SOURCE_DIR "/sdk/include/refer/fake.h",
        SOURCE_DIR "/sdk/fake/librefer_fake.map", 25);
}

static void nothing_else_is_exported(void **state)
{
    (void)state;
    static const char *const libraries[] = { "librefer.so.0",
        "librefer_fake.so.0" };
    static const char *const inner[] = { "sdk_memory_take", "sdk_client_call",
        "fake_submit", "refer__v1__local_reply__unpack",
        "protobuf_c_message_unpack" };
    for (size_t k = 0; k < sizeof libraries / sizeof *libraries; k++) {
        void *library = dlopen(libraries[k], RTLD_NOW | RTLD_NOLOAD);
        assert_non_null(library);
        for (size_t i = 0; i < sizeof inner / sizeof *inner; i++)
            if (dlsym(library, inner[i]) != NULL)
                fail_msg("%s is exported by %s", inner[i], libraries[k]);
        (void)dlclose(library);
    }
}

static void the_version_is_that_of_the_header(void **state)
{
    (void)state;
    char text[16];
    uint32_t version = refer_version();
    (void)snprintf(text, sizeof text, "%u.%u.%u", version >> 16,
        version >> 8 & 255, version & 255);
    assert_int_equal(version, REFER_VERSION_NUMBER);
    assert_string_equal(refer_version_string(), text);
    assert_int_equal(refer_id_size(), REFER_ID_SIZE);
    /* so that both libraries are loaded */
    assert_string_equal(refer_fake_option_name(0), "agency");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_declared_function_is_exported),
        cmocka_unit_test(nothing_else_is_exported),
        cmocka_unit_test(the_version_is_that_of_the_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
