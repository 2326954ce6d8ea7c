"""Ledgers, both ends of them: PROTOCOL.md sections 6 to 8."""
import os

from . import messages as m
from .keys import sha256
from .merkle import leaf_hash, root
from .note import Note, note_read, origin_text
from .wire import Refused

ENTRIES_MAX = 1024
CONTENT_SIZE_MAX = 262144
HEADER_SIZE_MAX = 64
FENCES_MAX = 4
PARCEL_SIZE_MAX = 1 << 20


# ---- Entries -------------------------------------------------------------

def entry_digest(salt, content):
    return sha256(b"refer.v1 content", salt, content)


def entry_make(kind, at_ms, content, salt=None):
    salt = salt or os.urandom(32)
    header = m.EntryHeader(kind=kind, at_ms=at_ms,
                           digest=entry_digest(salt, content)).encode()
    return m.Entry(header=header, salt=salt, content=content)


def entry_detach(entry):
    """The same entry without what it said."""
    return m.Entry(header=entry.header)


def header_read(entry):
    """Of an entry whose content, if it has one, is that of the header."""
    header = m.EntryHeader.decode(entry.header, HEADER_SIZE_MAX)
    if header.kind == m.EntryKind.UNSPECIFIED or len(header.digest) != 32:
        raise Refused("a header that lacks something")
    if entry.salt and header.digest != entry_digest(entry.salt,
                                                    entry.content):
        raise Refused("a content of another digest")
    return header


def root_of(entries):
    return root([leaf_hash(entry.header) for entry in entries])


# ---- What we write -------------------------------------------------------

class Authored:
    """The ledger from us to one other agency."""

    def __init__(self, author, recipient, log):
        self.author = author
        self.recipient = recipient
        self.log = log
        self.generation = 0
        self.entries = []       # indexed: cosigned or in flight
        self.waiting = []       # (kind, content)
        self.in_flight = None   # Parcel
        self.cosigned = None    # Note
        self.notes = {}         # cosigned, by size: the ends of parcels
        self.closed = {}        # generations before: entries, notes
        self.previous = 0       # of these, the newest
        self.epoch = None       # the recipient's, when this one began
        self.answers = {}       # by index
        self.collected = 0      # the mark of its programs, as far as told
        self.fence = None       # when settled
        self.is_over = False    # nothing new is signed in this generation
        self.trouble = None

    @property
    def size_cosigned(self):
        return self.cosigned.size if self.cosigned else 0

    def note_over(self, entries):
        note = Note(origin_text(self.author, self.recipient, self.generation),
                    len(entries), root_of(entries))
        note.sign(self.log)
        return note

    def parcel_next(self, at_ms):
        """The parcel in flight, or one of what waits, or None."""
        if self.in_flight or not self.waiting:
            return self.in_flight
        if not self.generation:
            self.generation = int.from_bytes(os.urandom(8), "big") or 1
        entries = []
        size = 0
        while self.waiting and len(entries) < ENTRIES_MAX:
            kind, content = self.waiting[0]
            size += len(content) + 128
            if entries and size > PARCEL_SIZE_MAX:
                break
            entries.append(entry_make(kind, at_ms, content))
            self.waiting.pop(0)
        first = len(self.entries)
        self.entries += entries
        self.in_flight = m.Parcel(
            first_index=first, entries=entries,
            note=self.note_over(self.entries).encode())
        return self.in_flight

    def cosigned_take(self, data, witness_keys):
        """The note that came back for the parcel in flight."""
        note = note_read(data)
        if note.encode(with_cosignature=False) != self.in_flight.note:
            raise Refused("the cosignature of another checkpoint")
        note.verify_cosignature(witness_keys)
        self.cosigned = note
        self.notes[note.size] = note
        self.in_flight = None
        if self.is_over:
            self.fence = None  # exchange HEAD, and go on in another one

    def mark_take(self, generation, collected):
        """What the recipient says its programs have taken (8.4)."""
        if not collected or generation != self.generation:
            return
        if collected > len(self.entries):
            raise Refused("a mark above what was told")
        self.collected = max(self.collected,
                             min(collected, self.size_cosigned))

    def view(self):
        note = b""
        size = self.size_cosigned
        if self.in_flight:
            note, size = self.in_flight.note, len(self.entries)
        elif self.cosigned:
            note = self.cosigned.encode()
        return m.LedgerView(authored=True, lane=m.Lane.MAIN, size=size,
                            generation=self.generation, note=note,
                            collected=self.collected)

    def compare(self, view, epoch):
        """With what the recipient holds; None, or the trouble's name."""
        self.fence = None
        self.trouble = self.trouble_of(view)
        if self.trouble is None:
            self.fence = view.fence
            self.is_over = bool(self.generation) and epoch != self.epoch
            if self.is_over and not self.in_flight:
                self.renew()
            if not self.in_flight:
                self.epoch = epoch
        return self.trouble

    def renew(self):
        """The recipient lost something: what it holds is the end of this
        generation (7.3)."""
        end = m.Generation(previous=self.generation, size=len(self.entries),
                           root=root_of(self.entries))
        self.closed[self.generation] = (self.entries, self.notes)
        self.previous = self.generation
        self.generation = int.from_bytes(os.urandom(8), "big") or 1
        self.entries, self.notes, self.answers = [], {}, {}
        self.cosigned, self.collected, self.is_over = None, 0, False
        self.waiting.insert(0, (m.EntryKind.GENERATION, end.encode()))

    def trouble_of(self, view):
        if view.size == 0:
            return "RECIPIENT_SHORTER" if self.cosigned or self.previous \
                else None
        try:
            note = note_read(view.note)
            note.verify_author([self.log.public])
        except Refused:
            return "UNPROVED"
        if (note.author, note.recipient, note.lane) != (
                self.author, self.recipient, "main") \
                or note.size != view.size \
                or note.generation != view.generation:
            return "UNPROVED"
        if not self.generation:
            return "AUTHOR_SHORTER"
        if note.generation != self.generation:
            return self.trouble_before(note)
        if view.size < self.size_cosigned:
            return "RECIPIENT_SHORTER"
        if view.size not in (self.size_cosigned, len(self.entries)):
            return "AUTHOR_SHORTER"
        if note.root != root_of(self.entries[:view.size]):
            return "CONFLICT"
        return None

    def trouble_before(self, note):
        """It shows a generation that is not the present one."""
        if note.generation not in self.closed:
            return "AUTHOR_SHORTER"
        entries = self.closed[note.generation][0]
        if note.generation != self.previous or self.cosigned \
                or note.size < len(entries):
            return "RECIPIENT_SHORTER"
        if note.size > len(entries):
            return "AUTHOR_SHORTER"
        return None if note.root == root_of(entries) else "CONFLICT"

    def answer_take(self, answer):
        if answer.generation != self.generation:
            return
        for item in answer.items:
            for index in range(item.index, item.index + item.count):
                self.answers.setdefault(index, item)


