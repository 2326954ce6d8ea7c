/* Whole command lines against a scripted gateway. "~" is a blank inside a
 * word; scripted_gateway.h says how requests are written. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>
#include <string.h>

#include "scripted_gateway.h"

#define HOSPITAL "abbbbbbbbbbbbbbbbbbbbbbbbb"
#define OWN_CARD                                                               \
    {                                                                          \
        "card.show", "",                                                       \
            "| card agency=aaaaaaaaaaaaaaaaaaaaaaaaaa name=Open~Door", 0,      \
            NULL, NULL, NULL, NULL                                             \
    }
#define PEERS                                                                  \
    {                                                                          \
        "peer.list", "",                                                       \
            "| peer agency=" HOSPITAL " name=City~TB~Hospital state=accepted " \
            "settled=?yes queued=#0 unanswered=#2",                            \
            0, NULL, NULL, NULL, NULL                                          \
    }
#define REFERRAL "urn:uuid:0190b2c4-0000-7000-8000-000000000001"
#define EXCHANGE_COUNT_MAX 5

static const struct row {
    const char *command_line;
    struct exchange script[EXCHANGE_COUNT_MAX];
    enum exit_code code;
    const char *out; /* a part of it; NULL: there is none */
    const char *err;
} rows[] = {
    /* clang-format off */
    { "referctl peer list", { PEERS }, EXIT_CODE_DONE,
      HOSPITAL "\tCity TB Hospital\taccepted\tyes\t0\t2\t\t\t\t\n", NULL },
    { "referctl --json peer list", { PEERS }, EXIT_CODE_DONE,
      "\"unanswered\": 2", NULL },
    { "referctl peer list --json", { PEERS }, EXIT_CODE_DONE,
      "\"unanswered\": 2", NULL },
    { "referctl card show city~tb~HOSPITAL",
      { OWN_CARD, PEERS,
        { "card.show", "agency=" HOSPITAL,
          "| card agency=" HOSPITAL " name=City~TB~Hospital serial=#3 "
          "| endpoint url=tls+tcp://h:1", 0, NULL, NULL, NULL, NULL } },
      EXIT_CODE_DONE, "tls+tcp://h:1\n", NULL },
    { "referctl card show nobody", { OWN_CARD, PEERS }, EXIT_CODE_NOT_FOUND,
      NULL, "referctl: there is no agency \"nobody\" here\n"
            "remedy: referctl peer list\n" },
    { "referctl card accept ab --safety-number 12345-12345~12345~12345~12345~"
      "12345~12345~12345~12345~12345~12345~12345",
      { OWN_CARD, PEERS,
        { "card.accept", "agency=" HOSPITAL " safety_number=12345~12345~12345~"
          "12345~12345~12345~12345~12345~12345~12345~12345~12345",
          "| card agency=" HOSPITAL " state=accepted", 0, NULL, NULL, NULL,
          NULL } },
      EXIT_CODE_DONE, "state\taccepted\n", NULL },
    { "referctl card accept ab --safety-number 12345", { { 0 } },
      EXIT_CODE_USAGE, NULL, "not 60 digits" },
    { "referctl card accept " HOSPITAL,
      { { "card.accept", "agency=" HOSPITAL, NULL, EXIT_CODE_REFUSED,
          "the safety number differs", NULL, "safety_number",
          "phone them again" } },
      EXIT_CODE_REFUSED, NULL,
      "referctl: the safety number differs (at safety_number)\n"
      "remedy: phone them again\n" },
    { "referctl referral act 0190b accept offer=2026-12-02~09:00 "
      "--element language=ru --role intake_nurse -k visit-1",
      { { "list", "count=#256",
          "| referral id=" REFERRAL " | referral id=urn:uuid:0290", 0, NULL,
          NULL, NULL, NULL },
        { "list", "count=#256 after=urn:uuid:0290", NULL, 0, NULL, NULL, NULL,
          NULL },
        { "act", "id=" REFERRAL " step=accept key=visit-1 role=intake_nurse "
          "| detail name=offer value=2026-12-02~09:00 "
          "| element code=language value=ru",
          NULL, 0, NULL, NULL, NULL, NULL } },
      EXIT_CODE_UNREACHABLE, NULL, "holds no referral" },
    { "referctl referral act " REFERRAL " acknowledge --actor person",
      { { "act", "id=" REFERRAL " step=acknowledge key=* actor=person",
          "| referral id=" REFERRAL " state=handed_back pending=?yes", 0, NULL,
          NULL, NULL, NULL } },
      EXIT_CODE_DONE, "pending\tyes\nkey\t", NULL },
    { "referctl referral act " REFERRAL " start -k k1",
      { { "act", "key=k1", NULL, EXIT_CODE_UNREACHABLE, "no answer in time",
          NULL, NULL, NULL } },
      EXIT_CODE_UNREACHABLE, NULL, "repeat the command with --key k1" },
    { "referctl referral act " REFERRAL " accept -k k1",
      { { "act", "key=k1", NULL, EXIT_CODE_REFUSED, "a step lacks something",
          "GUARD", "details.offer", "add offer=TEXT" } },
      EXIT_CODE_REFUSED, NULL,
      "referctl: a step lacks something (GUARD at details.offer)\n"
      "remedy: add offer=TEXT\n" },
    { "referctl referral act " REFERRAL " accept offer", { { 0 } },
      EXIT_CODE_USAGE, NULL, "\"offer\" is not NAME=VALUE" },
    { "referctl referral act " REFERRAL, { { 0 } }, EXIT_CODE_USAGE, NULL,
      "it needs REFERRAL STEP" },
    { "referctl referral show 01",
      { { "list", "", "| referral id=urn:uuid:01aa | referral id=urn:uuid:01bb",
          0, NULL, NULL, NULL, NULL },
        { "list", "after=urn:uuid:01bb", NULL, 0, NULL, NULL, NULL, NULL } },
      EXIT_CODE_USAGE, NULL, "remedy: give more of the id: 01aa, 01bb\n" },
    { "referctl referral show " REFERRAL,
      { { "get", "id=" REFERRAL,
          "| referral id=" REFERRAL " state=refused_by_policy pending=#1 "
          "steps=consent_revoked | element code=call_name value=Sam "
          "| event step=send by=Open~Door actor=staff at_ms=#1796040000000 "
          "state=sent | detail name=note value=x "
          "| event step=policy_refusal state=refused_by_policy "
          "problem=ELEMENT_NOT_ALLOWED clause=data_elements[0].allowed "
          "remedy=leave~it~out", 0, NULL, NULL, NULL, NULL } },
      EXIT_CODE_DONE,
      "element\tcall_name\tSam\n"
      "event\t2026-11-30T12:00:00Z\tsend\tOpen Door\tstaff\tsent\t\n"
      "detail\tnote\tx\n"
      "event\t-\tpolicy_refusal\t\t\trefused_by_policy\t\n"
      "refusal\tELEMENT_NOT_ALLOWED\tdata_elements[0].allowed\tleave it out\n"
      "pending\t1\nsteps\tconsent_revoked\n", NULL },
    { "referctl referral list --state accepted --peer " HOSPITAL,
      { { "list", "state=accepted peer=" HOSPITAL " count=#256", NULL, 0, NULL,
          NULL, NULL, NULL } },
      EXIT_CODE_DONE, NULL, NULL },
    { "referctl feed follow --once --ack --count 5",
      { { "cursor.open", "name=referctl", "| cursor name=referctl", 0, NULL,
          NULL, NULL, NULL },
        { "cursor.next", "name=referctl wait_ms=#0 count=#5",
          "| event epoch=#1 position=#4 type=referral step=send "
          "| event epoch=#1 position=#7 type=referral step=opened", 0, NULL,
          NULL, NULL, NULL },
        { "cursor.ack", "name=referctl epoch=#1 position=#7", NULL, 0, NULL,
          NULL, NULL, NULL },
        { "cursor.next", "count=#3", NULL, 0, NULL, NULL, NULL, NULL } },
      EXIT_CODE_DONE, "\topened\t", NULL },
    { "referctl feed follow --json --count 1",
      { { "cursor.open", "", NULL, 0, NULL, NULL, NULL, NULL },
        { "cursor.next", "wait_ms=#20000 count=#1", NULL, 0, NULL, NULL, NULL,
          NULL },
        { "cursor.next", "wait_ms=#20000 count=#1",
          "| event position=#4 step=send | detail name=offer value=x", 0, NULL,
          NULL, NULL, NULL } },
      EXIT_CODE_DONE,
      "{\"position\":4,\"step\":\"send\",\"details\":[{\"name\":\"offer\","
      "\"value\":\"x\"}]}\n", NULL },
    { "referctl feed follow --count none", { { 0 } }, EXIT_CODE_USAGE, NULL,
      "--count takes a number" },
    { "referctl ledger show " HOSPITAL " sideways", { { 0 } }, EXIT_CODE_USAGE,
      NULL, "neither out nor in" },
    { "referctl ledger show " HOSPITAL " out --after 9 --count 2",
      { { "ledger.show", "peer=" HOSPITAL " direction=out after=#9 count=#2",
          "| ledger size=#20 | entry index=#10 kind=answer content=?no", 0,
          NULL, NULL, NULL, NULL } },
      EXIT_CODE_DONE, "10\tanswer\t", NULL },
    { "referctl ledger verify",
      { { "ledger.verify", "", "| ledger peer=a direction=in intact=?yes "
          "| ledger peer=a direction=out intact=?no problem=none "
          "damage=root", 0, NULL,
          NULL, NULL, NULL } },
      EXIT_CODE_REFUSED, "no\troot", "1 of the ledgers are not intact" },
    { "referctl health",
      { { "health", "", "| number name=ready value=#1", 0, NULL, NULL, NULL,
          NULL } },
      EXIT_CODE_DONE, "ready\t1\n", NULL },
    { "referctl health",
      { { "health", "", "| number name=ready value=#0", 0, NULL, NULL, NULL,
          NULL } },
      EXIT_CODE_REFUSED, "ready\t0\n", "answers but is not ready" },
    { "referctl health",
      { { "health", "", "| number name=ready value=#0 "
          "| reason code=store_full remedy=more~room", 0, NULL, NULL, NULL,
          NULL } },
      EXIT_CODE_REFUSED, "store_full\tmore room\n",
      "answers but is not ready" },
    { "referctl health",
      { { "health", "", NULL, EXIT_CODE_UNREACHABLE, "gone", NULL, NULL, NULL }
      }, EXIT_CODE_UNREACHABLE, NULL, "referctl: gone\n" },
    { "referctl status --json",
      { { "status", "", "| gateway name=Open~Door | number name=queue value=#3",
          0, NULL, NULL, NULL, NULL } },
      EXIT_CODE_DONE, "\"queue\": 3", NULL },
    { "referctl mou show ffff",
      { { "mou.list", "", NULL, 0, NULL, NULL, NULL, NULL } },
      EXIT_CODE_NOT_FOUND, NULL, "there is no MOU \"ffff\" here" },
    { "referctl mou show 00000000000000000000000000000000"
      "00000000000000000000000000000000",
      { { "mou.show", "id=*", "| mou data=%forged", 0, NULL, NULL, NULL, NULL }
      }, EXIT_CODE_LOCAL, NULL, "other bytes than those of the MOU" },
    /* no gateway is asked */
    { "referctl", { { 0 } }, EXIT_CODE_USAGE, NULL, "a noun and a verb" },
    { "referctl card", { { 0 } }, EXIT_CODE_USAGE, NULL,
      "card needs a verb after it\nremedy: referctl help card\n" },
    { "referctl card shwo", { { 0 } }, EXIT_CODE_USAGE, NULL,
      "did you mean: referctl card show?" },
    { "referctl helth", { { 0 } }, EXIT_CODE_USAGE, NULL,
      "did you mean: referctl health?" },
    { "referctl xyzzyxyzzy", { { 0 } }, EXIT_CODE_USAGE, NULL,
      "remedy: referctl help\n" },
    { "referctl --nonsense health", { { 0 } }, EXIT_CODE_USAGE, NULL,
      "the option --nonsense is not known here" },
    { "referctl health --timeout soon", { { 0 } }, EXIT_CODE_USAGE, NULL,
      "--timeout takes a number" },
    { "referctl health now", { { 0 } }, EXIT_CODE_USAGE, NULL,
      "there is no place for \"now\"" },
    { "referctl referral act --help", { { 0 } }, EXIT_CODE_DONE,
      "--element CODE=VALUE", NULL },
    { "referctl card --help", { { 0 } }, EXIT_CODE_DONE, "card accept AGENCY",
      NULL },
    { "referctl -h card show", { { 0 } }, EXIT_CODE_DONE,
      "Usage: referctl card show", NULL },
    { "referctl help", { { 0 } }, EXIT_CODE_DONE, "ledger verify [AGENCY]",
      NULL },
    { "referctl help feed", { { 0 } }, EXIT_CODE_DONE, "feed follow", NULL },
    { "referctl help feed folow", { { 0 } }, EXIT_CODE_USAGE, NULL,
      "remedy: referctl help feed follow" },
    { "referctl --version", { { 0 } }, EXIT_CODE_DONE, "referctl ", NULL },
    /* clang-format on */
};

