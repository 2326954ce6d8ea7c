"""Requests and replies, sealed and signed: PROTOCOL.md section 4."""
import os

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from . import hpke
from . import messages as m
from .introduction import introduce_read
from .keys import agency_id_check, key_id, sha256, verify
from .wire import Refused

VERSION = 1
HEADER_SIZE_MAX = 256
ENVELOPE_SIZE_MAX = 2229248
MESSAGE_SIZE_MAX = 2228224
STEPS = (4096, 16384, 65536, 262144, 1114112, MESSAGE_SIZE_MAX)
REPLY_AAD = b"refer.v1 reply " + bytes([VERSION])


class UnknownKey(Refused):
    """The sealing key is not one of ours: answered with REKEY."""


# ---- Padding -------------------------------------------------------------

def step_of(size):
    for step in STEPS:
        if 4 + size <= step:
            return step
    raise Refused("a message of %d bytes" % size)


def pad(data):
    return (len(data).to_bytes(4, "big") + data).ljust(
        step_of(len(data)), b"\0")


def unpad(padded):
    if len(padded) not in STEPS:
        raise Refused("padded to no step")
    size = int.from_bytes(padded[:4], "big")
    if 4 + size > len(padded) or step_of(size) != len(padded):
        raise Refused("padded to another step")
    if any(padded[4 + size:]):
        raise Refused("padding that is not zero")
    return padded[4:4 + size]


# ---- Requests ------------------------------------------------------------

class Secret:
    """What a reply to one request is sealed with."""

    def __init__(self, sender, recipient, enc, context):
        self.sender = sender
        self.recipient = recipient
        self.enc = enc
        self.context = context


def info_of(recipient, sealing_key_id):
    return (b"refer.v1 sealing" + bytes([VERSION]) + recipient.encode()
            + sealing_key_id.to_bytes(8, "big"))


def request_statement(recipient, context, request):
    return (b"refer.v1 request" + recipient.encode()
            + context.export(b"refer.v1 request") + sha256(request))


def seal_padded(recipient, sealing_key, make, ikm=None, version=VERSION):
    """Envelope bytes, encapsulated key, context; make(context) gives the
    plaintext."""
    sealing_key_id = key_id(sealing_key)
    enc, context = hpke.setup_sender(
        sealing_key, info_of(recipient, sealing_key_id), ikm)
    header = m.EnvelopeHeader(version=version, recipient=recipient,
                              key_id=sealing_key_id, enc=enc).encode()
    ciphertext = context.seal(header, make(context))
    return (m.Envelope(header=header, ciphertext=ciphertext).encode(), enc,
            context)


def request_seal(sender, operation, recipient, sealing_key, kind, body, at_ms,
                 ikm=None):
    """Envelope bytes and the secret for the reply. `operation` signs."""
    request = m.Request(sender=sender, kind=kind, at_ms=at_ms,
                        body=body).encode()

    def make(context):
        return pad(m.SignedRequest(
            request=request, key_id=operation.id, signature=operation.sign(
                request_statement(recipient, context, request))).encode())
    envelope, enc, context = seal_padded(recipient, sealing_key, make, ikm)
    return envelope, Secret(sender, recipient, enc, context)


def envelope_read(data, recipient):
    envelope = m.Envelope.decode(data, ENVELOPE_SIZE_MAX)
    if len(envelope.header) > HEADER_SIZE_MAX:
        raise Refused("a header of %d bytes" % len(envelope.header))
    header = m.EnvelopeHeader.decode(envelope.header)
    if header.version != VERSION:
        raise Refused("version %d" % header.version)
    if header.recipient != recipient:
        raise Refused("for another agency")
    if len(header.enc) != 32:
        raise Refused("an encapsulated key of another size")
    return envelope, header


