"""The parts of live_test.py in which all goes well."""
import os

from live_world import (DAY_MS, MOU, MOU_THREE, REFERRAL, answers, befriend,
                        date_of, now_ms, outcome, tell, time_now, wait_until)
from refer import messages as m
from refer.ledger import header_read
from refer.mou import mou_sign
from refer.tls import dial

EVENT = m.EntryKind.REFERRAL_EVENT


# ---- Meeting -------------------------------------------------------------

def first_words(world):
    """Cards are accepted, the ledgers settle, the first parcel goes."""
    tap, hospital = world.tap, world.hospital
    door, remote = world.accepted("Open Door", listens=True)
    world.door, world.door_remote = door, remote
    tap.ok("both computed one safety number", True)
    wait_until("the hospital asks for HEAD",
               lambda: m.RequestKind.HEAD in door.requests)
    tap.ok("the hospital asks for HEAD by itself", True)
    tap.equal("it answers HEAD", outcome(door.head_ask, remote), "HEAD")
    tap.equal("settled for us", remote.authored.trouble, None)
    tap.ok("with a key sheet that verifies", remote.sheet is not None)
    wait_until("settled", lambda: hospital.is_settled(door.agency.id))
    tap.ok("settled for the hospital", True)

    first = tell(door, remote, (m.EntryKind.PADDING, b""),
                 (m.EntryKind.CARD, door.agency.card.signed),
                 (m.EntryKind.MOU_END, m.MouEnd(mou=bytes(32))),
                 (m.EntryKind.NOTICE, b"x"), (m.EntryKind.CARD, b"x"))
    tap.equal("five entries in one parcel", remote.authored.cosigned.size, 5)
    tap.equal("a card is applied, other kinds and other cards are not",
              answers(door, remote, first + 1, 4),
              ["APPLIED -", "REFUSED UNKNOWN_FIELD -",
               "REFUSED UNKNOWN_FIELD -", "REFUSED SIGNATURE_BAD -"])
    tap.equal("the clause of a kind", remote.authored.answers[3].clause,
              "kind")
    tap.ok("padding is not answered",
           first not in remote.authored.answers)
    tap.equal("the hospital's own look at its ledgers",
              hospital.run("ledger", "verify")[0], 0)


def renewed(world):
    """Newer cards and sheets travel in Heads and in entries."""
    tap, door, remote = world.tap, world.door, world.door_remote
    door.agency.card_renew()
    door.agency.sheet_renew()
    tap.equal("HEAD with card 2", outcome(door.head_ask, remote), "HEAD")
    head = m.Head.decode(door.head_ask(remote).body)
    tap.equal("the hospital holds card 2", head.card_serial,
              door.agency.card.serial)
    tap.equal("and sheet 2", head.sheet_serial, door.agency.sheet_serial)
    door.agency.card_renew()
    tell(door, remote, (m.EntryKind.CARD, door.agency.card.signed))
    head = m.Head.decode(door.head_ask(remote).body)
    tap.equal("card 3 came as an entry", head.card_serial, 3)


# ---- Agreements ----------------------------------------------------------

def offer(world, text, **agencies):
    """Offered by the hospital; its id."""
    path = os.path.join(world.folder, "mou.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace("FIRST", date_of(-1)).replace(
            "LAST", date_of(300)))
    words = []
    for party, agency in {"tbhosp": world.card.id, **agencies}.items():
        words += ["--party", "%s=%s" % (party, agency)]
    output = world.hospital.ctl("mou", "offer", path, *words)
    return bytes.fromhex([line.split("\t")[1]
                          for line in output.splitlines()
                          if line.startswith("MOU\t")][0])


