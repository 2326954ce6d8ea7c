#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/agreement.h"
#include "core/register.h"
#include "support/bench_damage.h"
#include "support/bench_author.h"
#include "support/bench_papers.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Two agencies with an agreement in force; 0 writes by hand to 1. */
struct desk {
    struct federation *federation;
    struct author author;
    struct mou_id mou;
};

static void desk_open_as(struct desk *desk, size_t self, size_t other)
{
    char id[MOU_ID_TEXT_SIZE + 1];
    desk->federation = federation_of_two();
    federation_mou_id(desk->federation, id);
    assert_int_equal(mou_id_parse(slice_of_text(id), &desk->mou), ERR_NONE);
    author_open(&desk->author, desk->federation, self, other);
}

static void desk_open(struct desk *desk)
{
    desk_open_as(desk, 0, 1);
}

static void desk_close(struct desk *desk)
{
    author_close(&desk->author);
    federation_free(desk->federation);
}

static const struct uuid person = { { 0x01, 0x90, 0, 0, 0, 0, 0x70, 1, 0x80, 1,
    0, 0, 0, 0, 0, 1 } };

/* A whole SEND, to be spoilt; what it points to lives here. */
struct form {
    struct referral_event event;
    struct referral_request request;
    struct grant grant;
    struct slice granted[2];
    struct named_value elements[2];
};

static void form_send(struct desk *desk, struct form *form)
{
    int64_t now_ms = federation_now(desk->federation).unix_ms;
    form->granted[0] = SLICE_LITERAL("call_name");
    form->granted[1] = SLICE_LITERAL("needs");
    form->grant = (struct grant){
        .to = *federation_id(desk->federation, desk->author.other),
        .purpose = SLICE_LITERAL("care"),
        .elements = form->granted,
        .element_count = 2,
        .until = { now_ms + FEDERATION_DAY_MS },
    };
    form->elements[0] = (struct named_value){ SLICE_LITERAL("call_name"),
        SLICE_LITERAL("Robin") };
    form->elements[1] = (struct named_value){ SLICE_LITERAL("needs"),
        SLICE_LITERAL("a doctor who listens") };
    form->request = (struct referral_request){
        .service = slice_of_text(papers_service(desk->author.other)),
        .purpose = SLICE_LITERAL("care"),
        .urgency = URGENCY_ROUTINE,
        .choice = CHOICE_CHOSEN,
        .ask_back = ASK_BACK_FULL,
        .reason_plain = SLICE_LITERAL("wants the cough looked at"),
        .thread = person,
        .consent_at = { now_ms - 1000 },
        .grants = &form->grant,
        .grant_count = 1,
    };
    form->event = (struct referral_event){
        .referral = person,
        .mou = desk->mou,
        .type = EVENT_SEND,
        .seq = 1,
        .actor = ACTOR_STAFF,
        .at = { now_ms },
        .key = SLICE_LITERAL("key"),
        .request = &form->request,
        .elements = form->elements,
        .element_count = 2,
    };
}

/* A later step without details; to amend is to say the name again. */
static void form_step(struct desk *desk, struct form *form,
    enum referral_event_type type, uint32_t seq)
{
    form->event = (struct referral_event){
        .referral = person,
        .mou = desk->mou,
        .type = type,
        .seq = seq,
        .actor = ACTOR_STAFF,
        .role = SLICE_LITERAL("intake"),
        .at = federation_now(desk->federation),
    };
    form->elements[0] = (struct named_value){ SLICE_LITERAL("call_name"),
        SLICE_LITERAL("Robin") };
    if (type == EVENT_AMEND) {
        form->event.elements = form->elements;
        form->event.element_count = 1;
    }
}

/* The newest answer that the other agency queued or sent about entry `index`,
 * after everything has come to rest. */
static struct answer_item answer_to(struct desk *desk, uint64_t index)
{
    struct answer_item found = { .index = UINT64_MAX };
    struct arena *arena = &desk->author.arena;
    federation_run(desk->federation);
    struct work *work = federation_begin(desk->federation, desk->author.other);
    struct peer *peer = federation_peer(
        desk->federation, desk->author.other, desk->author.self);
    const struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    assert_int_equal(out->intent_count, 0);
    for (uint64_t at = 0; at < out->frontier.size; at++) {
        struct ledger_parcel parcel;
        struct entry_header header;
        struct answer answer;
        assert_true(ledger_parcel_at(work, out, at, &parcel));
        const struct ledger_entry *entry =
            &parcel.entries[at - parcel.first_index];
        assert_int_equal(
            entry_header_read(entry->header, arena, &header), ERR_NONE);
        if (header.kind != ENTRY_ANSWER)
            continue;
        struct slice content =
            arena_copy(arena, content_get(work->contents, work->txn,
                                  work->arena, entry->content));
        assert_int_equal(answer_read(content, arena, &answer), ERR_NONE);
        for (size_t i = 0; i < answer.item_count; i++)
            if (index >= answer.items[i].index &&
                index - answer.items[i].index < answer.items[i].count)
                found = answer.items[i];
    }
    assert_int_equal(
        federation_end(desk->federation, desk->author.other), ERR_NONE);
    assert_int_not_equal(found.index, UINT64_MAX);
    return found;
}

