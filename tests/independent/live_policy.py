"""The hospital judges what another agency sends: sections 10 to 12, one
broken rule at a time."""
from live_story import detail, later_event, send_event, urn
from live_world import DAY_MS, answers, now_ms, tell
from refer import messages as m

CODES = ["call_name", "cough_weeks"]


def grant(world, **changes):
    fields = {"to": world.card.id, "purpose": "tb_assessment",
              "elements": CODES, "until_ms": now_ms() + 30 * DAY_MS}
    fields.update(changes)
    return [m.Grant(**fields)]


def elements(**more):
    values = {"call_name": "Sasha", **more}
    return [m.Element(code=code, value=value)
            for code, value in values.items()]


def sends(world):
    """What a SEND may break, and the problem that is named for it."""
    now = now_ms()
    return [
        ("of no known agreement", {"mou": b"\x09" * 32}, "MOU_NOT_FOUND"),
        ("to no service of theirs", {"service": "hr.dropin"},
         "SERVICE_UNKNOWN"),
        ("to no service at all", {"service": "tb.moon"}, "SERVICE_UNKNOWN"),
        ("for what no pathway is for", {"purpose": "shelter"},
         "PATHWAY_NOT_ALLOWED"),
        ("over too many hops", {"hop": 2, "parent": b"\x05" * 16},
         "HOP_LIMIT"),
        ("with what is never shared", {"elements": elements(photo="x")},
         "ELEMENT_NOT_ALLOWED"),
        ("with what is not listed", {"elements": elements(pet="a dog")},
         "ELEMENT_NOT_ALLOWED"),
        ("without what is required", {"elements": [
            m.Element(code="cough_weeks", value="3")]}, "ELEMENT_MISSING"),
        ("agreed to in ten minutes", {"consent_at_ms": now + 600000},
         "CLOCK_SKEW"),
        ("agreed to for longer than the agreement lets", {
            "grants": grant(world, until_ms=now + 101 * DAY_MS)},
         "CONSENT_SCOPE"),
        ("with no grant", {"grants": []}, "CONSENT_MISSING"),
        ("with a grant to others", {
            "grants": grant(world, to=world.door.agency.id)},
         "CONSENT_MISSING"),
        ("with a grant for something else", {
            "grants": grant(world, purpose="shelter")}, "CONSENT_MISSING"),
        ("with a grant that is over", {
            "consent_at_ms": now - 10 * DAY_MS,
            "grants": grant(world, until_ms=now - DAY_MS)},
         "CONSENT_EXPIRED"),
        ("with an element that nobody granted", {
            "grants": grant(world, elements=["call_name"])},
         "CONSENT_SCOPE"),
        ("with a detail", {"details": [detail("reason", "x")]},
         "UNKNOWN_FIELD"),
        ("with an element twice", {"elements": elements() + elements()},
         "FORMAT"),
        ("with a number in words", {
            "elements": elements(cough_weeks="three")}, "FORMAT"),
        ("with nothing to read", {
            "elements": elements(cough_weeks="3", contact_route=" ")},
         "FORMAT"),
        ("without thread", {"thread": b""}, "FORMAT"),
        ("with a parent and no hop", {"parent": b"\x05" * 16}, "FORMAT"),
        ("without reason", {"reason_plain": ""}, "GUARD"),
        ("without service", {"service": ""}, "GUARD"),
        ("without urgency", {"urgency": m.Urgency.UNSPECIFIED}, "GUARD"),
        ("without ask_back", {"ask_back": m.AskBack.UNSPECIFIED}, "GUARD"),
        ("without the time of consent", {"consent_at_ms": 0}, "GUARD"),
        ("with a long reason", {"reason_plain": "x" * 2001}, "FORMAT"),
        ("with a delete in its reason", {"reason_plain": "x\x7f"}, "FORMAT"),
        ("with a long key", {"key": "x" * 65}, "FORMAT"),
        ("of a year after 9999", {"at_ms": 2**60}, "FORMAT"),
        ("with a UUID of zeros", {"referral": bytes(16)}, "FORMAT"),
        ("by nobody", {"actor": m.ActorKind.UNSPECIFIED}, "FORMAT"),
        ("with a role that is no code", {"role": "Nurse"}, "FORMAT"),
        ("with seq 0", {"seq": 0}, "FORMAT"),
        ("without request", {"request": m.ReferralRequest()}, "FORMAT"),
        ("with an unregistered element", {
            "elements": elements(shoe_size="42")}, "UNKNOWN_FIELD"),
    ]


def refused_sends(world):
    """Each broken rule has its problem, and refuses nothing else."""
    tap, door, remote = world.tap, world.door, world.door_remote
    rows = sends(world)
    first = tell(door, remote, *(
        send_event(world, door, 1000 + i, **changes)
        for i, (_, changes, _) in enumerate(rows)),
        send_event(world, door, 999))
    got = answers(door, remote, first, len(rows) + 1)
    for (name, _, problem), answer in zip(rows, got):
        tap.equal("a referral " + name, answer.split()[:2],
                  ["REFUSED", problem])
    tap.equal("and a good one after them", got[-1], "APPLIED DELIVERED")


def said(remote, index):
    """An answer's bytes, but for the entry that it is to."""
    item = m.AnswerItem.decode(remote.authored.answers[index].encode())
    item.index = 0
    return item.encode()