def agreement(world):
    """Offered by the hospital, signed by two, in force."""
    tap, hospital = world.tap, world.hospital
    door, remote = world.door, world.door_remote
    mou_id = world.mou_id = offer(world, MOU, opendoor=door.agency.id)
    wait_until("the offer", lambda: mou_id in door.mous)
    tap.ok("the offer came, its id is the hash of its bytes", True)
    first = tell(door, remote, (m.EntryKind.MOU_SIGNATURES, m.MouSignatures(
        mou=mou_id, signatures=[mou_sign(
            mou_id, door.agency.id, door.agency.log)])),
        (m.EntryKind.MOU_SIGNATURES, m.MouSignatures(mou=bytes(32))),
        (m.EntryKind.MOU_IN_FORCE, m.MouInForce(mou=bytes(32))))
    tap.equal("a false signature, an unknown agreement", answers(
        door, remote, first, 3), [
            "REFUSED SIGNATURE_BAD -", "REFUSED MOU_NOT_FOUND -",
            "REFUSED MOU_NOT_FOUND -"])
    door.sign(mou_id)
    door.deliver(remote)
    tap.equal("ours is taken",
              answers(door, remote, remote.authored.cosigned.size - 1, 1),
              ["APPLIED -"])
    hospital.ctl("mou", "sign", mou_id.hex(), "--yes")
    wait_until("in force at both", lambda: {
        world.card.id, door.agency.id} <= door.in_force[mou_id])
    door.deliver(remote)
    wait_until("in force at both, for the hospital",
               lambda: is_in_force(hospital, mou_id, 2))
    tap.ok("in force at both", True)


def agreement_collected(world):
    """Between three, one of whom only dials out."""
    tap, hospital = world.tap, world.hospital
    door, remote = world.door, world.door_remote
    social, far = world.accepted("Centre for Social Assistance")
    social.head_ask(far)
    world.social, world.social_remote = social, far
    tap.equal("a COLLECT after one HEAD, which may have been old", outcome(
        social.ask, far, m.RequestKind.COLLECT,
        social.collect_body(far, 10)), "BEHIND UNSETTLED")
    tap.equal("another HEAD, with the fence of the reply",
              outcome(social.head_ask, far), "HEAD")
    tap.equal("and a COLLECT", outcome(
        social.ask, far, m.RequestKind.COLLECT,
        social.collect_body(far, 10)), "PARCEL")
    mou_id = world.mou_three_id = offer(
        world, MOU_THREE, opendoor=door.agency.id, social=social.agency.id)
    wait_until("the offer", lambda: mou_id in door.mous)
    door.sign(mou_id)
    door.deliver(remote)
    hospital.ctl("mou", "sign", mou_id.hex(), "--yes")
    wait_until("the offer at the assistance", lambda: (
        collect_once(social, far), mou_id in social.mous)[1])
    tap.ok("an agency without endpoint collected the offer", True)
    social.sign(mou_id)
    social.deliver(far)
    index = far.authored.cosigned.size - 1
    wait_until("the answer", lambda: (
        collect_once(social, far), index in far.authored.answers)[1])
    tap.equal("its signature is taken", answers(social, far, index, 1),
              ["APPLIED -"])
    everybody = {world.card.id, door.agency.id, social.agency.id}
    wait_until("passed on", lambda: (
        collect_once(social, far), [
            set(peer.signatures[mou_id]) == everybody
            for peer in (door, social)] == [True, True])[1])
    tap.ok("each has all signatures, though two do not know each other",
           True)
    door.deliver(remote)
    wait_until("in force at the assistance", lambda: (
        collect_once(social, far), {world.card.id, social.agency.id}
        <= social.in_force[mou_id])[1])
    social.deliver(far)
    wait_until("in force everywhere, for the hospital",
               lambda: is_in_force(hospital, mou_id, 3))
    tap.ok("in force everywhere, for the hospital", True)


def is_in_force(gateway, mou_id, count):
    """At so many parties, as `mou show` has it."""
    found = []

    def walk(one):
        if isinstance(one, dict):
            if "in_force" in one:
                found.append(one["in_force"])
            one = list(one.values())
        if isinstance(one, list):
            for value in one:
                walk(value)
    walk(gateway.json("mou", "show", mou_id.hex()))
    return found.count(True) >= count


def collect_once(peer, remote, wait_ms=100):
    """COLLECT; where something came, our cosignature goes with the next."""
    reply = peer.collect(remote, wait_ms)
    if reply is not None:
        assert reply[0] == m.ReplyKind.COSIGNED, reply
    return reply


# ---- Referrals -----------------------------------------------------------

