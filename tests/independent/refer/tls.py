"""TLS 1.3 with pinned keys: PROTOCOL.md section 3.

Python's ssl has no hook for a certificate that no authority signed, so who
dials compares the key after the handshake and before the first frame. Who
listens has to name the certificate beforehand: it is the one that it saw when
it dialled, with a key that is pinned. One for each listener: OpenSSL tells
trusted certificates apart by their names, and here all have the same.
"""
import datetime
import os
import select
import socket
import ssl
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.oid import NameOID

from .frames import Ended
from .keys import sha256
from .wire import Refused

HANDSHAKE_S = 120
IDLE_S = 60


def certificate_make(seed, folder):
    """Writes tls.key and tls.pem into folder; the hash of the SPKI."""
    key = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "refer")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name)
        .public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=90))
        .sign(key, None))
    with open(os.path.join(folder, "tls.key"), "wb") as file:
        file.write(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()))
    with open(os.path.join(folder, "tls.pem"), "wb") as file:
        file.write(certificate.public_bytes(serialization.Encoding.PEM))
    return spki_hash(certificate)


def spki_hash(certificate):
    return sha256(certificate.public_key().public_bytes(
        serialization.Encoding.DER,
        serialization.PublicFormat.SubjectPublicKeyInfo))


def context_make(side, folder):
    context = ssl.SSLContext(side)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.maximum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if folder is not None:
        context.load_cert_chain(os.path.join(folder, "tls.pem"),
                                os.path.join(folder, "tls.key"))
    return context


def peer_certificate(connection):
    """DER and SPKI hash of the other side's certificate."""
    der = connection.getpeercert(binary_form=True)
    if der is None:
        raise Refused("no certificate")
    return der, spki_hash(x509.load_der_x509_certificate(der))


def dial(host, port, folder, pins):
    """A connection to who has one of the pinned keys, and its certificate.

    In TLS 1.3 a listener that refuses us says so only after our handshake
    is done: the first read tells."""
    plain = socket.create_connection((host, port), timeout=HANDSHAKE_S)
    try:
        connection = context_make(ssl.PROTOCOL_TLS_CLIENT,
                                  folder).wrap_socket(plain)
        der, pin = peer_certificate(connection)
        if pin not in pins:
            connection.close()
            raise Refused("another key than the pinned")
    except OSError as problem:
        plain.close()
        raise Ended(str(problem)) from None
    return connection, der


class Shared:
    """A connection that one thread reads while others write: an SSL object
    bears one call at a time."""

    def __init__(self, connection, timeout_s):
        connection.setblocking(False)
        self.connection = connection
        self.timeout_s = timeout_s
        self.one_call = threading.Lock()
        self.one_writer = threading.Lock()

    def perform(self, call, *arguments):
        end = time.monotonic() + self.timeout_s
        while True:
            with self.one_call:
                try:
                    return call(*arguments)
                except ssl.SSLWantReadError:
                    wanted = ([self.connection], [])
                except ssl.SSLWantWriteError:
                    wanted = ([], [self.connection])
            left = end - time.monotonic()
            if left <= 0 or not any(select.select(*wanted, [], left)):
                raise TimeoutError("nothing came, or nothing went")

    def recv(self, size):
        return self.perform(self.connection.recv, size)

    def sendall(self, data):
        with self.one_writer:
            view = memoryview(data)
            while view:
                view = view[self.perform(self.connection.send, view):]

    def close(self):
        with self.one_call:
            self.connection.close()


class Listener:
    """Admits the one whose certificate it was told."""

    def __init__(self, folder):
        self.folder = folder
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.certificate = None

    def accept(self):
        """A connection and the SPKI hash of its key; None for one that
        failed; OSError once closed."""
        plain, _ = self.socket.accept()
        plain.settimeout(HANDSHAKE_S)
        context = context_make(ssl.PROTOCOL_TLS_SERVER, self.folder)
        context.num_tickets = 0
        context.verify_mode = ssl.CERT_REQUIRED
        if self.certificate is not None:
            context.load_verify_locations(cadata=self.certificate)
        try:
            connection = context.wrap_socket(plain, server_side=True)
            pin = peer_certificate(connection)[1]
            return Shared(connection, IDLE_S), pin
        except (OSError, Refused):
            plain.close()
            return None

    def close(self):
        # a thread may be waiting in accept: shutdown wakes it
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()