/* Writes the event as the next entry; the answer to it. */
static struct answer_item tell(struct desk *desk, const struct form *form)
{
    uint64_t index = desk->author.cosigned.size;
    struct slice bytes =
        referral_event_write(&form->event, &desk->author.arena);
    assert_non_null(bytes.bytes);
    author_add(&desk->author, ENTRY_REFERRAL_EVENT, bytes);
    author_deliver(&desk->author);
    return answer_to(desk, index);
}

static const char *state_of(struct desk *desk, size_t agency)
{
    char id[UUID_URN_SIZE + 1];
    uuid_format(&person, id);
    return federation_state(desk->federation, agency, id);
}

static void assert_applied(
    const struct answer_item *item, enum referral_state state)
{
    if (item->verdict != ANSWER_APPLIED)
        fail_msg("%s %.*s: %.*s", problem_name(item->problem),
            (int)item->clause.size, (const char *)item->clause.bytes,
            (int)item->remedy.size, (const char *)item->remedy.bytes);
    assert_string_equal(referral_state_name((enum referral_state)item->state),
        referral_state_name(state));
}

static void assert_turned_down(const struct answer_item *item,
    enum problem problem, const char *clause, enum referral_state state)
{
    assert_int_equal(item->verdict, ANSWER_REFUSED);
    assert_string_equal(problem_name(item->problem), problem_name(problem));
    assert_memory_equal(item->clause.bytes, clause, strlen(clause));
    assert_true(item->remedy.size > 0);
    assert_string_equal(referral_state_name((enum referral_state)item->state),
        referral_state_name(state));
}

/* ---- The referrer's events are decided here ---- */

static void a_referral_is_received_and_answered(void **state)
{
    struct desk desk;
    struct form form;
    (void)state;
    desk_open(&desk);
    form_send(&desk, &form);
    struct answer_item item = tell(&desk, &form);
    assert_applied(&item, REFERRAL_DELIVERED);
    assert_string_equal(state_of(&desk, 1), "delivered");
    assert_int_equal(
        federation_logged(desk.federation, 1, LOG_REFERRAL_RECEIVED), 1);
    desk_close(&desk);
}

enum spoil {
    SPOIL_ELEMENT,
    SPOIL_CONSENT,
    SPOIL_EXPIRED,
    SPOIL_LATE,
    SPOIL_SERVICE,
    SPOIL_MOU,
    SPOIL_GUARD,
    SPOIL_ROLE,
    SPOIL_REQUEST,
    SPOIL_ACTOR,
    SPOIL_SEQ,
};

/* What has no form is no referral; what is refused is one, refused. */
static const struct {
    enum spoil spoil;
    enum problem problem;
    const char *clause;
    bool has_form;
} spoils[] = {
    { SPOIL_ELEMENT, PROBLEM_ELEMENT_NOT_ALLOWED, "never_share", true },
    { SPOIL_CONSENT, PROBLEM_CONSENT_SCOPE, "consent.grants", true },
    { SPOIL_EXPIRED, PROBLEM_CONSENT_EXPIRED, "consent.grants", true },
    { SPOIL_LATE, PROBLEM_CONSENT_EXPIRED, "consent.grants", true },
    { SPOIL_SERVICE, PROBLEM_SERVICE_UNKNOWN, "services", true },
    { SPOIL_MOU, PROBLEM_MOU_NOT_FOUND, "mou", true },
    { SPOIL_GUARD, PROBLEM_GUARD, "request.reason_plain", true },
    { SPOIL_ROLE, PROBLEM_FORMAT, "role", false },
    { SPOIL_REQUEST, PROBLEM_FORMAT, "request", false },
    { SPOIL_ACTOR, PROBLEM_FORMAT, "actor", false },
    { SPOIL_SEQ, PROBLEM_FORMAT, "seq", false },
};

static void form_spoil(struct form *form, enum spoil spoil)
{
    static char role[5000];
    memset(role, 'r', sizeof role);
    if (spoil == SPOIL_ELEMENT)
        form->elements[1].name = SLICE_LITERAL("arrest_history");
    else if (spoil == SPOIL_CONSENT)
        form->grant.element_count = 1;
    else if (spoil == SPOIL_EXPIRED)
        form->grant.until = form->request.consent_at;
    else if (spoil == SPOIL_LATE) { /* it ended on the way */
        form->grant.until = form->event.at;
        form->event.at.unix_ms -= 1000;
        form->request.consent_at.unix_ms -= 1000;
    } else if (spoil == SPOIL_SERVICE)
        form->request.service = SLICE_LITERAL("alpha.care");
    else if (spoil == SPOIL_MOU)
        form->event.mou.bytes[0] ^= 1;
    else if (spoil == SPOIL_GUARD)
        form->request.reason_plain = SLICE_NONE;
    else if (spoil == SPOIL_ROLE)
        form->event.role = SLICE_ARRAY(role);
    else if (spoil == SPOIL_REQUEST)
        form->event.request = NULL;
    else if (spoil == SPOIL_ACTOR)
        form->event.actor = (enum actor_kind)0;
    else
        form->event.seq = 0;
}

