"""Checkpoint notes and cosignatures: PROTOCOL.md section 6.2."""
import base64
import re

from .keys import AGENCY_ID_SIZE, BASE32, SIGNATURE_SIZE, sha256, verify
from .text import base64_read, decimal_read
from .wire import Refused

NOTE_SIZE_MAX = 1023
TYPE_AUTHOR = 0x01
TYPE_COSIGNATURE = 0x04
AGENCY = r"([%s]{%d})" % (BASE32, AGENCY_ID_SIZE)
ORIGIN = re.compile(
    r"refer\.v1/%s/%s/(main|bulk)/([0-9a-f]{16})" % (AGENCY, AGENCY))


def key_hint(name, kind, public_key):
    return sha256(name.encode(), b"\n", bytes([kind]), public_key)[:4]


def vkey(name, kind, public_key):
    data = bytes([kind]) + public_key
    return "%s+%s+%s" % (name, key_hint(name, kind, public_key).hex(),
                         base64.b64encode(data).decode())


def origin_text(author, recipient, generation, lane="main"):
    return "refer.v1/%s/%s/%s/%016x" % (author, recipient, lane, generation)


def signature_line(name, data):
    return "\u2014 %s %s\n" % (name, base64.b64encode(data).decode())


class Note:
    def __init__(self, origin, size, root):
        match = ORIGIN.fullmatch(origin)
        if not match:
            raise Refused("not the origin of a ledger")
        self.author, self.recipient, self.lane = match.group(1, 2, 3)
        self.generation = int(match[4], 16)
        self.origin = origin
        self.size = size
        self.root = root
        self.author_hint = self.author_signature = None
        self.witness_hint = self.cosignature = self.time_s = None

    @property
    def body(self):
        return "%s\n%d\n%s\n" % (
            self.origin, self.size, base64.b64encode(self.root).decode())

    @property
    def witness_name(self):
        return "refer.v1/" + self.recipient

    def cosignature_statement(self, time_s):
        return ("cosignature/v1\ntime %d\n" % time_s + self.body).encode()

    def sign(self, log):
        self.author_hint = key_hint(self.origin, TYPE_AUTHOR, log.public)
        self.author_signature = log.sign(self.body.encode())

    def cosign(self, witness, time_s):
        self.witness_hint = key_hint(self.witness_name, TYPE_COSIGNATURE,
                                     witness.public)
        self.time_s = time_s
        self.cosignature = witness.sign(self.cosignature_statement(time_s))

    def encode(self, with_cosignature=True):
        out = self.body + "\n" + signature_line(
            self.origin, self.author_hint + self.author_signature)
        if self.cosignature and with_cosignature:
            out += signature_line(
                self.witness_name, self.witness_hint
                + self.time_s.to_bytes(8, "big") + self.cosignature)
        return out.encode()

    def verify_author(self, public_keys):
        """By one of these log keys."""
        for public_key in public_keys:
            if self.author_hint == key_hint(self.origin, TYPE_AUTHOR,
                                            public_key):
                verify(public_key, self.body.encode(), self.author_signature,
                       "note")
                return
        raise Refused("the note is by no such log key")

    def verify_cosignature(self, public_keys):
        """By one of these witness keys."""
        if self.cosignature is None:
            raise Refused("no cosignature")
        for public_key in public_keys:
            if self.witness_hint == key_hint(
                    self.witness_name, TYPE_COSIGNATURE, public_key):
                verify(public_key, self.cosignature_statement(self.time_s),
                       self.cosignature, "cosignature")
                return
        raise Refused("the cosignature is by no such witness key")


def signature_read(line, name, size):
    """The bytes on a signature line of that name, hint first."""
    start = "\u2014 %s " % name
    if not line.startswith(start):
        raise Refused("not a signature line of %s" % name)
    data = base64_read(line[len(start):])
    if len(data) != size:
        raise Refused("a signature of another size")
    return data


def note_read(data):
    if len(data) > NOTE_SIZE_MAX:
        raise Refused("a note of %d bytes" % len(data))
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        raise Refused("a note that is not UTF-8") from None
    if len(lines) not in (6, 7) or lines[3] or lines[-1]:
        raise Refused("a note of another form")
    root = base64_read(lines[2])
    if len(root) != 32:
        raise Refused("a root of another size")
    note = Note(lines[0], decimal_read(lines[1]), root)
    author = signature_read(lines[4], note.origin, 4 + SIGNATURE_SIZE)
    note.author_hint, note.author_signature = author[:4], author[4:]
    if len(lines) == 7:
        witness = signature_read(lines[5], note.witness_name,
                                 4 + 8 + SIGNATURE_SIZE)
        note.witness_hint, note.cosignature = witness[:4], witness[12:]
        note.time_s = int.from_bytes(witness[4:12], "big")
        if note.time_s >= 2**63:
            raise Refused("a cosignature of no time")
    assert note.encode() == data
    return note
