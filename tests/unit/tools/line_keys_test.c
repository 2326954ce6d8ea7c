#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "io/crypto_openssl.h"
#include "referctl/line_keys.h"

static struct crypto *crypto_of(void)
{
    struct crypto *crypto;
    assert_int_equal(crypto_openssl_new(NULL, &crypto), ERR_NONE);
    return crypto;
}

static void a_key_is_what_the_line_says_and_whom_it_is_for(void **state)
{
    struct crypto *crypto = crypto_of();
    char keys[4][LINE_KEY_SIZE + 1];
    (void)state;
    line_key_make(crypto, SLICE_LITERAL("{\"to\": 1}"), "", keys[0]);
    line_key_make(crypto, SLICE_LITERAL("{\"to\": 1}"), "", keys[1]);
    line_key_make(crypto, SLICE_LITERAL("{\"to\": 2}"), "", keys[2]);
    line_key_make(crypto, SLICE_LITERAL("{\"to\": 1}"), "x", keys[3]);
    assert_string_equal(keys[0], keys[1]);
    assert_string_not_equal(keys[0], keys[2]);
    assert_string_not_equal(keys[0], keys[3]);
    assert_int_equal(strlen(keys[0]), LINE_KEY_SIZE);
    assert_int_equal(strspn(keys[0], "line-0123456789abcdef"), LINE_KEY_SIZE);
    crypto_openssl_free(crypto);
}

static void a_key_is_remembered_with_its_line(void **state)
{
    struct crypto *crypto = crypto_of();
    struct pool pool = { 0 };
    struct line_keys keys = { .pool = &pool };
    char key[16];
    (void)state;
    for (int pass = 0; pass < 2; pass++)
        for (size_t line = 1; line <= 5000; line++) {
            (void)snprintf(key, sizeof key, "k%u", (unsigned)line);
            assert_int_equal(line_keys_put(&keys, crypto, key, line + 7),
                pass == 0 ? 0 : line + 7);
        }
    assert_int_equal(keys.count, 5000);
    pool_release(&pool);
    crypto_openssl_free(crypto);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_what_the_line_says_and_whom_it_is_for),
        cmocka_unit_test(a_key_is_remembered_with_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
