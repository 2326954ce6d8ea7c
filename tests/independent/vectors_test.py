#!/usr/bin/env python3
"""Does another implementation read what ours writes?  usage: vectors_test.py

Every vector of proto/vectors is verified, made again byte for byte from the
fixed keys that its explanation names, and refused with any byte damaged.
"""
import base64
import os
import sys

from refer import card, keys, ledger, merkle, mou, request, text
from refer import messages as m
from refer.erasure import notice_read
from refer.event import event_read
from refer.evidence import Contradiction
from refer.hpke import derive_key_pair
from refer.introduction import introduce
from refer.note import (TYPE_AUTHOR, TYPE_COSIGNATURE, Note, note_read,
                        origin_text, vkey)
from refer.wire import Refused
from tap import Tap

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
FOLDER = os.path.join(ROOT, "proto", "vectors")
START_MS = 1767225600000
END_MS = 1830297600000
DAY = 20454
DAY_MS = 86400000
GENERATION = 0x0123456789abcdef
COSIGNED_S = 1767225601


def repeated(byte):
    return bytes([byte]) * 32


def signer(byte):
    return keys.SigningKey(repeated(byte))


def sealer(byte):
    return keys.SealingKeyPair(repeated(byte))


A = keys.agency_id(signer(0xa0).public)  # Open Door, the author
B = keys.agency_id(signer(0xb0).public)  # the hospital, the recipient


def load():
    """All vectors, by their file's name."""
    vectors = {}
    for name in sorted(os.listdir(FOLDER)):
        if name == "evidence":  # a folder: evidence_test.py
            continue
        with open(os.path.join(FOLDER, name), "rb") as file:
            data = file.read()
        if name.endswith(".hex"):
            lines = data.decode("ascii").split("\n")
            assert lines.pop() == "" and all(
                len(line) == 64 for line in lines[:-1]), name
            vectors[name] = bytes.fromhex("".join(lines))
        elif name.endswith(".txt"):
            vectors[name] = data
    return vectors


V = load()


# ---- Made again ----------------------------------------------------------

def card_key(purpose, public_key):
    return m.Key(purpose=m.KeyPurpose[purpose], public_key=public_key,
                 valid_from_ms=START_MS, valid_until_ms=END_MS)


def spki_hash(public_key):
    return keys.sha256(bytes.fromhex("302a300506032b6570032100"), public_key)


def card_opendoor():
    return card.card_sign(m.Card(
        root_key=signer(0xa0).public, serial=1, name="Open Door",
        endpoints=["tls+tcp://gateway.opendoor.example:7443"],
        keys=[card_key("LOG", signer(0xa1).public),
              card_key("OPERATION", signer(0xa3).public)],
        contacts=[m.Contact(role="referral_lead", name="Front desk",
                            phone="+000 555 0101")],
        issued_ms=START_MS, valid_until_ms=END_MS), signer(0xa0)).encode()


def card_hospital():
    return card.card_sign(m.Card(
        root_key=signer(0xb0).public, serial=2, previous=repeated(0x66),
        name="City TB Hospital",
        endpoints=["tls+tcp://gateway.hospital.example:7443",
                   "tls+tcp://[2001:db8::7]:443"],
        keys=[card_key("LOG", signer(0xb1).public),
              card_key("WITNESS", signer(0xb2).public),
              card_key("OPERATION", signer(0xb3).public),
              card_key("LAST_RESORT", sealer(0xb4).public),
              card_key("TLS", spki_hash(signer(0xb6).public))],
        contacts=[m.Contact(role="intake_nurse", name="TB ward",
                            phone="+000 555 0202",
                            hours="Mo-Fr 08:00-16:00"),
                  m.Contact(role="technical_lead")],
        issued_ms=START_MS, valid_until_ms=END_MS), signer(0xb0)).encode()


def key_sheet():
    sealing = [m.SealingKey(
        public_key=sealer(byte).public, day=DAY + i,
        valid_from_ms=START_MS + i * DAY_MS,
        valid_until_ms=START_MS + (i + 8) * DAY_MS)
        for i, byte in enumerate((0xb5, 0xb7))]
    return card.key_sheet_sign(
        m.KeySheet(agency=B, serial=3, issued_ms=START_MS, keys=sealing),
        signer(0xb3)).encode()


