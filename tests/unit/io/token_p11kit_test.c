/* Does a token get its PIN once, and is what it refuses told with a remedy? */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "io/token_p11kit.h"
#include "support/token_fake.h"

#define URI "pkcs11:token=fake%20one;object=store?module-path=" TOKEN_FAKE

static struct token_fake *fake;

static void fake_set(void)
{
    fake = token_fake_open(TOKEN_FAKE);
    assert_non_null(fake);
}

static void fake_is_left(void)
{
    assert_int_equal(fake->session_count, 0);
    assert_int_equal(fake->begun_count, 0);
}

/* Finds, and logs in; the token is closed again where that fails. */
static enum err enter(const char *uri, const char *pin, struct token **token,
    struct keys_problem *problem)
{
    enum err err = token_find(uri, token, problem);
    if (err == ERR_NONE)
        err = token_login(*token, pin, problem);
    if (err != ERR_NONE) {
        token_close(*token);
        *token = NULL;
        fake_is_left();
    }
    return err;
}

static void refused(
    const char *uri, const char *pin, enum err expected, const char *says)
{
    struct token *token;
    struct keys_problem problem = { "" };
    assert_int_equal(enter(uri, pin, &token, &problem), expected);
    if (strstr(problem.text, says) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", problem.text, says);
    assert_null(strstr(problem.text, "4711"));
}

/* ---- URIs --------------------------------------------------------------- */

static void a_uri_names_module_and_pin_but_never_holds_the_pin(void **state)
{
    static const struct {
        const char *uri;
        const char *says; /* NULL: it is taken */
    } rows[] = {
        { "pkcs11:token=a?module-path=/m.so", NULL },
        { "pkcs11:token=a;type=private?module-path=/m.so&pin-source=/p", NULL },
        { "pkcs11:?module-path=/m.so&pin-source=file:/p", NULL },
        { "pkcs11:?module-path=/m.so&pin-source=file:///p", NULL },
        { "pkcs11:token=a", "names no module-path" },
        { "pkcs11:?module-name=softhsm2", "names no module-path" },
        { "pkcs11:?module-path=m.so", "names no module-path" },
        { "pkcs11:?module-path=/m.so&pin-value=4711", "holds the PIN itself" },
        { "pkcs11:?module-path=/m.so&pin-source=p", "no path" },
        { "pkcs11:?module-path=/m.so&pin-source=|cat", "no path" },
        { "pkcs11:type=public?module-path=/m.so", "type is not private" },
        { "pkcs11:colour=red?module-path=/m.so", "nobody knows" },
        { "pkcs11:token=%zz?module-path=/m.so", "cannot be read" },
        { "pkcs11:token=a?Module-path=/m.so", "cannot be read" },
        { "file:/m.so", "cannot be read" },
        { "", "cannot be read" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct token_uri uri;
        struct keys_problem problem = { "" };
        enum err err = token_uri_read(rows[i].uri, &uri, &problem);
        assert_int_equal(err, rows[i].says == NULL ? ERR_NONE : ERR_INVALID);
        if (rows[i].says == NULL)
            assert_string_equal(uri.module, "/m.so");
        else if (strstr(problem.text, rows[i].says) == NULL)
            fail_msg("%s: %s", rows[i].uri, problem.text);
        assert_null(strstr(problem.text, "4711"));
        if (strstr(rows[i].uri, "/p") != NULL)
            assert_string_equal(uri.pin_source, "/p");
    }
}

static void a_path_that_is_too_long_is_refused(void **state)
{
    char text[PRIVATE_PATH_SIZE + 100];
    struct token_uri uri;
    struct keys_problem problem = { "" };
    int size = snprintf(
        text, sizeof text, "pkcs11:?module-path=/%0*d", PRIVATE_PATH_SIZE, 0);
    (void)state;
    assert_in_range(size, PRIVATE_PATH_SIZE, (int)sizeof text - 1);
    assert_int_equal(token_uri_read(text, &uri, &problem), ERR_INVALID);
}

/* ---- Modules and tokens ------------------------------------------------- */

static void a_module_that_cannot_be_used_is_named(void **state)
{
    (void)state;
    fake_set();
    refused("pkcs11:?module-path=/nowhere/m.so", NULL, ERR_NOT_FOUND,
        "/nowhere/m.so: there is no such module");
    refused("pkcs11:?module-path=" TOKEN_FAKE_SOURCE, NULL, ERR_IO,
        "is no PKCS#11 module");
    fake->initialize_code = CKR_DEVICE_ERROR;
    refused(URI, "4711", ERR_IO, "the module does not begin");
    fake->initialize_code = CKR_OK;
    fake->slots_code = CKR_FUNCTION_FAILED;
    refused(URI, "4711", ERR_IO, "cannot tell its tokens");
}

static void one_token_alone_gets_the_pin(void **state)
{
    struct token *token;
    struct keys_problem problem;
    (void)state;
    fake_set();
    fake->token_count = 0;
    refused(URI, "4711", ERR_NOT_FOUND, "the token is not there");
    fake->token_count = 2;
    refused(URI, "4711", ERR_CONFLICT, "means 2 tokens");
    assert_int_equal(fake->login_count, 0);
    refused("pkcs11:token=other?module-path=" TOKEN_FAKE, "4711", ERR_NOT_FOUND,
        "the token is not there");
    static const char *const one[] = {
        "pkcs11:token=fake%20one;serial=2?module-path=" TOKEN_FAKE,
        "pkcs11:slot-id=1;slot-description=reader?module-path=" TOKEN_FAKE,
    };
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(enter(one[i], "4711", &token, &problem), ERR_NONE);
        assert_string_equal(token_name(token), "fake_one");
        token_close(token);
        fake_is_left();
    }
    token_close(NULL);
}

/* ---- The PIN ------------------------------------------------------------ */

static void a_wrong_pin_is_told_once(void **state)
{
    (void)state;
    fake_set();
    refused(URI, "4712", ERR_KEY, "the PIN is wrong; it was tried once");
    assert_int_equal(fake->wrong_count, 1);
}

static void what_would_count_as_a_mistake_is_not_tried(void **state)
{
    static const struct {
        CK_FLAGS flags;
        const char *pin;
        const char *says;
    } rows[] = {
        { TOKEN_FAKE_FLAGS | CKF_USER_PIN_LOCKED, "4711", "its PIN is locked" },
        { TOKEN_FAKE_FLAGS | CKF_USER_PIN_FINAL_TRY, "4711", "none was tried" },
        { CKF_TOKEN_INITIALIZED | CKF_LOGIN_REQUIRED, "4711", "no PIN of its" },
        { TOKEN_FAKE_FLAGS, NULL, "it wants a PIN" },
        { TOKEN_FAKE_FLAGS, "", "no PIN of it has that length" },
        { TOKEN_FAKE_FLAGS, "123", "no PIN of it has that length" },
        { TOKEN_FAKE_FLAGS, "123456789", "no PIN of it has that length" },
    };
    (void)state;
    fake_set();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fake->flags = rows[i].flags;
        refused(URI, rows[i].pin, ERR_KEY, rows[i].says);
    }
    assert_int_equal(fake->login_count, 0);
}