static size_t exchange_count(const struct row *row)
{
    size_t count = 0;
    while (count < EXCHANGE_COUNT_MAX && row->script[count].operation != NULL)
        count++;
    return count;
}

static void expect_part(
    const struct row *row, const char *text, const char *part)
{
    if (part == NULL ? text[0] != '\0' : strstr(text, part) == NULL)
        fail_msg("%s\nprinted: %s\nexpected: %s", row->command_line, text,
            part == NULL ? "(nothing)" : part);
}

static void commands_ask_print_and_end_as_said(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trial trial = trial_run((struct stage){ 0 },
            rows[i].command_line, rows[i].script, exchange_count(&rows[i]));
        expect_part(&rows[i], trial.out, rows[i].out);
        expect_part(&rows[i], trial.err, rows[i].err);
        assert_int_equal(trial.code, rows[i].code);
        trial_release(&trial);
    }
}

/* The same, on a terminal: never a control character of someone else's. */
static void terminals_are_safe_from_foreign_names(void **state)
{
    static const struct exchange script[] = { { "peer.list", "",
        "| peer agency=" HOSPITAL " name=\033[2Jx state=accepted", 0, NULL,
        NULL, NULL, NULL } };
    struct trial trial = trial_run(
        (struct stage){ .is_terminal = true }, "referctl peer list", script, 1);
    (void)state;
    assert_int_equal(trial.code, EXIT_CODE_DONE);
    assert_non_null(strstr(trial.out, "\\x1b[2Jx"));
    assert_null(strchr(trial.out, '\033'));
    trial_release(&trial);
}

