"""An agency of one's own: keys, card, key sheet, certificate."""
import os
import time

from . import messages as m
from .card import DAY_MS, Card, card_sign, key_sheet_sign
from .keys import SealingKeyPair, SigningKey, agency_id
from .tls import certificate_make

SHEET_DAYS = 14
KEEP_DAYS = 7


def now_ms():
    return time.time_ns() // 1000000


class Agency:
    """Keys come from `seed(name)`, random unless given."""

    def __init__(self, name, folder, endpoints=(), seed=None):
        seed = seed or (lambda _: os.urandom(32))
        self.name = name
        self.folder = folder
        self.endpoints = list(endpoints)
        self.root = SigningKey(seed("root"))
        self.log = SigningKey(seed("log"))
        self.witness = SigningKey(seed("witness"))
        self.operation = SigningKey(seed("operation"))
        self.last_resort = SealingKeyPair(seed("last resort"))
        self.tls_pin = certificate_make(seed("tls"), folder)
        self.id = agency_id(self.root.public)
        self.card = None
        self.card_renew()
        self.sealing = {}
        self.sheet_serial = 0
        self.sheet_renew()

    def card_renew(self):
        now = now_ms()
        dates = {"valid_from_ms": now - DAY_MS, "valid_until_ms":
                 now + 90 * DAY_MS}
        keys = [m.Key(purpose=purpose, public_key=key, **dates)
                for purpose, key in (
                    (m.KeyPurpose.LOG, self.log.public),
                    (m.KeyPurpose.WITNESS, self.witness.public),
                    (m.KeyPurpose.OPERATION, self.operation.public),
                    (m.KeyPurpose.LAST_RESORT, self.last_resort.public),
                    (m.KeyPurpose.TLS, self.tls_pin))]
        card = m.Card(
            root_key=self.root.public, name=self.name,
            serial=self.card.serial + 1 if self.card else 1,
            previous=self.card.hash if self.card else b"",
            endpoints=self.endpoints, keys=keys, issued_ms=now,
            contacts=[m.Contact(role="referral_lead", name="Front desk")],
            valid_until_ms=now + 90 * DAY_MS)
        self.card = Card(card_sign(card, self.root).encode())

    def sheet_renew(self):
        """New sealing keys for today and the days to come."""
        today = now_ms() // DAY_MS
        keys = []
        for day in range(today, today + SHEET_DAYS):
            pair = SealingKeyPair(os.urandom(32))
            self.sealing[pair.id] = pair
            keys.append(m.SealingKey(
                public_key=pair.public, day=day, valid_from_ms=day * DAY_MS,
                valid_until_ms=(day + 1 + KEEP_DAYS) * DAY_MS))
        self.sheet_serial += 1
        self.sheet = key_sheet_sign(
            m.KeySheet(agency=self.id, serial=self.sheet_serial,
                       issued_ms=now_ms(), keys=keys), self.operation)

    def pairs(self):
        """Private keys that open requests, by id."""
        return {self.last_resort.id: self.last_resort, **self.sealing}
