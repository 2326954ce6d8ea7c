/* The world of policy_world.h, and other worlds by a tape. */
#include "support/policy_world.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char *const agencies[] = { "aaaaaaaaaaaaaaaaaaaaaaaaaa",
    "bbbbbbbbbbbbbbbbbbbbbbbbbb", "cccccccccccccccccccccccccc",
    "dddddddddddddddddddddddddd" };
static const char *const parties[] = { "opendoor", "tbhosp", "social" };
static const char *const services[] = { "tb.assess", "tb.inpatient",
    "hr.dropin" };
static const char *const purposes[] = { "tb_assessment", "tb_treatment",
    "harm_reduction" };
static const char *const codes[] = { "call_name", "contact_route",
    "cough_weeks", "language", "photo", "tb_results" };

static void must(bool holds)
{
    if (!holds)
        abort();
}

struct agency_id policy_agency(size_t index)
{
    struct agency_id id;
    memcpy(id.text, agencies[index], sizeof id.text);
    return id;
}

void policy_add(struct policy_codes *list, const char *code)
{
    must(list->count < POLICY_LIST_MAX);
    list->items[list->count++] = slice_of_text(code);
}

void policy_carry(struct policy_world *world, const char *code)
{
    must(world->event.element_count < POLICY_LIST_MAX);
    world->elements[world->event.element_count++] =
        (struct named_value){ slice_of_text(code), SLICE_LITERAL("1") };
}

void policy_say(struct policy_world *world, const char *name, const char *value)
{
    must(world->event.detail_count < 2);
    world->details[world->event.detail_count++] =
        (struct named_value){ slice_of_text(name), slice_of_text(value) };
}

void policy_world_tie(struct policy_world *world)
{
    for (size_t i = 0; i < 3; i++) {
        world->purposes[i].required = world->required[i].items;
        world->purposes[i].required_count = world->required[i].count;
        world->purposes[i].allowed = world->allowed[i].items;
        world->purposes[i].allowed_count = world->allowed[i].count;
        world->grants[i].elements = world->granted[i].items;
        world->grants[i].element_count = world->granted[i].count;
    }
    world->mou.parties = world->parties;
    world->mou.services = world->services;
    world->mou.pathways = world->pathways;
    world->mou.purposes = world->purposes;
    world->mou.never_share = world->never.items;
    world->mou.never_share_count = world->never.count;
    world->request.grants = world->grants;
    world->event.elements = world->elements;
    world->event.details = world->details;
    world->question.event = &world->event;
    if (world->event.type == EVENT_SEND)
        world->event.request = world->question.request;
}

void policy_world_init(struct policy_world *world)
{
    memset(world, 0, sizeof *world);
    for (size_t i = 0; i < 3; i++) {
        world->parties[i].id = slice_of_text(parties[i]);
        world->parties[i].agency = policy_agency(i);
        world->parties[i].refers = true;
        world->parties[i].receives = true;
        world->services[i].id = slice_of_text(services[i]);
        world->purposes[i].purpose = slice_of_text(purposes[i]);
    }
    world->services[0].party = slice_of_text("tbhosp");
    world->services[1].party = slice_of_text("tbhosp");
    world->services[2].party = slice_of_text("opendoor");
    world->pathways[0] = (struct mou_pathway){ slice_of_text("opendoor"),
        slice_of_text("tb.assess"), slice_of_text("tb_assessment"), 1,
        MOU_FORWARD_WITH_CONSENT };
    policy_add(&world->required[0], "call_name");
    policy_add(&world->required[0], "contact_route");
    policy_add(&world->allowed[0], "cough_weeks");
    policy_add(&world->allowed[0], "language");
    policy_add(&world->never, "photo");
    world->mou.party_count = 3;
    world->mou.service_count = 3;
    world->mou.pathway_count = 1;
    world->mou.purpose_count = 1;
    world->mou.consent_days_max = 90;
    world->mou.from.unix_ms = POLICY_NOW - 10 * POLICY_DAY;
    world->mou.until.unix_ms = POLICY_NOW + 10 * POLICY_DAY;
    world->grants[0].to = policy_agency(1);
    world->grants[0].purpose = slice_of_text("tb_assessment");
    world->grants[0].until.unix_ms = POLICY_NOW + POLICY_DAY;
    policy_add(&world->granted[0], "call_name");
    policy_add(&world->granted[0], "contact_route");
    policy_add(&world->granted[0], "cough_weeks");
    world->request.service = slice_of_text("tb.assess");
    world->request.purpose = slice_of_text("tb_assessment");
    world->request.ask_back = ASK_BACK_FULL;
    world->request.consent_at.unix_ms = POLICY_NOW - POLICY_DAY;
    world->request.grant_count = 1;
    policy_carry(world, "call_name");
    policy_carry(world, "contact_route");
    policy_carry(world, "cough_weeks");
    world->event.type = EVENT_SEND;
    world->question = (struct policy_question){
        .from = policy_agency(0),
        .to = policy_agency(1),
        .now = { POLICY_NOW },
        .mou = &world->mou,
        .in_force_at_author = true,
        .in_force_at_recipient = true,
        .request = &world->request,
        .from_referrer = true,
    };
}

/* ---- Drawn -------------------------------------------------------------- */

struct tape {
    struct slice rest;
};

/* 0 to count - 1. */
static size_t any(struct tape *tape, size_t count)
{
    if (tape->rest.size == 0)
        return 0;
    uint8_t byte = tape->rest.bytes[0];
    tape->rest = slice_of(tape->rest.bytes + 1, tape->rest.size - 1);
    return byte % count;
}

