#include "sim/deed.h"

#include <stdio.h>
#include <string.h>

#include "sim/say.h"
#include "sim/world.h"

/* ---- Choosing ----------------------------------------------------------- */

/* Steps after which little or nothing can follow. */
static bool is_ending(enum referral_event_type step)
{
    switch ((int)step) {
    case EVENT_WITHDRAW:
    case EVENT_CANCEL:
    case EVENT_WRONG_PERSON_OR_PLACE:
    case EVENT_CONSENT_REVOKED:
    case EVENT_DECLINE:
    case EVENT_REDIRECT:
    case EVENT_END_EARLY:
    case EVENT_NOT_CONNECTED:
        return true;
    default:
        return false;
    }
}

/* Steps that lead nowhere; too many would hide the others. */
static bool is_talk(enum referral_event_type step)
{
    return step == EVENT_AMEND || step == EVENT_INTERIM_NOTE;
}

static bool next_word(struct slice *rest, struct slice *word)
{
    size_t size = 0;
    while (size < rest->size && rest->bytes[size] != ' ')
        size++;
    *word = slice_of(rest->bytes, size);
    if (size < rest->size)
        size++;
    *rest = slice_of(rest->bytes + size, rest->size - size);
    return word->size > 0;
}

enum referral_event_type deed_choose(
    struct world *world, const struct local_record *referral)
{
    enum referral_event_type steps[EVENT_TYPE_COUNT];
    struct slice rest = heard_text(referral, "steps");
    struct slice word;
    int64_t count = 0;
    bool ends =
        world_below(world, STREAM_work, 1000) < world->options.ending_permille;
    while (rest.size > 0 && next_word(&rest, &word)) {
        enum referral_event_type step = event_type_named(word);
        if (step == EVENT_NONE)
            world_fail(world, "steps.unknown", 0);
        else if (is_ending(step) == ends &&
                 (!is_talk(step) || world_below(world, STREAM_work, 8) == 0))
            steps[count++] = step;
    }
    return count == 0 ? EVENT_NONE
                      : steps[world_below(world, STREAM_work, count)];
}

/* ---- Who acts ----------------------------------------------------------- */

static const char *actor_choose(struct world *world,
    const struct local_record *referral, enum referral_event_type step)
{
    bool is_out = slice_is(heard_text(referral, "direction"), "out");
    enum referral_state state =
        referral_state_named(heard_text(referral, "state"));
    static const char *const names[] = { "staff", "person", "companion" };
    const uint32_t parties[] = {
        is_out ? PARTY_REFERRER : PARTY_RECEIVER,
        PARTY_PERSON,
        PARTY_COMPANION,
    };
    int64_t first = world_below(world, STREAM_work, 3);
    for (int64_t i = 0; i < 3; i++) {
        int64_t at = (first + i) % 3;
        if ((referral_steps(state, parties[at]) >> step & 1) != 0)
            return names[at];
    }
    return names[0];
}

/* ---- What is said ------------------------------------------------------- */

#define SLOT "2026-12-01T09:00:00+01:00"

/* clang-format off */
static const struct plain_detail {
    enum referral_event_type step;
    const char *name;
    const char *value;
} details[] = {
    { EVENT_ASK, "question", "When can you come?" },
    { EVENT_ACCEPT, "slot", SLOT },
    { EVENT_PLACE_FOUND, "slot", SLOT },
    { EVENT_DID_NOT_MEET, "slot", SLOT },
    { EVENT_LEFT_BEFORE_SEEN, "offer", "any day before noon" },
    { EVENT_WAITLIST, "expected_date", "2027-01-10" },
    { EVENT_WAITLIST, "interim_support", "the drop-in, every day" },
    { EVENT_DECLINE, "reason", "NO_CAPACITY" },
    { EVENT_DECLINE, "next_option", "the drop-in" },
    { EVENT_REDIRECT, "person_agreed", "yes" },
    { EVENT_REDIRECT, "child", "urn:uuid:0192f0c1-1111-7111-8111-111111111111" },
    { EVENT_REDIRECT, "to", "party1" },
    { EVENT_CHOOSE_TIME, "time", SLOT },
    { EVENT_TURNED_AWAY, "barrier", "LONG_WAIT" },
    { EVENT_END_EARLY, "reason", "MOVED" },
    { EVENT_END_EARLY, "continuity_plan", "the drop-in goes on" },
    { EVENT_PAUSE, "continuity_plan", "the drop-in goes on" },
    { EVENT_ACKNOWLEDGE, "feedback", "invited" },
    { EVENT_QUERY_OUTCOME, "question", "What came of it?" },
    { EVENT_CANCEL, "reason", "NEED_CHANGED" },
    { EVENT_CANCEL, "person_told", "yes" },
    { EVENT_WRONG_PERSON_OR_PLACE, "what", "person" },
};
/* clang-format on */

/* What the person lets back, as a number that grows with it. */
static int lets_back(const struct local_record *referral)
{
    static const char *const names[] = { "none", "attended_only",
        "outcome_code", "short_note", "full" };
    struct slice ask_back = heard_text(referral, "ask_back");
    for (int i = 4; i > 0; i--)
        if (slice_is(ask_back, names[i]))
            return i;
    return 0;
}

static void words_say(struct world *world, struct say *say, size_t affair,
    const char *type, const char *name)
{
    char word[CANARY_SIZE + 1];
    if (affair == world->truth.affair_count)
        return;
    truth_canary(&world->truth, affair,
        strcmp(type, "element") == 0 ? name : NULL, word);
    say_pair(say, type, name, word);
}

/* Steps that can say something about the person. */
static void personal_say(struct world *world, struct say *say, size_t affair,
    const struct local_record *referral, enum referral_event_type step)
{
    int back = lets_back(referral);
    switch ((int)step) {
    case EVENT_ANSWER:
        if (affair == world->truth.affair_count)
            say_pair(say, "detail", "answer", "Tomorrow.");
        words_say(world, say, affair, "element", "needs");
        break;
    case EVENT_AMEND:
        words_say(world, say, affair, "element", "needs");
        break;
    case EVENT_FINISH:
        if (back >= 2)
            say_pair(say, "detail", "outcome", "SERVICE_GIVEN");
        if (back >= 3)
            words_say(world, say, affair, "detail", "note");
        if (back >= 4)
            words_say(world, say, affair, "element", "outcome_note");
        break;
    case EVENT_INTERIM_NOTE:
        words_say(world, say, affair, "detail", "note");
        if (back >= 4)
            words_say(world, say, affair, "element", "outcome_note");
        break;
    default:
        break;
    }
}

void deed_say(struct world *world, struct say *say, size_t affair,
    const struct local_record *referral, enum referral_event_type step)
{
    char id[UUID_URN_SIZE + 1];
    struct slice text = heard_text(referral, "id");
    (void)snprintf(
        id, sizeof id, "%.*s", (int)text.size, (const char *)text.bytes);
    say_text(say, "id", id);
    say_text(say, "step", event_type_name(step));
    say_text(say, "actor", actor_choose(world, referral, step));
    if (step == EVENT_OPENED)
        say_text(say, "role", "intake");
    for (size_t i = 0; i < sizeof details / sizeof *details; i++)
        if (details[i].step == step)
            say_pair(say, "detail", details[i].name, details[i].value);
    personal_say(world, say, affair, referral, step);
}
