#include "core/desk.h"

#include "core/invitation.h"
#include "core/node_state.h"
#include "core/output.h"
#include "core/peer.h"
#include "core/peer_close.h"
#include "core/refill.h"
#include "core/submission_read.h"

#include <string.h>

static const char *const purposes[KEY_PURPOSE_COUNT] = {
    [KEY_LOG] = "log",
    [KEY_WITNESS] = "witness",
    [KEY_OPERATION] = "operation",
    [KEY_LAST_RESORT] = "last_resort",
    [KEY_TLS] = "tls",
};

static void answer_safety(struct work *work, const struct agency_id *agency,
    struct local_answer *answer)
{
    char number[SAFETY_NUMBER_SIZE];
    safety_number(work->crypto, &work->node->self, agency, number);
    answer_text(answer, "safety_number", number);
}

static void answer_key(
    struct work *work, const struct card_key *key, struct local_answer *answer)
{
    uint64_t id = crypto_key_id(work->crypto, key->key);
    char text[17];
    for (int i = 15; i >= 0; i--, id >>= 4)
        text[i] = "0123456789abcdef"[id & 15];
    text[16] = '\0';
    answer_record(answer, "key");
    answer_text(answer, "purpose", purposes[key->purpose]);
    answer_text(answer, "id", text);
    answer_number(answer, "valid_from_ms", key->from.unix_ms);
    answer_number(answer, "valid_until_ms", key->until.unix_ms);
}

static void answer_card(struct work *work, const struct card *card,
    const char *state, struct slice data, struct slice sheet,
    struct local_answer *answer)
{
    answer_record(answer, "card");
    answer_text(answer, "agency", card->agency.text);
    answer_slice(answer, "name", card->name);
    answer_number(answer, "serial", (int64_t)card->serial);
    answer_number(answer, "issued_ms", card->issued.unix_ms);
    answer_number(answer, "valid_until_ms", card->valid_until.unix_ms);
    answer_text(answer, "state", state);
    if (!agency_id_equal(&card->agency, &work->node->self))
        answer_safety(work, &card->agency, answer);
    answer_data(answer, "data", data);
    answer_data(answer, "sheet", sheet);
    for (size_t i = 0; i < card->endpoint_count; i++) {
        answer_record(answer, "endpoint");
        answer_slice(answer, "url", card->endpoints[i]);
    }
    for (size_t i = 0; i < card->key_count; i++)
        answer_key(work, &card->keys[i], answer);
    for (size_t i = 0; i < card->contact_count; i++) {
        answer_record(answer, "contact");
        answer_slice(answer, "role", card->contacts[i].role);
        answer_slice(answer, "name", card->contacts[i].name);
        answer_slice(answer, "phone", card->contacts[i].phone);
        answer_slice(answer, "hours", card->contacts[i].hours);
    }
}

void desk_card_show(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    static const struct field_rule rules[] = { { "agency", LOCAL_TEXT,
        false } };
    struct node *node = work->node;
    (void)caller;
    if (!fields_check(
            answer, "card", request->fields, request->field_count, rules, 1))
        return;
    struct slice agency =
        field_text(request->fields, request->field_count, "agency");
    if (agency.size == 0 || slice_is(agency, node->self.text)) {
        struct card card;
        struct card_problem problem;
        enum err err = card_read(
            work->crypto, node->own_card, work->scratch, &card, &problem);
        if (err != ERR_NONE)
            work_unread(work, err);
        else
            answer_card(
                work, &card, "own", node->own_card, node->own_sheet, answer);
        return;
    }
    struct peer *peer = desk_peer(work, agency, answer);
    const struct card *card = peer == NULL ? NULL : peer_card(work, peer);
    if (card != NULL)
        answer_card(work, card, peer_state_name(peer->state),
            peer_card_bytes(work, peer), peer_sheet_bytes(work, peer), answer);
}

