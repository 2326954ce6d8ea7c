"""Cards, key sheets, revocations: PROTOCOL.md section 2.3."""
import re

from . import messages as m
from . import text
from .keys import (KEY_SIZE, agency_id, agency_id_check, key_id, sha256,
                   sound_check, verify)
from .wire import Refused

CARD_SIZE_MAX = 32768
SIGNED_CARD_SIZE_MAX = 32896
DAY_MS = 86400000
ENDPOINT = re.compile(r"tls\+tcp://(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:/]+))"
                      r":([1-9][0-9]{0,4})")
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
HOST = re.compile(LABEL + r"(?:\." + LABEL + r")*")
SIGNING = (m.KeyPurpose.LOG, m.KeyPurpose.WITNESS, m.KeyPurpose.OPERATION)


def endpoint_read(endpoint):
    """Host and port."""
    match = ENDPOINT.fullmatch(endpoint)
    if not match or int(match[3]) > 65535:
        raise Refused("not an endpoint: %r" % endpoint)
    if match[2] is not None and (
            len(match[2]) > 253 or not HOST.fullmatch(match[2])):
        raise Refused("not a host: %r" % match[2])
    return match[1] or match[2], int(match[3])


def keys_check(card):
    seen = {card.root_key}
    for key in card.keys:
        if key.purpose == m.KeyPurpose.UNSPECIFIED:
            raise Refused("a key without purpose")
        if len(key.public_key) != KEY_SIZE:
            raise Refused("a key of %d bytes" % len(key.public_key))
        if key.purpose in SIGNING:
            sound_check(key.public_key)
        if key.valid_from_ms >= key.valid_until_ms:
            raise Refused("a key ends before it begins")
        if key.public_key in seen:
            raise Refused("a key twice")
        seen.add(key.public_key)


class Card:
    """A card that was read and holds."""

    def __init__(self, signed):
        """Of the bytes of a SignedCard, or refuses them."""
        self.signed = bytes(signed)
        shell = m.SignedCard.decode(self.signed, SIGNED_CARD_SIZE_MAX)
        self.bytes = shell.card
        card = m.Card.decode(shell.card, CARD_SIZE_MAX)
        sound_check(card.root_key)
        verify(card.root_key, b"refer.v1 card" + shell.card, shell.signature,
               "card")
        if card.serial < 1 or len(card.previous) != (
                0 if card.serial == 1 else 32):
            raise Refused("a card out of its row")
        text.line_check(card.name, 256, "name")
        if len(card.endpoints) > 8 or len(card.keys) > 32 \
                or len(card.contacts) > 16:
            raise Refused("too many of something")
        for contact in card.contacts:
            text.line_check(contact.role, 64, "role")
            for part in (contact.name, contact.phone, contact.hours):
                text.line_check(part, 256, "contact", may_be_empty=True)
        if card.issued_ms >= card.valid_until_ms:
            raise Refused("the card ends before it begins")
        keys_check(card)
        self.endpoints = [endpoint_read(one) for one in card.endpoints]
        self.message = card
        self.id = agency_id(card.root_key)
        self.serial = card.serial
        self.hash = sha256(self.bytes)

    def follows_check(self, held):
        """Refused unless this card may take the place of the one held."""
        mine, theirs = self.message, held.message
        if mine.root_key != theirs.root_key:
            raise Refused("the card of another agency")
        if mine.serial <= theirs.serial:
            raise Refused("a card that is not newer")
        if mine.serial == theirs.serial + 1 and \
                mine.previous != sha256(held.bytes):
            raise Refused("a card after another one")

    def keys(self, purpose, now_ms):
        """Valid keys, the one to be used to send first."""
        found = [key for key in self.message.keys if key.purpose == purpose
                 and key.valid_from_ms <= now_ms < key.valid_until_ms]
        found.sort(key=lambda key: -key.valid_from_ms)
        return [key.public_key for key in found]

    def keys_not_over(self, purpose, now_ms):
        """To verify with: they need not have begun, as clocks differ."""
        return [key.public_key for key in self.message.keys
                if key.purpose == purpose and now_ms < key.valid_until_ms]

    def operation_key(self, wanted_id, now_ms):
        for public_key in self.keys_not_over(m.KeyPurpose.OPERATION, now_ms):
            if key_id(public_key) == wanted_id:
                return public_key
        raise Refused("no such operation key on the card")


def card_sign(card, root):
    """SignedCard of a Card message."""
    data = card.encode()
    return m.SignedCard(card=data,
                        signature=root.sign(b"refer.v1 card", data))


class KeySheet:
    """A key sheet that was read and holds."""

    def __init__(self, signed, card):
        self.signed = bytes(signed)
        shell = m.SignedKeySheet.decode(self.signed, SIGNED_CARD_SIZE_MAX)
        sheet = m.KeySheet.decode(shell.sheet, CARD_SIZE_MAX)
        if sheet.agency != card.id:
            raise Refused("the key sheet of another agency")
        public_key = card.operation_key(shell.key_id, sheet.issued_ms)
        if public_key not in card.keys(m.KeyPurpose.OPERATION,
                                       sheet.issued_ms):
            raise Refused("the operation key had not begun")
        verify(public_key, b"refer.v1 key sheet" + shell.sheet,
               shell.signature, "key sheet")
        if sheet.serial < 1 or len(sheet.keys) > 32:
            raise Refused("a key sheet out of bounds")
        day = -1
        for key in sheet.keys:
            if key.day <= day or len(key.public_key) != KEY_SIZE \
                    or key.valid_from_ms >= key.valid_until_ms:
                raise Refused("a bad sealing key")
            day = key.day
        self.message = sheet
        self.serial = sheet.serial

    def sealing_key(self, now_ms):
        """To seal with: today's, else the nearest valid, of two the later."""
        today = now_ms // DAY_MS
        valid = [key for key in self.message.keys
                 if key.valid_from_ms <= now_ms < key.valid_until_ms]
        if not valid:
            return None
        best = min(valid, key=lambda key: (abs(key.day - today), -key.day))
        return best.public_key


def key_sheet_sign(sheet, operation):
    data = sheet.encode()
    return m.SignedKeySheet(
        sheet=data, signature=operation.sign(b"refer.v1 key sheet", data),
        key_id=operation.id)


def ledgers_check(revocation):
    if len(revocation.ledgers) > 256:
        raise Refused("more than 256 ledgers")
    seen = set()
    for end in revocation.ledgers:
        agency_id_check(end.author)
        agency_id_check(end.recipient)
        name = (end.author, end.recipient, end.generation)
        if (end.author == revocation.agency) == (
                end.recipient == revocation.agency):
            raise Refused("a ledger that is not between it and another")
        if name in seen:
            raise Refused("a ledger twice")
        if len(end.root) != (32 if end.size else 0):
            raise Refused("a root of the wrong size")
        seen.add(name)


def revocation_read(signed, root_key):
    shell = m.SignedRevocation.decode(signed)
    revocation = m.Revocation.decode(shell.revocation)
    agency_id_check(revocation.agency)
    if revocation.agency != agency_id(root_key):
        raise Refused("the revocation of another agency")
    text.line_check(revocation.reason, 256, "reason", may_be_empty=True)
    ledgers_check(revocation)
    verify(root_key, b"refer.v1 revocation" + shell.revocation,
           shell.signature, "revocation")
    return revocation
