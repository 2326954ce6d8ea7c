/* The table of transitions against its design, state-machine.yaml beside. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "core/referral.h"

#define PARTY_COUNT 6

/* What the design says, unfolded. */
struct design {
    bool known[REFERRAL_STATE_COUNT];
    bool terminal[REFERRAL_STATE_COUNT];
    enum referral_state next[REFERRAL_STATE_COUNT][EVENT_TYPE_COUNT];
    uint32_t parties[REFERRAL_STATE_COUNT][EVENT_TYPE_COUNT];
    bool used[EVENT_TYPE_COUNT];
    size_t row_count;
};

/* ---- Reading it --------------------------------------------------------- */

static const char *scalar(const yaml_node_t *node)
{
    assert_non_null(node);
    assert_int_equal(node->type, YAML_SCALAR_NODE);
    return (const char *)node->data.scalar.value;
}

static yaml_node_t *member(
    yaml_document_t *document, const yaml_node_t *map, const char *key)
{
    assert_non_null(map);
    assert_int_equal(map->type, YAML_MAPPING_NODE);
    for (yaml_node_pair_t *pair = map->data.mapping.pairs.start;
         pair < map->data.mapping.pairs.top; pair++)
        if (strcmp(scalar(yaml_document_get_node(document, pair->key)), key) ==
            0)
            return yaml_document_get_node(document, pair->value);
    fail_msg("no %s", key);
    return NULL;
}

/* The items of a list, or the one item that stands without brackets. */
static size_t items_of(yaml_document_t *document, yaml_node_t *node,
    const char *items[], size_t capacity)
{
    if (node->type == YAML_SCALAR_NODE) {
        items[0] = scalar(node);
        return 1;
    }
    size_t count = 0;
    for (yaml_node_item_t *item = node->data.sequence.items.start;
         item < node->data.sequence.items.top; item++) {
        assert_true(count < capacity);
        items[count++] = scalar(yaml_document_get_node(document, *item));
    }
    return count;
}

static enum referral_state state_of(const char *name)
{
    enum referral_state state = referral_state_named(slice_of_text(name));
    if (state == REFERRAL_UNKNOWN)
        fail_msg("the code has no state %s", name);
    return state;
}

static uint32_t party_of(const char *letters)
{
    static const struct {
        const char *letters;
        enum referral_party party;
    } parties[] = { { "S", PARTY_REFERRER }, { "R", PARTY_RECEIVER },
        { "C", PARTY_PERSON }, { "N", PARTY_COMPANION },
        { "GS", PARTY_REFERRER_GATEWAY }, { "GR", PARTY_RECEIVER_GATEWAY } };
    for (size_t i = 0; i < PARTY_COUNT; i++)
        if (strcmp(parties[i].letters, letters) == 0)
            return parties[i].party;
    fail_msg("no party %s", letters);
    return 0;
}

static void read_states(yaml_document_t *document, struct design *design)
{
    yaml_node_t *root = yaml_document_get_root_node(document);
    yaml_node_t *states = member(document, root, "states");
    for (yaml_node_pair_t *pair = states->data.mapping.pairs.start;
         pair < states->data.mapping.pairs.top; pair++) {
        enum referral_state state =
            state_of(scalar(yaml_document_get_node(document, pair->key)));
        yaml_node_t *about = yaml_document_get_node(document, pair->value);
        design->known[state] = true;
        design->terminal[state] =
            strcmp(scalar(member(document, about, "terminal")), "true") == 0;
    }
}

static void read_row(
    yaml_document_t *document, yaml_node_t *row, struct design *design)
{
    const char *from[REFERRAL_STATE_COUNT];
    const char *by[PARTY_COUNT];
    const char *to = scalar(member(document, row, "to"));
    const char *name = scalar(member(document, row, "event"));
    enum referral_event_type event = event_type_named(slice_of_text(name));
    size_t from_count = items_of(
        document, member(document, row, "from"), from, REFERRAL_STATE_COUNT);
    size_t by_count =
        items_of(document, member(document, row, "by"), by, PARTY_COUNT);
    if (event == EVENT_NONE)
        fail_msg("the code has no event %s", name);
    design->used[event] = true;
    for (size_t i = 0; i < from_count; i++) {
        enum referral_state state = state_of(from[i]);
        assert_int_equal(design->parties[state][event], 0); /* no two rows */
        design->next[state][event] =
            strcmp(to, "same") == 0 ? state : state_of(to);
        for (size_t j = 0; j < by_count; j++)
            design->parties[state][event] |= party_of(by[j]);
    }
}

