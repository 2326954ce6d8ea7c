"""Hashes, key pairs, ids and safety numbers: PROTOCOL.md sections 1 and 2."""
import base64
import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, x25519

from .wire import Refused

KEY_SIZE = 32
SIGNATURE_SIZE = 64
AGENCY_ID_SIZE = 26
BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
FIELD_PRIME = 2**255 - 19
LOW_ORDER_Y = {
    0, 1, FIELD_PRIME - 1,
    int.from_bytes(bytes.fromhex(
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
        "little"),
    int.from_bytes(bytes.fromhex(
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
        "little"),
}
RAW = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def sha256(*parts):
    state = hashlib.sha256()
    for part in parts:
        state.update(part)
    return state.digest()


def agency_id(root_key):
    digest = sha256(b"refer.v1 agency", root_key)
    return base64.b32encode(digest).decode().lower()[:AGENCY_ID_SIZE]


def agency_id_check(text):
    if len(text) != AGENCY_ID_SIZE or any(c not in BASE32 for c in text):
        raise Refused("not an agency id: %r" % text)


def key_id(public_key):
    return int.from_bytes(sha256(b"refer.v1 key", public_key)[:8], "big")


def sound_check(public_key):
    """An Ed25519 key under which a signature proves something."""
    if len(public_key) != KEY_SIZE:
        raise Refused("a key of %d bytes" % len(public_key))
    y = int.from_bytes(public_key, "little") & (2**255 - 1)
    if y >= FIELD_PRIME or y in LOW_ORDER_Y:
        raise Refused("an unsound key")


def verify(public_key, message, signature, what):
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(public_key).verify(
            signature, message)
    except (InvalidSignature, ValueError):
        raise Refused("the signature of the %s does not hold" % what) from None


class SigningKey:
    """An Ed25519 key pair; `seed` is its private key of RFC 8032."""

    def __init__(self, seed):
        self.private = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self.private.public_key().public_bytes(*RAW)
        self.id = key_id(self.public)

    def sign(self, *parts):
        return self.private.sign(b"".join(parts))


class SealingKeyPair:
    """An X25519 key pair; `seed` is its private key of RFC 7748."""

    def __init__(self, seed):
        self.private = x25519.X25519PrivateKey.from_private_bytes(seed)
        self.public = self.private.public_key().public_bytes(*RAW)
        self.id = key_id(self.public)

    def agree(self, public_key):
        return agree(self.private, public_key)


def agree(private, public_key):
    try:
        return private.exchange(
            x25519.X25519PublicKey.from_public_bytes(public_key))
    except ValueError:
        raise Refused("an agreement of nothing but zeros") from None


def safety_number(one, other):
    """Of two agency ids, in any order."""
    both = b"".join(sorted((one.encode(), other.encode())))
    state = sha256(b"refer.v1 safety number", both)
    for _ in range(5200):
        state = sha256(state, both)
    groups = []
    for n in range(2):
        block = sha256(b"refer.v1 safety number", state, bytes([n]))
        groups += ["%05d" % (int.from_bytes(block[at:at + 5], "big") % 100000)
                   for at in range(0, 30, 5)]
    return " ".join(groups)
