#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "refer/fake.h"

/* The two programs that customers copy, in each language. */

#define WAIT_MS 30000
#define OTHER "otheragency222222222222222"
#define ARGUMENT_COUNT_MAX 24

/* What comes before the arguments: a file, or an interpreter, what it needs
 * around it, and a file. */
struct program {
    const char *intake;
    const char *send;
};

static const struct program programs[] = {
    { EXAMPLE_INTAKE, EXAMPLE_SEND },
#if HAS_PYTHON
    { EXAMPLE_INTAKE_PY, EXAMPLE_SEND_PY },
#endif
};

#define PROGRAM_COUNT (sizeof programs / sizeof *programs)

/* Starts a program, words and arguments; its output goes nowhere. */
static pid_t start(const char *words, const char *const *arguments)
{
    char text[2048];
    char *all[ARGUMENT_COUNT_MAX] = { 0 };
    size_t count = 0;
    char *rest = NULL;
    (void)snprintf(text, sizeof text, "%s", words);
    for (char *word = strtok_r(text, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest))
        all[count++] = word;
    for (size_t i = 0; arguments[i] != NULL; i++) {
        assert_true(count < ARGUMENT_COUNT_MAX - 1);
        /* execv() writes nothing there; its type is older than const */
        all[count++] = (char *)(uintptr_t)arguments[i];
    }
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int nowhere = open("/dev/null", O_WRONLY);
        (void)dup2(nowhere, STDOUT_FILENO);
        execv(all[0], all);
        _exit(127);
    }
    return child;
}