static void a_story_ends_with_what_each_step_needs(void **state)
{
    static const struct exchange script[] = { { "get", "id=" REFERRAL,
        "| referral id=" REFERRAL " state=seen pending=#2 "
        "steps=accept~decline~withdraw "
        "| event step=opened by=Hospital actor=staff role=intake "
        "at_ms=#1796040000000 state=seen status=applied",
        0, NULL, NULL, NULL, NULL } };
    struct trial trial = trial_run((struct stage){ .is_terminal = true },
        "referctl referral show " REFERRAL, script, 1);
    (void)state;
    assert_int_equal(trial.code, EXIT_CODE_DONE);
    assert_non_null(
        strstr(trial.out, "  2026-11-30T12:00:00Z  opened           "
                          "Hospital (staff, intake)  -> seen [applied]\n"));
    assert_non_null(strstr(trial.out, "2 of these wait"));
    assert_non_null(
        strstr(trial.out, "  accept                 offer=... or slot=...\n"));
    assert_non_null(strstr(trial.out,
        "  decline                reason=... next_option=... [rule=...]"));
    assert_non_null(strstr(trial.out, "  withdraw               \n"));
    assert_non_null(
        strstr(trial.out, "referctl referral act 0190b2c4-0000 STEP"));
    trial_release(&trial);
}

static void hints_are_for_people_alone(void **state)
{
    static const struct exchange script[] = { { "mou.list", "", NULL, 0, NULL,
        NULL, NULL, NULL } };
    struct trial trial = trial_run(
        (struct stage){ .is_terminal = true }, "referctl mou list", script, 1);
    (void)state;
    assert_non_null(strstr(trial.out, "referctl mou offer"));
    trial_release(&trial);
    trial = trial_run((struct stage){ 0 }, "referctl mou list", script, 1);
    assert_string_equal(trial.out, "");
    trial_release(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_ask_print_and_end_as_said),
        cmocka_unit_test(terminals_are_safe_from_foreign_names),
        cmocka_unit_test(a_story_ends_with_what_each_step_needs),
        cmocka_unit_test(hints_are_for_people_alone),
    };
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