static void what_policy_refuses_is_answered_and_not_kept(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(spoils); i++) {
        struct desk desk;
        struct form form;
        desk_open(&desk);
        form_send(&desk, &form);
        form_spoil(&form, spoils[i].spoil);
        struct answer_item item = tell(&desk, &form);
        assert_turned_down(&item, spoils[i].problem, spoils[i].clause,
            spoils[i].has_form ? REFERRAL_REFUSED_BY_POLICY : REFERRAL_UNKNOWN);
        assert_string_equal(state_of(&desk, 1),
            spoils[i].has_form ? "refused_by_policy" : "none");
        assert_false(damage_has_words(desk.federation, 1, "Robin"));
        desk_close(&desk);
    }
}

static void what_is_applied_is_kept(void **state)
{
    struct desk desk;
    struct form form;
    (void)state;
    desk_open(&desk);
    form_send(&desk, &form);
    (void)tell(&desk, &form);
    assert_true(damage_has_words(desk.federation, 1, "Robin"));
    desk_close(&desk);
}

static void a_referral_is_sent_once(void **state)
{
    struct desk desk;
    struct form form;
    (void)state;
    desk_open(&desk);
    form_send(&desk, &form);
    (void)tell(&desk, &form);
    form.event.seq = 2;
    struct answer_item item = tell(&desk, &form);
    assert_turned_down(
        &item, PROBLEM_REFERRAL_EXISTS, "referral", REFERRAL_UNKNOWN);
    assert_string_equal(state_of(&desk, 1), "delivered");
    desk_close(&desk);
}

static void a_step_of_an_unknown_referral_is_refused(void **state)
{
    struct desk desk;
    struct form form;
    (void)state;
    desk_open(&desk);
    form_step(&desk, &form, EVENT_AMEND, 1);
    struct answer_item item = tell(&desk, &form);
    assert_turned_down(
        &item, PROBLEM_REFERRAL_UNKNOWN, "referral", REFERRAL_UNKNOWN);
    desk_close(&desk);
}

static void what_is_no_event_is_refused(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    uint64_t index = desk.author.cosigned.size;
    author_add(&desk.author, ENTRY_REFERRAL_EVENT, SLICE_LITERAL("no event"));
    author_deliver(&desk.author);
    struct answer_item item = answer_to(&desk, index);
    assert_turned_down(&item, PROBLEM_FORMAT, "event", REFERRAL_UNKNOWN);
    desk_close(&desk);
}

static const struct {
    const char *it;
    enum referral_event_type type;
    enum actor_kind actor;
    uint32_t seq;
    bool other_mou;
    enum problem problem; /* NONE: applied */
    const char *clause;
    enum referral_state state;
} steps[] = {
    { "amended", EVENT_AMEND, ACTOR_STAFF, 2, false, PROBLEM_NONE, "",
        REFERRAL_DELIVERED },
    { "withdrawn by the person", EVENT_WITHDRAW, ACTOR_PERSON, 2, false,
        PROBLEM_NONE, "", REFERRAL_WITHDRAWN },
    { "consent revoked", EVENT_CONSENT_REVOKED, ACTOR_PERSON, 2, false,
        PROBLEM_NONE, "", REFERRAL_DELIVERED },
    { "withdrawn by staff", EVENT_WITHDRAW, ACTOR_STAFF, 2, false,
        PROBLEM_FORBIDDEN, "state[delivered].withdraw", REFERRAL_DELIVERED },
    { "a step of the receiver", EVENT_OPENED, ACTOR_STAFF, 2, false,
        PROBLEM_FORBIDDEN, "state[delivered].opened", REFERRAL_DELIVERED },
    { "a step of a later state", EVENT_ACKNOWLEDGE, ACTOR_STAFF, 2, false,
        PROBLEM_STATE, "state[delivered].acknowledge", REFERRAL_DELIVERED },
    { "without what it must say", EVENT_CANCEL, ACTOR_STAFF, 2, false,
        PROBLEM_GUARD, "details.", REFERRAL_DELIVERED },
    { "the same count again", EVENT_AMEND, ACTOR_STAFF, 1, false,
        PROBLEM_REPLAY, "seq", REFERRAL_DELIVERED },
    { "the same count, withdrawn", EVENT_WITHDRAW, ACTOR_PERSON, 1, false,
        PROBLEM_REPLAY, "seq", REFERRAL_DELIVERED },
    { "under another agreement", EVENT_AMEND, ACTOR_STAFF, 2, true,
        PROBLEM_FORMAT, "mou", REFERRAL_DELIVERED },
};

static void each_step_is_applied_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(steps); i++) {
        struct desk desk;
        struct form form;
        desk_open(&desk);
        form_send(&desk, &form);
        (void)tell(&desk, &form);
        form_step(&desk, &form, steps[i].type, steps[i].seq);
        form.event.actor = steps[i].actor;
        if (steps[i].other_mou)
            form.event.mou.bytes[5] ^= 1;
        struct answer_item item = tell(&desk, &form);
        if (item.problem != steps[i].problem)
            fail_msg("%s: %s", steps[i].it, problem_name(item.problem));
        if (steps[i].problem == PROBLEM_NONE)
            assert_applied(&item, steps[i].state);
        else
            assert_turned_down(
                &item, steps[i].problem, steps[i].clause, steps[i].state);
        assert_string_equal(
            state_of(&desk, 1), referral_state_name(steps[i].state));
        desk_close(&desk);
    }
}

