#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/local_script.h"

/* The two programs that customers copy, against a scripted gateway. */

static struct local_field text_field(const char *name, const char *value)
{
    return (struct local_field){ .name = slice_of_text(name),
        .type = LOCAL_TEXT,
        .bytes = slice_of_text(value) };
}

static struct local_field number_field(const char *name, int64_t number)
{
    return (struct local_field){
        .name = slice_of_text(name), .type = LOCAL_NUMBER, .number = number
    };
}

static void answer(struct local_script *script, const char *type,
    const struct local_field *fields, size_t count)
{
    struct local_record record = { slice_of_text(type), fields, count };
    local_script_reply(
        script, (struct local_reply){ .records = &record, .record_count = 1 });
}

static void answer_open(struct local_script *script)
{
    struct local_field fields[] = { number_field("epoch", 1),
        number_field("position", 0) };
    local_script_expect(script, "cursor.open");
    answer(script, "cursor", fields, 2);
}

static void answer_event(struct local_script *script, int64_t position,
    const char *direction, const char *state)
{
    struct local_field fields[] = { number_field("epoch", 1),
        number_field("position", position),
        text_field("referral", "urn:uuid:00000000-0000-4000-8000-000000000001"),
        text_field("direction", direction), text_field("state", state) };
    local_script_expect(script, "cursor.next");
    answer(script, "event", fields, 5);
}

static void expect_ack(struct local_script *script, int64_t position)
{
    local_script_expect(script, "cursor.ack");
    local_script_require(
        local_script_number(script, "position") == position, "position");
    local_script_reply(script, (struct local_reply){ .err = ERR_NONE });
}

static void expect_step(struct local_script *script, const char *step,
    const char *key, enum err err)
{
    struct local_field id = text_field("id", "urn:uuid:1");
    struct local_record referral = { SLICE_LITERAL("referral"), &id, 1 };
    local_script_expect(script, "act");
    local_script_require(
        slice_is(local_script_text(script, "step"), step) &&
            slice_is(local_script_text(script, "key"), key) &&
            slice_is(local_script_text(script, "role"), "intake"),
        step);
    local_script_reply(
        script, (struct local_reply){
                    .err = err, .records = &referral, .record_count = 1 });
}

/* Exit status of the program; its output goes nowhere. */
static int run(const char *program, const char *const *arguments)
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int nowhere = open("/dev/null", O_WRONLY);
        (void)dup2(nowhere, STDOUT_FILENO);
        /* execv() writes nothing there; its type is older than const */
        execv(program, (char *const *)(uintptr_t)arguments);
        _exit(127);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- intake ------------------------------------------------------------ */

#define ID "urn:uuid:00000000-0000-4000-8000-000000000001"

static void bring_referrals(struct local_script *script)
{
    local_script_greet(script);
    answer_open(script);
    answer_event(script, 1, "in", "delivered");
    expect_step(script, "opened", "opened:" ID, ERR_NONE);
    expect_step(script, "accept", "accept:" ID, ERR_NONE);
    local_script_require(
        slice_is(local_script_record_text(script, 0, "name"), "offer") &&
            slice_is(local_script_record_text(script, 0, "value"), "at nine"),
        "offer");
    expect_ack(script, 1);
    /* our own referral to somebody else: nothing to be done */
    answer_event(script, 2, "out", "delivered");
    expect_ack(script, 2);
    /* a colleague was faster */
    answer_event(script, 3, "in", "delivered");
    expect_step(script, "opened", "opened:" ID, ERR_STATE);
    expect_ack(script, 3);
    answer_event(script, 4, "in", "closed");
    expect_ack(script, 4);
    local_script_await_close(script);
}

static void intake_takes_on_what_arrives(void **state)
{
    (void)state;
    struct local_script script;
    local_script_start(&script, bring_referrals, NULL);
    const char *const arguments[] = { "intake", "-s", script.path, "-o",
        "at nine", "--until", "closed", NULL };
    assert_int_equal(run(EXAMPLE_INTAKE, arguments), 0);
    local_script_stop(&script);
}

static void break_down(struct local_script *script)
{
    local_script_greet(script);
    answer_open(script);
    answer_event(script, 1, "in", "delivered");
    expect_step(script, "opened", "opened:" ID, ERR_POLICY);
    local_script_await_close(script);
}

static void intake_acknowledges_nothing_that_failed(void **state)
{
    (void)state;
    struct local_script script;
    local_script_start(&script, break_down, NULL);
    const char *const arguments[] = { "intake", "-s", script.path, NULL };
    assert_int_equal(run(EXAMPLE_INTAKE, arguments), 1);
    local_script_stop(&script);
}

/* ---- send -------------------------------------------------------------- */

static void take_referral(struct local_script *script)
{
    struct local_field id = text_field("id", ID);
    local_script_greet(script);
    answer_open(script);
    local_script_expect(script, "submit");
    local_script_require(
        slice_is(local_script_text(script, "key"), "form-17") &&
            slice_is(local_script_record_text(script, 0, "to"), "agency") &&
            slice_is(local_script_record_text(script, 1, "code"), "a.name") &&
            slice_is(local_script_record_text(script, 2, "value"), "x=y") &&
            slice_is(local_script_record_text(script, 3, "elements"),
                "a.name language"),
        "submission");
    /* the answer is lost: it asks again */
    local_script_close(script);
    local_script_greet(script);
    local_script_expect(script, "submit");
    local_script_require(
        slice_is(local_script_text(script, "key"), "form-17"), "key");
    answer(script, "referral", &id, 1);
    answer_open(script);
    answer_event(script, 1, "out", "delivered");
    expect_ack(script, 1);
    answer_event(script, 2, "out", script->user);
    expect_ack(script, 2);
    local_script_await_close(script);
}

static void send_waits_for_the_answer(void **state)
{
    (void)state;
    static struct {
        char state[16];
        int exit_status;
    } answers[] = { { "accepted", 0 }, { "declined", 3 } };
    for (size_t i = 0; i < 2; i++) {
        struct local_script script;
        local_script_start(&script, take_referral, answers[i].state);
        const char *const arguments[] = { "send", "-s", script.path, "form-17",
            "agency", "shelter", "night", "a bed", "a.name=Ana", "language=x=y",
            NULL };
        assert_int_equal(run(EXAMPLE_SEND, arguments), answers[i].exit_status);
        local_script_stop(&script);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intake_takes_on_what_arrives),
        cmocka_unit_test(intake_acknowledges_nothing_that_failed),
        cmocka_unit_test(send_waits_for_the_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