def revocation():
    data = m.Revocation(agency=A, issued_ms=START_MS,
                        reason="keys were copied").encode()
    return m.SignedRevocation(
        revocation=data,
        signature=signer(0xa0).sign(b"refer.v1 revocation", data)).encode()


def card_next():
    held = m.SignedCard.decode(V["card_opendoor.hex"])
    next_card = m.Card.decode(held.card)
    next_card.serial = 2
    next_card.previous = keys.sha256(held.card)
    next_card.issued_ms = START_MS + DAY_MS
    log = card_key("LOG", signer(0xa8).public)
    log.valid_from_ms = START_MS + 2 * DAY_MS
    next_card.keys = next_card.keys + [log]
    return next_card


def revocation_ledgers():
    data = m.Revocation(
        agency=A, issued_ms=START_MS + DAY_MS,
        ledgers=[m.LedgerEnd(author=A, recipient=B, generation=GENERATION,
                             size=2, root=repeated(0x77)),
                 m.LedgerEnd(author=B, recipient=A, generation=1)]).encode()
    return m.SignedRevocation(
        revocation=data,
        signature=signer(0xa0).sign(b"refer.v1 revocation", data)).encode()


def agreement():
    return m.Mou(
        id="urn:mou:example:tb-support", title="Referrals for a TB check",
        version=1, from_ms=START_MS, until_ms=END_MS,
        parties=[
            m.MouParty(id="opendoor", name="Open Door outreach", agency=A,
                       root_key=signer(0xa0).public, refers=True),
            m.MouParty(id="tbhosp", name="City TB Hospital", agency=B,
                       root_key=signer(0xb0).public, receives=True)],
        services=[m.MouService(id="tb.assess", party="tbhosp",
                               name="TB check", walk_in=True, booked=True)],
        pathways=[m.MouPathway(
            **{"from": "opendoor"}, to="tb.assess", purpose="tb_assessment",
            hops_max=1, forward=m.MouForward.WITH_CONSENT)],
        purposes=[m.MouPurpose(
            purpose="tb_assessment", required=["call_name"],
            allowed=["contact_route", "cough_weeks", "year_of_birth"])],
        never_share=["immigration_status", "photo"], consent_days_max=365,
        signatures_required=["opendoor", "tbhosp"]).encode()


def mou_signatures():
    mou_id = keys.sha256(V["mou.hex"])
    return [mou.mou_sign(mou_id, A, signer(0xa0)),
            mou.mou_sign(mou_id, B, signer(0xb0))]


def event_send():
    codes = ["call_name", "cough_weeks"]
    return m.ReferralEvent(
        referral=b"\x77" * 16, mou=keys.sha256(V["mou.hex"]),
        type=m.EventType.SEND, seq=1, actor=m.ActorKind.STAFF,
        role="outreach_worker", at_ms=START_MS + 90000, key="r-1",
        request=m.ReferralRequest(
            service="tb.assess", purpose="tb_assessment",
            urgency=m.Urgency.SOON, choice=m.Choice.CHOSEN,
            ask_back=m.AskBack.OUTCOME_CODE,
            reason_plain="I have been coughing for three weeks.",
            thread=b"\x78" * 16, consent_at_ms=START_MS,
            grants=[m.Grant(to=B, purpose="tb_assessment", elements=codes,
                            until_ms=START_MS + 60 * DAY_MS)]),
        elements=[m.Element(code="call_name", value="Sasha"),
                  m.Element(code="cough_weeks", value="3")]).encode()


def event_withdraw():
    return m.ReferralEvent(
        referral=b"\x77" * 16, mou=repeated(0x11),
        type=m.EventType.WITHDRAW, seq=2, seen=1, actor=m.ActorKind.PERSON,
        at_ms=START_MS + 100000, key="w-1").encode()


def event_decline():
    return m.ReferralEvent(
        referral=b"\x77" * 16, mou=keys.sha256(V["mou.hex"]),
        type=m.EventType.DECLINE, seq=2, seen=1, actor=m.ActorKind.STAFF,
        role="intake_nurse", at_ms=START_MS + 110000,
        details=[m.Detail(name="reason", value="NO_CAPACITY"),
                 m.Detail(name="next_option", value="the mobile clinic")],
        state=m.ReferralState.DECLINED).encode()


