"""Agencies of which one does not know the other: section 5.1."""
import os

from live_connection import call, ends
from live_refusals import craft
from live_world import meet, outcome, reply_words, wait_until
from refer import keys
from refer import messages as m
from refer.frames import frame
from refer.introduction import introduce, invitation, invitation_read
from refer.request import reply_open

KIND = m.RequestKind
STRANGER_SIZE_MAX = 17412


def state(world, peer):
    """What the hospital says of it; "unknown" when nothing."""
    known = world.hospital.peer(peer.agency.id)
    return known["state"] if known else "unknown"


def left(world):
    """A card is left by a stranger, and waits for an operator."""
    tap, hospital = world.tap, world.hospital
    peer, remote = world.peer("Newcomer")
    reply = peer.introduce(remote)
    tap.equal("INTRODUCE of a stranger", reply_words(reply), "HEAD")
    head = m.Head.decode(reply.body)
    tap.equal("its HEAD has no views", head.ledgers, [])
    tap.equal("but the card", head.card.encode(), world.card.signed)
    tap.ok("and the key sheet", remote.sheet is not None)
    tap.equal("the card waits", state(world, peer), "introduced")
    tap.equal("HEAD is still refused", outcome(peer.head_ask, remote),
              "plain REFUSED")
    peer.agency.card_renew()
    tap.equal("again, with card 2 and to a key of the day",
              reply_words(peer.introduce(remote)), "HEAD")
    tap.equal("card 2 is the one that waits", hospital.json(
        "card", "show", peer.agency.id)["serial"], 2)
    hospital.accept_card(peer.agency.id, keys.safety_number(
        world.card.id, peer.agency.id))
    reply = peer.introduce(remote)
    tap.equal("accepted, INTRODUCE is answered with views", len(
        m.Head.decode(reply.body).ledgers), 2)
    tap.equal("and HEAD is answered", outcome(peer.head_ask, remote), "HEAD")


def invited(world):
    """A code makes it an invited one, once."""
    tap, hospital = world.tap, world.hospital
    path = os.path.join(world.folder, "invitation")
    hospital.ctl("peer", "invite", "-o", path)
    with open(path, encoding="ascii") as file:
        text = file.read()
    card, code = invitation_read(text)
    tap.equal("the card in the invitation", card.signed, world.card.signed)
    tap.equal("it has one spelling", invitation(card, code), text)
    peer, remote = world.peer("Guest")
    tap.equal("a wrong code", reply_words(
        peer.introduce(remote, "a" * 20)), "HEAD")
    tap.equal("is none", state(world, peer), "introduced")
    tap.equal("the code", reply_words(peer.introduce(remote, code)), "HEAD")
    tap.equal("invites", state(world, peer), "invited")
    other, other_remote = world.peer("Another guest")
    tap.equal("the same code again", reply_words(
        other.introduce(other_remote, code)), "HEAD")
    tap.equal("is none", state(world, other), "introduced")


def false_ones(world):
    """Introductions that prove nothing."""
    tap = world.tap
    peer, remote = world.peer("Nobody")
    known, known_remote = world.accepted("Somebody")
    other = known.agency.card
    size = STRANGER_SIZE_MAX - 4
    rows = [
        ("not one", b"\xff", {}),
        ("no card", m.Introduce(invitation="a" * 20).encode(), {}),
        ("the card of another", introduce(other), {}),
        ("signed by another's key", introduce(peer.agency.card),
         {"operation": known.agency.operation}),
        ("in the name of another", introduce(peer.agency.card),
         {"sender": known.agency.id}),
    ]
    for name, body, changes in rows:
        tap.equal("a stranger's, " + name, outcome(
            peer.ask_raw, remote, craft(peer, remote, KIND.INTRODUCE, body,
                                        **changes)), "plain REFUSED")
    for name, body, _ in rows[:2]:
        tap.equal("of somebody known, " + name, outcome(
            known.ask, known_remote, KIND.INTRODUCE, body),
            "REFUSED MALFORMED")
    tap.equal("of somebody known, the card of another", outcome(
        known.ask, known_remote, KIND.INTRODUCE,
        introduce(peer.agency.card)), "REFUSED MALFORMED")
    tap.equal("nobody has left a card", state(world, peer), "unknown")
    caller = call(peer, remote)
    tap.equal("the largest frame of a stranger", reply_open(
        caller.ask(bytes(size)), None, remote.card, 0).kind.name, "REFUSED")
    caller.send_raw(frame(2, bytes(size + 1)))
    tap.ok("one larger ends the connection", ends(caller))


def introduces(world):
    """The hospital was invited by us."""
    tap, hospital = world.tap, world.hospital
    peer, remote = world.peer("Host", listens=True)
    meet(peer, remote)  # for the certificate
    code = "b" * 20
    with peer.lock:
        del peer.remotes[world.card.id]
        peer.waiting.codes.add(code)
    path = os.path.join(world.folder, "host.invitation")
    with open(path, "w", encoding="ascii") as file:
        file.write(invitation(peer.agency.card, code))
    status, said = hospital.run("card", "accept", path)
    tap.ok("somebody has to compare the agency id",
           status == 3 and peer.agency.id in said, said)
    hospital.ctl("card", "accept", peer.agency.id, "--invitation", code)
    wait_until("its card", lambda: world.card.id in peer.waiting.invited)
    tap.equal("it came with the code", peer.waiting.cards[
        world.card.id].signed, world.card.signed)
    with peer.lock:
        remote = peer.accept(peer.waiting.cards[world.card.id])
    tap.equal("it knows us", outcome(peer.head_ask, remote), "HEAD")
    wait_until("settled", lambda: hospital.is_settled(peer.agency.id))
    tap.ok("and goes on with HEAD by itself",
           KIND.HEAD in peer.requests)
