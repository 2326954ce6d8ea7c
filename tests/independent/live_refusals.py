"""What the hospital does not take: sections 3 to 8, from the wire."""
import os

from live_world import now_ms, outcome, reply_words
from refer import messages as m
from refer import request
from refer.card import KeySheet
from refer.evidence import Contradiction
from refer.keys import SealingKeyPair, SigningKey
from refer.ledger import Authored, entry_make, root_of
from refer.note import Note, note_read, origin_text
from refer.text import armour

KIND = m.RequestKind
PADDING = m.EntryKind.PADDING


def padding(count=1, content=b""):
    return [entry_make(PADDING, now_ms(), content) for _ in range(count)]


# ---- Strangers -----------------------------------------------------------

def strangers(world):
    """Who was not accepted gets no further than to be refused."""
    tap = world.tap
    stranger, remote = world.peer("Stranger")
    for when in ("at first", "again"):
        got = outcome(stranger.head_ask, remote)
        tap.ok("a stranger's HEAD is refused " + when,
               got in ("ended", "plain REFUSED"), got)
        stranger.hang_up(remote)
    known, _ = world.accepted("Known")
    # the TLS key of who is accepted, the signature of a stranger
    stranger.agency.folder = known.agency.folder
    tap.equal("a stranger on the connection of somebody known",
              outcome(stranger.head_ask, remote), "plain REFUSED")
    stranger.hang_up(remote)
    imported, remote = world.peer("Not yet accepted")
    world.hospital.import_card(imported.agency.card)
    got = outcome(imported.head_ask, remote)
    tap.ok("a card that was imported and not accepted is a stranger's",
           got in ("ended", "plain REFUSED"), got)


# ---- Envelopes -----------------------------------------------------------

def damaged(envelope, **changes):
    """The envelope with fields of its header changed."""
    outer = m.Envelope.decode(envelope)
    header = m.EnvelopeHeader.decode(outer.header)
    for field, value in changes.items():
        setattr(header, field, value)
    outer.header = header.encode()
    return outer.encode()


