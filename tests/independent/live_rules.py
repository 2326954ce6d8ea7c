"""Cards, key sheets and agreements that break one rule each: sections 2.3 and
10.1."""
import copy
import os

from live_story import detail, later_event, referral_start
from live_world import DAY_MS, answers, now_ms, outcome, tell
from refer import messages as m
from refer.agency import Agency
from refer.card import Card, card_sign, key_sheet_sign
from refer.keys import SigningKey, agency_id
from refer.mou import Mou, mou_sign
from refer.text import armour
from refer.wire import Refused

LOW_ORDER = [
    "00" * 32, "01" + "00" * 31, "ec" + "ff" * 30 + "7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    # the same with the sign bit, and one that is not below the prime
    "01" + "00" * 30 + "80", "ee" + "ff" * 30 + "7f"]


def field(name, value):
    return lambda card: setattr(card, name, value)


def key_field(name, value, index=0):
    return lambda card: setattr(card.keys[index], name, value)


def endpoint(text):
    return field("endpoints", [text])


def contact(**fields):
    return field("contacts", [m.Contact(**{"role": "lead", **fields})])


CARDS = [
    ("as it should be", lambda card: None, True),
    ("with serial 0", field("serial", 0), False),
    ("with serial 2 and nothing before", field("serial", 2), False),
    ("with serial 1 and one before", field("previous", bytes(32)), False),
    ("without name", field("name", ""), False),
    ("with a name of 256 bytes", field("name", "x" * 256), True),
    ("with a name of 257 bytes", field("name", "x" * 257), False),
    ("with a name of two lines", field("name", "a\nb"), False),
    ("with a space before its name", field("name", " a"), False),
    ("with a name in Cyrillic", field("name", "Вода"), True),
    ("that ends before it begins", field("valid_until_ms", 1), False),
    ("without contacts", field("contacts", []), True),
    ("with 17 contacts", field("contacts", [m.Contact(role="x")] * 17),
     False),
    ("with a contact without role", contact(role=""), False),
    ("with a role of 65 bytes", contact(role="x" * 65), False),
    ("with hours of two lines", contact(hours="a\nb"), False),
    ("without keys", field("keys", []), True),
    ("with a short key", key_field("public_key", b"\1" * 31), False),
    ("with a key of no purpose",
     key_field("purpose", m.KeyPurpose.UNSPECIFIED), False),
    ("with a key that ends before it begins",
     key_field("valid_until_ms", 1), False),
    ("with 33 keys", lambda card: card.keys.extend(
        m.Key(purpose=m.KeyPurpose.TLS, public_key=os.urandom(32),
              valid_from_ms=1, valid_until_ms=2) for _ in range(28)), False),
    ("with a key twice",
     lambda card: card.keys.append(card.keys[0]), False),
    ("with its root key for the log", lambda card: setattr(
        card.keys[0], "public_key", card.root_key), False),
    ("with 9 endpoints", field("endpoints", [
        "tls+tcp://a:%d" % port for port in range(1, 10)]), False),
] + [("with a log key of low order, " + key[:8],
      key_field("public_key", bytes.fromhex(key)), False)
     for key in LOW_ORDER] + [
    ("with the endpoint " + text, endpoint("tls+tcp://" + text), is_good)
    for text, is_good in (
        ("a.example:1", True), ("192.0.2.7:65535", True),
        ("[2001:db8::1]:443", True), ("a.example", False),
        ("a.example:0", False), ("a.example:65536", False),
        ("a.example:0443", False), ("a..example:443", False),
        ("-a.example:443", False), ("a_b.example:443", False),
        ("a.example:443/x", False), ("[2001:db8::1:443", False),
        ("[g::1]:443", False), ("x" * 64 + ".example:443", False),
        (":443", False), ("2001:db8::1:443", False))] + [
    ("over plain TCP", endpoint("tcp://a.example:443"), False)]