def probed(world):
    """What a peer may ask tells nothing of whom others referred."""
    tap, door, remote = world.tap, world.door, world.door_remote
    names = ("Sasha", "Nadya")  # the hospital knows one of them
    unknown, foreign = 0x4fff, world.social_number
    tap.ok("the hospital has a referral of another agency's",
           urn(foreign) in world.hospital.ctl("referral", "list"))
    first = tell(door, remote, *(
        send_event(world, door, 0x4000 + i, elements=elements(call_name=name))
        for i, name in enumerate(names)), *(
            event for seq, kind in ((2, "WITHDRAW"), (3, "CONSENT_REVOKED"),
                                    (3, "WITHDRAW"))
            for event in (later_event(world, unknown, kind, seq),
                          later_event(world, foreign, kind, seq))))
    got = answers(door, remote, first, 8)
    tap.equal("a new referral is delivered, whoever it is of", got[:2],
              ["APPLIED DELIVERED"] * 2)
    tap.equal("one of others is as unknown as none", got[2:],
              ["REFUSED REFERRAL_UNKNOWN -"] * 6)
    tap.ok("byte for byte", all(
        said(remote, first + i) == said(remote, first + i + 1)
        for i in range(0, 8, 2)))


def refused_senders(world):
    """Only staff send, and they state no state."""
    tap, door, remote = world.tap, world.door, world.door_remote
    rows = [
        ("a referral with a state (11.1)",
         {"state": m.ReferralState.DELIVERED}, "FORMAT"),
        ("a referral by the person (T01)",
         {"actor": m.ActorKind.PERSON, "role": ""}, "FORBIDDEN"),
        ("a referral by a gateway (T01)",
         {"actor": m.ActorKind.GATEWAY, "role": ""}, "FORBIDDEN"),
    ]
    first = tell(door, remote, *(
        send_event(world, door, 900 + i, **changes)
        for i, (_, changes, _) in enumerate(rows)))
    got = answers(door, remote, first, len(rows))
    for (name, _, problem), answer in zip(rows, got):
        tap.equal(name, answer.split()[:2], ["REFUSED", problem])


def refused_events(world):
    """Events that do not fit what came before them."""
    tap, door, remote = world.tap, world.door, world.door_remote
    walk_in = {"details": [detail("walk_in", "yes")]}
    foreign = later_event(world, 2000, "WITHDRAW", 3)
    foreign[1].mou = b"\x09" * 32
    rows = [
        (send_event(world, door, 2000), "APPLIED DELIVERED"),
        (send_event(world, door, 2000), "REFUSED REFERRAL_EXISTS"),
        (later_event(world, 2001, "WITHDRAW", 2),
         "REFUSED REFERRAL_UNKNOWN"),
        (later_event(world, 2000, "WITHDRAW", 1), "REFUSED REPLAY"),
        (later_event(world, 2000, "CHOOSE_TIME", 2, **walk_in),
         "REFUSED STATE DELIVERED"),
        # what was refused has used its number up
        (later_event(world, 2000, "WITHDRAW", 2), "REFUSED REPLAY"),
        (foreign, "REFUSED FORMAT"),
        (later_event(world, 2000, "OPENED", 4, "STAFF", role="worker"),
         "REFUSED FORBIDDEN DELIVERED"),
        (later_event(world, 2000, "WITHDRAW", 5, "STAFF"),
         "REFUSED FORBIDDEN DELIVERED"),
        (later_event(world, 2000, "CANCEL", 6, "STAFF"),
         "REFUSED GUARD DELIVERED"),
        (later_event(world, 2000, "CANCEL", 7, "STAFF", details=[
            detail("reason", "BECAUSE"), detail("person_told", "yes")]),
         "REFUSED GUARD DELIVERED"),
        (later_event(world, 2000, "WITHDRAW", 8, "PERSON",
                     details=[detail("reason", "x")]),
         "REFUSED UNKNOWN_FIELD DELIVERED"),
        (later_event(world, 2000, "AMEND", 9, elements=elements(photo="x")),
         "REFUSED ELEMENT_NOT_ALLOWED DELIVERED"),
        (later_event(world, 2000, "AMEND", 10,
                     elements=[m.Element(code="year_of_birth",
                                         value="1987")]),
         "REFUSED CONSENT_SCOPE DELIVERED"),
        (later_event(world, 2000, "AMEND", 11,
                     elements=[m.Element(code="cough_weeks", value="4")]),
         "APPLIED DELIVERED"),
        (later_event(world, 2000, "AUTO_ACCEPT", 12, "GATEWAY"),
         "REFUSED FORBIDDEN DELIVERED"),
        (later_event(world, 2000, "WITHDRAW", 13), "APPLIED WITHDRAWN"),
    ]
    first = tell(door, remote, *(event for event, _ in rows))
    got = answers(door, remote, first, len(rows))
    for ((_, event), expected), answer in zip(rows, got):
        tap.equal("%s with seq %d" % (event.type.name, event.seq),
                  answer[:len(expected)], expected)


def absent(world):
    """A content that must not arrive any more."""
    tap, door, remote = world.tap, world.door, world.door_remote
    with door.lock:
        first = len(remote.authored.entries)
    door.write(remote, *send_event(world, door, 3000))
    door.write(remote, *later_event(world, 3000, "WITHDRAW", 2))
    with door.lock:
        parcel = remote.authored.parcel_next(now_ms())
        # what is detached is not in the parcel; headers and note stay
        parcel.entries[0] = m.Entry(header=parcel.entries[0].header)
    door.deliver(remote)
    tap.equal("without its content, then the withdrawal",
              [answer.split()[:2]
               for answer in answers(door, remote, first, 2)],
              [["ABSENT", "-"], ["REFUSED", "REFERRAL_UNKNOWN"]])