static void answer_peer_card(
    struct work *work, struct peer *peer, struct local_answer *answer)
{
    const struct card *card = peer_card(work, peer);
    if (card == NULL)
        return;
    answer_record(answer, "card");
    answer_text(answer, "agency", peer->agency.text);
    answer_slice(answer, "name", card->name);
    answer_number(answer, "serial", (int64_t)peer->card_serial);
    answer_text(answer, "state", peer_state_name(peer->state));
    answer_safety(work, &peer->agency, answer);
}

/* A card of an agency that is known already, and its root key's word. */
static bool card_is_taken(struct work *work, struct peer *peer,
    struct slice data, struct local_answer *answer)
{
    enum err err = peer_offer_card(work, peer, data);
    if (err == ERR_NONE || work_failed(work))
        return !work_failed(work);
    answer_error(answer, err, PROBLEM_NONE, "card.data",
        err == ERR_STATE
            ? "refer elsewhere: this agency ended its card for good"
            : "ask the agency which card is its newest: this one does not "
              "follow on the one that is known here");
    return false;
}

void desk_card_import(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    static const struct field_rule rules[] = {
        { "data", LOCAL_DATA, true },
        { "sheet", LOCAL_DATA, false },
    };
    const struct local_field *fields = request->fields;
    size_t count = request->field_count;
    struct card card;
    struct card_problem problem;
    (void)caller;
    if (!fields_check(answer, "card", fields, count, rules, 2))
        return;
    struct slice data = local_field_get(fields, count, "data")->bytes;
    enum err err =
        card_read(work->crypto, data, work->scratch, &card, &problem);
    if (err == ERR_NONE && agency_id_equal(&card.agency, &work->node->self))
        err = ERR_EXISTS;
    if (err != ERR_NONE) {
        answer_error(answer, err, PROBLEM_SIGNATURE_BAD, "card.data",
            err == ERR_EXISTS
                ? "import the card of another agency: this one is yours"
                : "ask the agency to export its card again: this one is "
                  "damaged or was changed");
        return;
    }
    struct slice sheet = field_text(fields, count, "sheet");
    struct key_sheet keys;
    if (sheet.size > 0 && key_sheet_read(work->crypto, &card, sheet,
                              work->scratch, &keys) != ERR_NONE) {
        answer_error(answer, ERR_SIGNATURE, PROBLEM_SIGNATURE_BAD, "card.sheet",
            "leave the key sheet out: it is fetched anyway");
        return;
    }
    struct peer *peer = peer_find(work->node, &card.agency);
    if (peer == NULL) {
        peer = peer_add(work, &card, data, PEER_IMPORTED);
        OUTPUT_LOG(work, LOG_CARD_IMPORTED, log_agency("agency", &card.agency));
    } else if (!card_is_taken(work, peer, data, answer)) {
        return;
    }
    if (peer == NULL) {
        answer_error(answer, ERR_LIMIT, PROBLEM_NONE, "card",
            "a gateway knows 8192 agencies at most");
        return;
    }
    if (sheet.size > 0) /* of a card that is older than ours it is nothing */
        (void)peer_offer_sheet(work, peer, sheet);
    answer_peer_card(work, peer, answer);
}

static bool is_safety_number(
    struct work *work, const struct peer *peer, struct slice text)
{
    char number[SAFETY_NUMBER_SIZE];
    size_t at = 0;
    safety_number(work->crypto, &work->node->self, &peer->agency, number);
    /* however it was grouped when it was typed */
    for (size_t i = 0; i < text.size; i++) {
        if (text.bytes[i] == ' ')
            continue;
        while (number[at] == ' ')
            at++;
        if (number[at] == '\0' || (uint8_t)number[at] != text.bytes[i])
            return false;
        at++;
    }
    return number[at] == '\0';
}

