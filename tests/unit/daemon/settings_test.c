#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/settings.h"
#include "support/agency_folder.h"
#include "support/said.h"
#include "support/scratch.h"

static struct scratch scratch;
static const char *const folder = scratch.path;
static char path[sizeof scratch.path + 32];
static struct said said;

static const char *path_of(const char *name)
{
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* ---- What is wrong ------------------------------------------------------ */

static void no_file(void)
{
    assert_int_equal(unlink(path_of("referd.yaml")), 0);
}

static void add_to_config(const char *line)
{
    FILE *file = fopen(path_of("referd.yaml"), "ab");
    assert_non_null(file);
    assert_true(fputs(line, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void unknown_key(void)
{
    add_to_config("retri: {}\n");
}

static void unknown_user(void)
{
    add_to_config("clients: [{user: nobody-has-this-name, rights: [read]}]\n");
}

static void no_keys(void)
{
    add_to_config("keys: /nowhere/at/all\n");
}

static void open_key(void)
{
    assert_int_equal(chmod(path_of("keys/log-1.pem"), 0640), 0);
}

static void no_card(void)
{
    assert_int_equal(unlink(path_of("card")), 0);
}

static void no_card_at_all(void)
{
    agency_folder_write(folder, "card", "-----BEGIN REFER CARD-----\n");
}

static void endless_card(void)
{
    static char text[40000];
    memset(text, 'x', sizeof text - 1);
    agency_folder_write(folder, "card", text);
}

static void damaged_card(void)
{
    FILE *file = fopen(path_of("card"), "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, 60, SEEK_SET), 0);
    int byte = fgetc(file);
    assert_int_equal(fseek(file, 60, SEEK_SET), 0);
    assert_int_equal(fputc(byte ^ 1, file), byte ^ 1);
    assert_int_equal(fclose(file), 0);
}

static void card_of_other_keys(void)
{
    struct scratch other;
    scratch_open(&other);
    agency_folder_make(other.path);
    assert_int_equal(rename(scratch_path(&other, "card"), path_of("card")), 0);
    scratch_close(&other);
}

static void each_mistake_is_told_with_its_place_and_a_remedy(void **state)
{
    static const struct {
        void (*happens)(void);
        const char *where; /* a file, a key */
        const char *what;
    } rows[] = {
        { no_file, "referd.yaml:", "No such file" },
        { unknown_key, "referd.yaml:2:1: retri", "did you mean retry?" },
        { unknown_user, "nobody-has-this-name: there is no such user",
            "remedy: correct clients" },
        { no_keys, "/nowhere/at/all", "" },
        { open_key, "keys/log-1.pem", "" },
        { no_card, "/card: No such file", "remedy: make the gateway with" },
        { no_card_at_all, "/card: it is not a valid card", "remedy: put" },
        { endless_card, "/card: it cannot be read as a card", "remedy: put" },
        { damaged_card, "/card: it is not a valid card", "remedy: put" },
        { card_of_other_keys, "/card: it does not show the keys",
            "remedy: use" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct settings settings = { 0 };
        scratch_open(&scratch);
        agency_folder_make(folder);
        rows[i].happens();
        said_begin(&said);
        bool is_loaded = settings_load(path_of("referd.yaml"), &settings);
        const char *text = said_end(&said);
        assert_false(is_loaded);
        assert_int_equal(strncmp(text, "referd: ", 8), 0);
        if (strstr(text, rows[i].where) == NULL ||
            strstr(text, rows[i].what) == NULL)
            fail_msg("row %zu: %s", i, text);
        settings_release(&settings);
        scratch_close(&scratch);
    }
}

/* ---- What is right ------------------------------------------------------ */

static void add_clients(void)
{
    add_to_config("clients: [{user: root, rights: [admin]},"
                  " {user: 4242, rights: [read, act]}]\n"
                  "log: {level: error}\n");
}

static void all_of_it_is_loaded(void **state)
{
    struct settings settings = { 0 };
    (void)state;
    scratch_open(&scratch);
    agency_folder_make(folder);
    add_clients();
    assert_true(settings_load(path_of("referd.yaml"), &settings));
    assert_string_equal(settings.config.data, folder);
    assert_non_null(settings.keyring);
    assert_true(settings.card.size > 100);
    assert_int_equal(strlen(settings.agency.text), AGENCY_ID_SIZE);
    assert_int_equal(settings.user_count, 2);
    assert_int_equal(settings.users[0].uid, 0);
    assert_int_equal(settings.users[0].rights, LOCAL_RIGHT_ADMIN);
    assert_int_equal(settings.users[1].uid, 4242);
    assert_int_equal(
        settings.users[1].rights, LOCAL_RIGHT_READ | LOCAL_RIGHT_ACT);
    settings_release(&settings);
    assert_null(settings.keyring);
    settings_release(&settings);
    scratch_close(&scratch);
}

/* A wrong clock, or a weekend too many, keeps no gateway down. */
static void a_card_that_is_over_is_loaded(void **state)
{
    struct settings settings = { 0 };
    (void)state;
    scratch_open(&scratch);
    agency_folder_make(folder);
    agency_folder_card(folder, ((int64_t)time(NULL) - 24 * 60 * 60) * 1000);
    assert_true(settings_load(path_of("referd.yaml"), &settings));
    settings_release(&settings);
    scratch_close(&scratch);
}

static void a_new_card_is_loaded_again_and_a_damaged_one_refused(void **state)
{
    struct settings settings = { 0 };
    (void)state;
    scratch_open(&scratch);
    agency_folder_make(folder);
    assert_true(settings_load_again(path_of("referd.yaml"), &settings));
    assert_true(settings.card.size > 100);
    settings_release(&settings);
    damaged_card();
    said_begin(&said);
    assert_false(settings_load_again(path_of("referd.yaml"), &settings));
    assert_non_null(strstr(said_end(&said), "it is not a valid card"));
    settings_release(&settings);
    scratch_close(&scratch);
}

/* Even where keys and card are gone. */
static void loading_again_takes_the_configuration_and_its_users(void **state)
{
    struct settings settings = { 0 };
    (void)state;
    scratch_open(&scratch);
    (void)snprintf(path, sizeof path, "data: %s\n", folder);
    agency_folder_write(folder, "referd.yaml", path);
    add_clients();
    assert_true(settings_load_again(path_of("referd.yaml"), &settings));
    assert_null(settings.keyring);
    assert_int_equal(settings.user_count, 2);
    assert_int_equal(settings.config.log_level, CONFIG_LOG_ERROR);
    settings_release(&settings);

    unknown_key();
    said_begin(&said);
    assert_false(settings_load_again(path_of("referd.yaml"), &settings));
    assert_non_null(strstr(said_end(&said), "did you mean retry?"));
    settings_release(&settings);
    scratch_close(&scratch);
}

static void the_configuration_alone_asks_for_no_user(void **state)
{
    struct settings settings = { 0 };
    (void)state;
    scratch_open(&scratch);
    agency_folder_write(folder, "referd.yaml", "data: d\n");
    unknown_user();
    assert_true(settings_load_config(path_of("referd.yaml"), &settings));
    assert_int_equal(settings.config.client_count, 1);
    assert_int_equal(settings.user_count, 0);
    settings_release(&settings);
    scratch_close(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mistake_is_told_with_its_place_and_a_remedy),
        cmocka_unit_test(all_of_it_is_loaded),
        cmocka_unit_test(a_card_that_is_over_is_loaded),
        cmocka_unit_test(a_new_card_is_loaded_again_and_a_damaged_one_refused),
        cmocka_unit_test(loading_again_takes_the_configuration_and_its_users),
        cmocka_unit_test(the_configuration_alone_asks_for_no_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
