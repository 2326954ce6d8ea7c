/*
 * conformance.c - what a program of an agency sees, step by step, with the same
 * expectations of a real gateway and of refer_fake. TAP.
 *
 *   conformance fake
 *   conformance real SOCKET AGENCY OTHER_SOCKET OTHER_AGENCY
 *
 * With a real one, what the other agency does is done at its gateway; both
 * have the agreement of federation.sh.
 */
#include "conformance_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Handing over ------------------------------------------------------ */

static void expect_unsent(const struct world *world, const char *name,
    refer_referral *referral, refer_status status, const char *problem,
    const char *clause)
{
    static int number;
    char key[32];
    char id[REFER_ID_SIZE];
    int32_t allowed = 1;
    (void)snprintf(key, sizeof key, "unsent-%d", ++number);
    expect_refusal(world, name,
        refer_submit(world->client, referral, key, WAIT_MS, id, sizeof id),
        status, problem, clause);
    int is_judged =
        refer_explain(world->client, referral, WAIT_MS, &allowed) == REFER_OK;
    check(allowed == 0 && (status == REFER_INVALID ||
                              status == REFER_NOT_FOUND || is_judged),
        "%s: explain does not allow it", name);
    if (is_judged)
        expect_text("explain names the clause",
            refer_client_clause(world->client), clause);
    refer_referral_free(referral);
}