def answer():
    return m.Answer(generation=GENERATION, lane=m.Lane.MAIN, items=[
        m.AnswerItem(index=0, count=1, verdict=m.Verdict.APPLIED),
        m.AnswerItem(
            index=3, count=1, verdict=m.Verdict.REFUSED,
            problem=m.Problem.ELEMENT_NOT_ALLOWED, clause="never_share",
            remedy="remove photo: the agreement never shares it",
            state=m.ReferralState.REFUSED_BY_POLICY)]).encode()


def entries():
    rows = [("MOU_IN_FORCE", V["mou_in_force.hex"]), ("PADDING", b""),
            ("MOU_OFFER", V["mou_offer.hex"]),
            ("MOU_SIGNATURES", V["mou_signatures.hex"]),
            ("REFERRAL_EVENT", V["event_send.hex"]),
            ("REFERRAL_EVENT", V["event_withdraw.hex"]),
            ("CARD", V["card_opendoor.hex"])]
    made = [ledger.entry_make(m.EntryKind[kind], START_MS + i, content,
                              repeated(0x20 + i))
            for i, (kind, content) in enumerate(rows)]
    made[5] = ledger.entry_detach(made[5])
    return made


def checkpoint(size, is_cosigned=False):
    book = ledger.Authored(A, B, signer(0xa1))
    book.generation = GENERATION
    note = book.note_over(entries()[:size])
    if is_cosigned:
        note.cosign(signer(0xb2), COSIGNED_S)
    return note.encode()


def deliver(first, end):
    return m.Deliver(fence=repeated(0x33), parcel=m.Parcel(
        first_index=first, entries=entries()[first:end],
        note=checkpoint(end))).encode()


def deliver_absent():
    plain = m.Deliver.decode(V["deliver_second.hex"])
    plain.parcel.entries[2] = m.Entry(
        header=plain.parcel.entries[2].header, mention=m.Mention(
            referral=b"\x77" * 16, type=m.EventType.SEND, seq=1,
            mou=b"\x11" * 32))
    return plain.encode()


def deliver_absent_check(data):
    """No hash covers what is mentioned."""
    deliver_check("deliver.hex")(data)
    if m.Deliver.decode(data) != m.Deliver.decode(V["deliver_absent.hex"]):
        raise Refused("another message")


def sealed(sender, recipient, operation, sealing, kind, body, ikm):
    return request.request_seal(
        sender, signer(operation), recipient, sealer(sealing).public,
        m.RequestKind[kind], body, START_MS + 500, repeated(ikm))


def head_asked():
    return m.Head(
        ledgers=[m.LedgerView(authored=True, lane=m.Lane.MAIN, size=2,
                              generation=GENERATION, note=V["cosigned.txt"]),
                 m.LedgerView(lane=m.Lane.MAIN, fence=repeated(0x34))],
        card=m.SignedCard.decode(V["card_opendoor.hex"]),
        card_serial=2).encode()


def head_told():
    return m.Head(
        ledgers=[m.LedgerView(authored=True, lane=m.Lane.MAIN),
                 m.LedgerView(lane=m.Lane.MAIN, generation=GENERATION, size=2,
                              note=V["cosigned.txt"], fence=repeated(0x33))],
        card=m.SignedCard.decode(V["card_hospital.hex"]),
        sheet=m.SignedKeySheet.decode(V["key_sheet.hex"]),
        card_serial=1).encode()


def second_history():
    note = note_read(checkpoint(2))
    note.root = repeated(0x99)
    note.sign(signer(0xa1))
    return note.encode()


def contradiction():
    leaves = [merkle.leaf_hash(entry.header) for entry in entries()]
    hashes = [merkle.root(leaves[:2])] + merkle.consistency_proof(leaves, 2)
    lines = ["refer.v1 contradiction"] + [
        base64.b64encode(one).decode() for one in hashes]
    return b"%s\n\n%s\n%s\n" % (
        "\n".join(lines).encode(), second_history(), checkpoint(7))


def head_conflict():
    return m.Head(ledgers=[
        m.LedgerView(authored=True, lane=m.Lane.MAIN),
        m.LedgerView(lane=m.Lane.MAIN, generation=GENERATION, size=2,
                     note=V["cosigned.txt"], fence=repeated(0x33),
                     conflict=m.Conflict(held=V["cosigned.txt"],
                                         offered=second_history()))]).encode()


def collect():
    return m.Collect(lane=m.Lane.MAIN, wait_ms=240000,
                     cosigned=V["cosigned.txt"]).encode()