def cards(world):
    """Both implementations take and refuse the same cards."""
    tap = world.tap
    folder = os.path.join(world.folder, "cards")
    os.mkdir(folder)
    agency = Agency("Card", folder)
    path = os.path.join(folder, "card")
    for name, change, is_good in CARDS:
        # another root for each: a card once imported stays
        agency.root = SigningKey(os.urandom(32))
        card = copy.deepcopy(agency.card.message)
        card.root_key, card.serial, card.previous = \
            agency.root.public, 1, b""
        change(card)
        signed = card_sign(card, agency.root).encode()
        try:
            Card(signed)
            is_ours = True
        except Refused:
            is_ours = False
        with open(path, "w", encoding="ascii") as file:
            file.write(armour("CARD", signed))
        status, output = world.hospital.run("card", "import", path)
        tap.ok("a card %s: %s by both" % (
            name, "taken" if is_good else "refused"),
            (is_ours, status == 0) == (is_good, is_good),
            "here %s, there %d: %s" % (is_ours, status, output))


def sheets(world):
    """A key sheet in a HEAD that breaks a rule is passed over."""
    tap = world.tap
    peer, remote = world.settled("Sheets")
    good = m.KeySheet.decode(peer.agency.sheet.sheet)

    def held(operation=None, **changes):
        sheet = copy.deepcopy(good)
        sheet.serial = 9
        for name, value in changes.items():
            setattr(sheet, name, value)
        kept, peer.agency.sheet = peer.agency.sheet, key_sheet_sign(
            sheet, operation or peer.agency.operation)
        try:
            reply = peer.head_ask(remote)
        finally:
            peer.agency.sheet = kept
        return m.Head.decode(reply.body).sheet_serial

    keys = good.keys
    tap.equal("of another agency", held(agency=remote.card.id), 1)
    tap.equal("of another's key", held(peer.agency.log), 1)
    tap.equal("issued after its key ended", held(
        issued_ms=now_ms() + 100 * DAY_MS), 1)
    tap.equal("with days that fall", held(keys=keys[::-1]), 1)
    tap.equal("with a day twice", held(keys=keys[:1] * 2), 1)
    tap.equal("with 33 keys", held(keys=[m.SealingKey(
        public_key=os.urandom(32), day=day, valid_from_ms=1,
        valid_until_ms=2) for day in range(33)]), 1)
    tap.equal("with a short key", held(keys=[m.SealingKey(
        public_key=b"x", day=1, valid_from_ms=1, valid_until_ms=2)]), 1)
    tap.equal("with a key that ends before it begins", held(
        keys=[m.SealingKey(public_key=os.urandom(32), day=1,
                           valid_from_ms=2, valid_until_ms=1)]), 1)
    tap.equal("as it should be", held(), 9)
    tap.equal("with a lower serial", held(serial=8), 9)
    tap.equal("HEAD goes on", outcome(peer.head_ask, remote), "HEAD")


# ---- Agreements ----------------------------------------------------------

def of(name, index, **changes):
    """Fields of one of the MOU's parties, services, ..."""
    def change(mou):
        for key, value in changes.items():
            setattr(getattr(mou, name)[index], key, value)
    return change


def both(*all_changes):
    def change(mou):
        for one in all_changes:
            one(mou)
    return change


def append(name, index):
    return lambda mou: getattr(mou, name).append(
        copy.deepcopy(getattr(mou, name)[index]))