static struct design design_read(void)
{
    static const char path[] = SOURCE_DIR "/tests/unit/core/state-machine.yaml";
    struct design design = { 0 };
    yaml_parser_t parser;
    yaml_document_t document;
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(yaml_parser_initialize(&parser), 1);
    yaml_parser_set_input_file(&parser, file);
    assert_int_equal(yaml_parser_load(&parser, &document), 1);
    read_states(&document, &design);
    yaml_node_t *rows = member(
        &document, yaml_document_get_root_node(&document), "transitions");
    for (yaml_node_item_t *item = rows->data.sequence.items.start;
         item < rows->data.sequence.items.top; item++) {
        read_row(&document, yaml_document_get_node(&document, *item), &design);
        design.row_count++;
    }
    yaml_document_delete(&document);
    yaml_parser_delete(&parser);
    assert_int_equal(fclose(file), 0);
    /* what the design says in words: legal in every state, moves none */
    design.used[EVENT_CONSENT_REVOKED] = true;
    for (int s = REFERRAL_DRAFT; s < REFERRAL_STATE_COUNT; s++) {
        design.next[s][EVENT_CONSENT_REVOKED] = (enum referral_state)s;
        design.parties[s][EVENT_CONSENT_REVOKED] =
            PARTY_PERSON | PARTY_COMPANION;
    }
    return design;
}

/* ---- Holding the code against it ---------------------------------------- */

static void the_design_has_24_states_and_40_transitions(void **unused)
{
    (void)unused;
    struct design design = design_read();
    assert_int_equal(design.row_count, 40);
    assert_false(design.known[REFERRAL_UNKNOWN]);
    for (int s = REFERRAL_DRAFT; s < REFERRAL_STATE_COUNT; s++)
        assert_true(design.known[s]);
    assert_int_equal(REFERRAL_STATE_COUNT - REFERRAL_DRAFT, 24);
    for (int e = EVENT_SEND; e < EVENT_TYPE_COUNT; e++)
        assert_true(design.used[e]);
}

static void check_triple(const struct design *design, enum referral_state state,
    enum referral_event_type event, enum referral_party party)
{
    const enum referral_state untouched = REFERRAL_STATE_COUNT;
    enum referral_state next = untouched;
    enum err got = referral_next(state, event, party, &next);
    uint32_t parties = design->parties[state][event];
    enum err want = parties == 0             ? ERR_STATE
                    : (parties & party) == 0 ? ERR_FORBIDDEN
                                             : ERR_NONE;
    enum referral_state to =
        want == ERR_NONE ? design->next[state][event] : untouched;
    if (got != want || next != to)
        fail_msg("%s, %s by %d: got %s and %s, not %s and %s",
            referral_state_name(state), event_type_name(event), (int)party,
            err_name(got), referral_state_name(next), err_name(want),
            referral_state_name(to));
    bool listed = (referral_steps(state, party) & (UINT64_C(1) << event)) != 0;
    assert_int_equal(listed, want == ERR_NONE);
}

/* 25 states x 38 events x 6 parties: small enough to try them all. */
static void every_state_event_and_party_is_as_designed(void **unused)
{
    (void)unused;
    struct design design = design_read();
    for (int s = 0; s < REFERRAL_STATE_COUNT; s++)
        for (int e = 0; e < EVENT_TYPE_COUNT; e++)
            for (unsigned by = 0; by < PARTY_COUNT; by++)
                check_triple(&design, (enum referral_state)s,
                    (enum referral_event_type)e,
                    (enum referral_party)(1u << by));
}

static void what_is_terminal_is_as_designed(void **unused)
{
    (void)unused;
    struct design design = design_read();
    assert_false(referral_is_terminal(REFERRAL_UNKNOWN));
    for (int s = REFERRAL_DRAFT; s < REFERRAL_STATE_COUNT; s++)
        if (referral_is_terminal((enum referral_state)s) != design.terminal[s])
            fail_msg("%s", referral_state_name((enum referral_state)s));
}

static void steps_of_several_parties_are_those_of_each(void **unused)
{
    (void)unused;
    for (int s = 0; s < REFERRAL_STATE_COUNT; s++) {
        uint64_t all = 0;
        for (unsigned by = 0; by < PARTY_COUNT; by++)
            all |= referral_steps((enum referral_state)s, 1u << by);
        assert_true(referral_steps((enum referral_state)s,
                        (1u << PARTY_COUNT) - 1) == all);
        assert_true(referral_steps((enum referral_state)s, 0) == 0);
    }
}

/* Whatever happens, the person can go, until there is nothing to leave. */
static void the_person_can_withdraw_from_every_open_state(void **unused)
{
    (void)unused;
    for (int s = REFERRAL_SENT; s < REFERRAL_STATE_COUNT; s++) {
        enum referral_state next;
        enum err err = referral_next(
            (enum referral_state)s, EVENT_WITHDRAW, PARTY_PERSON, &next);
        bool open = !referral_is_terminal((enum referral_state)s);
        assert_int_equal(err, open ? ERR_NONE : ERR_STATE);
        if (open)
            assert_int_equal(next, REFERRAL_WITHDRAWN);
    }
}

/* ---- Names and sets ----------------------------------------------------- */