def mark_deliver():
    plain = m.Deliver.decode(V["deliver.hex"])
    return m.Deliver(fence=plain.fence, parcel=plain.parcel, collected=11,
                     collected_generation=0xfedcba9876543210).encode()


def mark_head():
    return m.Head(ledgers=[
        m.LedgerView(authored=True, lane=m.Lane.MAIN),
        m.LedgerView(lane=m.Lane.MAIN, generation=GENERATION, size=7,
                     note=checkpoint(7, True), fence=repeated(0x33),
                     collected=5)]).encode()


def head_epoch():
    return m.Head(ledgers=[
        m.LedgerView(authored=True, lane=m.Lane.MAIN),
        m.LedgerView(lane=m.Lane.MAIN, fence=repeated(0x34))],
        echo=repeated(0x33), epoch=0xfedcba9876543210).encode()


def fetch():
    return m.Fetch(lane=m.Lane.MAIN, authored=True, generation=GENERATION,
                   size_max=1048576).encode()


def fetched():
    rows = list(entries())
    for at, (kind, seq, mou) in {4: ("SEND", 1, b"\x11" * 32),
                                 5: ("WITHDRAW", 2, b"")}.items():
        rows[at] = m.Entry(
            header=rows[at].header, mention=m.Mention(
                referral=b"\x77" * 16, type=m.EventType[kind], seq=seq,
                mou=mou))
    return m.Fetched(parcels=[
        m.Parcel(entries=rows[:2], note=checkpoint(2, True)),
        m.Parcel(first_index=2, entries=rows[2:],
                 note=checkpoint(7, True))]).encode()


REQUESTS = {
    "request_fetched.hex": lambda: sealed(
        B, A, 0xb3, 0xa5, "FETCHED", fetched(), 0x49),
    "request_fetch.hex": lambda: sealed(
        A, B, 0xa3, 0xb5, "FETCH", fetch(), 0x48),
    "request_deliver.hex": lambda: sealed(
        A, B, 0xa3, 0xb5, "DELIVER", V["deliver.hex"], 0x44),
    "request_head.hex": lambda: sealed(
        A, B, 0xa3, 0xb4, "HEAD", head_asked(), 0x45),
    "request_collect.hex": lambda: sealed(
        B, A, 0xb3, 0xa5, "COLLECT", collect(), 0x46),
    "request_introduce.hex": lambda: sealed(
        A, B, 0xa3, 0xb4, "INTRODUCE", introduce(
            card.Card(V["card_opendoor.hex"]), "abcdefghijklmnopqrst"), 0x47),
}

# the reply: to which request, by whose operation key, kind, body
REPLIES = {
    "reply_cosigned.hex": (
        "request_deliver.hex", 0xb3, "COSIGNED",
        lambda: m.Cosigned(note=V["cosigned.txt"]).encode()),
    "reply_behind.hex": (
        "request_deliver.hex", 0xb3, "BEHIND",
        lambda: m.Behind(reason=m.BehindReason.GAP, size=1).encode()),
    "reply_busy.hex": (
        "request_deliver.hex", 0xb3, "BUSY",
        lambda: m.Busy(retry_after_ms=1000).encode()),
    "reply_conflict.hex": (
        "request_deliver.hex", 0xb3, "CONFLICT",
        lambda: m.Conflict(held=checkpoint(1),
                           offered=V["checkpoint.txt"]).encode()),
    "reply_refused.hex": (
        "request_deliver.hex", 0xb3, "REFUSED",
        lambda: m.Refusal(code=m.RefusalCode.NOT_OFFERED).encode()),
    "reply_head.hex": ("request_head.hex", 0xb3, "HEAD", head_told),
    "reply_fetch_wanted.hex": (
        "request_collect.hex", 0xa3, "FETCH_WANTED", fetch),
    "reply_fetched.hex": ("request_fetch.hex", 0xb3, "FETCHED", fetched),
    "reply_introduce.hex": (
        "request_introduce.hex", 0xb3, "HEAD", lambda: m.Head(
            card=m.SignedCard.decode(V["card_hospital.hex"]),
            sheet=m.SignedKeySheet.decode(V["key_sheet.hex"])).encode()),
    "reply_parcel.hex": ("request_collect.hex", 0xa3, "PARCEL",
                         lambda: V["deliver_second.hex"]),
    "reply_parcel_none.hex": ("request_collect.hex", 0xa3, "PARCEL",
                              lambda: b""),
}