static void what_a_token_says_of_its_pin_is_passed_on(void **state)
{
    static const struct {
        CK_RV code;
        enum err err;
        const char *says;
    } rows[] = {
        { CKR_PIN_LOCKED, ERR_KEY, "its PIN is locked" },
        { CKR_PIN_EXPIRED, ERR_KEY, "has expired" },
        { CKR_PIN_INVALID, ERR_KEY, "PIN is wrong" },
        { CKR_PIN_LEN_RANGE, ERR_KEY, "PIN is wrong" },
        { CKR_DEVICE_REMOVED, ERR_IO, "nobody can log in" },
    };
    (void)state;
    fake_set();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fake->login_code = rows[i].code;
        refused(URI, "4711", rows[i].err, rows[i].says);
    }
    assert_int_equal(fake->login_count, 5);
    fake->login_code = CKR_OK;
    fake->session_code = CKR_DEVICE_REMOVED;
    refused(URI, "4711", ERR_IO, "cannot be talked to");
}

static void a_token_asks_for_no_more_than_it_wants(void **state)
{
    struct token *token;
    struct keys_problem problem;
    (void)state;
    fake_set();
    fake->flags |= CKF_PROTECTED_AUTHENTICATION_PATH; /* keys of its own */
    assert_int_equal(token_find(URI, &token, &problem), ERR_NONE);
    assert_false(token_wants_pin(token));
    assert_int_equal(token_login(token, NULL, &problem), ERR_NONE);
    token_close(token);
    fake->flags = CKF_TOKEN_INITIALIZED | CKF_WRITE_PROTECTED;
    assert_int_equal(token_find(URI, &token, &problem), ERR_NONE);
    assert_false(token_wants_pin(token));
    assert_int_equal(token_login(token, NULL, &problem), ERR_NONE);
    token_close(token);
    assert_int_equal(fake->login_count, 1);
    fake->login_code = CKR_USER_ALREADY_LOGGED_IN;
    fake->flags = TOKEN_FAKE_FLAGS;
    assert_int_equal(enter(URI, "4711", &token, &problem), ERR_NONE);
    token_close(token);
    fake_is_left();
}

/* ---- Keys --------------------------------------------------------------- */

