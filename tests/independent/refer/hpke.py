"""HPKE (RFC 9180), base mode, the one suite of PROTOCOL.md section 4.1."""
import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from .keys import SealingKeyPair
from .wire import Refused

KEM = (0x0020).to_bytes(2, "big")
KDF = (0x0001).to_bytes(2, "big")
AEAD = (0x0003).to_bytes(2, "big")
KEM_SUITE = b"KEM" + KEM
SUITE = b"HPKE" + KEM + KDF + AEAD


def extract(salt, ikm):
    return hmac.new(salt or bytes(32), ikm, hashlib.sha256).digest()


def expand(prk, info, size):
    out = block = b""
    counter = 1
    while len(out) < size:
        block = hmac.new(prk, block + info + bytes([counter]),
                         hashlib.sha256).digest()
        out += block
        counter += 1
    return out[:size]


def labeled_extract(suite, salt, label, ikm):
    return extract(salt, b"HPKE-v1" + suite + label + ikm)


def labeled_expand(suite, prk, label, info, size):
    return expand(prk, size.to_bytes(2, "big") + b"HPKE-v1" + suite + label
                  + info, size)


def derive_key_pair(ikm):
    prk = labeled_extract(KEM_SUITE, b"", b"dkp_prk", ikm)
    return SealingKeyPair(labeled_expand(KEM_SUITE, prk, b"sk", b"", 32))


def open_sealed(key, nonce, aad, ciphertext):
    try:
        return ChaCha20Poly1305(key).decrypt(nonce, ciphertext, aad)
    except (InvalidTag, ValueError):
        raise Refused("it does not open") from None


class Context:
    """Key, nonce and exporter secret of one encapsulation; seals or opens
    once."""

    def __init__(self, agreed, kem_context, info):
        eae_prk = labeled_extract(KEM_SUITE, b"", b"eae_prk", agreed)
        shared = labeled_expand(KEM_SUITE, eae_prk, b"shared_secret",
                                kem_context, 32)
        schedule = (b"\x00" + labeled_extract(SUITE, b"", b"psk_id_hash", b"")
                    + labeled_extract(SUITE, b"", b"info_hash", info))
        secret = labeled_extract(SUITE, shared, b"secret", b"")
        self.key = labeled_expand(SUITE, secret, b"key", schedule, 32)
        self.nonce = labeled_expand(SUITE, secret, b"base_nonce", schedule, 12)
        self.exporter_secret = labeled_expand(SUITE, secret, b"exp", schedule,
                                              32)

    def seal(self, aad, plaintext):
        return ChaCha20Poly1305(self.key).encrypt(self.nonce, plaintext, aad)

    def open(self, aad, ciphertext):
        return open_sealed(self.key, self.nonce, aad, ciphertext)

    def export(self, context, size=32):
        return labeled_expand(SUITE, self.exporter_secret, b"sec", context,
                              size)


def setup_sender(public_key, info, ikm=None):
    """The encapsulated key and the context; `ikm` only for examples."""
    ephemeral = derive_key_pair(ikm or os.urandom(32))
    agreed = ephemeral.agree(public_key)
    enc = ephemeral.public
    return enc, Context(agreed, enc + public_key, info)


def setup_receiver(pair, enc, info):
    return Context(pair.agree(enc), enc + pair.public, info)