def reply_made(name):
    asked, operation, kind, body = REPLIES[name]
    return request.reply_seal(
        REQUESTS[asked]()[1], signer(operation), m.ReplyKind[kind], body(),
        START_MS + 1000, repeated(0x55))


MADE = {
    "card_opendoor.hex": card_opendoor,
    "card_armour.txt": lambda: text.armour(
        "CARD", V["card_opendoor.hex"]).encode(),
    "card_hospital.hex": card_hospital,
    "key_sheet.hex": key_sheet,
    "revocation.hex": revocation,
    "card_request.hex": lambda: m.CardRequest(
        card=card_next().encode(), held=V["card_opendoor.hex"]).encode(),
    "card_opendoor_next.hex": lambda: card.card_sign(
        card_next(), signer(0xa0)).encode(),
    "revocation_ledgers.hex": revocation_ledgers,
    "head_revoked.hex": lambda: m.Head(
        card=m.SignedCard.decode(V["card_opendoor.hex"]),
        revocation=m.SignedRevocation.decode(
            V["revocation_ledgers.hex"])).encode(),
    "mou.hex": agreement,
    "mou_offer.hex": lambda: m.MouOffer(
        mou=V["mou.hex"], signatures=mou_signatures()[:1]).encode(),
    "mou_signatures.hex": lambda: m.MouSignatures(
        mou=keys.sha256(V["mou.hex"]), signatures=mou_signatures()).encode(),
    "mou_in_force.hex": lambda: m.MouInForce(mou=repeated(0x11)).encode(),
    "event_send.hex": event_send,
    "event_withdraw.hex": event_withdraw,
    "event_decline.hex": event_decline,
    "answer.hex": answer,
    "erasure_elements.hex": lambda: m.ErasureNotice(
        referral=b"\x77" * 16, elements=["contact_route", "call_name"],
        reason=m.ErasureReason.PERSON_ASKED, actor=m.ActorKind.PERSON,
        at_ms=START_MS + 120000).encode(),
    "erasure_all.hex": lambda: m.ErasureNotice(
        referral=b"\x77" * 16, reason=m.ErasureReason.RETENTION_OVER,
        actor=m.ActorKind.GATEWAY, at_ms=START_MS + 120000).encode(),
    "generation.hex": lambda: m.Generation(
        previous=GENERATION, size=2, root=repeated(0x88)).encode(),
    "contradiction.txt": contradiction,
    "head_conflict.hex": head_conflict,
    "checkpoint.txt": lambda: checkpoint(2),
    "cosigned.txt": lambda: checkpoint(2, True),
    "deliver.hex": lambda: deliver(0, 2),
    "deliver_second.hex": lambda: deliver(2, 7),
    "deliver_absent.hex": deliver_absent,
    "mark_deliver.hex": mark_deliver,
    "mark_collect.hex": lambda: m.Collect(
        lane=m.Lane.MAIN, wait_ms=240000, cosigned=checkpoint(7, True),
        collected=5).encode(),
    "mark_cosigned.hex": lambda: m.Cosigned(
        note=checkpoint(7, True), collected=5).encode(),
    "mark_head.hex": mark_head,
    "head_epoch.hex": head_epoch,
    "plain_rekey.hex": lambda: request.reply_plain(
        m.PlainKind.REKEY, m.SignedKeySheet.decode(V["key_sheet.hex"])),
    "plain_busy.hex": lambda: request.reply_plain(
        m.PlainKind.BUSY, retry_after_ms=1000),
    "plain_refused.hex": lambda: request.reply_plain(m.PlainKind.REFUSED),
    **{name: lambda make=make: make()[0] for name, make in REQUESTS.items()},
    **{name: lambda name=name: reply_made(name) for name in REPLIES},
}


# ---- Verified ------------------------------------------------------------

CARDS = {A: card.Card(V["card_opendoor.hex"]),
         B: card.Card(V["card_hospital.hex"])}
PAIRS = {A: [sealer(0xa5)], B: [sealer(0xb5), sealer(0xb4)]}


def content_check(index):
    """In the entry whose header was made for it."""
    header = entries()[index].header
    salt = repeated(0x20 + index)
    return lambda data: ledger.header_read(
        m.Entry(header=header, salt=salt, content=data))