# ---- What we receive -----------------------------------------------------

class Stop(Exception):
    """A parcel that is not taken: the reply to it."""

    def __init__(self, kind, body):
        super().__init__("%s %r" % (kind.name, body))
        self.kind = kind
        self.body = body.encode()


def refusal(code):
    return Stop(m.ReplyKind.REFUSED, m.Refusal(code=m.RefusalCode[code]))


def behind(reason, size):
    return Stop(m.ReplyKind.BEHIND,
                m.Behind(reason=m.BehindReason[reason], size=size))


class Received:
    """The ledger from one other agency to us."""

    def __init__(self, author, recipient):
        self.author = author
        self.recipient = recipient
        self.generation = 0
        self.entries = []
        self.notes = {}     # cosigned, by size: the ends of parcels
        self.closed = {}    # generations before: entries, notes
        self.collected = 0  # our programs' mark: a test moves it
        self.fences = []    # that hold, oldest first
        self.given = set()  # all, in this life
        self.is_settled = False
        self.is_closed = False

    def fence_give(self, is_reply):
        """In a reply it retires all before it."""
        fence = os.urandom(32)
        self.given.add(fence)
        if is_reply:
            self.fences.clear()
        if len(self.fences) == FENCES_MAX:
            del self.fences[1]
        self.fences.append(fence)
        return fence

    def view(self, is_reply):
        size = len(self.entries)
        return m.LedgerView(
            lane=m.Lane.MAIN, generation=self.generation, size=size,
            note=self.notes[size].encode() if size else b"",
            fence=self.fence_give(is_reply), collected=self.collected)

    def mark(self):
        """As it stands in a DELIVER."""
        return {"collected": self.collected,
                "collected_generation":
                    self.generation if self.collected else 0}

    def compare(self, view):
        """One that is new has to follow on what is held: see deliver()."""
        if view.generation == self.generation:
            self.is_settled = view.size >= len(self.entries)
        else:
            self.is_settled = not self.generation or (
                view.generation != 0 and view.generation not in self.closed)

    def deliver(self, body, log_keys, witness, time_s):
        """Checks in the order of 8.1. The cosigned Note and the entries that
        are new, with their headers; raises Stop."""
        deliver = self.form_check(body)
        if self.is_closed:
            raise refusal("CLOSED")
        if not self.is_settled:
            raise behind("UNSETTLED", len(self.entries))
        if deliver.fence not in self.fences:
            raise behind("FENCE", len(self.entries))
        # whatever becomes of this parcel
        del self.fences[:self.fences.index(deliver.fence)]
        parcel = deliver.parcel
        note = self.note_check(parcel, log_keys)
        if self.generation and note.generation != self.generation:
            self.generation_close(parcel)
        if note.size <= len(self.entries):
            return self.repeat(note, parcel), []
        if parcel.first_index > len(self.entries):
            raise behind("GAP", len(self.entries))
        overlap = len(self.entries) - parcel.first_index
        for held, offered in zip(self.entries[parcel.first_index:],
                                 parcel.entries):
            if held.header != offered.header:
                raise self.conflict(len(self.entries), parcel)
        new = parcel.entries[overlap:]
        try:
            headers = [header_read(entry) for entry in new]
        except Refused:
            raise refusal("MALFORMED") from None
        if root_of(self.entries + new) != note.root:
            raise refusal("MALFORMED")
        note.cosign(witness, time_s)
        self.generation = note.generation
        self.entries += new
        self.notes[note.size] = note
        return note, list(zip(range(note.size - len(new), note.size),
                              headers, new))

    def form_check(self, body):
        try:
            deliver = m.Deliver.decode(body)
            if len(deliver.fence) != 32 or deliver.parcel is None \
                    or not 1 <= len(deliver.parcel.entries) <= ENTRIES_MAX:
                raise Refused("not a parcel")
            if bool(deliver.collected) != bool(deliver.collected_generation):
                raise Refused("a mark of no generation, or no mark of one")
            for entry in deliver.parcel.entries:
                if len(entry.salt) not in (0, 32) \
                        or (entry.content and not entry.salt) \
                        or len(entry.content) > CONTENT_SIZE_MAX:
                    raise Refused("not an entry")
        except Refused:
            raise refusal("MALFORMED") from None
        return deliver

    def note_check(self, parcel, log_keys):
        try:
            note = note_read(parcel.note)
            if note.cosignature or note.size != (
                    parcel.first_index + len(parcel.entries)):
                raise Refused("not the note of this parcel")
        except Refused:
            raise refusal("MALFORMED") from None
        if (note.author, note.recipient, note.lane) != (
                self.author, self.recipient, "main"):
            raise refusal("ADDRESS")
        if not note.generation or note.generation in self.closed or (
                self.generation and note.generation != self.generation
                and parcel.first_index):
            raise refusal("GENERATION")
        try:
            note.verify_author(log_keys)
        except Refused:
            raise refusal("SIGNATURE") from None
        return note

    def generation_close(self, parcel):
        """Its author lost entries, and goes on in another one (7.3)."""
        first = parcel.entries[0]
        try:
            if header_read(first).kind != m.EntryKind.GENERATION:
                raise refusal("GENERATION")
            end = m.Generation.decode(first.content)
        except Refused:
            raise refusal("MALFORMED") from None
        size = len(self.entries)
        if (end.previous, end.size) != (self.generation, size):
            raise behind("GENERATION", size)
        if end.root != root_of(self.entries):
            raise self.conflict(size, parcel)
        self.closed[self.generation] = (self.entries, self.notes)
        self.entries, self.notes, self.collected = [], {}, 0

    def repeat(self, note, parcel):
        held = self.notes.get(note.size)
        if held is None:
            raise behind("BOUNDARY", len(self.entries))
        if held.root != note.root:
            raise self.conflict(note.size, parcel)
        return held

    def conflict(self, size, parcel):
        self.is_closed = True
        return Stop(m.ReplyKind.CONFLICT,
                    m.Conflict(held=self.notes[size].encode(),
                               offered=parcel.note))