void desk_card_accept(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    static const struct field_rule rules[] = {
        { "agency", LOCAL_TEXT, true },
        { "safety_number", LOCAL_TEXT, false },
        { "invitation", LOCAL_TEXT, false },
    };
    const struct local_field *fields = request->fields;
    size_t count = request->field_count;
    (void)caller;
    if (!fields_check(answer, "card", fields, count, rules, 3))
        return;
    struct slice code = field_text(fields, count, "invitation");
    if (code.size > 0 && code.size != INVITATION_SIZE) {
        answer_error(answer, ERR_INVALID, PROBLEM_FORMAT, "card.invitation",
            "type the code as the other agency gave it: 20 characters");
        return;
    }
    struct slice number = field_text(fields, count, "safety_number");
    struct peer *peer =
        desk_peer(work, field_text(fields, count, "agency"), answer);
    if (peer == NULL)
        return;
    if (number.size > 0 && !is_safety_number(work, peer, number)) {
        answer_error(answer, ERR_CONFLICT, PROBLEM_SIGNATURE_BAD,
            "card.safety_number",
            "do not accept: compare the number again over the phone, and ask "
            "for a new card");
        return;
    }
    if (code.size > 0) {
        peer_set_invitation(work, peer, code);
        peer->introduces = true;
        peer->touched = true;
    }
    if (peer->state == PEER_REVOKED) {
        answer_error(answer, ERR_STATE, PROBLEM_STATE, "peer.state",
            "its root key ended its card for good: ask for the card of its "
            "new identity");
        return;
    }
    if (peer->state != PEER_ACCEPTED)
        peer_open(work, peer);
    answer_peer_card(work, peer, answer);
}

void desk_peer_invite(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    static const struct field_rule rules[] = { { "hours", LOCAL_NUMBER,
        false } };
    char code[INVITATION_SIZE + 1];
    (void)caller;
    if (!fields_check(
            answer, "peer", request->fields, request->field_count, rules, 1))
        return;
    int64_t hours =
        field_number(request->fields, request->field_count, "hours", 72);
    if (hours < 1 || hours > INVITATION_HOURS_MAX) {
        answer_error(answer, ERR_INVALID, PROBLEM_FORMAT, "peer.hours",
            "let it hold 1 to 720 hours");
        return;
    }
    struct instant until = { work->now.unix_ms + hours * 3600000 };
    if (!invitation_make(work, until, code)) {
        answer_error(answer, ERR_LIMIT, PROBLEM_NONE, "peer.invite",
            "wait until an open invitation is used or over: 256 are open");
        return;
    }
    answer_record(answer, "invitation");
    answer_text(answer, "code", code);
    answer_number(answer, "until_ms", until.unix_ms);
    answer_text(answer, "agency", work->node->self.text);
    answer_data(answer, "data", work->node->own_card);
}

static const char *peer_condition(
    const struct peer *peer, const struct ledger *out)
{
    if (peer->state != PEER_ACCEPTED)
        return peer_state_name(peer->state);
    if (peer->failure_count > 0)
        return "failing";
    if (out->refills)
        return "recovering";
    return peer->settled_out && peer->settled_in ? "connected" : "connecting";
}

/* Entries of both ledgers that are taken back. */
static void answer_progress(
    struct work *work, struct peer *peer, struct local_answer *answer)
{
    static const enum ledger_direction ways[] = { LEDGER_OUT, LEDGER_IN };
    uint64_t recovered = 0;
    uint64_t wanted = 0;
    for (int i = 0; i < 2; i++) {
        uint64_t held;
        uint64_t goal;
        if (!refill_progress(work, peer, ways[i], &held, &goal))
            continue;
        recovered += held;
        wanted += goal;
    }
    answer_number(answer, "recovered", (int64_t)recovered);
    answer_number(answer, "to_recover", (int64_t)wanted);
}