static void submissions_are_checked(const struct world *world)
{
    static const char *const wrong[][4] = {
        { "to", "nobody", "", "referral.to" },
        { "to", "aaaaaaaaaaaaaaaaaaaaaaaaa", "", "referral.to" },
        { "urgency", "whenever", "FORMAT", "referral.urgency" },
        { "choice", "forced", "FORMAT", "referral.choice" },
        { "ask_back", "all", "FORMAT", "referral.ask_back" },
        { "reason_plain", "", "FORMAT", "referral.reason_plain" },
        { "consent_at_ms", "0", "GUARD", "request.consent_at" },
        { "consent_at_ms", "-5", "FORMAT", "request.consent_at" },
        { "hop", "1", "FORMAT", "request.hop" },
        { "hop", "-1", "FORMAT", "referral.hop" },
        { "thread", "x", "FORMAT", "referral.thread" },
        { "parent", "urn:uuid:1", "FORMAT", "referral.parent" },
        { "id", "1", "FORMAT", "referral.id" },
        { "mou", "abc", "FORMAT", "referral.mou" },
        { "role", "Case Worker", "FORMAT", "role" },
        { "service", "A b", "FORMAT", "request.service" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        refer_referral *referral = outgoing(world);
        set(referral, wrong[i][0], wrong[i][1]);
        expect_unsent(world, wrong[i][0], referral,
            wrong[i][2][0] == 0 ? REFER_NOT_FOUND : REFER_INVALID, wrong[i][2],
            wrong[i][3]);
    }
    refer_referral *referral =
        ungranted(world->other, "tb.assess", "tb_assessment");
    expect_unsent(world, "no grant", referral, REFER_NO_CONSENT,
        "CONSENT_MISSING", "consent.grants");
    referral = ungranted(world->other, "tb.assess", "tb_assessment");
    set_grant(referral, world->other, "tb_assessment", GRANTED, 5);
    expect_unsent(world, "a grant that ended", referral, REFER_NO_CONSENT,
        "CONSENT_EXPIRED", "consent.grants");
    referral = ungranted(world->other, "tb.assess", "tb_assessment");
    set_grant(referral, world->other, "tb_assessment", "pairwise_id call_name",
        now_ms() + DAY_MS);
    expect_unsent(world, "an element without", referral, REFER_NO_CONSENT,
        "CONSENT_SCOPE", "consent.grants");
    referral = outgoing(world);
    set_number(referral, "consent_at_ms", now_ms() + DAY_MS);
    expect_unsent(world, "consent to come", referral, REFER_DENIED,
        "CLOCK_SKEW", "request.consent_at");
    referral = outgoing(world);
    set_grant(referral, "nobody", "x", "call_name", 5);
    expect_unsent(world, "a grant to nobody", referral, REFER_INVALID, "FORMAT",
        "grant.to");
    referral = outgoing(world);
    set_grant(referral, world->other, "x", "a  b", 5);
    expect_unsent(world, "two spaces", referral, REFER_INVALID, "FORMAT",
        "grant.elements");
}

static const struct wanted sent = { "referral.step", "send", "us", "staff",
    "sent", "pending" };

/* It is known there. When the other agency's answer is faster than its
 * receipt, there is no event of that. */
static void expect_taken(const struct world *world, const char *id)
{
    static const struct wanted wanted[] = {
        { "referral.delivered", "receipt", "us", "gateway", "delivered",
            "applied" },
        { "referral.answered", "send", "us", "gateway", "delivered",
            "applied" },
    };
    refer_event *event = next_event(world, "taken");
    if (strcmp(refer_event_step(event), "receipt") == 0) {
        expect_says(world, event, id, &wanted[0]);
        refer_event_free(event);
        event = next_event(world, "answered");
    }
    expect_says(world, event, id, &wanted[1]);
    refer_event_free(event);
}

/* Hands one over and waits until it is known there. */
static void we_send(const struct world *world, const char *key, char *id)
{
    refer_referral *referral = outgoing(world);
    need(refer_submit(world->client, referral, key, WAIT_MS, id, REFER_ID_SIZE),
        world, "submit");
    expect_events(world, id, &sent, 1);
    expect_taken(world, id);
    refer_referral_free(referral);
}

static void a_key_is_done_once(const struct world *world)
{
    char id[REFER_ID_SIZE];
    char again[REFER_ID_SIZE];
    refer_referral *referral = outgoing(world);
    int32_t allowed = 0;
    need(refer_explain(world->client, referral, WAIT_MS, &allowed), world,
        "explain");
    check(allowed == 1, "explain allows it");
    need(refer_submit(world->client, referral, "key", WAIT_MS, id, sizeof id),
        world, "submit");
    check(strncmp(id, "urn:uuid:", 9) == 0 && strlen(id) == 45, "an id");
    refer_event *event = expect_event(world, id, &sent);
    expect_text("the event has what was said of the person",
        refer_event_element(event, "call_name"), "Sasha");
    expect_text(
        "and its direction", refer_event_get(event, "direction"), "out");
    refer_event_free(event);
    expect_taken(world, id);
    need(refer_submit(
             world->client, referral, "key", WAIT_MS, again, sizeof again),
        world, "submit again");
    expect_text("the same key again is the same referral", again, id);
    set(referral, "urgency", "routine");
    expect_refusal(world, "the same key for something else",
        refer_submit(
            world->client, referral, "key", WAIT_MS, again, sizeof again),
        REFER_CONFLICT, "REPLAY", "key");
    set(referral, "id", id);
    expect_refusal(world, "an id that is taken",
        refer_submit(
            world->client, referral, "other key", WAIT_MS, again, sizeof again),
        REFER_CONFLICT, "REFERRAL_EXISTS", "referral.id");
    refer_referral_free(referral);
    we_step(world, id, "withdraw", by("person"), "false", "withdrawn");
    static const struct wanted wanted[] = {
        { "referral.step", "withdraw", "us", "person", "withdrawn", "applied" },
        { "referral.answered", "withdraw", "us", "gateway", "withdrawn",
            "applied" },
    };
    expect_events(world, id, wanted, 2);
}

/* ---- Many at once ------------------------------------------------------ */

static void add(refer_batch *batch, refer_referral *referral, const char *key)
{
    if (refer_batch_add(batch, referral, key) != REFER_OK)
        abort();
    refer_referral_free(referral);
}

static void a_batch_is_many_referrals(const struct world *world)
{
    refer_batch *batch;
    char id[REFER_ID_SIZE];
    refer_referral *wrong = outgoing(world);
    set(wrong, "urgency", "whenever");
    if (refer_batch_new(&batch) != REFER_OK)
        abort();
    add(batch, outgoing(world), "of many");
    add(batch, ungranted(world->other, "tb.assess", "tb_assessment"), "b");
    add(batch, wrong, "c");
    add(batch, outgoing(world), "ours"); /* the key of another */
    need(refer_batch_submit(world->client, batch, WAIT_MS), world, "batch");
    check(refer_batch_stored_count(batch) == 1, "one of four is stored");
    check(refer_batch_status(batch, 0) == REFER_OK &&
              refer_batch_status(batch, 1) == REFER_NO_CONSENT &&
              refer_batch_status(batch, 2) == REFER_INVALID &&
              refer_batch_status(batch, 3) == REFER_CONFLICT,
        "each has its own status");
    expect_text("why", refer_batch_problem(batch, 1), "CONSENT_MISSING");
    expect_text("where", refer_batch_clause(batch, 1), "consent.grants");
    expect_text("where", refer_batch_clause(batch, 2), "referral.urgency");
    expect_text("why", refer_batch_problem(batch, 3), "REPLAY");
    (void)snprintf(id, sizeof id, "%s", refer_batch_id(batch, 0));
    refer_event_free(expect_event(world, id, &sent));
    expect_taken(world, id);
    need(refer_batch_submit(world->client, batch, WAIT_MS), world, "again");
    expect_text("once more it is the same", refer_batch_id(batch, 0), id);
    refer_batch_free(batch);
    check(refer_cancel(world->client, id, "SENT_BY_MISTAKE", "mistake",
              WAIT_MS) == REFER_OK,
        "it is one like others");
    static const struct wanted wanted[] = {
        { "referral.step", "cancel", "us", "staff", "delivered", "pending" },
        { "referral.answered", "cancel", "us", "gateway", "cancelled",
            "applied" },
    };
    expect_events(world, id, wanted, 2);
}

/* ---- One referral of ours, from end to end ----------------------------- */

static void expect_story(const struct world *world, const char *id)
{
    static const char *const fields[] = { "id", "state", "direction", "peer",
        "peer_name", "mou", "service", "purpose", "urgency", "choice",
        "ask_back", "reason_plain", "consent_at_ms", "created_ms", "updated_ms",
        "pending", "frozen", "steps", "thread", "hop", NULL };
    static const char *const event_fields[] = { "position", "type", "step",
        "by", "actor", "role", "at_ms", "state", "status", "problem", "clause",
        "remedy", "epoch", "referral", "direction", "peer", "generation",
        "index", "redeliveries", NULL };
    static const char *const types[] = { "referral", "element", "element",
        "element", "grant", "event", "element", "element", "element", "event" };
    refer_query *query;
    refer_listing *listing;
    need(refer_query_new(&query), world, "query");
    need(refer_query_set(query, "id", id), world, "query");
    need(refer_call(world->client, "get", query, WAIT_MS, &listing), world,
        "get");
    /* one event more when the receipt came before the answer */
    uint32_t more =
        refer_listing_count(listing) - (uint32_t)(sizeof types / sizeof *types);
    int holds = more <= 1;
    for (uint32_t i = 0; holds && i < sizeof types / sizeof *types; i++)
        holds = strcmp(refer_listing_type(listing, i), types[i]) == 0;
    check(holds, "get: the referral, its parts, its story");
    expect_fields("get", listing, 0, fields);
    expect_fields("an event", listing, 5, event_fields);
    expect_text("steps that are open", refer_listing_get(listing, 0, "steps"),
        "withdraw cancel wrong_person_or_place amend consent_revoked");
    expect_text(
        "its thread is itself", refer_listing_get(listing, 0, "thread"), id);
    check(refer_listing_number(listing, 0, "pending") == 0, "none is pending");
    refer_listing_free(listing);
    need(refer_query_set_flag(query, "content", 0), world, "query");
    need(refer_call(world->client, "get", query, WAIT_MS, &listing), world,
        "get without content");
    check(refer_listing_count(listing) == 2, "without content: its grant");
    refer_listing_free(listing);
    refer_query_free(query);
}

static void one_of_ours(const struct world *world, char *id)
{
    static const struct wanted wanted[] = {
        { "referral.step", "opened", "them", "staff", "seen", "applied" },
        { "referral.step", "accept", "them", "staff", "accepted", "applied" },
        { "referral.step", "choose_time", "us", "staff", "accepted",
            "pending" },
        { "referral.answered", "choose_time", "us", "gateway", "scheduled",
            "applied" },
        { "referral.step", "arrive", "them", "staff", "arrived", "applied" },
        { "referral.step", "start", "them", "staff", "in_service", "applied" },
        { "referral.step", "finish", "them", "staff", "handed_back",
            "applied" },
        { "referral.step", "acknowledge", "us", "staff", "handed_back",
            "pending" },
        { "referral.answered", "acknowledge", "us", "gateway", "closed",
            "applied" },
    };
    we_send(world, "ours", id);
    expect_story(world, id);
    expect_step_refused(world, id, "accept",
        said("x", "offer", "walk_in", NULL, NULL), REFER_CONFLICT, "STATE",
        "state[delivered].accept");
    expect_step_refused(world, id, "opened", said("x", NULL, "", NULL, ""),
        REFER_DENIED, "FORBIDDEN", "state[delivered].opened");
    they_step(world, id, "opened", said("intake", NULL, "", NULL, ""));
    refer_event *event = expect_event(world, id, &wanted[0]);
    expect_text("who it was", refer_event_get(event, "role"), "intake");
    refer_event_free(event);
    expect_step_refused(world, id, "choose_time",
        said("x", "walk_in", "yes", NULL, NULL), REFER_CONFLICT, "STATE",
        "state[seen].choose_time");
    they_step(world, id, "accept",
        said("intake", "offer", "any morning", NULL, NULL));
    event = expect_event(world, id, &wanted[1]);
    expect_text("the offer", refer_event_detail(event, "offer"), "any morning");
    refer_event_free(event);
    expect_step_refused(world, id, "cancel",
        said("x", "reason", "NEED_CHANGED", NULL, NULL), REFER_INVALID, "GUARD",
        "details.person_told");
    expect_step_refused(world, id, "choose_time", said("x", NULL, "", NULL, ""),
        REFER_INVALID, "GUARD", "details.time");
    we_step(world, id, "choose_time", said("x", "walk_in", "yes", NULL, NULL),
        "true", "accepted");
    expect_events(world, id, wanted + 2, 2);
    they_step(world, id, "arrive", NULL);
    they_step(world, id, "start", NULL);
    they_step(world, id, "finish",
        said("nurse", "outcome", "SERVICE_GIVEN", NULL, NULL));
    expect_events(world, id, wanted + 4, 3);
    we_step(world, id, "acknowledge",
        said("x", "feedback", "invited", NULL, NULL), "true", "handed_back");
    expect_events(world, id, wanted + 7, 2);
    expect_step_refused(world, id, "cancel",
        said("x", "reason", "NEED_CHANGED", "person_told", "yes"),
        REFER_CONFLICT, "STATE", "state[closed].cancel");
}

/* ---- Referrals of theirs ----------------------------------------------- */

static const struct wanted received = { "referral.received", "send", "them",
    "staff", "delivered", "applied" };

static void steps_are_checked(const struct world *world, const char *id)
{
    expect_step_refused(world, "urn:uuid:1", "opened",
        said("x", NULL, "", NULL, ""), REFER_INVALID, "FORMAT", "act.id");
    expect_step_refused(world, "urn:uuid:00000000-0000-4000-8000-000000000001",
        "opened", said("x", NULL, "", NULL, ""), REFER_NOT_FOUND,
        "REFERRAL_UNKNOWN", "act.id");
    expect_step_refused(
        world, id, "open", NULL, REFER_INVALID, "FORMAT", "act.step");
    expect_step_refused(
        world, id, "send", NULL, REFER_INVALID, "FORMAT", "act.step");
    expect_step_refused(
        world, id, "opened", by("nurse"), REFER_INVALID, "FORMAT", "act.actor");
    expect_step_refused(
        world, id, "opened", NULL, REFER_INVALID, "GUARD", "role");
    expect_step_refused(world, id, "opened",
        said("x", "offer", "walk_in", NULL, NULL), REFER_INVALID,
        "UNKNOWN_FIELD", "details[0]");
    refer_referral *details = said("x", NULL, "", NULL, "");
    set_element(details, "language", "es");
    expect_step_refused(world, id, "opened", details, REFER_INVALID,
        "UNKNOWN_FIELD", "elements");
    expect_step_refused(world, id, "opened", said("A b", NULL, "", NULL, ""),
        REFER_INVALID, "FORMAT", "role");
}

static void declines_are_checked(const struct world *world, const char *id)
{
    expect_step_refused(world, id, "decline",
        said("x", "reason", "NO_BEDS", "next_option", "y"), REFER_INVALID,
        "GUARD", "details.reason");
    expect_step_refused(world, id, "decline",
        said("x", "reason", "NO_CAPACITY", NULL, ""), REFER_INVALID, "GUARD",
        "details.next_option");
    expect_step_refused(world, id, "accept", said("x", NULL, "", NULL, ""),
        REFER_INVALID, "GUARD", "details.offer");
}

static void one_of_theirs(const struct world *world)
{
    static const struct wanted wanted[] = {
        { "referral.step", "opened", "us", "staff", "seen", "applied" },
        { "referral.step", "decline", "us", "staff", "declined", "applied" },
    };
    char id[REFER_ID_SIZE];
    refer_referral *seen;
    they_send(world, id);
    refer_event *event = expect_event(world, id, &received);
    expect_text(
        "the person's name", refer_event_element(event, "call_name"), "Robin");
    expect_text("it comes in", refer_event_get(event, "direction"), "in");
    refer_event_free(event);
    steps_are_checked(world, id);
    we_step(world, id, "opened", said("intake", NULL, "", NULL, ""), "false",
        "seen");
    declines_are_checked(world, id);
    we_step(world, id, "decline",
        said("intake", "reason", "NO_CAPACITY", "next_option", "next door"),
        "false", "declined");
    expect_events(world, id, wanted, 2);
    need(refer_get(world->client, id, WAIT_MS, &seen), world, "get");
    expect_text("nothing is left to do", refer_referral_get(seen, "steps"),
        "consent_revoked");
    check(refer_referral_event_count(seen) == 3, "three events");
    expect_text("the last has its details",
        refer_event_detail(refer_referral_event(seen, 2), "next_option"),
        "next door");
    refer_referral_free(seen);
    expect_refusal(world, "get of nothing",
        refer_get(world->client, "urn:uuid:x", WAIT_MS, &seen), REFER_NOT_FOUND,
        "REFERRAL_UNKNOWN", "get.id");
}

static void consent_is_taken_back(const struct world *world)
{
    static const struct wanted wanted[] = {
        { "referral.step", "opened", "us", "staff", "seen", "applied" },
        { "referral.step", "consent_revoked", "us", "person", "seen",
            "applied" },
    };
    char id[REFER_ID_SIZE];
    refer_referral *seen;
    they_send(world, id);
    expect_events(world, id, &received, 1);
    we_step(
        world, id, "opened", said("x", NULL, "", NULL, ""), "false", "seen");
    they_hear(world, id, "seen"); /* else its words would go before it went */
    need(refer_withdraw_consent(world->client, id, "revoked", WAIT_MS), world,
        "withdraw consent");
    expect_events(world, id, wanted, 2);
    need(refer_get(world->client, id, WAIT_MS, &seen), world, "get");
    expect_text("it is frozen", refer_referral_get(seen, "frozen"), "true");
    check(refer_referral_element_count(seen) == 0 &&
              refer_event_element_count(refer_referral_event(seen, 0)) == 0,
        "nothing of the person is left");
    expect_text("nor of the request", refer_referral_get(seen, "service"), "");
    refer_referral_free(seen);
}

static void erasing_is_refused(const struct world *world, const char *id)
{
    static const struct {
        const char *elements;
        const char *problem;
        const char *clause;
    } wrong[] = {
        { "no_such_code", "UNKNOWN_FIELD", "erase.elements" },
        { "call_name  needs", "UNKNOWN_FIELD", "erase.elements" },
        { "call_name,needs", "UNKNOWN_FIELD", "erase.elements" },
        { "call_name needs call_name", "FORMAT", "erasure.elements[2]" },
    };
    uint32_t count = 0;
    expect_refusal(world, "in words of one's own",
        refer_erase(world->client, id, "she asked", NULL, WAIT_MS, &count),
        REFER_INVALID, "FORMAT", "erase.reason");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_refusal(world, wrong[i].elements,
            refer_erase(
                world->client, id, "law", wrong[i].elements, WAIT_MS, &count),
            REFER_INVALID, wrong[i].problem, wrong[i].clause);
    expect_refusal(world, "by no id",
        refer_erase(
            world->client, "the first", "she asked", NULL, WAIT_MS, &count),
        REFER_NOT_FOUND, "REFERRAL_UNKNOWN", "erase.id");
    expect_refusal(world, "of nothing",
        refer_erase(world->client,
            "urn:uuid:00000000-0000-7000-8000-000000000001", "law", NULL,
            WAIT_MS, &count),
        REFER_NOT_FOUND, "REFERRAL_UNKNOWN", "erase.id");
}

static void what_is_erased_is_told(const struct world *world)
{
    static const struct wanted wanted[] = {
        { "referral.erased", "erasure", "us", "staff", "delivered", "pending" },
        { "referral.answered", "erasure", "us", "gateway", "delivered",
            "applied" },
    };
    char id[REFER_ID_SIZE];
    refer_referral *seen;
    uint32_t count = 0;
    we_send(world, "erased", id);
    need(refer_erase(
             world->client, id, "person_asked", "call_name", WAIT_MS, &count),
        world, "erase an element");
    check(count == 1, "of one event");
    refer_event *event = expect_event(world, id, &wanted[0]);
    expect_text("why", refer_event_detail(event, "reason"), "person_asked");
    expect_text("of what", refer_event_detail(event, "element"), "call_name");
    refer_event_free(event);
    expect_events(world, id, &wanted[1], 1);
    need(refer_get(world->client, id, WAIT_MS, &seen), world, "get");
    check(refer_referral_element_count(seen) > 0, "the others are left");
    for (uint32_t i = 0; i < refer_referral_element_count(seen); i++)
        check(strcmp(refer_referral_element_name(seen, i), "call_name") != 0,
            "the one is not");
    refer_referral_free(seen);
    need(refer_erase(world->client, id, "wrong_person", NULL, WAIT_MS, &count),
        world, "erase all");
    check(count == 1, "of one event again");
    expect_events(world, id, wanted, 2);
    need(refer_get(world->client, id, WAIT_MS, &seen), world, "get");
    check(refer_referral_element_count(seen) == 0, "nothing is left");
    expect_text("nor of the request", refer_referral_get(seen, "service"), "");
    expect_text("it is frozen", refer_referral_get(seen, "frozen"), "true");
    expect_text("by us", refer_referral_get(seen, "erased_by"), "us");
    expect_text("it says why", refer_referral_get(seen, "erased_reason"),
        "wrong_person");
    expect_text(
        "and there, too", refer_referral_get(seen, "erasure_notice"), "erased");
    refer_referral_free(seen);
    need(refer_erase(world->client, id, "law", NULL, WAIT_MS, &count), world,
        "erase again");
    check(count == 0, "there is nothing more");
    erasing_is_refused(world, id);
}

static void a_mistake_is_void(const struct world *world)
{
    static const struct wanted wanted[] = {
        { "referral.step", "wrong_person_or_place", "us", "staff", "void",
            "applied" },
    };
    char id[REFER_ID_SIZE];
    refer_referral *seen;
    they_send(world, id);
    expect_events(world, id, &received, 1);
    we_step(world, id, "wrong_person_or_place",
        said("x", "what", "person", NULL, NULL), "false", "void");
    refer_event *event = expect_event(world, id, wanted);
    expect_text("what was wrong", refer_event_detail(event, "what"), "person");
    refer_event_free(event);
    need(refer_get(world->client, id, WAIT_MS, &seen), world, "get");
    check(refer_referral_element_count(seen) == 0, "its contents are gone");
    refer_referral_free(seen);
}

/* ---- Cursors ----------------------------------------------------------- */

static refer_client *client_new(const char *socket)
{
    refer_client *client;
    if (refer_client_new(&client) != REFER_OK ||
        refer_client_set(client, "socket", socket) != REFER_OK)
        abort();
    return client;
}

static uint64_t expect_next(const struct world *world, refer_cursor *cursor,
    const char *name, uint32_t redeliveries)
{
    refer_event *event;
    need(refer_cursor_next(cursor, WAIT_MS, &event), world, name);
    uint64_t position = refer_event_position(event);
    check(refer_event_redeliveries(event) == redeliveries,
        "%s: handed out %u times before", name, (unsigned)redeliveries);
    refer_event_free(event);
    return position;
}

static void unacknowledged_events_come_again(const struct world *world)
{
    refer_client *client = client_new(world->socket);
    refer_cursor *cursor;
    need(refer_cursor_open(client, "again", WAIT_MS, &cursor), world, "open");
    uint64_t first = expect_next(world, cursor, "first", 0);
    uint64_t second = expect_next(world, cursor, "second", 0);
    check(second > first, "positions rise");
    need(refer_cursor_ack_position(
             cursor, refer_cursor_epoch(cursor), first, WAIT_MS),
        world, "ack");
    need(refer_cursor_rewind(cursor, WAIT_MS), world, "rewind");
    check(expect_next(world, cursor, "rewound", 1) == second,
        "what was not acknowledged comes again");
    /* it came with the first, in one page: the gateway counts that */
    check(expect_next(world, cursor, "the one after", 1) > second,
        "then those behind it");
    refer_cursor_free(cursor);
    refer_client_free(client);
    client = client_new(world->socket);
    need(refer_cursor_open(client, "again", WAIT_MS, &cursor), world, "open");
    check(refer_cursor_position(cursor) == first, "its place was kept");
    check(expect_next(world, cursor, "a program started again", 2) == second,
        "and again");
    refer_cursor_free(cursor);
    need(refer_cursor_delete(client, "again", WAIT_MS), world, "delete");
    refer_client_free(client);
}

static void cursors_belong_to_one(const struct world *world)
{
    refer_client *client = client_new(world->socket);
    struct world other = *world;
    other.client = client;
    refer_cursor *cursor;
    expect_refusal(&other, "a cursor that is held",
        refer_cursor_open(client, "conformance", WAIT_MS, &cursor),
        REFER_CONFLICT, "", "name");
    expect_refusal(&other, "to delete it",
        refer_cursor_delete(client, "conformance", WAIT_MS), REFER_CONFLICT, "",
        "name");
    expect_refusal(&other, "to delete none",
        refer_cursor_delete(client, "none", WAIT_MS), REFER_NOT_FOUND, "",
        "name");
    refer_client_free(client);
    expect_refusal(world, "to acknowledge what never was",
        refer_cursor_ack_position(world->cursor,
            refer_cursor_epoch(world->cursor), UINT32_MAX, WAIT_MS),
        REFER_INVALID, "FORMAT", "position");
    check(refer_cursor_ack_position(world->cursor,
              refer_cursor_epoch(world->cursor) + 1, 1,
              WAIT_MS) == REFER_CONFLICT,
        "another epoch is another feed");
    refer_event *event;
    check(refer_cursor_next(world->cursor, 1, &event) == REFER_TIMEOUT,
        "none is left");
}

static void raw_cursors_are_checked(const struct world *world)
{
    static const struct {
        const char *operation;
        const char *field;
        int64_t number;
        refer_status status;
        const char *problem;
        const char *clause;
    } rows[] = {
        { "cursor.next", "wait_ms", 0, REFER_CONFLICT, "", "name" },
        { "cursor.next", "count", 0, REFER_CONFLICT, "", "name" },
        { "cursor.next", "patience", 0, REFER_INVALID, "UNKNOWN_FIELD",
            "cursor.patience" },
        { "cursor.rewind", NULL, 0, REFER_CONFLICT, "", "name" },
        { "cursor.ack", "position", 1, REFER_INVALID, "FORMAT",
            "cursor.epoch" },
        { "cursor.open", "name", 5, REFER_INVALID, "FORMAT", "cursor.name" },
        { "health", "x", 1, REFER_INVALID, "UNKNOWN_FIELD", "health.name" },
        { "nonsense", NULL, 0, REFER_NOT_FOUND, "", "operation" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        refer_query *query;
        need(refer_query_new(&query), world, "query");
        need(refer_query_set(query, "name", "raw"), world, "query");
        if (rows[i].field != NULL)
            need(refer_query_set_number(query, rows[i].field, rows[i].number),
                world, "query");
        expect_refusal(world, rows[i].operation,
            refer_call(world->client, rows[i].operation, query, WAIT_MS, NULL),
            rows[i].status, rows[i].problem, rows[i].clause);
        need(refer_query_add_record(query, "element"), world, "query");
        if (strcmp(rows[i].operation, "nonsense") != 0)
            expect_refusal(world, "records where none belong",
                refer_call(
                    world->client, rows[i].operation, query, WAIT_MS, NULL),
                REFER_INVALID, "", "operation");
        refer_query_free(query);
    }
}

/* ---- Listing, health ---- */
static refer_status list(const struct world *world, const char *field,
    const char *value, int64_t count, refer_listing **listing)
{
    refer_query *query;
    need(refer_query_new(&query), world, "query");
    if (field != NULL)
        need(refer_query_set(query, field, value), world, "query");
    if (count >= 0)
        need(refer_query_set_number(query, "count", count), world, "query");
    refer_status status =
        refer_call(world->client, "list", query, WAIT_MS, listing);
    refer_query_free(query);
    return status;
}

static void expect_listed(const struct world *world, const char *field,
    const char *value, uint32_t wanted)
{
    refer_listing *listing;
    need(list(world, field, value, -1, &listing), world, "list");
    if (!check(refer_listing_count(listing) == wanted, "%u with %s %s",
            (unsigned)wanted, field == NULL ? "any" : field, value))
        printf("# %u\n", (unsigned)refer_listing_count(listing));
    refer_listing_free(listing);
}

static void listings_are_filtered(const struct world *world)
{
    static const char *const fields[] = { "id", "state", "direction", "peer",
        "peer_name", "updated_ms", "service", "urgency", NULL };
    refer_listing *listing;
    expect_listed(world, NULL, "", 6);
    expect_listed(world, "direction", "out", 3);
    expect_listed(world, "direction", "in", 3);
    expect_listed(world, "state", "closed", 1);
    expect_listed(world, "state", "arrived", 0);
    expect_listed(world, "peer", world->other, 6);
    expect_refusal(world, "state", list(world, "state", "lost", -1, NULL),
        REFER_INVALID, "FORMAT", "list.state");
    expect_refusal(world, "direction", list(world, "direction", "up", -1, NULL),
        REFER_INVALID, "FORMAT", "list.direction");
    expect_refusal(world, "peer", list(world, "peer", "somebody", -1, NULL),
        REFER_NOT_FOUND, "", "agency");
    expect_refusal(world, "count", list(world, NULL, "", 0, NULL),
        REFER_INVALID, "FORMAT", "list.count");
    expect_refusal(world, "after", list(world, "after", "x", -1, NULL),
        REFER_INVALID, "FORMAT", "list.count");
    need(list(world, "state", "closed", -1, &listing), world, "list");
    expect_fields("list", listing, 0, fields);
    refer_listing_free(listing);
    char after[REFER_ID_SIZE] = "urn:uuid:00000000-0000-0000-0000-000000000000";
    uint32_t pages = 0;
    for (;; pages++) {
        need(list(world, "after", after, 2, &listing), world, "page");
        uint32_t count = refer_listing_count(listing);
        if (count > 0)
            (void)snprintf(after, sizeof after, "%s",
                refer_listing_get(listing, count - 1, "id"));
        refer_listing_free(listing);
        if (count == 0)
            break;
    }
    check(pages == 3, "in pages of two");
}

static void health_has_its_numbers(const struct world *world)
{
    static const char *const names[] = { "ready", "alive", "peers",
        "peers_failing", "alarms", "outbox", "feed_head", "store_percent",
        "store_damaged", "waiting_clients" };
    refer_health *health;
    need(refer_health_get(world->client, WAIT_MS, &health), world, "health");
    check(refer_health_is_ready(health) == 1, "it is ready");
    uint32_t count = refer_health_count(health);
    int holds = count == sizeof names / sizeof *names;
    for (uint32_t i = 0; holds && i < count; i++)
        holds = strcmp(refer_health_name(health, i), names[i]) == 0;
    check(holds, "health has its numbers");
    refer_health_free(health);
}

/* ---- Running ----------------------------------------------------------- */

static void begin(struct world *world)
{
    world->client = client_new(world->socket);
    need(refer_client_connect(world->client, WAIT_MS), world, "connect");
    need(refer_cursor_open(
             world->client, "conformance", WAIT_MS, &world->cursor),
        world, "open");
    check(refer_cursor_position(world->cursor) == 0, "a new cursor is at 0");
    if (world->there != NULL)
        need(refer_cursor_open(
                 world->there, "there", WAIT_MS, &world->cursor_there),
            world, "open there");
}

static void run(struct world *world)
{
    char id[REFER_ID_SIZE];
    begin(world);
    health_has_its_numbers(world);
    submissions_are_checked(world);
    a_key_is_done_once(world);
    one_of_ours(world, id);
    a_batch_is_many_referrals(world);
    one_of_theirs(world);
    consent_is_taken_back(world);
    a_mistake_is_void(world);
    unacknowledged_events_come_again(world);
    cursors_belong_to_one(world);
    raw_cursors_are_checked(world);
    listings_are_filtered(world);
    what_is_erased_is_told(world);
    refer_cursor_free(world->cursor);
    refer_client_free(world->client);
}

int main(int argc, char **argv)
{
    struct world world = { 0 };
    if (argc == 2 && strcmp(argv[1], "fake") == 0) {
        if (refer_fake_new(&world.fake) != REFER_OK)
            return 1;
        world.socket = refer_fake_socket(world.fake);
        (void)snprintf(world.us, sizeof world.us, "%s",
            refer_fake_get(world.fake, "agency"));
        (void)snprintf(world.other, sizeof world.other, "%s",
            refer_fake_get(world.fake, "peer"));
    } else if (argc == 6 && strcmp(argv[1], "real") == 0) {
        world.socket = argv[2];
        (void)snprintf(world.us, sizeof world.us, "%s", argv[3]);
        world.there = client_new(argv[4]);
        (void)snprintf(world.other, sizeof world.other, "%s", argv[5]);
    } else {
        fputs("usage: conformance fake | conformance real SOCKET AGENCY "
              "OTHER_SOCKET OTHER_AGENCY\n",
            stderr);
        return 2;
    }
    run(&world);
    refer_cursor_free(world.cursor_there);
    refer_client_free(world.there);
    refer_fake_free(world.fake);
    printf("1..%d\n", test_count);
    return failed_count == 0 ? 0 : 1;
}