MOUS = [
    ("as it should be", lambda mou: None, True),
    ("with a URN of two parts", field("id", "urn:mou"), False),
    ("with a URN with components", field("id", "urn:mou:a?+b"), False),
    ("with a percent in its URN", field("id", "urn:mou:a%20b"), False),
    ("without title", field("title", ""), False),
    ("with version 0", field("version", 0), False),
    ("that ends before it begins", field("until_ms", 1), False),
    ("with one party",
     lambda mou: mou.parties.pop(), False),
    ("with a party's id in capitals", of("parties", 0, id="A"), False),
    ("with a party twice", append("parties", 0), False),
    ("with a party that does nothing",
     of("parties", 1, refers=False, receives=False), False),
    ("with another's root key",
     of("parties", 0, root_key=SigningKey(b"\1" * 32).public), False),
    ("with an unsound root key", both(
        of("parties", 0, root_key=bytes(32)),
        of("parties", 0, agency=agency_id(bytes(32)))), False),
    ("without services", field("services", []), False),
    ("with a service twice", append("services", 0), False),
    ("with a service of nobody", of("services", 0, party="x"), False),
    ("with a service without way in",
     of("services", 0, walk_in=False, booked=False), False),
    ("with a service of one who does not receive",
     of("parties", 0, receives=False), False),
    ("without pathways", field("pathways", []), False),
    ("with a pathway twice", append("pathways", 0), False),
    ("with a pathway to nothing", of("pathways", 0, to="x"), False),
    ("with a pathway to oneself",
     of("pathways", 0, **{"from": "tbhosp"}), False),
    ("with a pathway for nothing", of("pathways", 0, purpose="x"), False),
    ("with 8 hops", of("pathways", 0, hops_max=8), True),
    ("with 9 hops", of("pathways", 0, hops_max=9), False),
    ("without forward",
     of("pathways", 0, forward=m.MouForward.UNSPECIFIED), False),
    ("with a purpose twice", append("purposes", 0), False),
    ("with an unknown element",
     of("purposes", 0, required=["shoe_size"]), False),
    ("with an element in both", of("purposes", 0, allowed=["call_name"]),
     False),
    ("with an element twice",
     of("purposes", 0, allowed=["pet", "pet"]), False),
    ("with an element that is never shared",
     of("purposes", 0, allowed=["photo"]), False),
    ("with nothing required", of("purposes", 0, required=[]), True),
    ("with one never twice", field("never_share", ["photo", "photo"]),
     False),
    ("with consent for no day", field("consent_days_max", 0), False),
    ("with consent for 3650 days", field("consent_days_max", 3650), True),
    ("with consent for 3651 days", field("consent_days_max", 3651), False),
    ("with one signature", field("signatures_required", ["tbhosp"]), False),
    ("with a signature twice",
     field("signatures_required", ["tbhosp", "tbhosp"]), False),
    ("with a signature of nobody",
     field("signatures_required", ["tbhosp", "opendoor", "x"]), False),
]


def mou_make(world, number):
    door = world.door.agency
    return m.Mou(
        id="urn:mou:test:rule-%d" % number, title="One rule", version=1,
        from_ms=now_ms() - DAY_MS, until_ms=now_ms() + DAY_MS,
        parties=[
            m.MouParty(id="tbhosp", name="City TB Hospital", receives=True,
                       agency=world.card.id, refers=True,
                       root_key=world.card.message.root_key),
            m.MouParty(id="opendoor", name="Open Door", agency=door.id,
                       root_key=door.root.public, refers=True)],
        services=[m.MouService(id="tb.assess", party="tbhosp",
                               name="TB check", walk_in=True)],
        pathways=[m.MouPathway(
            **{"from": "opendoor"}, to="tb.assess", purpose="tb_assessment",
            hops_max=1, forward=m.MouForward.NEVER)],
        purposes=[m.MouPurpose(purpose="tb_assessment",
                               required=["call_name"],
                               allowed=["cough_weeks"])],
        never_share=["photo"], consent_days_max=365,
        signatures_required=["tbhosp", "opendoor"])