static void names_lead_back_to_their_numbers(void **unused)
{
    (void)unused;
    for (int s = 0; s < REFERRAL_STATE_COUNT; s++)
        assert_int_equal(referral_state_named(slice_of_text(
                             referral_state_name((enum referral_state)s))),
            s);
    for (int e = 0; e < EVENT_TYPE_COUNT; e++)
        assert_int_equal(event_type_named(slice_of_text(
                             event_type_name((enum referral_event_type)e))),
            e);
    for (int i = 1; i < URGENCY_COUNT; i++)
        assert_int_equal(
            urgency_named(slice_of_text(urgency_name((enum urgency)i))), i);
    for (int i = 1; i < CHOICE_COUNT; i++)
        assert_int_equal(
            choice_named(slice_of_text(choice_name((enum choice)i))), i);
    for (int i = 1; i < ASK_BACK_COUNT; i++)
        assert_int_equal(
            ask_back_named(slice_of_text(ask_back_name((enum ask_back)i))), i);
    for (int i = 1; i < ACTOR_KIND_COUNT; i++)
        assert_int_equal(actor_kind_named(slice_of_text(
                             actor_kind_name((enum actor_kind)i))),
            i);
}

static void what_has_no_name_is_a_question_mark(void **unused)
{
    (void)unused;
    assert_string_equal(referral_state_name(REFERRAL_STATE_COUNT), "?");
    assert_string_equal(event_type_name(EVENT_TYPE_COUNT), "?");
    assert_string_equal(urgency_name((enum urgency)0), "?");
    assert_string_equal(urgency_name(URGENCY_COUNT), "?");
    assert_string_equal(choice_name((enum choice)0), "?");
    assert_string_equal(choice_name(CHOICE_COUNT), "?");
    assert_string_equal(ask_back_name((enum ask_back)0), "?");
    assert_string_equal(ask_back_name(ASK_BACK_COUNT), "?");
    assert_string_equal(actor_kind_name((enum actor_kind)0), "?");
    assert_string_equal(actor_kind_name(ACTOR_KIND_COUNT), "?");
}

static void unknown_names_have_no_number(void **unused)
{
    (void)unused;
    static const char *const strangers[] = { "", "?", "Seen", "seen ", "sees",
        "immediat", "urgent", "chosen\n", "NONE", "robot" };
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
        struct slice name = slice_of_text(strangers[i]);
        assert_int_equal(referral_state_named(name), REFERRAL_UNKNOWN);
        assert_int_equal(event_type_named(name), EVENT_NONE);
        assert_int_equal(urgency_named(name), 0);
        assert_int_equal(choice_named(name), 0);
        assert_int_equal(ask_back_named(name), 0);
        assert_int_equal(actor_kind_named(name), 0);
    }
}

static void an_actor_is_one_party(void **unused)
{
    (void)unused;
    assert_int_equal(referral_party_of(ACTOR_STAFF, true), PARTY_REFERRER);
    assert_int_equal(referral_party_of(ACTOR_STAFF, false), PARTY_RECEIVER);
    assert_int_equal(
        referral_party_of(ACTOR_GATEWAY, true), PARTY_REFERRER_GATEWAY);
    assert_int_equal(
        referral_party_of(ACTOR_GATEWAY, false), PARTY_RECEIVER_GATEWAY);
    for (int by_referrer = 0; by_referrer < 2; by_referrer++) {
        assert_int_equal(
            referral_party_of(ACTOR_PERSON, by_referrer != 0), PARTY_PERSON);
        assert_int_equal(referral_party_of(ACTOR_COMPANION, by_referrer != 0),
            PARTY_COMPANION);
    }
}

static void three_events_are_exempt_and_one_erases(void **unused)
{
    (void)unused;
    for (int e = 0; e < EVENT_TYPE_COUNT; e++) {
        enum referral_event_type type = (enum referral_event_type)e;
        assert_int_equal(event_is_exempt(type),
            e == EVENT_WITHDRAW || e == EVENT_CONSENT_REVOKED ||
                e == EVENT_WRONG_PERSON_OR_PLACE);
        assert_int_equal(event_erases(type), e == EVENT_WRONG_PERSON_OR_PLACE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_design_has_24_states_and_40_transitions),
        cmocka_unit_test(every_state_event_and_party_is_as_designed),
        cmocka_unit_test(what_is_terminal_is_as_designed),
        cmocka_unit_test(steps_of_several_parties_are_those_of_each),
        cmocka_unit_test(the_person_can_withdraw_from_every_open_state),
        cmocka_unit_test(names_lead_back_to_their_numbers),
        cmocka_unit_test(what_has_no_name_is_a_question_mark),
        cmocka_unit_test(unknown_names_have_no_number),
        cmocka_unit_test(an_actor_is_one_party),
        cmocka_unit_test(three_events_are_exempt_and_one_erases),
    };
    return cmocka_run_group_tests_name("core/referral", tests, NULL, NULL);
}