static int end(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static refer_fake *fake_new(void)
{
    refer_fake *fake;
    assert_int_equal(refer_fake_new(&fake), REFER_OK);
    return fake;
}

static void receive(refer_fake *fake, char *id)
{
    assert_int_equal(
        refer_fake_receive(fake, NULL, id, REFER_ID_SIZE), REFER_OK);
}

static refer_referral *by(const char *field, const char *value)
{
    refer_referral *details;
    assert_int_equal(refer_referral_new(&details), REFER_OK);
    assert_int_equal(refer_referral_set(details, field, value), REFER_OK);
    return details;
}

/* ---- intake ------------------------------------------------------------ */

/* A colleague opens it in another program. */
static void open_by_hand(const refer_fake *fake, const char *id)
{
    refer_client *client;
    refer_referral *details = by("role", "nurse");
    assert_int_equal(refer_client_new(&client), REFER_OK);
    assert_int_equal(
        refer_client_set(client, "socket", refer_fake_socket(fake)), REFER_OK);
    assert_int_equal(
        refer_act(client, id, "opened", details, "by hand", WAIT_MS, NULL),
        REFER_OK);
    refer_referral_free(details);
    refer_client_free(client);
}

/* The next step that came, with its key, and how it was answered. */
static refer_fake_request *expect_step(
    refer_fake *fake, const char *id, const char *step, refer_status status)
{
    char key[64];
    refer_fake_request *request;
    (void)snprintf(key, sizeof key, "%s:%s", step, id);
    assert_int_equal(refer_fake_take(fake, "act", WAIT_MS, &request), REFER_OK);
    assert_string_equal(refer_fake_request_get(request, "id"), id);
    assert_string_equal(refer_fake_request_get(request, "step"), step);
    assert_string_equal(refer_fake_request_get(request, "key"), key);
    assert_string_equal(refer_fake_request_get(request, "role"), "intake");
    assert_int_equal(refer_fake_request_status(request), status);
    return request;
}

static void take_on(const struct program *program)
{
    refer_fake *fake = fake_new();
    char first[REFER_ID_SIZE];
    char second[REFER_ID_SIZE];
    char third[REFER_ID_SIZE];
    refer_fake_request *request;
    refer_referral *person = by("actor", "person");
    receive(fake, first);
    receive(fake, second);
    open_by_hand(fake, second);
    assert_int_equal(refer_fake_take(fake, "act", 0, &request), REFER_OK);
    refer_fake_request_free(request);
    assert_int_equal(refer_fake_event(fake, "weather.changed", ""), REFER_OK);
    receive(fake, third);
    assert_int_equal(
        refer_fake_step(fake, third, "withdraw", person), REFER_OK);
    uint64_t last = refer_fake_event_count(fake);
    const char *const arguments[] = { "-s", refer_fake_socket(fake), "-o",
        "at nine", "--until", "withdrawn", NULL };
    assert_int_equal(end(start(program->intake, arguments)), 0);
    refer_fake_request_free(expect_step(fake, first, "opened", REFER_OK));
    request = expect_step(fake, first, "accept", REFER_OK);
    const refer_referral *said = refer_fake_request_referral(request);
    assert_string_equal(refer_referral_detail_name(said, 0), "offer");
    assert_string_equal(refer_referral_detail_value(said, 0), "at nine");
    refer_fake_request_free(request);
    /* a colleague was faster, and the person does not want to any more */
    refer_fake_request_free(
        expect_step(fake, second, "opened", REFER_CONFLICT));
    refer_fake_request_free(expect_step(fake, third, "opened", REFER_CONFLICT));
    assert_int_equal(refer_fake_take(fake, "act", 0, &request), REFER_TIMEOUT);
    assert_int_equal(refer_fake_acknowledged(fake, "intake"), last);
    refer_referral_free(person);
    refer_fake_free(fake);
}

static void intake_takes_on_what_arrives(void **state)
{
    (void)state;
    for (size_t i = 0; i < PROGRAM_COUNT; i++)
        take_on(&programs[i]);
}

static void intake_acknowledges_nothing_that_failed(void **state)
{
    (void)state;
    for (size_t i = 0; i < PROGRAM_COUNT; i++) {
        refer_fake *fake = fake_new();
        char id[REFER_ID_SIZE];
        receive(fake, id);
        assert_int_equal(refer_fake_refuse(fake, "act", REFER_DENIED, "WORDING",
                             "details.offer", "say it otherwise"),
            REFER_OK);
        const char *const arguments[] = { "-s", refer_fake_socket(fake), NULL };
        assert_int_equal(end(start(programs[i].intake, arguments)), 1);
        assert_int_equal(refer_fake_acknowledged(fake, "intake"), 0);
        refer_fake_free(fake);
    }
}

static void intake_ends_once_there_is_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < PROGRAM_COUNT; i++) {
        refer_fake *fake = fake_new();
        const char *const arguments[] = { "-s", refer_fake_socket(fake), "-c",
            "desk", "--once", NULL };
        assert_int_equal(end(start(programs[i].intake, arguments)), 0);
        refer_fake_free(fake);
    }
}

/* ---- send -------------------------------------------------------------- */

/* The submission that came, as it was typed; its id is in the event. */
static void expect_submission(refer_fake *fake, int is_repeat)
{
    refer_fake_request *request;
    assert_int_equal(
        refer_fake_take(fake, "submit", WAIT_MS, &request), REFER_OK);
    const refer_referral *sent = refer_fake_request_referral(request);
    assert_int_equal(refer_fake_request_status(request), REFER_OK);
    assert_int_equal(refer_fake_request_is_repeat(request), is_repeat);
    assert_string_equal(refer_fake_request_get(request, "key"), "form-17");
    assert_string_equal(refer_referral_get(sent, "to"), OTHER);
    assert_string_equal(refer_referral_get(sent, "service"), "shelter");
    assert_string_equal(refer_referral_get(sent, "purpose"), "night");
    assert_string_equal(refer_referral_get(sent, "reason_plain"), "a bed");
    assert_int_equal(refer_referral_element_count(sent), 2);
    assert_string_equal(refer_referral_element_name(sent, 0), "call_name");
    assert_string_equal(refer_referral_element_value(sent, 0), "Ana");
    assert_string_equal(refer_referral_element_value(sent, 1), "x=y");
    assert_int_equal(refer_referral_grant_count(sent), 1);
    assert_string_equal(
        refer_referral_grant_get(sent, 0, "elements"), "call_name language");
    refer_fake_request_free(request);
}