def operation_key(card, request, key_id_, now_ms):
    """Of the card that is held or, in INTRODUCE, of the one inside."""
    if card is not None:
        try:
            return card.operation_key(key_id_, now_ms)
        except Refused:
            if request.kind != m.RequestKind.INTRODUCE:
                raise
    if request.kind != m.RequestKind.INTRODUCE:
        raise Refused("a stranger")
    return introduce_read(request.body, request.sender)[0].operation_key(
        key_id_, now_ms)


class Opened:
    """A request that was opened and verified."""

    def __init__(self, data, recipient, pairs, card_of, now_ms):
        """`pairs` are private keys by key id; card_of(sender) is the newest
        card held, or None."""
        envelope, header = envelope_read(data, recipient)
        if header.key_id not in pairs:
            raise UnknownKey("no such sealing key")
        context = hpke.setup_receiver(pairs[header.key_id], header.enc,
                                      info_of(recipient, header.key_id))
        signed = m.SignedRequest.decode(
            unpad(context.open(envelope.header, envelope.ciphertext)))
        request = m.Request.decode(signed.request, MESSAGE_SIZE_MAX)
        agency_id_check(request.sender)
        verify(operation_key(card_of(request.sender), request, signed.key_id,
                             now_ms),
               request_statement(recipient, context, signed.request),
               signed.signature, "request")
        if request.kind == m.RequestKind.UNSPECIFIED:
            raise Refused("a request of no kind")
        self.message = request
        self.sealing_key_id = header.key_id
        self.secret = Secret(request.sender, recipient, header.enc, context)


# ---- Replies -------------------------------------------------------------

def reply_statement(secret, reply):
    return (b"refer.v1 reply" + secret.recipient.encode()
            + secret.sender.encode()
            + secret.context.export(b"refer.v1 reply") + sha256(reply))


def response_keys(secret, nonce):
    prk = hpke.extract(secret.enc + nonce,
                       secret.context.export(b"refer.v1 response"))
    return hpke.expand(prk, b"key", 32), hpke.expand(prk, b"nonce", 12)


def reply_seal(secret, operation, kind, body, at_ms, nonce=None):
    nonce = nonce or os.urandom(32)
    reply = m.Reply(kind=kind, at_ms=at_ms, body=body).encode()
    signed = m.SignedReply(
        reply=reply, key_id=operation.id,
        signature=operation.sign(reply_statement(secret, reply))).encode()
    key, iv = response_keys(secret, nonce)
    ciphertext = ChaCha20Poly1305(key).encrypt(iv, pad(signed), REPLY_AAD)
    return m.ReplyEnvelope(version=VERSION, nonce=nonce,
                           ciphertext=ciphertext).encode()


def reply_plain(kind, sheet=None, retry_after_ms=0):
    return m.ReplyEnvelope(version=VERSION, plain=m.Plain(
        kind=kind, sheet=sheet, retry_after_ms=retry_after_ms)).encode()


def reply_open(data, secret, card, now_ms):
    """A Reply, or the Plain of an unsealed one; `card` of who replied."""
    envelope = m.ReplyEnvelope.decode(data, ENVELOPE_SIZE_MAX)
    if envelope.version != VERSION:
        raise Refused("version %d" % envelope.version)
    if envelope.plain is not None:
        if envelope.nonce or envelope.ciphertext \
                or envelope.plain.kind == m.PlainKind.UNSPECIFIED:
            raise Refused("a plain reply of another form")
        return envelope.plain
    if len(envelope.nonce) != 32:
        raise Refused("a nonce of another size")
    key, iv = response_keys(secret, envelope.nonce)
    signed = m.SignedReply.decode(
        unpad(hpke.open_sealed(key, iv, REPLY_AAD, envelope.ciphertext)))
    verify(card.operation_key(signed.key_id, now_ms),
           reply_statement(secret, signed.reply), signed.signature, "reply")
    reply = m.Reply.decode(signed.reply, MESSAGE_SIZE_MAX)
    if reply.kind == m.ReplyKind.UNSPECIFIED:
        raise Refused("a reply of no kind")
    return reply