static void what_policy_refuses_of_a_later_step_is_not_kept(void **state)
{
    struct desk desk;
    struct form form;
    (void)state;
    desk_open(&desk);
    form_send(&desk, &form);
    (void)tell(&desk, &form);
    form_step(&desk, &form, EVENT_AMEND, 2);
    form.elements[0].name = SLICE_LITERAL("arrest_history");
    form.elements[0].value = SLICE_LITERAL("Montgomery");
    struct answer_item item = tell(&desk, &form);
    assert_turned_down(
        &item, PROBLEM_ELEMENT_NOT_ALLOWED, "never_share", REFERRAL_DELIVERED);
    assert_false(damage_has_words(desk.federation, 1, "Montgomery"));
    desk_close(&desk);
}

static const struct {
    enum spoil spoil;
    enum referral_event_type type;
    const char *clause;
} formless[] = {
    { SPOIL_ROLE, EVENT_AMEND, "role" },
    { SPOIL_ACTOR, EVENT_AMEND, "actor" },
    { SPOIL_ACTOR, EVENT_WITHDRAW, "actor" },
    { SPOIL_SEQ, EVENT_WITHDRAW, "seq" },
    { SPOIL_ELEMENT, EVENT_NONE, "type" },
};

/* Each of these once ended the process, and again after every restart. */
static void a_step_without_form_ends_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(formless); i++) {
        struct desk desk;
        struct form form;
        desk_open(&desk);
        form_send(&desk, &form);
        (void)tell(&desk, &form);
        form_step(&desk, &form, formless[i].type, 2);
        form_spoil(&form, formless[i].spoil);
        struct answer_item item = tell(&desk, &form);
        assert_turned_down(
            &item, PROBLEM_FORMAT, formless[i].clause, REFERRAL_UNKNOWN);
        assert_string_equal(state_of(&desk, 1), "delivered");
        desk_close(&desk);
    }
}

static void revoked_consent_freezes_and_erases(void **state)
{
    struct desk desk;
    struct form form;
    (void)state;
    desk_open(&desk);
    form_send(&desk, &form);
    (void)tell(&desk, &form);
    assert_true(damage_has_words(desk.federation, 1, "Robin"));
    form_step(&desk, &form, EVENT_CONSENT_REVOKED, 2);
    form.event.actor = ACTOR_PERSON;
    (void)tell(&desk, &form);
    assert_false(damage_has_words(desk.federation, 1, "Robin"));
    assert_int_equal(
        federation_logged(desk.federation, 1, LOG_REFERRAL_ERASED), 1);
    form_step(&desk, &form, EVENT_AMEND, 3);
    struct answer_item item = tell(&desk, &form);
    assert_int_equal(item.verdict, ANSWER_REFUSED);
    assert_false(damage_has_words(desk.federation, 1, "Robin"));
    desk_close(&desk);
}

/* Sent and not there yet; there, and its receipt is not here yet. */
static void consent_that_ends_while_a_parcel_is_on_its_way_leaves_nothing(
    void **state)
{
    (void)state;
    for (size_t arrived = 0; arrived < 2; arrived++) {
        struct desk desk = { .federation = federation_new(2) };
        struct federation *federation = desk.federation;
        federation_connect(federation, 0, 1);
        federation_agree(federation);
        const char *id = federation_submit(federation, 0, 1, "first");
        assert_int_equal(federation_message_count(federation), 1);
        assert_true(damage_has_words(federation, 0, "Robin"));
        if (arrived == 1)
            federation_deliver(federation, 0);
        assert_int_equal(
            damage_has_words(federation, 1, "Robin"), arrived == 1);
        const struct local_reply *reply = federation_act_by(
            federation, 0, id, "consent_revoked", "c", "person", NULL);
        assert_int_equal(reply->err, ERR_NONE);
        federation_run(federation);
        for (size_t i = 0; i < 2; i++)
            assert_false(damage_has_words(federation, i, "Robin"));
        assert_string_equal(federation_state(federation, 0, id),
            federation_state(federation, 1, id));
        federation_free(federation);
    }
}

static void another_agencys_referral_is_unknown_to_it(void **state)
{
    struct federation *federation = federation_new(3);
    struct desk desk = { .federation = federation };
    struct form form;
    struct uuid uuid;
    char id[MOU_ID_TEXT_SIZE + 1];
    (void)state;
    federation_connect(federation, 0, 1);
    federation_connect(federation, 2, 1);
    federation_agree(federation);
    federation_mou_id(federation, id);
    assert_int_equal(mou_id_parse(slice_of_text(id), &desk.mou), ERR_NONE);
    const char *theirs = federation_submit(federation, 0, 1, "theirs");
    federation_run(federation);
    assert_int_equal(uuid_parse(slice_of_text(theirs), &uuid), ERR_NONE);
    author_open(&desk.author, federation, 2, 1);
    form_step(&desk, &form, EVENT_WITHDRAW, 2);
    form.event.referral = uuid;
    form.event.actor = ACTOR_PERSON;
    struct answer_item item = tell(&desk, &form);
    assert_turned_down(
        &item, PROBLEM_REFERRAL_UNKNOWN, "referral", REFERRAL_UNKNOWN);
    assert_string_equal(federation_state(federation, 1, theirs), "delivered");
    desk_close(&desk);
}