def same_check(name):
    """Unsigned by itself: damage makes it unreadable or another message."""
    kind = {"plain": m.ReplyEnvelope, "answer": m.Answer,
            "generation": m.Generation, "erasure": m.ErasureNotice,
            "event": m.ReferralEvent, "head": m.Head}[
        name.split("_")[0].split(".")[0]]

    def check(data):
        if kind.decode(data) != kind.decode(V[name]):
            raise Refused("another message")
    return check


def mou_check(data):
    read = mou.Mou(data)
    for signature in mou_signatures():
        read.signature_check(signature)


def offer_check(data):
    offer = m.MouOffer.decode(data)
    read = mou.Mou(offer.mou)
    if len(offer.signatures) != 1:
        raise Refused("another number of signatures")
    read.signature_check(offer.signatures[0])
    content_check(2)(data)


def note_check(is_cosigned):
    def check(data):
        note = note_read(data)
        note.verify_author([signer(0xa1).public])
        if is_cosigned:
            note.verify_cosignature([signer(0xb2).public])
    return check


def deliver_check(before):
    def check(data):
        """As the recipient that gave fence 33."""
        book = ledger.Received(A, B)
        book.fences, book.is_settled = [repeated(0x33)], True
        log = [signer(0xa1).public]
        if before:
            book.deliver(V[before], log, signer(0xb2), COSIGNED_S)
        if m.Deliver.decode(data).collected:
            raise Refused("these have no mark")
        return book.deliver(data, log, signer(0xb2), COSIGNED_S)
    return check


def mark_deliver_check(data):
    """As the hospital, which has written twelve entries in that generation."""
    read = m.Deliver.decode(data)
    if read != m.Deliver.decode(V["mark_deliver.hex"]):
        raise Refused("another message")
    book = authored(read.collected_generation, 12, 12)
    book.mark_take(read.collected_generation, read.collected)
    if book.collected != 11:
        raise Refused("another mark")


def mark_check(kind, parts):
    """As Open Door, whose seven entries the note is of."""
    def check(data):
        read = kind.decode(data)
        name = {m.Collect: "mark_collect.hex", m.Head: "mark_head.hex",
                m.Cosigned: "mark_cosigned.hex"}[kind]
        if read != kind.decode(V[name]):
            raise Refused("another message")
        note, collected = parts(read)
        note = note_read(note)
        note.verify_author([signer(0xa1).public])
        note.verify_cosignature([signer(0xb2).public])
        book = authored(GENERATION, 7, note.size)
        book.mark_take(note.generation, collected)
        if book.collected != 5:
            raise Refused("another mark")
    return check


def authored(generation, size, size_cosigned):
    """A ledger of ours of that size, as far as marks look at it."""
    book = ledger.Authored(A, B, signer(0xa1))
    book.generation = generation
    book.entries = [None] * size
    book.cosigned = Note(origin_text(A, B, generation), size_cosigned,
                         bytes(32))
    return book


def request_check(name):
    recipient = A if name in (
        "request_collect.hex", "request_fetched.hex") else B
    pairs = {pair.id: pair for pair in PAIRS[recipient]}

    # who introduces itself is not known yet
    card_of = {}.get if name == "request_introduce.hex" else CARDS.get

    def check(data):
        return request.Opened(data, recipient, pairs, card_of,
                              START_MS + 500)
    return check


def reply_check(name):
    asked = REPLIES[name][0]
    secret = REQUESTS[asked]()[1]

    def check(data):
        reply = request.reply_open(data, secret, CARDS[secret.recipient],
                                   START_MS + 1000)
        if isinstance(reply, m.Plain):
            raise Refused("a plain reply")
        return reply
    return check


def rekey_check(data):
    reply = request.reply_open(data, None, CARDS[B], START_MS)
    if reply.kind != m.PlainKind.REKEY or reply.retry_after_ms:
        raise Refused("another hint")
    card.KeySheet(reply.sheet.encode(), CARDS[B])


def request_card_check(data):
    request = m.CardRequest.decode(data)
    if request.held != V["card_opendoor.hex"]:
        raise Refused("another card is held")
    signed = card.card_sign(m.Card.decode(request.card), signer(0xa0)).encode()
    if signed != V["card_opendoor_next.hex"]:
        raise Refused("another card is asked for")


def head_revoked_check(data):
    head = m.Head.decode(data)
    if head.card is None or head.revocation is None:
        raise Refused("without a card or a revocation")
    card.Card(head.card.encode())
    card.revocation_read(head.revocation.encode(), signer(0xa0).public)


