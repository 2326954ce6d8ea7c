"""Folders of evidence: PROTOCOL.md section 15."""
import os
import re

from . import messages as m
from .card import Card
from .erasure import notice_read
from .keys import AGENCY_ID_SIZE, BASE32, sha256
from .ledger import HEADER_SIZE_MAX, entry_digest
from .merkle import consistency_check, inclusion_check, leaf_hash
from .mou import Mou
from .note import note_read
from .text import armour, armour_read, base64_read, decimal_read
from .wire import Refused

AGENCY = "[%s]{%d}" % (BASE32, AGENCY_ID_SIZE)
DECIMAL = "0|[1-9][0-9]*"
CARD = re.compile(r"cards/(%s)-(%s)\.card" % (AGENCY, DECIMAL))
ENTRY = re.compile(r"entries/(%s)-([0-9a-f]{16})-(%s)"
                   r"/(header|proof\.tlog-proof|salt|content)"
                   % (AGENCY, DECIMAL))
SUM = re.compile(r"([0-9a-f]{64})  (.+)")
VERDICTS = {m.Verdict.APPLIED: "held", m.Verdict.REFUSED: "refused",
            m.Verdict.ABSENT: "absent"}


def files_read(folder):
    """Every file below it, by path."""
    files = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            if os.path.islink(path):
                raise Refused("%s is a link" % path)
            with open(path, "rb") as file:
                files[os.path.relpath(path, folder)] = file.read()
    return files


def sums_write(files):
    return "".join(
        "%s  %s\n" % (sha256(files[path]).hex(), path)
        for path in sorted(files, key=os.fsencode)
        if path != "SHA256SUMS").encode()


def sums_check(files):
    if "SHA256SUMS" not in files:
        raise Refused("SHA256SUMS is missing")
    if files["SHA256SUMS"] == sums_write(files):
        return
    for line in files["SHA256SUMS"].decode("utf-8", "replace").splitlines():
        match = SUM.fullmatch(line)
        if match and match[2] in files \
                and sha256(files[match[2]]).hex() != match[1]:
            raise Refused("%s is not the file that was listed" % match[2])
    raise Refused("SHA256SUMS lists other files, or in another way")


class Proof:
    def __init__(self, data):
        head, separator, note = data.partition(b"\n\n")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError:
            raise Refused("a proof that is not ASCII") from None
        if not separator or len(lines) < 2 or not lines[1].startswith("index ") \
                or lines[0] != "c2sp.org/tlog-proof@v1":
            raise Refused("not a tlog-proof")
        self.index = decimal_read(lines[1][len("index "):])
        self.nodes = [base64_read(line) for line in lines[2:]]
        if any(len(node) != 32 for node in self.nodes):
            raise Refused("a node of another size")
        self.note = note_read(note)


class Contradiction:
    """Two notes that no one tree has: section 15.1."""

    def __init__(self, data, cards):
        parts = data.split(b"\n\n")
        head = parts[0].decode("ascii", "replace").split("\n")
        if len(parts) != 6 or parts[5] or len(head) < 2 \
                or head[0] != "refer.v1 contradiction":
            raise Refused("not a contradiction")
        hashes = [base64_read(line) for line in head[1:]]
        if any(len(one) != 32 for one in hashes):
            raise Refused("a hash of another size")
        self.shown = note_read(b"\n\n".join(parts[1:3]) + b"\n")
        self.held = note_read(b"\n\n".join(parts[3:5]) + b"\n")
        if self.shown.origin != self.held.origin:
            raise Refused("of two ledgers")
        keys = [key.public_key for card in cards
                if card.id == self.shown.author
                for key in card.message.keys
                if key.purpose == m.KeyPurpose.LOG]
        self.shown.verify_author(keys)
        self.held.verify_author(keys)
        consistency_check(self.shown.size, hashes[0], self.held.size,
                          self.held.root, hashes[1:])
        if hashes[0] == self.shown.root:
            raise Refused("the two agree")


class Event:
    """One that is proved; its verdict comes from the answers."""

    def __init__(self, place, header, note, said):
        self.author, self.generation, self.index = place
        self.recipient = note.recipient
        self.at_ms = header.at_ms
        self.received_s = note.time_s
        self.said = said  # ReferralEvent, or None: not shown or unreadable
        self.verdict = "unanswered"
        self.item = None
        self.answered_at = None  # (ms, index) of the answer

    def answered(self, at, item):
        if self.item is None or at < self.answered_at:
            self.verdict, self.item = VERDICTS[item.verdict], item
            self.answered_at = at


class Erasure(Event):
    """A notice that is proved; `said` is the ErasureNotice, or None."""

    OUTCOMES = {"held": "erased", "refused": "kept"}

    def outcome(self):
        return self.OUTCOMES.get(self.verdict, self.verdict)