/* ---- The receiver's events are followed here ---- */

/* 0 has sent a referral to 1, and from now on 1 writes by hand. */
static const char *desk_open_receiver(struct desk *desk)
{
    char id[MOU_ID_TEXT_SIZE + 1];
    desk->federation = federation_of_two();
    federation_mou_id(desk->federation, id);
    assert_int_equal(mou_id_parse(slice_of_text(id), &desk->mou), ERR_NONE);
    const char *sent = federation_submit(desk->federation, 0, 1, "one");
    federation_run(desk->federation);
    author_open(&desk->author, desk->federation, 1, 0);
    return sent;
}

static const struct {
    const char *it;
    enum referral_event_type type;
    enum actor_kind actor;
    uint32_t seq;
    enum referral_state says;
    bool long_role;
    enum problem problem;
    const char *leads_to; /* the referrer's state after it */
} follows[] = {
    { "opened", EVENT_OPENED, ACTOR_STAFF, 1, REFERRAL_SEEN, false,
        PROBLEM_NONE, "seen" },
    { "another state than the table's", EVENT_OPENED, ACTOR_STAFF, 1,
        REFERRAL_CLOSED, false, PROBLEM_STATE, "delivered" },
    { "no state", EVENT_OPENED, ACTOR_STAFF, 1, REFERRAL_UNKNOWN, false,
        PROBLEM_STATE, "delivered" },
    { "a step of the referrer", EVENT_CANCEL, ACTOR_STAFF, 1,
        REFERRAL_CANCELLED, false, PROBLEM_FORBIDDEN, "delivered" },
    { "withdrawn by the person there", EVENT_WITHDRAW, ACTOR_PERSON, 1,
        REFERRAL_WITHDRAWN, false, PROBLEM_NONE, "withdrawn" },
    { "consent taken back, whatever it states", EVENT_CONSENT_REVOKED,
        ACTOR_PERSON, 1, REFERRAL_CLOSED, false, PROBLEM_NONE, "delivered" },
    { "a count of 0", EVENT_OPENED, ACTOR_STAFF, 0, REFERRAL_SEEN, false,
        PROBLEM_FORMAT, "delivered" },
    { "by nobody", EVENT_OPENED, (enum actor_kind)0, 1, REFERRAL_SEEN, false,
        PROBLEM_FORMAT, "delivered" },
    { "later, into a state that it leads to from nowhere", EVENT_OPENED,
        ACTOR_STAFF, 3, REFERRAL_CLOSED, false, PROBLEM_STATE, "delivered" },
    { "with a long role", EVENT_OPENED, ACTOR_STAFF, 1, REFERRAL_SEEN, true,
        PROBLEM_FORMAT, "delivered" },
};

static void each_step_of_the_receiver_is_followed_or_refused(void **state)
{
    static char role[5000];
    (void)state;
    memset(role, 'r', sizeof role);
    for (size_t i = 0; i < COUNT(follows); i++) {
        struct desk desk;
        struct form form;
        const char *id = desk_open_receiver(&desk);
        form_step(&desk, &form, follows[i].type, follows[i].seq);
        assert_int_equal(
            uuid_parse(slice_of_text(id), &form.event.referral), ERR_NONE);
        form.event.actor = follows[i].actor;
        form.event.state = follows[i].says;
        if (follows[i].long_role)
            form.event.role = SLICE_ARRAY(role);
        struct answer_item item = tell(&desk, &form);
        if (item.problem != follows[i].problem)
            fail_msg("%s: %s", follows[i].it, problem_name(item.problem));
        assert_string_equal(
            federation_state(desk.federation, 0, id), follows[i].leads_to);
        desk_close(&desk);
    }
}

static void a_step_of_the_receiver_names_the_agreement_of_the_referral(
    void **state)
{
    struct desk desk;
    struct form form;
    const char *id = desk_open_receiver(&desk);
    (void)state;
    form_step(&desk, &form, EVENT_OPENED, 1);
    assert_int_equal(
        uuid_parse(slice_of_text(id), &form.event.referral), ERR_NONE);
    form.event.state = REFERRAL_SEEN;
    form.event.mou.bytes[0] ^= 1;
    struct answer_item item = tell(&desk, &form);
    assert_turned_down(&item, PROBLEM_FORMAT, "mou", REFERRAL_DELIVERED);
    /* one that came back without it learns it from the first that names it */
    struct work *work = federation_begin(desk.federation, 0);
    struct referral *row = register_get(work, &form.event.referral);
    row->mou = (struct mou_id){ { 0 } };
    register_put(work, row);
    assert_int_equal(federation_end(desk.federation, 0), ERR_NONE);
    form.event.mou.bytes[0] ^= 1;
    form.event.seq++;
    item = tell(&desk, &form);
    assert_applied(&item, REFERRAL_SEEN);
    desk_close(&desk);
}