def send_event(world, peer, number, **changes):
    """A SEND to the hospital that keeps all rules, but for the changes of
    its fields or of its request's."""
    now = now_ms()
    codes = ["call_name", "cough_weeks"]
    request = {
        "service": "tb.assess", "purpose": "tb_assessment",
        "urgency": m.Urgency.SOON, "choice": m.Choice.CHOSEN,
        "ask_back": m.AskBack.OUTCOME_CODE,
        "reason_plain": "I have been coughing for three weeks.",
        "thread": b"\x01" * 16, "consent_at_ms": now - 1000,
        "grants": [m.Grant(to=world.card.id, purpose="tb_assessment",
                           elements=codes, until_ms=now + 30 * DAY_MS)]}
    event = {
        "referral": number.to_bytes(16, "big"), "mou": world.mou_id,
        "type": m.EventType.SEND, "seq": 1, "actor": m.ActorKind.STAFF,
        "role": "outreach_worker", "at_ms": now, "key": "r-%d" % number,
        "elements": [m.Element(code="call_name", value="Sasha"),
                     m.Element(code="cough_weeks", value="3")]}
    for name, value in changes.items():
        (request if name in request or name in ("hop", "parent")
         else event)[name] = value
    event.setdefault("request", m.ReferralRequest(**request))
    return EVENT, m.ReferralEvent(**event)


def later_event(world, number, kind, seq, actor="PERSON", mou=None, **more):
    return EVENT, m.ReferralEvent(
        referral=number.to_bytes(16, "big"), mou=mou or world.mou_id,
        type=m.EventType[kind], seq=seq, actor=m.ActorKind[actor],
        at_ms=now_ms(), key="k-%d-%d" % (number, seq), **more)


def detail(name, value):
    return m.Detail(name=name, value=value)


def urn(number):
    text = number.to_bytes(16, "big").hex()
    return "urn:uuid:" + "-".join((text[:8], text[8:12], text[12:16],
                                   text[16:20], text[20:]))


def events_of(peer, number):
    with peer.lock:
        return [event for _, event in peer.events
                if event.referral == number.to_bytes(16, "big")]


def referral_out(world):
    """Open Door refers to the hospital, from first word to closed loop."""
    tap, hospital = world.tap, world.hospital
    door, remote = world.door, world.door_remote
    number = 0x01900000000070008000000000000001
    first = tell(door, remote, send_event(world, door, number))
    tap.equal("SEND is answered", answers(door, remote, first, 1),
              ["APPLIED DELIVERED"])
    tap.ok("the hospital shows it",
           "delivered" in hospital.ctl("referral", "show", urn(number)))

    def act(*words):
        hospital.ctl("referral", "act", urn(number), *words)

    def came(kind, state):
        event = wait_until("the event " + kind, lambda: (
            [one for one in events_of(door, number)
             if one.type == m.EventType[kind]]))[-1]
        door.deliver(remote)
        tap.equal("%s came and leads to %s" % (kind, state),
                  (event.state.name, event.mou), (state, world.mou_id))
        return event

    act("opened", "--role", "intake_nurse")
    tap.equal("with the actor's role", came("OPENED", "SEEN").role,
              "intake_nurse")
    act("accept", "offer=any morning, 9 to 12")
    event = came("ACCEPT", "ACCEPTED")
    tap.equal("with the offer", event.details,
              [detail("offer", "any morning, 9 to 12")])
    first = tell(door, remote, later_event(
        world, number, "CHOOSE_TIME", 2,
        details=[detail("walk_in", "yes")], seen=event.seq))
    tap.equal("the person chooses", answers(door, remote, first, 1),
              ["APPLIED SCHEDULED"])
    act("arrive")
    came("ARRIVE", "ARRIVED")
    act("start", "wait_minutes=10")
    came("START", "IN_SERVICE")
    act("finish", "outcome=SERVICE_GIVEN")
    came("FINISH", "HANDED_BACK")
    first = tell(door, remote, later_event(
        world, number, "ACKNOWLEDGE", 3, "STAFF",
        details=[detail("feedback", "invited")]))
    tap.equal("the loop is closed", answers(door, remote, first, 1),
              ["APPLIED CLOSED"])
    tap.equal("their events count up",
              [event.seq for event in events_of(door, number)],
              [1, 2, 3, 4, 5])