class Evidence:
    """A folder's files, all of which hold; or Refused says which does not."""

    def __init__(self, files):
        self.files = files
        if files.get("README.txt", b"").split(b"\n")[0] != b"refer.v1 evidence":
            raise Refused("README.txt does not say what this is")
        sums_check(files)
        self.cards = {}  # agency: [Card]
        self.events = []
        self.erasures = []
        self.answers = []  # (place, recipient, ms, Answer)
        self.roots = {}
        self.mou = None
        self.first = None  # ReferralEvent that is shown
        self.first_erased = None  # ErasureNotice that is
        entries = {}
        for path, data in files.items():
            card, entry = CARD.fullmatch(path), ENTRY.fullmatch(path)
            if card:
                self.part(path, self.card_take, data, card[1], int(card[2]))
            elif entry:
                place = entry[1], int(entry[2], 16), int(entry[3])
                entries.setdefault(place, {})[entry[4]] = data
            elif path not in ("README.txt", "SHA256SUMS", "agreement"):
                raise Refused("%s has no business here" % path)
        self.chain_check()
        for place in sorted(entries):
            self.part("entries/%s-%016x-%d" % place, self.entry_take, place,
                      entries[place])
        self.referral_check()
        self.verdicts()
        self.events.sort(key=lambda event: event.at_ms)
        if "agreement" in files:
            self.part("agreement", self.agreement_take, files["agreement"])
        if not self.events:
            raise Refused("no event is proved")

    @staticmethod
    def part(path, call, *arguments):
        try:
            call(*arguments)
        except Refused as why:
            raise Refused("%s: %s" % (path, why)) from None

    def card_take(self, data, agency, serial):
        card = Card(armour_read("CARD", data.decode("utf-8", "replace")))
        if armour("CARD", card.signed).encode() != data:
            raise Refused("a card with another armour")
        if (card.id, card.serial) != (agency, serial):
            raise Refused("another card than its name says")
        self.cards.setdefault(agency, []).append(card)
        if len(self.cards) > 2:
            raise Refused("a third agency")

    def chain_check(self):
        for cards in self.cards.values():
            cards.sort(key=lambda card: card.serial)
            for old, new in zip(cards, cards[1:]):
                if old.serial + 1 == new.serial \
                        and new.message.previous != old.hash:
                    raise Refused("card %d of %s does not follow"
                                  % (new.serial, new.id))

    def keys(self, agency, purpose):
        return [key.public_key for card in self.cards.get(agency, ())
                for key in card.message.keys if key.purpose == purpose]

    def note_check(self, place, note):
        author, generation, _ = place
        if (note.author, note.generation, note.lane) != (
                author, generation, "main") or note.recipient == author:
            raise Refused("the proof of another ledger")
        note.verify_author(self.keys(note.author, m.KeyPurpose.LOG))
        note.verify_cosignature(
            self.keys(note.recipient, m.KeyPurpose.WITNESS))
        if self.roots.setdefault((note.origin, note.size), note.root) \
                != note.root:
            raise Refused("two roots for one size, both signed")

    def entry_take(self, place, parts):
        if "header" not in parts or "proof.tlog-proof" not in parts:
            raise Refused("header or proof is missing")
        header = m.EntryHeader.decode(parts["header"], HEADER_SIZE_MAX)
        if header.kind == m.EntryKind.UNSPECIFIED or len(header.digest) != 32:
            raise Refused("a header that lacks something")
        proof = Proof(parts["proof.tlog-proof"])
        if proof.index != place[2]:
            raise Refused("the proof of another entry")
        self.note_check(place, proof.note)
        inclusion_check(leaf_hash(parts["header"]), proof.index,
                        proof.note.size, proof.nodes, proof.note.root)
        salt, content = parts.get("salt"), parts.get("content")
        if (salt is None) != (content is None):
            raise Refused("salt without content, or content without salt")
        if salt is not None and (
                len(salt) != 32
                or entry_digest(salt, content) != header.digest):
            raise Refused("not the content that the header covers")
        if header.kind == m.EntryKind.REFERRAL_EVENT:
            self.events.append(
                Event(place, header, proof.note, self.said(content)))
        elif header.kind == m.EntryKind.ERASURE_NOTICE:
            self.erasures.append(
                Erasure(place, header, proof.note, self.erased(content)))
        elif header.kind == m.EntryKind.ANSWER and content is not None:
            self.answers.append(
                (place, proof.note.recipient, header.at_ms,
                 m.Answer.decode(content)))
        else:
            raise Refused("neither an event nor an answer that is shown")

    def said(self, content):
        """An event in no known form is one that had to be refused."""
        try:
            event = None if content is None \
                else m.ReferralEvent.decode(content)
        except Refused:
            return None
        self.first = self.first or event
        if event is not None and event.referral != self.first.referral:
            raise Refused("of another referral")
        return event

    def erased(self, content):
        """A notice in no known form is one that had to be refused."""
        try:
            notice = None if content is None else notice_read(content)
        except Refused:
            return None
        self.first_erased = self.first_erased or notice
        if notice is not None \
                and notice.referral != self.first_erased.referral:
            raise Refused("of another referral")
        return notice

    def referral_check(self):
        if self.first is not None and self.first_erased is not None \
                and self.first.referral != self.first_erased.referral:
            raise Refused("a notice about another referral")

    def verdicts(self):
        for (author, _, index), recipient, at_ms, answer in self.answers:
            for event in self.events + self.erasures:
                if (event.recipient, event.author, event.generation) != (
                        author, recipient, answer.generation):
                    continue
                for item in answer.items:
                    if 0 <= event.index - item.index < item.count:
                        event.answered((at_ms, index), item)

    def agreement_take(self, data):
        offer = m.MouOffer.decode(data)
        self.mou = Mou(offer.mou)
        for signature in offer.signatures:
            self.mou.signature_check(signature)
        if not self.mou.required <= {
                signature.agency for signature in offer.signatures}:
            raise Refused("a signature is missing")
        if not set(self.cards) <= set(self.mou.root_keys):
            raise Refused("not between these agencies")
        if self.first is not None and self.first.mou != self.mou.id:
            raise Refused("not the agreement that events name")

    def name(self, agency):
        return self.cards[agency][-1].message.name