/* A withdrawal never comes too late. */
static void a_full_referral_still_ends(void **state)
{
    struct desk desk;
    struct form form;
    const char *id = desk_open_receiver(&desk);
    (void)state;
    form_step(&desk, &form, EVENT_WITHDRAW, 1);
    form.event.actor = ACTOR_PERSON;
    form.event.role = SLICE_NONE;
    assert_int_equal(
        uuid_parse(slice_of_text(id), &form.event.referral), ERR_NONE);
    form.event.state = REFERRAL_WITHDRAWN;
    struct work *work = federation_begin(desk.federation, 0);
    struct referral *row = register_get(work, &form.event.referral);
    while (row->position_count < REFERRAL_EVENT_COUNT_MAX)
        row->positions[row->position_count++] = row->positions[0];
    register_put(work, row);
    assert_int_equal(federation_end(desk.federation, 0), ERR_NONE);
    struct answer_item item = tell(&desk, &form);
    assert_applied(&item, REFERRAL_WITHDRAWN);
    assert_string_equal(federation_state(desk.federation, 0, id), "withdrawn");
    desk_close(&desk);
}

static void the_referrer_states_nothing(void **state)
{
    struct desk desk;
    struct form form;
    (void)state;
    desk_open(&desk);
    form_send(&desk, &form);
    form.event.state = REFERRAL_DELIVERED;
    struct answer_item item = tell(&desk, &form);
    assert_int_equal(item.problem, PROBLEM_FORMAT);
    assert_memory_equal(item.clause.bytes, "state", 5);
    desk_close(&desk);
    desk_open(&desk);
    form_send(&desk, &form);
    form.event.actor = ACTOR_GATEWAY;
    item = tell(&desk, &form);
    assert_int_equal(item.verdict, ANSWER_REFUSED);
    desk_close(&desk);
    desk_open(&desk);
    form_send(&desk, &form);
    item = tell(&desk, &form);
    assert_applied(&item, REFERRAL_DELIVERED);
    form_step(&desk, &form, EVENT_AMEND, 2);
    form.event.state = REFERRAL_CLOSED;
    item = tell(&desk, &form);
    assert_turned_down(&item, PROBLEM_FORMAT, "state", REFERRAL_DELIVERED);
    desk_close(&desk);
}

/* Each agency counts the events of its own feed, so one is full first. */
static void a_full_referral_still_follows(void **state)
{
    struct desk desk;
    struct form form;
    const char *id = desk_open_receiver(&desk);
    (void)state;
    form_step(&desk, &form, EVENT_OPENED, 1);
    assert_int_equal(
        uuid_parse(slice_of_text(id), &form.event.referral), ERR_NONE);
    form.event.state = REFERRAL_SEEN;
    struct work *work = federation_begin(desk.federation, 0);
    struct referral *row = register_get(work, &form.event.referral);
    while (row->position_count < REFERRAL_EVENT_COUNT_MAX)
        row->positions[row->position_count++] = row->positions[0];
    register_put(work, row);
    assert_int_equal(federation_end(desk.federation, 0), ERR_NONE);
    struct answer_item item = tell(&desk, &form);
    assert_turned_down(&item, PROBLEM_RATE_LIMIT, "referral", REFERRAL_SEEN);
    assert_string_equal(federation_state(desk.federation, 0, id), "seen");
    desk_close(&desk);
}

/* ---- Answers ---- */

static void a_referral_whose_id_is_taken_there_is_refused_here(void **state)
{
    static const char id[] = "urn:uuid:01900000-0000-7001-8001-000000000001";
    struct federation *federation = federation_of_two();
    struct call call;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        federation_referral(federation, &call, i, 1 - i, "mine");
        struct call_part *referral = &call.parts[0];
        referral->fields[referral->field_count++] =
            (struct local_field){ SLICE_LITERAL("id"), LOCAL_TEXT,
                slice_of_text(id), 0 };
        assert_int_equal(federation_call(federation, i, &call)->err, ERR_NONE);
    }
    federation_run(federation);
    for (size_t i = 0; i < 2; i++)
        assert_string_equal(
            federation_state(federation, i, id), "refused_by_policy");
    federation_free(federation);
}

static void answer_with(struct desk *desk, uint64_t generation,
    const struct answer_item *items, size_t count)
{
    struct answer answer = { generation, items, count };
    author_add(&desk->author, ENTRY_ANSWER,
        answer_write(&answer, &desk->author.arena));
    author_deliver(&desk->author);
}

/* 0's ledger to 1: its generation, and the index of its newest entry. */
static uint64_t sent_to(struct desk *desk, uint64_t *generation)
{
    struct work *work = federation_begin(desk->federation, 0);
    const struct ledger *out =
        peer_ledger(work, federation_peer(desk->federation, 0, 1), LEDGER_OUT);
    uint64_t index = out->frontier.size - 1;
    *generation = out->generation;
    assert_int_equal(federation_end(desk->federation, 0), ERR_NONE);
    return index;
}