def offers(world):
    """Both implementations take and refuse the same agreements."""
    tap, door, remote = world.tap, world.door, world.door_remote
    entries, ours = [], []
    for number, (_, change, _) in enumerate(MOUS):
        mou = mou_make(world, number)
        change(mou)
        entries.append((m.EntryKind.MOU_OFFER, m.MouOffer(mou=mou.encode())))
        try:
            Mou(mou.encode())
            ours.append(True)
        except Refused:
            ours.append(False)
    strangers = mou_make(world, 1000)
    strangers.parties[1].root_key = SigningKey(b"\2" * 32).public
    strangers.parties[1].agency = agency_id(strangers.parties[1].root_key)
    entries.append((m.EntryKind.MOU_OFFER,
                    m.MouOffer(mou=strangers.encode())))
    bare = mou_make(world, 1001)
    entries.append((m.EntryKind.MOU_OFFER, m.MouOffer(
        mou=bare.encode(), signatures=[m.MouSignature(
            agency=door.agency.id, signature=bytes(64))])))
    entries.append((m.EntryKind.MOU_SIGNATURES, m.MouSignatures(
        mou=Mou(bare.encode()).id, signatures=[mou_sign(
            Mou(bare.encode()).id, door.agency.id, door.agency.root)])))
    first = tell(door, remote, *entries)
    got = answers(door, remote, first, len(entries))
    for (name, _, is_good), is_ours, answer in zip(MOUS, ours, got):
        tap.ok("an agreement %s: %s by both" % (
            name, "taken" if is_good else "refused"),
            (is_ours, answer) == (
                is_good, "APPLIED -" if is_good else "REFUSED FORMAT -"),
            "here %s, there %s" % (is_ours, answer))
    tap.equal("an agreement of others", got[-3], "REFUSED FORBIDDEN -")
    tap.equal("one with a false signature", got[-2],
              "REFUSED SIGNATURE_BAD -")
    tap.equal("and then with a good one", got[-1], "APPLIED -")


# ---- The receiver's events -----------------------------------------------

def receiver_steps(world):
    """Of a referral that the hospital sent: where our events lead."""
    tap, door, remote = world.tap, world.door, world.door_remote
    number, name = referral_start(world, door, remote, "hr.dropin",
                                  "harm_reduction", "steps",
                                  lambda: door.deliver(remote))
    state = m.ReferralState

    def event(kind, seq, after, actor="STAFF", **more):
        return later_event(world, number, kind, seq, actor, state=after,
                           **more)
    offer = {"details": [detail("offer", "any evening")]}
    rows = [
        (event("ACCEPT", 1, state.ACCEPTED, **offer),
         "REFUSED STATE DELIVERED"),
        (event("OPENED", 2, state.ACCEPTED, role="worker"),
         "REFUSED STATE DELIVERED"),
        (event("OPENED", 3, state.SEEN, "PERSON", role="worker"),
         "REFUSED FORBIDDEN DELIVERED"),
        (event("OPENED", 4, state.SEEN, role="worker"), "APPLIED SEEN"),
        (event("ACCEPT", 5, state.ACCEPTED),
         "REFUSED GUARD ACCEPTED"),
        (event("CANCEL", 6, state.CANCELLED, details=[
            detail("reason", "NEED_CHANGED"), detail("person_told", "yes")]),
         "REFUSED FORBIDDEN ACCEPTED"),
        (event("WALK_IN", 7, state.ARRIVED), "APPLIED ARRIVED"),
        (event("START", 8, state.IN_SERVICE), "APPLIED IN_SERVICE"),
        (event("INTERIM_NOTE", 9, state.IN_SERVICE,
               details=[detail("note", "x")]),
         "REFUSED GUARD IN_SERVICE"),
        (event("FINISH", 10, state.HANDED_BACK, details=[
            detail("outcome", "SERVICE_GIVEN")]), "APPLIED HANDED_BACK"),
        (event("CLOSE_TIMEOUT", 11, state.CLOSED_UNACKED, "GATEWAY"),
         "APPLIED CLOSED_UNACKED"),
        (event("SEND", 12, state.UNSPECIFIED), "REFUSED FORMAT"),
    ]
    first = tell(door, remote, *(one for one, _ in rows))
    got = answers(door, remote, first, len(rows))
    for ((_, one), expected), answer in zip(rows, got):
        tap.equal("%s to %s" % (one.type.name, one.state.name),
                  answer[:len(expected)], expected)
    tap.ok("the hospital shows where it led", "closed_unacked" in
           world.hospital.ctl("referral", "show", name))
