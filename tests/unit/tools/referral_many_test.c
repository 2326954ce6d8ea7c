/* Files of many referrals against a scripted gateway. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "scripted_gateway.h"
#include "support/scratch.h"

#define HOSPITAL "abbbbbbbbbbbbbbbbbbbbbbbbb"
#define FULL_BAR "[##############################] 100 %  "

static void line_write(FILE *file, const char *key, const char *name)
{
    if (key[0] != '\0')
        (void)fprintf(file, "{\"key\": \"%s\", ", key);
    else
        (void)fputs("{", file);
    (void)fprintf(file,
        "\"to\": \"" HOSPITAL "\", \"service\": \"tb.assess\", "
        "\"purpose\": \"tb_assessment\", \"urgency\": \"soon\", "
        "\"choice\": \"chosen\", \"ask_back\": \"none\", "
        "\"reason_plain\": \"I was at the \\ud83d\\ude90.\", \"consent\": "
        "{\"at\": \"2026-03-02T10:15:00+02:00\", \"grants\": [{\"to\": "
        "\"" HOSPITAL "\", \"purpose\": \"tb_assessment\", \"elements\": "
        "[\"call_name\"], \"until\": \"2026-05-31\"}]}, \"elements\": "
        "[{\"code\": \"call_name\", \"value\": \"%s\"}]}\n",
        name);
}

/* Sends a file of so many people. */
static struct trial send_many(struct stage stage, int count, const char *option,
    const struct exchange *script, size_t exchange_count)
{
    struct scratch scratch;
    char command_line[640];
    scratch_open(&scratch);
    const char *path = scratch_path(&scratch, "many.jsonl");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < count; i++) {
        char key[32] = "";
        char name[32];
        (void)snprintf(name, sizeof name, "Sasha %d", i);
        if (i == 1)
            (void)snprintf(key, sizeof key, "visit-%d", i);
        line_write(file, key, name);
    }
    assert_int_equal(fclose(file), 0);
    (void)snprintf(command_line, sizeof command_line,
        "referctl%s referral send --many %s", option, path);
    struct trial trial = trial_run(stage, command_line, script, exchange_count);
    scratch_remove(scratch.path);
    return trial;
}

static void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("no \"%s\" in:\n%s", part, text);
}

#define ADDED(expects)                                                         \
    {                                                                          \
        "add", expects, NULL, 0, NULL, NULL, NULL, NULL                        \
    }

static void a_full_batch_is_submitted_and_the_line_added_again(void **state)
{
    static const struct exchange script[] = {
        ADDED("key=* | referral to=" HOSPITAL " consent_at_ms=#1772439300000 "
              "reason_plain=I~was~at~the~\xf0\x9f\x9a\x90. | element "
              "code=call_name value=Sasha~0 | grant elements=call_name"),
        { "add", "key=visit-1", NULL, EXIT_CODE_REFUSED, "full", NULL, NULL,
            NULL },
        { "submit.many", "", "| referral id=urn:uuid:1", 0, NULL, NULL, NULL,
            NULL },
        ADDED("key=visit-1"),
        { "add", "key=*", NULL, EXIT_CODE_REFUSED, "larger than the limit",
            NULL, NULL, "say less" },
        { "submit.many", "",
            "| refusal message=no problem=CONSENT_SCOPE clause=grants[0] "
            "remedy=ask~them",
            0, NULL, NULL, NULL, NULL },
    };
    (void)state;
    struct trial trial = send_many((struct stage){ 0 }, 3, "", script, 6);
    assert_int_equal(trial.code, EXIT_CODE_REFUSED);
    assert_has(trial.out, "1\tstored\turn:uuid:1\tline-");
    assert_has(trial.out,
        "2\trefused\t\tvisit-1\tCONSENT_SCOPE\tgrants[0]\task them\n");
    assert_has(trial.out, "3\twrong\t");
    assert_has(trial.err, "many.jsonl:3: larger than the limit\n"
                          "remedy: say less\n");
    assert_has(trial.err, "3 lines: 1 stored, 1 refused, 1 wrong");
    trial_release(&trial);
}

static void on_a_terminal_there_is_a_bar_and_what_was_refused(void **state)
{
    static const struct exchange script[] = {
        ADDED(""),
        ADDED(""),
        { "submit.many", "",
            "| referral id=urn:uuid:1 | refusal message=no "
            "problem=CONSENT_SCOPE clause=grants[0] remedy=ask~them",
            0, NULL, NULL, NULL, NULL },
    };
    (void)state;
    struct trial trial =
        send_many((struct stage){ .is_terminal = true }, 2, "", script, 3);
    assert_int_equal(trial.code, EXIT_CODE_REFUSED);
    assert_null(strstr(trial.out, "urn:uuid:1"));
    assert_has(trial.err, FULL_BAR "1 stored, 1 refused");
    assert_has(trial.err,
        "many.jsonl:2: no (CONSENT_SCOPE at grants[0])\nremedy: ask them\n");
    trial_release(&trial);
}

static void an_unknown_outcome_says_that_it_may_be_done_again(void **state)
{
    static const struct exchange script[] = {
        ADDED(""),
        { "submit.many", "", NULL, EXIT_CODE_UNREACHABLE, "no answer in time",
            NULL, NULL, NULL },
    };
    (void)state;
    struct trial trial = send_many((struct stage){ 0 }, 1, "", script, 2);
    assert_int_equal(trial.code, EXIT_CODE_UNREACHABLE);
    assert_has(trial.err, "referctl: no answer in time\nremedy: some may be "
                          "stored: send the file again");
    assert_has(trial.err, "1 lines: 0 stored");
    trial_release(&trial);
}

static void as_json_a_line_is_an_object(void **state)
{
    static const struct exchange script[] = {
        ADDED("key=*"),
        ADDED("key=visit-1"),
        { "submit.many", "",
            "| referral id=urn:uuid:1 | referral id=urn:uuid:2", 0, NULL, NULL,
            NULL, NULL },
    };
    (void)state;
    struct trial trial =
        send_many((struct stage){ 0 }, 2, " --json", script, 3);
    assert_int_equal(trial.code, EXIT_CODE_DONE);
    assert_has(trial.out, "{\"line\":1,\"result\":\"stored\",\"key\":\"line-");
    assert_has(trial.out,
        "{\"line\":2,\"result\":\"stored\",\"key\":\"visit-1\","
        "\"id\":\"urn:uuid:2\"}\n");
    trial_release(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_batch_is_submitted_and_the_line_added_again),
        cmocka_unit_test(on_a_terminal_there_is_a_bar_and_what_was_refused),
        cmocka_unit_test(an_unknown_outcome_says_that_it_may_be_done_again),
        cmocka_unit_test(as_json_a_line_is_an_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