static void an_answer_moves_what_was_sent(void **state)
{
    static const struct {
        const char *it;
        enum answer_verdict verdict;
        enum problem problem;
        uint32_t says;
        bool other_generation;
        const char *leads_to;
    } rows[] = {
        { "applied", ANSWER_APPLIED, PROBLEM_NONE, REFERRAL_DELIVERED, false,
            "delivered" },
        { "refused", ANSWER_REFUSED, PROBLEM_CONSENT_SCOPE,
            REFERRAL_REFUSED_BY_POLICY, false, "refused_by_policy" },
        { "absent", ANSWER_ABSENT, PROBLEM_NONE, 0, false, "withdrawn" },
        { "no such state", ANSWER_APPLIED, PROBLEM_NONE, 999, false,
            "delivered" },
        { "of another generation", ANSWER_REFUSED, PROBLEM_CONSENT_SCOPE,
            REFERRAL_REFUSED_BY_POLICY, true, "delivered" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct desk desk = { 0 };
        uint64_t generation;
        desk.federation = federation_new(2);
        federation_connect(desk.federation, 0, 1);
        federation_agree(desk.federation);
        author_open(&desk.author, desk.federation, 1, 0);
        const char *id = federation_submit(desk.federation, 0, 1, "one");
        /* 1 takes the parcel, but from here on only its author speaks */
        federation_deliver(desk.federation, 0);
        while (federation_message(desk.federation, 0) != NULL) {
            const struct bench_message *message =
                federation_message(desk.federation, 0);
            if (message->is_reply && message->to == 0)
                federation_deliver(desk.federation, 0);
            else
                federation_lose(desk.federation, 0);
        }
        assert_string_equal(
            federation_state(desk.federation, 0, id), "delivered");
        struct answer_item item = { .index = sent_to(&desk, &generation),
            .count = 1,
            .verdict = rows[i].verdict,
            .problem = rows[i].problem,
            .clause = SLICE_LITERAL("clause"),
            .remedy = SLICE_LITERAL("remedy"),
            .state = rows[i].says };
        answer_with(&desk, generation + rows[i].other_generation, &item, 1);
        if (strcmp(federation_state(desk.federation, 0, id),
                rows[i].leads_to) != 0)
            fail_msg(
                "%s: %s", rows[i].it, federation_state(desk.federation, 0, id));
        /* once more says nothing new */
        uint64_t refused =
            federation_logged(desk.federation, 0, LOG_REFERRAL_REFUSED);
        answer_with(&desk, generation, &item, 1);
        if (!rows[i].other_generation)
            assert_int_equal(refused,
                federation_logged(desk.federation, 0, LOG_REFERRAL_REFUSED));
        desk_close(&desk);
    }
}

static void an_answer_about_what_was_never_sent_is_nothing(void **state)
{
    struct desk desk;
    uint64_t generation;
    (void)state;
    const char *id = desk_open_receiver(&desk);
    (void)sent_to(&desk, &generation);
    const struct answer_item items[] = {
        { .index = 0, .count = UINT32_MAX, .verdict = ANSWER_APPLIED },
        { .index = UINT64_MAX - UINT32_MAX,
            .count = UINT32_MAX,
            .verdict = ANSWER_REFUSED,
            .problem = PROBLEM_FORMAT },
    };
    answer_with(&desk, generation, items, 2);
    author_add(&desk.author, ENTRY_ANSWER, SLICE_LITERAL("no answer"));
    author_deliver(&desk.author);
    assert_string_equal(federation_state(desk.federation, 0, id), "delivered");
    desk_close(&desk);
}

/* ---- Other entries ---- */

static const struct {
    enum entry_kind kind;
    const char *content;
    bool answered;
    enum problem problem;
} others[] = {
    { ENTRY_CARD, "no card", true, PROBLEM_SIGNATURE_BAD },
    { ENTRY_MOU_OFFER, "no offer", true, PROBLEM_FORMAT },
    { ENTRY_MOU_SIGNATURES, "none", true, PROBLEM_FORMAT },
    { ENTRY_MOU_IN_FORCE, "no", true, PROBLEM_FORMAT },
    { ENTRY_MOU_END, "", true, PROBLEM_UNKNOWN_FIELD },
    { ENTRY_ABSENT, "", true, PROBLEM_UNKNOWN_FIELD },
    { ENTRY_ERASURE_NOTICE, "", true, PROBLEM_FORMAT },
    { ENTRY_ATTACHMENT_CHUNK, "", true, PROBLEM_UNKNOWN_FIELD },
    { ENTRY_AVAILABILITY, "", true, PROBLEM_UNKNOWN_FIELD },
    { ENTRY_NOTICE, "", true, PROBLEM_UNKNOWN_FIELD },
    { ENTRY_PADDING, "anything", false, PROBLEM_NONE },
};

static void every_kind_is_answered_but_answers_and_padding(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    uint64_t first = desk.author.cosigned.size;
    for (size_t i = 0; i < COUNT(others); i++)
        author_add(
            &desk.author, others[i].kind, slice_of_text(others[i].content));
    author_deliver(&desk.author);
    for (size_t i = 0; i < COUNT(others); i++) {
        if (!others[i].answered)
            continue;
        struct answer_item item = answer_to(&desk, first + i);
        assert_int_equal(item.verdict, ANSWER_REFUSED);
        if (item.problem != others[i].problem)
            fail_msg("%s: %s", entry_kind_name(others[i].kind),
                problem_name(item.problem));
    }
    desk_close(&desk);
}

/* A field that today's schema has not: the author hears of it, the ledger goes
 * on, and the same without it is taken. */
static void what_a_later_schema_adds_is_refused_and_told(void **state)
{
    static const uint8_t field[] = { 0xf8, 0x7d, 0x01 }; /* 2015: 1 */
    struct desk desk;
    struct form form;
    struct bench_reply reply;
    enum refusal_code code;
    (void)state;
    desk_open(&desk);
    struct arena *arena = &desk.author.arena;
    uint64_t first = desk.author.cosigned.size;
    form_send(&desk, &form);
    struct slice event = referral_event_write(&form.event, arena);
    uint8_t *later = arena_take(arena, event.size + sizeof field);
    memcpy(later, event.bytes, event.size);
    memcpy(later + event.size, field, sizeof field);
    author_add(&desk.author, ENTRY_REFERRAL_EVENT,
        slice_of(later, event.size + sizeof field));
    author_add(&desk.author, ENTRY_REFERRAL_EVENT, event);
    /* in what carries them, nothing of it is taken at all */
    struct deliver deliver = author_parcel(&desk.author);
    struct slice body = deliver_write(&deliver, arena);
    uint8_t *wider = arena_take(arena, body.size + sizeof field);
    memcpy(wider, body.bytes, body.size);
    memcpy(wider + body.size, field, sizeof field);
    federation_request(desk.federation, 0, 1, REQUEST_DELIVER,
        slice_of(wider, body.size + sizeof field), &reply);
    assert_int_equal(reply.kind, REPLY_REFUSED);
    assert_int_equal(refusal_read(reply.body, arena, &code), ERR_NONE);
    assert_int_equal(code, REFUSAL_MALFORMED);
    author_deliver(&desk.author);
    struct answer_item item = answer_to(&desk, first);
    assert_int_equal(item.verdict, ANSWER_REFUSED);
    assert_int_equal(item.problem, PROBLEM_FORMAT);
    item = answer_to(&desk, first + 1);
    assert_applied(&item, REFERRAL_DELIVERED);
    desk_close(&desk);
}

static void a_newer_card_is_taken(void **state)
{
    struct desk desk;
    (void)state;
    desk_open(&desk);
    uint64_t index = desk.author.cosigned.size;
    author_add(&desk.author, ENTRY_CARD,
        federation_card_new(desk.federation, 0, 2,
            (struct instant){ FEDERATION_START_MS + 90 * FEDERATION_DAY_MS }));
    author_deliver(&desk.author);
    struct answer_item item = answer_to(&desk, index);
    assert_applied(&item, REFERRAL_UNKNOWN);
    assert_int_equal(federation_peer(desk.federation, 1, 0)->card_serial, 2);
    /* another agency's card is not this one's */
    author_add(&desk.author, ENTRY_CARD, federation_card(desk.federation, 1));
    author_deliver(&desk.author);
    item = answer_to(&desk, index + 1);
    assert_turned_down(&item, PROBLEM_SIGNATURE_BAD, "card", REFERRAL_UNKNOWN);
    desk_close(&desk);
}

static void equal_answers_share_an_item(void **state)
{
    struct desk desk;
    struct form form;
    (void)state;
    desk_open(&desk);
    uint64_t first = desk.author.cosigned.size;
    for (uint8_t i = 0; i < 5; i++) {
        form_send(&desk, &form);
        form.event.referral.bytes[15] = i + 1;
        author_add(&desk.author, ENTRY_REFERRAL_EVENT,
            referral_event_write(&form.event, &desk.author.arena));
    }
    author_deliver(&desk.author);
    struct answer_item item = answer_to(&desk, first + 4);
    assert_applied(&item, REFERRAL_DELIVERED);
    assert_int_equal(item.index, first);
    assert_int_equal(item.count, 5);
    desk_close(&desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_referral_is_received_and_answered),
        cmocka_unit_test(what_policy_refuses_is_answered_and_not_kept),
        cmocka_unit_test(what_is_applied_is_kept),
        cmocka_unit_test(a_referral_is_sent_once),
        cmocka_unit_test(a_step_of_an_unknown_referral_is_refused),
        cmocka_unit_test(what_is_no_event_is_refused),
        cmocka_unit_test(each_step_is_applied_or_refused),
        cmocka_unit_test(what_policy_refuses_of_a_later_step_is_not_kept),
        cmocka_unit_test(a_step_without_form_ends_nothing),
        cmocka_unit_test(revoked_consent_freezes_and_erases),
        cmocka_unit_test(
            consent_that_ends_while_a_parcel_is_on_its_way_leaves_nothing),
        cmocka_unit_test(another_agencys_referral_is_unknown_to_it),
        cmocka_unit_test(each_step_of_the_receiver_is_followed_or_refused),
        cmocka_unit_test(
            a_step_of_the_receiver_names_the_agreement_of_the_referral),
        cmocka_unit_test(a_full_referral_still_ends),
        cmocka_unit_test(the_referrer_states_nothing),
        cmocka_unit_test(a_full_referral_still_follows),
        cmocka_unit_test(a_referral_whose_id_is_taken_there_is_refused_here),
        cmocka_unit_test(an_answer_moves_what_was_sent),
        cmocka_unit_test(an_answer_about_what_was_never_sent_is_nothing),
        cmocka_unit_test(every_kind_is_answered_but_answers_and_padding),
        cmocka_unit_test(what_a_later_schema_adds_is_refused_and_told),
        cmocka_unit_test(a_newer_card_is_taken),
        cmocka_unit_test(equal_answers_share_an_item),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
