"""The closed lists of PROTOCOL.md sections 11.3 and 11.5."""
from . import messages as m

ELEMENTS = {}
for form, codes in (
        ("text",
         "access_needs agonist_treatment allergies appointment_time "
         "arrest_history call_name companion contact_route continuity "
         "current_medicines drug_test_result hiv_treatment "
         "immigration_status legal_name meeting_point needs outcome_note "
         "pet photo place_of_birth previous_tb pronouns recognise_by "
         "sex_work tb_results"),
        ("code",
         "gender_preference_space gender_preference_worker language "
         "pairwise_id slip_code"),
        ("number", "cough_weeks"),
        ("date", "date_of_birth"),
        ("year", "year_of_birth"),
        ("flag", "interpreter")):
    for code in codes.split():
        ELEMENTS[code] = form

OPEN_8 = ("sent undeliverable delivered seen info_needed waitlisted accepted "
          "scheduled")
# from, event, to ("=": stays), by
TRANSITIONS = [
    ("draft", "send", "sent", "S"),
    ("sent undeliverable", "receipt", "delivered", "GR"),
    ("sent delivered undeliverable", "policy_refusal", "refused_by_policy",
     "GR GS"),
    ("sent", "delivery_timeout", "undeliverable", "GS"),
    ("delivered", "opened", "seen", "R"),
    ("delivered", "auto_accept", "accepted", "GR"),
    ("seen", "ask", "info_needed", "R"),
    ("info_needed", "answer", "seen", "S C N"),
    ("seen", "accept", "accepted", "R"),
    ("seen", "waitlist", "waitlisted", "R"),
    ("seen", "decline", "declined", "R"),
    ("seen", "redirect", "redirected", "R"),
    ("waitlisted", "place_found", "accepted", "R"),
    ("waitlisted", "decline", "declined", "R"),
    ("waitlisted", "redirect", "redirected", "R"),
    ("accepted", "choose_time", "scheduled", "C N S"),
    ("accepted", "walk_in", "arrived", "R C"),
    ("scheduled", "move_time", "accepted", "C N R S"),
    ("scheduled", "arrive", "arrived", "R C N"),
    ("scheduled", "did_not_meet", "accepted", "R"),
    ("scheduled", "not_connected", "not_connected", "R"),
    ("arrived", "start", "in_service", "R"),
    ("arrived", "left_before_seen", "accepted", "R C N"),
    ("arrived", "turned_away", "accepted", "C N S"),
    ("in_service", "interim_note", "=", "R"),
    ("in_service", "finish", "handed_back", "R"),
    ("in_service", "end_early", "ended_early", "R C"),
    ("in_service", "pause", "paused", "R"),
    ("paused", "resume", "in_service", "R"),
    ("paused", "end_early", "ended_early", "R C"),
    ("paused", "redirect", "redirected", "R S"),
    ("handed_back", "acknowledge", "closed", "S"),
    ("handed_back", "query_outcome", "in_service", "S C"),
    ("handed_back", "close_timeout", "closed_unacked", "GR"),
    ("delivered seen waitlisted accepted", "decision_timeout", "expired",
     "GR"),
    (OPEN_8 + " arrived in_service paused handed_back", "withdraw",
     "withdrawn", "C"),
    (OPEN_8, "cancel", "cancelled", "S"),
    (OPEN_8 + " arrived in_service paused", "wrong_person_or_place", "void",
     "S R"),
    ("info_needed", "info_timeout", "seen", "GR"),
    ("delivered seen info_needed waitlisted accepted scheduled", "amend", "=",
     "S C"),
]
LETTERS = {"STAFF": "SR", "PERSON": "CC", "COMPANION": "NN",
           "GATEWAY": ("GS", "GR")}


def step(state, event, actor, is_receiver):
    """The state after it, or the problem: all three are enum values of
    messages. For a receiver that takes a step of either side."""
    letter = LETTERS[actor.name][is_receiver]
    if event == m.EventType.CONSENT_REVOKED:
        return state if letter in "CN" else m.Problem.FORBIDDEN
    problem = m.Problem.STATE
    for sources, name, to, letters in TRANSITIONS:
        if name.upper() != event.name \
                or state.name.lower() not in sources.split():
            continue
        if letter in letters.split():
            return state if to == "=" else m.ReferralState[to.upper()]
        problem = m.Problem.FORBIDDEN
    return problem