def head_conflict_check(data):
    if m.Head.decode(data) != m.Head.decode(V["head_conflict.hex"]):
        raise Refused("another message")
    shown = m.Head.decode(data).ledgers[1].conflict
    for note in (shown.held, shown.offered):
        note_read(note).verify_author([signer(0xa1).public])


CHECKS = {
    "card_opendoor.hex": card.Card,
    "card_armour.txt": lambda data: card.Card(
        text.armour_read("CARD", ascii_read(data))),
    "card_hospital.hex": card.Card,
    "key_sheet.hex": lambda data: card.KeySheet(data, CARDS[B]),
    "revocation.hex": lambda data: card.revocation_read(
        data, signer(0xa0).public),
    "revocation_ledgers.hex": lambda data: card.revocation_read(
        data, signer(0xa0).public),
    "card_opendoor_next.hex": lambda data: card.Card(data).follows_check(
        card.Card(V["card_opendoor.hex"])),
    "card_request.hex": request_card_check,
    "head_revoked.hex": head_revoked_check,
    "mou.hex": mou_check,
    "mou_offer.hex": offer_check,
    "mou_signatures.hex": content_check(3),
    "mou_in_force.hex": content_check(0),
    "event_send.hex": content_check(4),
    "event_withdraw.hex": content_check(5),
    "event_decline.hex": same_check("event_decline.hex"),
    "answer.hex": same_check("answer.hex"),
    "erasure_elements.hex": same_check("erasure_elements.hex"),
    "erasure_all.hex": same_check("erasure_all.hex"),
    "generation.hex": same_check("generation.hex"),
    "contradiction.txt": lambda data: Contradiction(
        data, [CARDS[A]]),
    "head_conflict.hex": head_conflict_check,
    "checkpoint.txt": note_check(False),
    "cosigned.txt": note_check(True),
    "deliver.hex": deliver_check(None),
    "deliver_second.hex": deliver_check("deliver.hex"),
    "deliver_absent.hex": deliver_absent_check,
    "mark_deliver.hex": mark_deliver_check,
    "mark_collect.hex": mark_check(
        m.Collect, lambda read: (read.cosigned, read.collected)),
    "mark_cosigned.hex": mark_check(
        m.Cosigned, lambda read: (read.note, read.collected)),
    "mark_head.hex": mark_check(m.Head, lambda read: (
        read.ledgers[1].note, read.ledgers[1].collected)),
    "head_epoch.hex": same_check("head_epoch.hex"),
    "plain_rekey.hex": rekey_check,
    "plain_busy.hex": same_check("plain_busy.hex"),
    "plain_refused.hex": same_check("plain_refused.hex"),
    **{name: request_check(name) for name in REQUESTS},
    **{name: reply_check(name) for name in REPLIES},
}


def ascii_read(data):
    try:
        return data.decode("ascii")
    except UnicodeDecodeError:
        raise Refused("not ASCII") from None


def survivors(check, data):
    """Where damage was not noticed: one bit, or all of a byte."""
    found = []
    for at in range(len(data)):
        damaged = bytearray(data)
        damaged[at] ^= 0xff if at % 9 == 8 else 1 << at % 9
        try:
            check(bytes(damaged))
        except (Refused, ledger.Stop):
            continue
        found.append(at)
    return found


def cuts(check, data):
    """Sizes at which what is left is still taken."""
    found = []
    for size in list(range(min(len(data), 300))) + [len(data) - 1]:
        try:
            check(data[:size])
        except (Refused, ledger.Stop):
            continue
        found.append(size)
    return found


# ---- Tests ---------------------------------------------------------------

def each_vector(tap):
    for name, data in V.items():
        tap.equal(name + ": made here, the same bytes", MADE[name](), data)
        try:
            CHECKS[name](data)
        except (Refused, ledger.Stop) as problem:
            tap.ok(name + " verifies", False, repr(problem))
            continue
        tap.ok(name + " verifies", True)
        tap.equal(name + ": no damaged byte goes unnoticed",
                  survivors(CHECKS[name], data), [])
        tap.equal(name + ": nor does a cut", cuts(CHECKS[name], data), [])