def referral_withdrawn(world):
    """What the person ends is ended, whatever crosses it."""
    tap, door, remote = world.tap, world.door, world.door_remote
    number = 2
    first = tell(door, remote, send_event(world, door, number),
                 later_event(world, number, "WITHDRAW", 2),
                 later_event(world, number, "CANCEL", 3, "STAFF", details=[
                     detail("reason", "SENT_BY_MISTAKE"),
                     detail("person_told", "yes")]),
                 later_event(world, number, "CONSENT_REVOKED", 4),
                 later_event(world, number, "AMEND", 5, elements=[
                     m.Element(code="call_name", value="Sam")]))
    tap.equal("withdrawn is for ever", answers(door, remote, first, 4), [
        "APPLIED DELIVERED", "APPLIED WITHDRAWN", "REFUSED STATE WITHDRAWN",
        "APPLIED WITHDRAWN"])
    tap.ok("after consent was revoked, no element is taken",
           answers(door, remote, first + 4, 1)[0].split()[:2] in (
               ["REFUSED", "STATE"], ["REFUSED", "CONSENT_MISSING"]))
    first = tell(door, remote, send_event(world, door, 3),
                 later_event(world, 3, "WRONG_PERSON_OR_PLACE", 2, "STAFF",
                             details=[detail("what", "person")]))
    tap.equal("sent to the wrong place",
              answers(door, remote, first, 2),
              ["APPLIED DELIVERED", "APPLIED VOID"])


def state_is(world, name, state):
    return ("\nstate\t%s\n" % state) in world.hospital.ctl(
        "referral", "show", name)


def referral_start(world, peer, remote, service, purpose, key, move):
    """The hospital refers to one of ours; `move` makes both sides go. The
    referral as a number, and its name."""
    tap, hospital = world.tap, world.hospital
    path = os.path.join(world.folder, "referral.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(REFERRAL.format(
            to=peer.agency.id, service=service, purpose=purpose,
            now=time_now(), last=date_of(30)))
    output = hospital.ctl("referral", "send", path, "--key", key)
    name = [line.split("\t")[1] for line in output.splitlines()
            if line.startswith("referral\t")][0]
    number = int(name[len("urn:uuid:"):].replace("-", ""), 16)
    wait_until("SEND", lambda: (move(), events_of(peer, number))[1])
    event = events_of(peer, number)[0]
    tap.equal("the hospital's SEND came to " + peer.agency.name,
              (event.type.name, event.request.service, event.seq,
               [(one.code, one.value) for one in event.elements]),
              ("SEND", service, 1, [("call_name", "Sasha")]))
    wait_until("delivered", lambda: (
        move(), state_is(world, name, "delivered"))[1])
    tap.ok("our cosignature and answer made it delivered", True)
    return number, name


def referral_in(world, peer, remote, service, purpose, move):
    """The hospital refers to one of ours, and the person withdraws; the
    referral as a number."""
    tap, hospital = world.tap, world.hospital
    number, name = referral_start(world, peer, remote, service, purpose,
                                  service, move)
    referral = number.to_bytes(16, "big")
    for seq, kind, state, more in (
            (1, "OPENED", "seen", {"role": "worker"}),
            (2, "ACCEPT", "accepted",
             {"details": [detail("offer", "any evening")]})):
        first = tell(peer, remote, later_event(
            world, number, kind, seq, "STAFF", events_of(peer, number)[0].mou,
            state=m.ReferralState[state.upper()], **more))
        peer.referrals[referral] = m.ReferralState[state.upper()]
        wait_until(state, lambda state=state: (
            move(), state_is(world, name, state))[1])
        tap.equal("%s moved it to %s" % (kind, state),
                  answers(peer, remote, first, 1),
                  ["APPLIED " + state.upper()])
    hospital.ctl("referral", "act", name, "withdraw", "--actor", "person")
    wait_until("withdrawn", lambda: (move(), peer.referrals[
        referral])[1] == m.ReferralState.WITHDRAWN)
    tap.ok("the person's withdrawal came", True)
    wait_until("all is answered", lambda: (move(), hospital.peer(
        peer.agency.id)["unanswered"])[1] == 0)
    tap.ok("and our answer to it", True)
    return number