/* True once in `count`. */
static bool one_in(struct tape *tape, size_t count)
{
    return any(tape, count) == count - 1;
}

/* Adds each code but those that luck leaves out. */
static void any_codes(struct tape *tape, struct policy_codes *list, size_t in)
{
    for (size_t i = 0; i < COUNT(codes); i++)
        if (!one_in(tape, in))
            policy_add(list, codes[i]);
}

static int64_t any_time(struct tape *tape)
{
    static const int64_t times[] = { POLICY_NOW - POLICY_DAY, POLICY_NOW - 1,
        POLICY_NOW, POLICY_NOW + 1, POLICY_NOW + POLICY_DAY,
        POLICY_NOW + CLOCK_SKEW_MS_MAX + 1 };
    return times[any(tape, COUNT(times))];
}

static void any_mou(struct tape *tape, struct policy_world *world)
{
    struct mou *mou = &world->mou;
    mou->party_count = one_in(tape, 16) ? 1 + any(tape, 2) : 3;
    mou->service_count = one_in(tape, 16) ? any(tape, 3) : 3;
    mou->pathway_count = 4;
    mou->purpose_count = one_in(tape, 16) ? any(tape, 3) : 3;
    mou->consent_days_max = (uint32_t)(one_in(tape, 16) ? any(tape, 3) : 90);
    if (one_in(tape, 12))
        mou->from.unix_ms = any_time(tape);
    if (one_in(tape, 12))
        mou->until.unix_ms = any_time(tape);
    world->never.count = 0;
    if (one_in(tape, 3))
        policy_add(&world->never, codes[any(tape, COUNT(codes))]);
    for (size_t i = 0; i < 3; i++) {
        world->parties[i].refers = !one_in(tape, 16);
        world->parties[i].receives = !one_in(tape, 16);
        world->services[i].party =
            slice_of_text(parties[one_in(tape, 8) ? any(tape, 3) : 1]);
        world->required[i].count = 0;
        world->allowed[i].count = 0;
        any_codes(tape, &world->allowed[i], 8);
        if (one_in(tape, 2))
            policy_add(&world->required[i], codes[any(tape, COUNT(codes))]);
    }
    for (size_t i = 0; i < 4; i++)
        world->pathways[i] =
            (struct mou_pathway){ slice_of_text(parties[any(tape, 2)]),
                slice_of_text(services[any(tape, 3)]),
                slice_of_text(purposes[any(tape, 2)]), (uint32_t)any(tape, 3),
                MOU_FORWARD_NEVER };
}

static void any_request(struct tape *tape, struct policy_world *world)
{
    struct referral_request *request = &world->request;
    /* mostly along a pathway, or little else would be tried */
    const struct mou_pathway *pathway = &world->pathways[any(tape, 4)];
    request->service =
        one_in(tape, 12) ? slice_of_text("tb.nothing") : pathway->to;
    request->purpose =
        one_in(tape, 12) ? slice_of_text("shelter") : pathway->purpose;
    request->hop = (uint32_t)(one_in(tape, 6) ? any(tape, 4) : 0);
    request->ask_back = (enum ask_back)(1 + any(tape, ASK_BACK_COUNT - 1));
    request->consent_at.unix_ms =
        one_in(tape, 12) ? any_time(tape) : POLICY_NOW - POLICY_DAY;
    request->grant_count = one_in(tape, 12) ? any(tape, 3) : 3;
    for (size_t i = 0; i < 3; i++) {
        world->grants[i].to =
            policy_agency(one_in(tape, 6) ? any(tape, 4) : any(tape, 2));
        world->grants[i].purpose = one_in(tape, 8)
                                       ? slice_of_text(purposes[any(tape, 3)])
                                       : request->purpose;
        world->grants[i].until.unix_ms =
            one_in(tape, 6) ? any_time(tape) : POLICY_NOW + 2 * POLICY_DAY;
        world->granted[i].count = 0;
        any_codes(tape, &world->granted[i], 8);
    }
}

static void any_question(struct tape *tape, struct policy_world *world)
{
    static const enum referral_event_type types[] = { EVENT_SEND, EVENT_SEND,
        EVENT_SEND, EVENT_AMEND, EVENT_FINISH, EVENT_FINISH, EVENT_OPENED,
        EVENT_WITHDRAW };
    struct policy_question *question = &world->question;
    world->event.type = types[any(tape, COUNT(types))];
    world->event.element_count = 0;
    for (size_t i = 0; i < COUNT(codes); i++)
        if (one_in(tape, 3))
            policy_carry(world, codes[i]);
    if (world->event.type == EVENT_FINISH) {
        static const char *const names[] = { "attended", "outcome", "note",
            "weather" };
        policy_say(world, names[any(tape, 4)], "x");
        policy_say(world, names[any(tape, 4)], "x");
        question->from_referrer = one_in(tape, 6);
    }
    question->from = policy_agency(one_in(tape, 12) ? any(tape, 4) : 0);
    question->to = policy_agency(one_in(tape, 12) ? any(tape, 4) : 1);
    question->in_force_at_author = !one_in(tape, 16);
    question->in_force_at_recipient = !one_in(tape, 16);
    if (one_in(tape, 24))
        question->mou = NULL;
}

void policy_world_draw(struct policy_world *world, struct slice bytes)
{
    struct tape tape = { bytes };
    any_mou(&tape, world);
    any_request(&tape, world);
    any_question(&tape, world);
    policy_world_tie(world);
}