def forms(tap):
    """Contents hold to the rules of sections 10 and 11, and not only to
    their digests."""
    for name in ("event_send.hex", "event_withdraw.hex", "event_decline.hex"):
        event = event_read(V[name])
        tap.equal(name + " has the form of an event", event.referral,
                  b"\x77" * 16)
    for name in ("erasure_elements.hex", "erasure_all.hex"):
        tap.equal(name + " has the form of a notice",
                  notice_read(V[name]).referral, b"\x77" * 16)
    tap.equal("the agreement's parties", mou.Mou(V["mou.hex"]).required,
              {A, B})
    for signature in m.MouSignatures.decode(
            V["mou_signatures.hex"]).signatures:
        mou.Mou(V["mou.hex"]).signature_check(signature)
    tap.ok("both signatures hold", True)


def marks(tap):
    """Whatever a peer claims of what its programs took (8.4)."""
    book = authored(GENERATION, 7, 5)
    for generation, collected, known in (
            (GENERATION, 0, 0), (GENERATION + 1, 3, 0), (GENERATION, 3, 3),
            (GENERATION, 2, 3), (GENERATION, 6, 5), (GENERATION, 7, 5)):
        book.mark_take(generation, collected)
        tap.equal("%d of %x" % (collected, generation), book.collected, known)
    tap.refused("more than it was told", Refused, book.mark_take, GENERATION,
                8)


def document(tap):
    """What PROTOCOL.md shows is what we compute."""
    with open(os.path.join(ROOT, "proto", "PROTOCOL.md"),
              encoding="utf-8") as file:
        shown = file.read()
    squeezed = "".join(shown.split())
    secret = REQUESTS["request_deliver.hex"]()[1]
    for what, data in (
            ("the ephemeral key", derive_key_pair(repeated(0x44)).public),
            ("the AEAD key", secret.context.key),
            ("the nonce", secret.context.nonce),
            ("the exporter secret", secret.context.exporter_secret),
            ("the value of the request",
             secret.context.export(b"refer.v1 request")),
            ("the value of the reply",
             secret.context.export(b"refer.v1 reply")),
            ("the secret of the response",
             secret.context.export(b"refer.v1 response")),
            ("the root", note_read(V["checkpoint.txt"]).root),
            ("the hash of the card", keys.sha256(V["card_opendoor.hex"])),
            ("the hash of the request",
             keys.sha256(V["request_deliver.hex"])),
            ("the hash of the reply", keys.sha256(V["reply_cosigned.hex"])),
            ("the signature of the MOU",
             mou.mou_sign(repeated(0x11), A, signer(0xa0)).signature),
            ("the id of the sealing key",
             keys.key_id(sealer(0xb5).public).to_bytes(8, "big"))):
        tap.ok("PROTOCOL.md shows " + what, data.hex() in squeezed,
               data.hex())
    for what, line in (
            ("Open Door's id", A), ("the hospital's id", B),
            ("the safety number", keys.safety_number(B, A)),
            ("the author's vkey", vkey(
                note_read(V["checkpoint.txt"]).origin, TYPE_AUTHOR,
                signer(0xa1).public)),
            ("the witness's vkey", vkey("refer.v1/" + B, TYPE_COSIGNATURE,
                                        signer(0xb2).public))):
        tap.ok("PROTOCOL.md shows " + what, line in shown, line)


def inclusion(tap):
    """Proofs of RFC 6962 over the entries of the vectors."""
    leaves = [merkle.leaf_hash(entry.header) for entry in entries()]
    for size in range(1, len(leaves) + 1):
        root = merkle.root(leaves[:size])
        for index in range(size):
            proof = merkle.inclusion_proof(leaves[:size], index)
            merkle.inclusion_check(leaves[index], index, size, proof, root)
    tap.ok("every entry is proved in every tree", True)
    proof = merkle.inclusion_proof(leaves, 4)
    root = merkle.root(leaves)
    check = merkle.inclusion_check
    tap.refused("another leaf is not", Refused, check, leaves[3], 4, 7, proof,
                root)
    tap.refused("another index is not", Refused, check, leaves[4], 5, 7,
                proof, root)
    tap.refused("a shorter proof is not", Refused, check, leaves[4], 4, 7,
                proof[:-1], root)


def main():
    tap = Tap()
    tap.equal("each vector has its check", sorted(V), sorted(CHECKS))
    tap.equal("each vector is made here", sorted(V), sorted(MADE))
    tap.run("vectors", each_vector, tap)
    tap.run("forms", forms, tap)
    tap.run("marks", marks, tap)
    tap.run("the document", document, tap)
    tap.run("inclusion", inclusion, tap)
    tap.end()


if __name__ == "__main__":
    sys.exit(main())