void desk_peer_record(
    struct work *work, struct peer *peer, struct local_answer *answer)
{
    const struct card *card = peer_card(work, peer);
    struct ledger *out = peer_ledger(work, peer, LEDGER_OUT);
    if (card == NULL)
        return;
    uint64_t flying = out->frontier.size - out->cosigned;
    /* an answer may come before the cosignature of what it answers */
    uint64_t unanswered =
        out->answered < out->cosigned ? out->cosigned - out->answered : 0;
    answer_record(answer, "peer");
    answer_text(answer, "agency", peer->agency.text);
    answer_slice(answer, "name", card->name);
    answer_text(answer, "state", peer_condition(peer, out));
    answer_slice(answer, "endpoint",
        card->endpoint_count > 0 ? card->endpoints[0] : SLICE_NONE);
    answer_flag(answer, "settled", peer->settled_out && peer->settled_in);
    answer_number(answer, "queued", (int64_t)(out->intent_count + flying));
    answer_number(answer, "unanswered", (int64_t)unanswered);
    answer_number(answer, "failing_since_ms", peer->failing_since_wall_ms);
    answer_number(answer, "next_try_ms", peer->next_try_wall_ms);
    answer_number(answer, "last_heard_ms", peer->last_heard_wall_ms);
    answer_text(answer, "problem",
        out->trouble != LEDGER_NONE ? ledger_trouble_name(out->trouble)
                                    : peer->problem);
    if (out->refills)
        answer_progress(work, peer, answer);
}

bool desk_page_begin(struct work *work, const struct local_request *request,
    size_t *index, struct local_answer *answer)
{
    struct node *node = work->node;
    struct slice after =
        field_text(request->fields, request->field_count, "after");
    *index = 0;
    if (after.size == 0)
        return true;
    const struct peer *peer = desk_peer(work, after, answer);
    if (peer == NULL)
        return false;
    while (node->peers[*index] != peer)
        ++*index;
    ++*index;
    return true;
}

void desk_page_end(
    const struct work *work, size_t index, struct local_answer *answer)
{
    const struct node *node = work->node;
    if (index >= node->peer_count)
        return;
    answer_record(answer, "more");
    answer_text(
        answer, "after", index == 0 ? "" : node->peers[index - 1]->agency.text);
}

void desk_peer_list(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    static const struct field_rule rules[] = { { "after", LOCAL_TEXT, false } };
    struct node *node = work->node;
    size_t i;
    (void)caller;
    if (!fields_check(
            answer, "peer", request->fields, request->field_count, rules, 1) ||
        !desk_page_begin(work, request, &i, answer))
        return;
    for (; i < node->peer_count && !answer_is_full(answer); i++)
        desk_peer_record(work, node->peers[i], answer);
    desk_page_end(work, i, answer);
}

/* ---- Closing ------------------------------------------------------------ */

static void answer_closing(struct work *work, struct peer *peer,
    const struct closing *closing, struct local_answer *answer)
{
    desk_peer_record(work, peer, answer);
    answer_number(answer, "returned", (int64_t)closing->back_count);
    answer_number(answer, "waiting", (int64_t)closing->waiting_count);
    for (size_t i = 0; i < closing->event_count; i++) {
        const struct untold *event = &closing->events[i];
        answer_record(answer, "referral");
        answer_uuid(answer, "id", &event->referral);
        answer_text(answer, "step", event_type_name(event->step));
        answer_text(answer, "state", referral_state_name(event->state));
        answer_text(answer, "direction", event->outgoing ? "out" : "in");
        answer_flag(answer, "returned", event->is_back);
    }
}

void desk_peer_close(struct work *work, const struct caller *caller,
    const struct local_request *request, struct local_answer *answer)
{
    static const struct field_rule rules[] = {
        { "agency", LOCAL_TEXT, true },
        { "reopen", LOCAL_FLAG, false },
    };
    const struct local_field *fields = request->fields;
    size_t count = request->field_count;
    struct closing closing = { 0 };
    (void)caller;
    if (!fields_check(answer, "peer", fields, count, rules, 2))
        return;
    bool reopen = field_number(fields, count, "reopen", 0) != 0;
    struct peer *peer =
        desk_peer(work, field_text(fields, count, "agency"), answer);
    if (peer == NULL)
        return;
    if (!peer_is_pinned(peer)) {
        answer_error(answer, ERR_STATE, PROBLEM_STATE, "peer.state",
            "nothing is exchanged with it: its card was never accepted");
        return;
    }
    if (reopen && peer->state == PEER_CLOSED)
        peer_open(work, peer);
    else if (!reopen && peer->state == PEER_ACCEPTED)
        peer_close(work, peer, &closing);
    if (!work_failed(work))
        answer_closing(work, peer, &closing, answer);
}