/* Id of the one referral that the fake has. */
static void only_id(const refer_fake *fake, char *id)
{
    refer_client *client;
    refer_listing *listing;
    assert_int_equal(refer_client_new(&client), REFER_OK);
    assert_int_equal(
        refer_client_set(client, "socket", refer_fake_socket(fake)), REFER_OK);
    assert_int_equal(
        refer_call(client, "list", NULL, WAIT_MS, &listing), REFER_OK);
    assert_int_equal(refer_listing_count(listing), 1);
    (void)snprintf(
        id, REFER_ID_SIZE, "%s", refer_listing_get(listing, 0, "id"));
    refer_listing_free(listing);
    refer_client_free(client);
}

static void hand_over(
    const struct program *program, const char *answer, int exit_status)
{
    refer_fake *fake = fake_new();
    char id[REFER_ID_SIZE];
    refer_referral *details = by("role", "intake");
    /* the answer is lost: it asks again */
    assert_int_equal(refer_fake_fault(fake, "submit", "lose_reply"), REFER_OK);
    const char *const arguments[] = { "-s", refer_fake_socket(fake), "form-17",
        OTHER, "shelter", "night", "a bed", "call_name=Ana", "language=x=y",
        NULL };
    pid_t child = start(program->send, arguments);
    expect_submission(fake, 0);
    expect_submission(fake, 1);
    only_id(fake, id);
    assert_int_equal(refer_fake_step(fake, id, "opened", details), REFER_OK);
    const char *const said[][2] = {
        { strcmp(answer, "accept") == 0 ? "offer" : "reason",
            strcmp(answer, "accept") == 0 ? "at nine" : "NO_CAPACITY" },
        { "next_option", "next door" },
    };
    for (int i = 0; i < (strcmp(answer, "accept") == 0 ? 1 : 2); i++)
        assert_int_equal(
            refer_referral_set_detail(details, said[i][0], said[i][1]),
            REFER_OK);
    assert_int_equal(refer_fake_step(fake, id, answer, details), REFER_OK);
    assert_int_equal(end(child), exit_status);
    assert_int_equal(
        refer_fake_acknowledged(fake, "send"), refer_fake_event_count(fake));
    refer_referral_free(details);
    refer_fake_free(fake);
}

static void send_waits_for_the_answer(void **state)
{
    (void)state;
    for (size_t i = 0; i < PROGRAM_COUNT; i++) {
        hand_over(&programs[i], "accept", 0);
        hand_over(&programs[i], "decline", 3);
    }
}

static void send_says_why_it_was_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < PROGRAM_COUNT; i++) {
        refer_fake *fake = fake_new();
        assert_int_equal(refer_fake_refuse(fake, "submit", REFER_NO_CONSENT,
                             "CONSENT_SCOPE", "consent.grants", "ask them"),
            REFER_OK);
        const char *const arguments[] = { "-s", refer_fake_socket(fake), "k",
            OTHER, "shelter", "night", "a bed", NULL };
        assert_int_equal(end(start(programs[i].send, arguments)), 1);
        refer_fake_free(fake);
    }
}

static void both_explain_themselves(void **state)
{
    (void)state;
    static const char *const arguments[] = { "nonsense", NULL };
    for (size_t i = 0; i < PROGRAM_COUNT; i++) {
        assert_int_equal(end(start(programs[i].intake, arguments)), 2);
        assert_int_equal(end(start(programs[i].send, arguments)), 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intake_takes_on_what_arrives),
        cmocka_unit_test(intake_acknowledges_nothing_that_failed),
        cmocka_unit_test(intake_ends_once_there_is_nothing),
        cmocka_unit_test(send_waits_for_the_answer),
        cmocka_unit_test(send_says_why_it_was_refused),
        cmocka_unit_test(both_explain_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
