#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/form.h"

/* clang-format off */
static const char *const endpoints[] = {
    "tls+tcp://gate.example.org:7443", "tls+tcp://127.0.0.1:1",
    "tls+tcp://localhost:65535", "tls+tcp://[::1]:7443",
    "tls+tcp://[2001:db8::1]:7443", "tls+tcp://a-b.c:80",
    "tls+tcp://[::ffff:10.0.0.1]:7443",
}, *const no_endpoints[] = {
    "", "tls+tcp://", "tcp://a:1", "tls+tcp://a", "tls+tcp://a:",
    "tls+tcp://:1", "tls+tcp://a:0", "tls+tcp://a:65536", "tls+tcp://a:01",
    "tls+tcp://a:1/", "tls+tcp://a:1 ", "tls+tcp://a b:1",
    "tls+tcp://-a:1", "tls+tcp://a-:1", "tls+tcp://a..b:1",
    "tls+tcp://.a:1", "tls+tcp://a.:1", "tls+tcp://::1:1",
    "tls+tcp://[1]:1", "tls+tcp://[::g]:1", "tls+tcp://[::1:1",
    "tls+tcp://a@b:1", "TLS+TCP://a:1", "tls+tcp://a:-1",
    "tls+tcp://a:18446744073709551617",
}, *const urns[] = {
    "urn:mou:city:tb", "urn:uuid:0190f3c4-5a3b-7c11-9d2e-0242ac120002",
    "urn:ab:x", "urn:mou:a/b;c=d",
}, *const no_urns[] = {
    "", "urn", "urn:", "urn:mou", "urn:mou:", "mou:a:b", "URN:mou:a",
    "urn:a:b", "urn:-ab:c", "urn:ab-:c", "urn:mou:a b", "urn:mou:a\n",
    "urn:mou:\xc3\x96", "urn:mou:a%20b", "urn:mou:a?b", "urn:mou:a#b",
};
/* clang-format on */

static void an_endpoint_is_a_host_and_a_port(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++)
        assert_true(form_is_endpoint(slice_of_text(endpoints[i])));
    for (size_t i = 0; i < sizeof no_endpoints / sizeof *no_endpoints; i++)
        assert_false(form_is_endpoint(slice_of_text(no_endpoints[i])));
}

static void a_urn_has_one_spelling(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof urns / sizeof *urns; i++)
        assert_true(form_is_urn(slice_of_text(urns[i]), 64));
    for (size_t i = 0; i < sizeof no_urns / sizeof *no_urns; i++)
        assert_false(form_is_urn(slice_of_text(no_urns[i]), 64));
    assert_true(form_is_urn(SLICE_LITERAL("urn:ab:x"), 8));
    assert_false(form_is_urn(SLICE_LITERAL("urn:ab:xy"), 8));
}

static void a_line_is_text_without_ends(void **state)
{
    (void)state;
    assert_true(form_is_line(SLICE_LITERAL("a"), 1));
    assert_true(form_is_line(SLICE_LITERAL("a b"), 3));
    assert_true(form_is_line(SLICE_LITERAL("\xc3\x96"), 2));
    assert_false(form_is_line(SLICE_NONE, 1));
    assert_false(form_is_line(SLICE_LITERAL("ab"), 1));
    assert_false(form_is_line(SLICE_LITERAL(" a"), 9));
    assert_false(form_is_line(SLICE_LITERAL("a "), 9));
    assert_false(form_is_line(SLICE_LITERAL("a\tb"), 9));
    assert_false(form_is_line(SLICE_LITERAL("a\nb"), 9));
    assert_false(form_is_line(SLICE_LITERAL("a\x1b[2J"), 9));
    assert_false(form_is_line(SLICE_LITERAL("a\x7f"), 9));
    assert_false(form_is_line(SLICE_LITERAL("\xc3"), 9));
    assert_true(form_is_line_or_empty(SLICE_NONE, 1));
    assert_false(form_is_line_or_empty(SLICE_LITERAL(" "), 1));
}

static void names_of_hosts_have_limits(void **state)
{
    static const struct {
        size_t label_size;
        size_t label_count;
        bool is_endpoint;
    } rows[] = {
        { 63, 1, true }, { 64, 1, false }, { 62, 4, true }, /* 251 bytes */
        { 63, 4, false },                                   /* 255 */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[512] = "tls+tcp://";
        size_t size = strlen(text);
        for (size_t label = 0; label < rows[i].label_count; label++) {
            memset(text + size, 'a', rows[i].label_size);
            size += rows[i].label_size;
            text[size++] = '.';
        }
        memcpy(text + size - 1, ":1", 3);
        assert_int_equal(
            form_is_endpoint(slice_of_text(text)), rows[i].is_endpoint);
    }
    assert_true(form_is_endpoint(SLICE_LITERAL("tls+tcp://[2001:DB8::F]:1")));
    assert_false(form_is_endpoint(SLICE_LITERAL("tls+tcp://[2001:DB8::G]:1")));
    assert_false(form_is_endpoint(SLICE_LITERAL("tls+tcp://[2001:DB8::@]:1")));
}

static void a_urn_has_limits(void **state)
{
    (void)state;
    assert_true(form_is_urn(
        SLICE_LITERAL("urn:abcdefghijklmnopqrstuvwxyz123456:x"), 64));
    assert_false(form_is_urn(
        SLICE_LITERAL("urn:abcdefghijklmnopqrstuvwxyz1234567:x"), 64));
    assert_false(form_is_urn(slice_of("urn:ab:\0", 8), 64));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_endpoint_is_a_host_and_a_port),
        cmocka_unit_test(a_urn_has_one_spelling),
        cmocka_unit_test(a_line_is_text_without_ends),
        cmocka_unit_test(names_of_hosts_have_limits),
        cmocka_unit_test(a_urn_has_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