def envelopes(world):
    """Bytes of an envelope that are not as they were sealed."""
    tap = world.tap
    peer, remote = world.settled("Envelope")
    body = peer.head(remote).encode()
    good, _ = peer.seal(remote, KIND.HEAD, body)
    tap.equal("as it was sealed", outcome(
        peer.head_ask, remote), "HEAD")
    rows = [
        ("another recipient", {"recipient": peer.agency.id},
         "plain REFUSED"),
        ("no recipient", {"recipient": "x"}, "plain REFUSED"),
        ("another version", {"version": 2}, "plain REFUSED"),
        ("another sealing key", {"key_id": 1}, "plain REKEY"),
        ("another encapsulated key", {"enc": os.urandom(32)},
         "plain REFUSED"),
        ("an encapsulated key of low order", {"enc": bytes(31) + b"\1"},
         "plain REFUSED"),
        ("a short encapsulated key", {"enc": b"\1"}, "plain REFUSED"),
    ]
    for name, changes, expected in rows:
        tap.equal(name, outcome(peer.ask_raw, remote, damaged(
            good, **changes)), expected)
    refused = 0
    places = list(range(0, len(good), 97)) + [len(good) - 1]
    for at in places:
        bad = bytearray(good)
        bad[at] ^= 1 << at % 8
        got = outcome(peer.ask_raw, remote, bytes(bad))
        refused += got in ("plain REFUSED", "plain REKEY")
    tap.equal("a damaged byte anywhere", refused, len(places))
    tap.equal("nothing at all", outcome(peer.ask_raw, remote, b""),
              "plain REFUSED")
    tap.equal("half of it", outcome(
        peer.ask_raw, remote, good[:len(good) // 2]), "plain REFUSED")
    sheet = peer.ask_raw(remote, damaged(good, key_id=7)).sheet
    tap.equal("the sheet in REKEY verifies", KeySheet(
        sheet.encode(), remote.card).serial, remote.sheet.serial)


def craft(peer, remote, kind=KIND.HEAD, body=None, sender=None,
          recipient=None, operation=None, shape=request.pad, again=None):
    """A sealed request in which one thing is not as it must be."""
    recipient = recipient or remote.card.id
    operation = operation or peer.agency.operation
    inner = m.Request(
        sender=sender or peer.agency.id, kind=kind, at_ms=now_ms(),
        body=peer.head(remote).encode() if body is None else body).encode()

    def make(context):
        if again is not None:
            return shape(again)
        return shape(m.SignedRequest(
            request=inner, key_id=operation.id,
            signature=operation.sign(request.request_statement(
                recipient, context, inner))).encode())
    return request.seal_padded(
        remote.card.id, peer.sealing_key(remote, KIND.HEAD), make)[0]


def signatures(world):
    """Requests that open, and prove nothing."""
    tap = world.tap
    peer, remote = world.settled("Signature")
    other, _ = world.accepted("Other")

    def ask(**changes):
        return outcome(peer.ask_raw, remote, craft(peer, remote, **changes))

    tap.equal("signed for another recipient",
              ask(recipient=other.agency.id), "plain REFUSED")
    tap.equal("signed by another's key",
              ask(operation=other.agency.operation), "plain REFUSED")
    tap.equal("signed by the log key",
              ask(operation=peer.agency.log), "plain REFUSED")
    tap.equal("signed by a key of no card",
              ask(operation=SigningKey(os.urandom(32))), "plain REFUSED")
    tap.equal("in the name of another", ask(sender=other.agency.id),
              "plain REFUSED")
    tap.equal("in the name of nobody", ask(sender="a" * 26),
              "plain REFUSED")
    tap.equal("of no kind", ask(kind=KIND.UNSPECIFIED), "plain REFUSED")

    kept = []

    def keep(data):
        kept.append(data)
        return request.pad(data)
    craft(peer, remote, shape=keep)
    tap.equal("a signed request, sealed again",
              ask(again=kept[0]), "plain REFUSED")
    tap.equal("padded to a larger step than it needs", ask(
        shape=lambda data: request.pad(data).ljust(16384, b"\0")),
        "plain REFUSED")
    tap.equal("padded to no step", ask(
        shape=lambda data: request.pad(data) + b"\0"), "plain REFUSED")
    tap.equal("padded with something", ask(
        shape=lambda data: request.pad(data)[:-1] + b"\1"),
        "plain REFUSED")
    tap.equal("a count beyond the end", ask(
        shape=lambda data: b"\xff\xff\xff\xff" + request.pad(data)[4:]),
        "plain REFUSED")
    tap.equal("an unknown field", ask(
        shape=lambda data: request.pad(data + b"\x28\x01")),
        "plain REFUSED")
    tap.equal("a field twice", ask(
        shape=lambda data: request.pad(b"\x0a\x00" + data)),
        "plain REFUSED")


def kinds(world):
    """Requests of every kind, and the last resort."""
    tap = world.tap
    peer, remote = world.settled("Kinds")
    fetch = m.Fetch(lane=m.Lane.MAIN, generation=1, size_max=1000).encode()
    tap.equal("FETCH of a generation that is none of ours", outcome(
        peer.ask, remote, KIND.FETCH, fetch), "REFUSED ADDRESS")
    # INTRODUCE has live_introduction.py
    tap.equal("a HEAD that does not decode", outcome(
        peer.ask, remote, KIND.HEAD, b"\xff"), "REFUSED MALFORMED")
    tap.equal("a DELIVER that does not decode", outcome(
        peer.ask, remote, KIND.DELIVER, b"\xff"), "REFUSED MALFORMED")
    tap.equal("a COLLECT that does not decode", outcome(
        peer.ask, remote, KIND.COLLECT, b"\xff"), "REFUSED MALFORMED")
    tap.equal("a COLLECT of the lane bulk", outcome(
        peer.ask, remote, KIND.COLLECT,
        m.Collect(lane=m.Lane.BULK).encode()), "REFUSED MALFORMED")
    last = remote.card.keys(m.KeyPurpose.LAST_RESORT, now_ms())[0]
    tap.equal("HEAD to the last-resort key", outcome(
        peer.head_ask, remote, sealing_key=last), "HEAD")
    collect = m.Collect(lane=m.Lane.MAIN, wait_ms=10).encode()
    for kind, body in ((KIND.DELIVER, b""), (KIND.COLLECT, collect),
                       (KIND.FETCH, fetch)):
        tap.equal(kind.name + " to the last-resort key", outcome(
            peer.ask, remote, kind, body, sealing_key=last),
            "REFUSED LAST_RESORT")
    views = [m.LedgerView(lane=m.Lane.MAIN, fence=bytes(32))] * 2
    tap.equal("a HEAD with a view twice", outcome(
        peer.ask, remote, KIND.HEAD, m.Head(ledgers=views).encode()),
        "REFUSED MALFORMED")
    unknown = SealingKeyPair(os.urandom(32)).public
    tap.equal("sealed to a key that is nobody's", outcome(
        peer.ask, remote, KIND.HEAD, peer.head(remote).encode(),
        sealing_key=unknown), "plain REKEY")


# ---- Parcels -------------------------------------------------------------

def fence_ask(peer, remote):
    """HEAD, whatever it says of a ledger that was written by hand; and again,
    with the fence of the first, so that it is no old one."""
    peer.head_ask(remote)
    reply = peer.head_ask(remote)
    return [view.fence for view in m.Head.decode(reply.body).ledgers
            if not view.authored][0]


class Book:
    """A ledger to the hospital whose parcels are written by hand."""

    def __init__(self, peer, remote):
        self.peer = peer
        self.remote = remote
        self.book = Authored(peer.agency.id, remote.card.id, peer.agency.log)
        self.book.generation = 0x1234567890abcdef
        self.entries = []
        self.fence = remote.authored.fence

    def note(self, count, **changes):
        """Over the first entries; or with something else in it."""
        origin = origin_text(
            changes.get("author", self.book.author),
            changes.get("recipient", self.book.recipient),
            changes.get("generation", self.book.generation),
            changes.get("lane", "main"))
        note = Note(origin, changes.get("size", count),
                    changes.get("root", root_of(self.entries[:count])))
        note.sign(changes.get("key", self.book.log))
        if "witness" in changes:
            note.cosign(changes["witness"], now_ms() // 1000)
        return note.encode()

    def body(self, first, end, fence=None, entries=None, **changes):
        return m.Deliver(
            fence=self.fence if fence is None else fence,
            parcel=m.Parcel(
                first_index=first,
                entries=self.entries[first:end] if entries is None
                else entries, note=self.note(end, **changes))).encode()

    def send(self, body):
        return self.peer.ask(self.remote, KIND.DELIVER, body)

    def tell(self, *arguments, **changes):
        return outcome(self.send, self.body(*arguments, **changes))


def parcels(world):
    """One thing wrong with a parcel, and what it is answered."""
    tap = world.tap
    peer, remote = world.settled("Parcels")
    book = Book(peer, remote)
    book.entries = padding(6, b"x")
    good = book.entries
    agency = peer.agency
    flipped = [m.Entry(header=good[0].header, salt=good[0].salt,
                       content=b"y")]
    unknown = m.EntryHeader.decode(good[0].header).encode().replace(
        b"\x08\x0d", b"\x08\x63", 1)
    rows = [
        ("not a fence that was given", (0, 1), {"fence": os.urandom(32)},
         "BEHIND FENCE"),
        ("a short fence", (0, 1), {"fence": b"\1"}, "REFUSED MALFORMED"),
        ("a gap at the start", (1, 2), {}, "BEHIND GAP"),
        ("another size in the note", (0, 1), {"size": 2},
         "REFUSED MALFORMED"),
        ("a cosignature in the note", (0, 1), {"witness": agency.witness},
         "REFUSED MALFORMED"),
        ("another author", (0, 1), {"author": world.door.agency.id},
         "REFUSED ADDRESS"),
        ("another recipient", (0, 1), {"recipient": world.door.agency.id},
         "REFUSED ADDRESS"),
        ("the lane bulk", (0, 1), {"lane": "bulk"}, "REFUSED ADDRESS"),
        ("generation 0", (0, 1), {"generation": 0}, "REFUSED GENERATION"),
        ("signed by the witness key", (0, 1), {"key": agency.witness},
         "REFUSED SIGNATURE"),
        ("signed by nobody's key", (0, 1), {
            "key": SigningKey(os.urandom(32))}, "REFUSED SIGNATURE"),
        ("another root", (0, 1), {"root": bytes(32)}, "REFUSED MALFORMED"),
        ("a content of another digest", (0, 1), {"entries": flipped},
         "REFUSED MALFORMED"),
        ("a salt of another size", (0, 1), {"entries": [m.Entry(
            header=good[0].header, salt=b"1", content=b"x")]},
         "REFUSED MALFORMED"),
        ("a content without salt", (0, 1), {"entries": [m.Entry(
            header=good[0].header, content=b"x")]}, "REFUSED MALFORMED"),
        ("a header that does not decode", (0, 1), {"entries": [m.Entry(
            header=b"\xff", salt=bytes(32), content=b"x")]},
         "REFUSED MALFORMED"),
        ("a kind that is not in the table", (0, 1), {"entries": [m.Entry(
            header=unknown, salt=good[0].salt, content=b"x")]},
         "REFUSED MALFORMED"),
        ("no entries", (0, 0), {"entries": []}, "REFUSED MALFORMED"),
        ("more than 1024 entries", (0, 1), {"entries": good[:1] * 1025,
                                            "size": 1025},
         "REFUSED MALFORMED"),
    ]
    for name, place, changes, expected in rows:
        tap.equal("a parcel with " + name, book.tell(*place, **changes),
                  expected)
    repeats(tap, book)


def repeats(tap, book):
    """Parcels again, overlapping, and beside what is held."""
    peer, remote = book.peer, book.remote
    body = book.body(0, 3)
    envelope, secret = peer.seal(remote, KIND.DELIVER, body)
    reply = peer.ask_raw(remote, envelope, secret)
    tap.equal("three entries", reply_words(reply), "COSIGNED")
    note = m.Cosigned.decode(reply.body).note
    note_read(note).verify_cosignature(
        remote.card.keys(m.KeyPurpose.WITNESS, now_ms()))
    tap.ok("the cosignature holds", True)
    tap.ok("the note is ours with a line more",
           note.startswith(book.note(3)))
    again = peer.ask_raw(remote, envelope, secret)
    tap.equal("the same envelope again: the same note",
              m.Cosigned.decode(again.body).note, note)
    again = book.send(body)
    tap.equal("the same parcel, sealed anew: the same note",
              m.Cosigned.decode(again.body).note, note)
    detached = [m.Entry(header=entry.header) for entry in book.entries[:3]]
    again = book.send(book.body(0, 3, entries=detached))
    tap.equal("without its contents: the same note",
              m.Cosigned.decode(again.body).note, note)
    tap.equal("one that ends inside", book.tell(0, 2), "BEHIND BOUNDARY")
    tap.equal("a gap", book.tell(4, 5), "BEHIND GAP")
    tap.equal("another generation", book.tell(3, 4, generation=7),
              "REFUSED GENERATION")
    tap.equal("one that overlaps", book.tell(1, 4), "COSIGNED")
    tap.equal("the old one, still the same note", m.Cosigned.decode(
        book.send(body).body).note, note)
    fences(tap, book)


def fences(tap, book):
    """The fence of a reply retires those before it."""
    peer, remote = book.peer, book.remote
    old = book.fence
    tap.equal("before another HEAD", book.tell(4, 5), "COSIGNED")
    book.fence = fence_ask(peer, remote)
    new = book.fence
    tap.ok("each HEAD gives another", new != old)
    book.fence = old
    tap.equal("after it, under the old fence", book.tell(4, 5),
              "BEHIND FENCE")
    book.fence = new
    tap.equal("under the new, what is held", book.tell(4, 5), "COSIGNED")
    tap.equal("and what is not", book.tell(5, 6), "COSIGNED")


def unsettled(world):
    """Before HEAD nothing is taken."""
    tap = world.tap
    peer, remote = world.accepted("Unsettled")
    tap.equal("HEAD without views settles nothing", outcome(
        peer.ask, remote, KIND.HEAD, m.Head(
            card=m.SignedCard.decode(peer.agency.card.signed),
            sheet=peer.agency.sheet).encode()), "HEAD")
    reply = peer.ask(remote, KIND.HEAD, m.Head().encode())
    head = m.Head.decode(reply.body)
    remote.sheet = KeySheet(head.sheet.encode(), remote.card)
    fence = [view.fence for view in head.ledgers if not view.authored][0]
    book = Book(peer, remote)
    book.entries = padding()
    book.fence = fence
    tap.equal("a parcel before HEAD", book.tell(0, 1), "BEHIND UNSETTLED")
    tap.equal("a COLLECT before HEAD", outcome(
        peer.ask, remote, KIND.COLLECT,
        m.Collect(lane=m.Lane.MAIN, wait_ms=10).encode()),
        "BEHIND UNSETTLED")
    book.fence = fence_ask(peer, remote)
    tap.equal("after it", book.tell(0, 1), "COSIGNED")


# ---- Two roots for one size ----------------------------------------------

def conflicts(world):
    """What an author signs twice stops its ledger."""
    tap = world.tap
    for name, make in (("Root", conflict_repeat),
                       ("Header", conflict_overlap)):
        peer, remote = world.settled(name)
        book = Book(peer, remote)
        book.entries = padding(3)
        tap.equal("two entries", book.tell(0, 2), "COSIGNED")
        held = book.note(2)
        reply = make(book)
        tap.equal("another %s for the same size" % name.lower(),
                  reply_words(reply), "CONFLICT")
        conflict = m.Conflict.decode(reply.body)
        for what, data in (("held", conflict.held),
                           ("offered", conflict.offered)):
            note_read(data).verify_author([peer.agency.log.public])
            tap.ok("the note %s is signed by us" % what, True)
        tap.ok("the held one is the one that was cosigned",
               conflict.held.startswith(held), conflict.held)
        tap.equal("then the ledger is shut", book.tell(0, 2), "CONFLICT")
        head = m.Head.decode(peer.head_ask(remote).body)
        tap.equal("a HEAD shows the two notes",
                  [view.conflict for view in head.ledgers
                   if not view.authored], [conflict])
        tap.equal("and opens nothing", book.tell(0, 2), "CONFLICT")
        tap.equal("what is held verifies", world.hospital.run(
            "ledger", "verify", peer.agency.id)[0], 0)
        conflict_proved(world, peer)
        conflict_ended(world, book)


def conflict_proved(world, peer):
    """By a file, with a card alone."""
    tap, hospital, author = world.tap, world.hospital, peer.agency
    proof = os.path.join(world.folder, author.id + ".proof")
    card = os.path.join(world.folder, author.id + ".public")
    with open(card, "w", encoding="ascii") as file:
        file.write(armour("CARD", author.card.signed))
    hospital.ctl("ledger", "conflicts", author.id, "-o", proof)
    with open(proof, "rb") as file:
        Contradiction(file.read(), [author.card])
    tap.ok("the file that it writes convicts the author", True)
    tap.equal("referctl says so, too",
              hospital.run("ledger", "convict", proof, "--card", card)[0], 0)
    own = os.path.join(world.folder, "own.card")
    with open(own, "w", encoding="ascii") as file:
        file.write(armour("CARD", world.card.signed))
    tap.equal("of another agency it proves nothing",
              hospital.run("ledger", "convict", proof, "--card", own)[0], 3)


def conflict_ended(world, book):
    """By the operator's word, in a new generation."""
    tap, peer, remote = world.tap, book.peer, book.remote
    name = peer.agency.id
    old, held = book.book.generation, book.held
    # a HEAD says how far it goes: to what is held
    remote.authored.generation, remote.authored.entries = old, held
    remote.authored.cosigned = remote.authored.note_over(held)

    def begin(generation, size=len(held), root=None):
        end = m.Generation(previous=old, size=size,
                           root=root or root_of(held))
        book.book.generation = generation
        book.entries = [entry_make(m.EntryKind.GENERATION, now_ms(),
                                   end.encode())] + padding(1)
        book.fence = fence_ask(peer, remote)
        return book.tell(0, 2)
    tap.equal("a new generation has to wait", begin(old + 1),
              "REFUSED CLOSED")
    world.hospital.ctl("ledger", "renew", name)
    tap.equal("renewing twice is refused",
              world.hospital.run("ledger", "renew", name)[0], 3)
    tap.equal("one of another size is refused", begin(old + 1, size=1),
              "BEHIND GENERATION")
    book.book.generation, book.entries = old, held + padding(1)
    book.fence = fence_ask(peer, remote)
    tap.equal("and more of the old one, too",
              book.tell(len(held), len(held) + 1), "CONFLICT")
    tap.equal("one that names what is held is taken", begin(old + 2),
              "COSIGNED")
    states = [each["state"] for each in world.hospital.json(
        "ledger", "conflicts", name)]
    tap.equal("the conflict is over, and kept", states, ["over"])


def conflict_repeat(book):
    book.held = book.entries[:2]
    book.entries[:2] = padding(2, b"other")
    return book.send(book.body(0, 2))


def conflict_overlap(book):
    book.held = book.entries[:2]
    book.entries[1:2] = padding(1, b"other")
    return book.send(book.body(0, 3))


def closed(world):
    """An operator ends the talking."""
    tap = world.tap
    peer, remote = world.settled("Closed")
    book = Book(peer, remote)
    book.entries = padding(2)
    tap.equal("a parcel before it", book.tell(0, 1), "COSIGNED")
    world.hospital.ctl("peer", "close", peer.agency.id)
    tap.equal("a parcel after it", book.tell(1, 2), "REFUSED CLOSED")
    tap.equal("the same parcel again", book.tell(0, 1), "REFUSED CLOSED")
    tap.equal("COLLECT", outcome(peer.ask, remote, KIND.COLLECT, m.Collect(
        lane=m.Lane.MAIN, wait_ms=10).encode()), "REFUSED CLOSED")
    tap.equal("HEAD", outcome(peer.head_ask, remote), "REFUSED CLOSED")
    tap.equal("INTRODUCE", outcome(peer.introduce, remote), "REFUSED CLOSED")