def referrals_in(world):
    """The hospital refers to an agency that listens."""
    door, remote = world.door, world.door_remote
    referral_in(world, door, remote, "hr.dropin", "harm_reduction",
                lambda: door.deliver(remote))


def referrals_collected(world):
    """The same with an agency that only dials out."""
    social, far = world.social, world.social_remote

    def move():
        collect_once(social, far, 50)
        social.deliver(far)
    world.social_number = referral_in(
        world, social, far, "soc.shelter", "shelter", move)


# ---- A gateway that only dials out ---------------------------------------

def collecting_gateway(world):
    """We are the endpoint, and a gateway without one collects from us."""
    tap = world.tap
    outreach = world.gateway("outreach", "Outreach Van", is_in_card=False)
    card = outreach.card()
    tap.equal("its card names no endpoint", card.endpoints, [])
    shelter, _ = world.peer("Shelter", listens=True)
    shelter.remotes.clear()
    remote = shelter.accept(card)
    # it does listen, which nobody knows: so we have seen its certificate
    # before it dials
    connection, shelter.listener.certificate = dial(
        "127.0.0.1", outreach.port, shelter.agency.folder,
        card.keys_not_over(m.KeyPurpose.TLS, now_ms()))
    connection.close()
    befriend(outreach, shelter.agency.card, card.id)
    wait_until("it asks for a parcel", lambda: remote.collects)
    tap.ok("it sends HEAD and COLLECT", True)
    with shelter.lock:
        shelter.write(remote, m.EntryKind.PADDING, b"")
        shelter.write(remote, m.EntryKind.CARD, shelter.agency.card.signed)
    tap.equal("its answers are delivered to us",
              answers(shelter, remote, 1, 1), ["APPLIED -"])
    wait_until("cosigned", lambda: remote.authored.size_cosigned == 2)
    tap.ok("its next COLLECT brought the cosignature", True)
    kinds = [header_read(entry).kind.name
             for entry in remote.received.entries]
    tap.equal("what it wrote", kinds, ["ANSWER"])
    tap.equal("its own look at its ledgers",
              outreach.run("ledger", "verify")[0], 0)


def restart(world):
    """Unsettled after a start, and nothing is forgotten."""
    tap, hospital = world.tap, world.hospital
    door, remote = world.door, world.door_remote
    before = remote.authored.cosigned.encode()
    fence = remote.authored.fence
    tap.equal("the gateway stops", hospital.stop(), 0)
    door.requests.clear()
    # it must not settle by itself before we asked
    door.instead = lambda kind, body: (m.ReplyKind.BUSY, m.Busy(
        retry_after_ms=1).encode()) if kind == m.RequestKind.HEAD else None
    hospital.start()
    parcel = m.Parcel(
        first_index=remote.authored.size_cosigned - 1,
        entries=remote.authored.entries[-1:],
        note=remote.authored.note_over(remote.authored.entries).encode())
    deliver = m.Deliver(fence=fence, parcel=parcel).encode()
    tap.equal("a parcel before HEAD", outcome(
        door.ask, remote, m.RequestKind.DELIVER, deliver),
        "BEHIND UNSETTLED")
    door.instead = lambda kind, body: None
    tap.equal("HEAD", outcome(door.head_ask, remote), "HEAD")
    tap.equal("and again, with its fence: it is no old one",
              outcome(door.head_ask, remote), "HEAD")
    reply = door.ask(remote, m.RequestKind.DELIVER, m.Deliver(
        fence=remote.authored.fence, parcel=parcel).encode())
    tap.equal("the old parcel gets the note of before the restart",
              m.Cosigned.decode(reply.body).note, before)
    first = tell(door, remote, (m.EntryKind.CARD, door.agency.card.signed))
    tap.equal("and all goes on", answers(door, remote, first, 1),
              ["APPLIED -"])