static void the_keys_that_a_uri_means_are_found(void **state)
{
    struct token *token;
    struct keys_problem problem;
    (void)state;
    fake_set();
    fake->keys[0].hides_modulus = true;
    fake->keys[1] = fake->keys[0];
    fake->keys[1].id = 2;
    fake->keys[1].may_leave = true;
    fake->keys[2] =
        (struct token_fake_key){ .label = "store", .id = 3, .type = CKK_EC };
    fake->keys[3] =
        (struct token_fake_key){ .label = "other", .id = 4, .type = CKK_RSA };
    fake->key_count = 4;
    fake->gives_one_at_a_time = true;
    assert_int_equal(enter(URI, "4711", &token, &problem), ERR_NONE);
    assert_int_equal(token_key_count(token), 2);
    const struct token_key *key = token_key_at(token, 1);
    assert_true(key->may_leave && key->may_decrypt);
    assert_false(token_key_at(token, 0)->may_leave);
    assert_int_equal(key->modulus_size, 256); /* of its public half */
    assert_true(key->modulus[0] != 0);
    assert_int_equal(key->exponent_size, 3);
    token_close(token);
    assert_int_equal(enter("pkcs11:id=%04?module-path=" TOKEN_FAKE, "4711",
                         &token, &problem),
        ERR_NONE);
    assert_int_equal(token_key_count(token), 1);
    assert_false(token_key_at(token, 0)->may_decrypt);
    token_close(token);
    fake->keys[0].has_no_public_half = true;
    assert_int_equal(enter(URI, "4711", &token, &problem), ERR_NONE);
    assert_int_equal(token_key_at(token, 0)->modulus_size, 0);
    token_close(token);
    fake_is_left();
}

static void keys_that_are_none_or_too_many_are_told(void **state)
{
    (void)state;
    fake_set();
    refused("pkcs11:object=none?module-path=" TOKEN_FAKE, "4711", ERR_NOT_FOUND,
        "no private RSA key");
    fake->keys[0].type = CKK_EC;
    refused(URI, "4711", ERR_NOT_FOUND, "no private RSA key");
    for (size_t i = 0; i < TOKEN_FAKE_KEY_COUNT_MAX; i++)
        fake->keys[i] =
            (struct token_fake_key){ .label = "store", .type = CKK_RSA };
    fake->key_count = TOKEN_FAKE_KEY_COUNT_MAX;
    refused(URI, "4711", ERR_LIMIT, "means too many keys");
    fake->find_code = CKR_DEVICE_ERROR;
    refused(URI, "4711", ERR_IO, "keys cannot be listed");
}

static void a_key_goes_from_a_token_that_allows_it(void **state)
{
    struct token *token;
    struct keys_problem problem;
    (void)state;
    fake_set();
    assert_int_equal(enter(URI, "4711", &token, &problem), ERR_NONE);
    fake->destroy_code = CKR_ACTION_PROHIBITED;
    assert_int_equal(token_key_destroy(token, 0, &problem), ERR_IO);
    assert_non_null(strstr(problem.text, "does not give the key up"));
    assert_false(fake->keys[0].is_gone);
    fake->destroy_code = CKR_OK;
    assert_int_equal(token_key_destroy(token, 0, &problem), ERR_NONE);
    assert_true(fake->keys[0].is_gone);
    assert_int_equal(fake->destroy_count, 2); /* and its public half */
    token_close(token);
    fake_is_left();
}

static void what_is_too_long_is_not_asked_for(void **state)
{
    static const uint8_t bytes[TOKEN_MODULUS_SIZE_MAX + 1];
    struct token *token;
    struct keys_problem problem;
    uint8_t plain[32];
    size_t size;
    (void)state;
    fake_set();
    assert_int_equal(enter(URI, "4711", &token, &problem), ERR_NONE);
    assert_int_equal(token_decrypt(token, 0, TOKEN_OAEP_SHA256,
                         slice_of(bytes, sizeof bytes), plain, sizeof plain,
                         &size, &problem),
        ERR_LIMIT);
    fake->answers_damage = true; /* 32 bytes */
    assert_int_equal(token_decrypt(token, 0, TOKEN_OAEP_SHA256,
                         slice_of(bytes, 256), plain, 31, &size, &problem),
        ERR_LIMIT);
    token_close(token);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_uri_names_module_and_pin_but_never_holds_the_pin),
        cmocka_unit_test(a_path_that_is_too_long_is_refused),
        cmocka_unit_test(a_module_that_cannot_be_used_is_named),
        cmocka_unit_test(one_token_alone_gets_the_pin),
        cmocka_unit_test(a_wrong_pin_is_told_once),
        cmocka_unit_test(what_would_count_as_a_mistake_is_not_tried),
        cmocka_unit_test(what_a_token_says_of_its_pin_is_passed_on),
        cmocka_unit_test(a_token_asks_for_no_more_than_it_wants),
        cmocka_unit_test(the_keys_that_a_uri_means_are_found),
        cmocka_unit_test(keys_that_are_none_or_too_many_are_told),
        cmocka_unit_test(a_key_goes_from_a_token_that_allows_it),
        cmocka_unit_test(what_is_too_long_is_not_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
