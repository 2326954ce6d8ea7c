#!/usr/bin/env python3
"""Programs that mean no good, against a gateway's two doors.

  hostile.py network PORT SEED COUNT CERTIFICATE KEY
      COUNT connections of every unfriendly kind by turns, many at a time, half
      of them from addresses of their own (127.0.0.0/8).
  hostile.py peer PORT SEED COUNT CERTIFICATE KEY
      The same inside TLS, with a key that the gateway knows, two at a time.
  hostile.py local SOCKET SEED COUNT
      The same at the socket for local programs.
  hostile.py crowd SOCKET COUNT
      COUNT connections to the local socket at once; prints how many stayed.

Prints one line a kind. Ends with 1 when the gateway left one open longer than
PATIENCE_S, answered junk, or was gone. Waits for nothing but the gateway."""
import concurrent.futures
import random
import socket
import ssl
import struct
import sys

PATIENCE_S = 8
AT_ONCE = 48


def received(connection):
    """What comes next, b"" at the end. Only seconds that were waited here
    count: while the machine stands still, the gateway does too."""
    connection.settimeout(1)
    for _ in range(PATIENCE_S - 1):
        try:
            return connection.recv(65536)
        except socket.timeout:
            pass
    return connection.recv(65536)


def is_closed(connection):
    """The gateway closes within its time, whatever it says before."""
    try:
        while received(connection):
            pass
        return True
    except socket.timeout:
        return False
    except (ConnectionError, ssl.SSLError, BrokenPipeError):
        return True


def send(connection, data):
    try:
        connection.sendall(data)
    except (ConnectionError, ssl.SSLError, BrokenPipeError):
        pass  # closed in the face: as good


# ---- The network ---------------------------------------------------------

def context(certificate=None, key=None):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    if certificate:
        made.load_cert_chain(certificate, key)
    return made


def client_hello():
    """What a TLS client says first."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context().wrap_bio(incoming, outgoing)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def junk(_attack, raw, dice):
    send(raw, dice.randbytes(dice.randrange(1, 4096)))
    return is_closed(raw)


def silent(_attack, raw, _dice):
    return is_closed(raw)


def gone(_attack, raw, _dice):
    raw.close()
    return True


def http(_attack, raw, _dice):
    send(raw, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    return is_closed(raw)


def half_hello(_attack, raw, dice):
    hello = client_hello()
    send(raw, hello[:dice.randrange(1, len(hello))])
    return is_closed(raw)


def torn_hello(_attack, raw, dice):
    hello = bytearray(client_hello())
    for _ in range(8):
        hello[dice.randrange(5, len(hello))] ^= 1 << dice.randrange(8)
    send(raw, bytes(hello))
    return is_closed(raw)


def huge_record(_attack, raw, dice):
    send(raw, b"\x16\x03\x01\xff\xff" + dice.randbytes(20000))
    return is_closed(raw)


def tls(made, raw, say):
    """A handshake, then bytes; refused at any point is refused."""
    try:
        connection = made.wrap_socket(raw)
    except (OSError, ssl.SSLError):
        return True
    send(connection, say)
    return is_closed(connection)


def no_certificate(_attack, raw, dice):
    return tls(context(), raw, frame(dice.randbytes(64)))


def unknown_certificate(attack, raw, dice):
    return tls(attack.context, raw, frame(dice.randbytes(1000)))


def unknown_oversize(attack, raw, _dice):
    return tls(attack.context, raw, b"\xff\xff\xff\xff" * 8)


def unknown_large(attack, raw, dice):
    """Larger than a card may be, but not than what a peer may say."""
    return tls(attack.context, raw, frame(dice.randbytes(40000)))


def frame(body, number=1):
    return struct.pack(">II", len(body) + 4, number) + body


# What a peer that is known sends, and whether it is closed for it.
def peer_oversize(attack, raw, _dice):
    return tls(attack.context, raw, b"\xff\xff\xff\xff" * 64)


def peer_just_oversize(attack, raw, _dice):
    return tls(attack.context, raw, struct.pack(">II", 2229248 + 5, 1))


def peer_half_frame(attack, raw, dice):
    return tls(attack.context, raw, frame(dice.randbytes(5000))[:2500])


def peer_half_head(attack, raw, _dice):
    return tls(attack.context, raw, b"\0\0")


def peer_empty(attack, raw, _dice):
    return tls(attack.context, raw, frame(b""))


def peer_short(attack, raw, _dice):
    return tls(attack.context, raw, b"\0\0\0\3xxx")


def peer_junk(attack, raw, dice):
    """A whole frame of junk is answered plainly: that the key is unknown, or
    that it is refused; the connection may stay."""
    try:
        connection = attack.context.wrap_socket(raw)
        connection.settimeout(PATIENCE_S)
        connection.sendall(frame(dice.randbytes(dice.randrange(1, 60000))))
        return len(received(connection)) > 0
    except socket.timeout:
        return False
    except (OSError, ssl.SSLError):
        return True
    finally:
        raw.close()


NETWORK = [junk, silent, gone, http, half_hello, torn_hello, huge_record,
           no_certificate, unknown_certificate, unknown_oversize, unknown_large]
PEER = [peer_oversize, peer_just_oversize, peer_half_frame, peer_half_head,
        peer_empty, peer_short, peer_junk]


# ---- The local socket ----------------------------------------------------

def local_junk(_attack, raw, dice):
    """A whole frame of junk gets an error as its reply."""
    body = dice.randbytes(dice.randrange(1, 5000))
    raw.settimeout(PATIENCE_S)
    try:
        send(raw, struct.pack(">I", len(body)) + body)
        return len(received(raw)) > 4
    except socket.timeout:
        return False
    except ConnectionError:
        return True
    finally:
        raw.close()


def local_oversize(_attack, raw, _dice):
    send(raw, b"\xff\xff\xff\xff" * 8)
    return is_closed(raw)


def local_just_oversize(_attack, raw, _dice):
    send(raw, struct.pack(">I", 8 * 1024 * 1024 + 1))
    return is_closed(raw)


def local_empty(_attack, raw, _dice):
    send(raw, b"\0\0\0\0")
    return is_closed(raw)


def local_half(_attack, raw, dice):
    send(raw, struct.pack(">I", 5000) + dice.randbytes(2000))
    raw.close()
    return True


def local_nested(_attack, raw, dice):
    """Messages in messages in messages, all too long for what they hold."""
    body = b""
    for depth in range(200):
        body = bytes([(dice.randrange(1, 8) << 3) | 2, len(body) % 128]) + body
    raw.settimeout(PATIENCE_S)
    send(raw, struct.pack(">I", len(body)) + body)
    try:
        return len(received(raw)) > 4
    except socket.timeout:
        return False
    except ConnectionError:
        return True
    finally:
        raw.close()


def local_flood(_attack, raw, dice):
    """Asks without end and reads nothing, then is gone."""
    body = dice.randbytes(16)
    raw.settimeout(0.2)
    try:
        raw.sendall((struct.pack(">I", len(body)) + body) * 4000)
    except (socket.timeout, ConnectionError):
        pass
    raw.close()
    return True


LOCAL = [local_junk, local_oversize, local_just_oversize, local_empty,
         local_half, local_nested, local_flood]


# ---- Running -------------------------------------------------------------

class Attack:
    def __init__(self, connect, seed, kinds, certificate=None, key=None):
        self.connect = connect
        self.seed = seed
        self.kinds = kinds
        self.context = context(certificate, key) if certificate else None

    def one(self, number):
        dice = random.Random(self.seed * 1000003 + number)
        kind = self.kinds[number % len(self.kinds)]
        try:
            raw = self.connect(number)
        except OSError as error:
            print("cannot connect: %s" % error)
            return kind, False
        with raw:
            return kind, kind(self, raw, dice)

    def run(self, count, at_once):
        found = {kind.__name__: [0, 0] for kind in self.kinds}
        with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
            for kind, is_good in pool.map(self.one, range(count)):
                found[kind.__name__][0 if is_good else 1] += 1
        for name, (good, bad) in found.items():
            print("%s %d %d" % (name, good, bad))
        return 1 if any(bad for _, bad in found.values()) else 0


def to_port(port, hosts):
    def connect(number):
        host = "127.0.0.1"
        if hosts > 1 and number % 2 == 1:
            host = "127.0.0.%d" % (2 + number % hosts)
        return socket.create_connection(
            ("127.0.0.1", port), PATIENCE_S, (host, 0))
    return connect


def to_socket(path):
    def connect(_number):
        raw = socket.socket(socket.AF_UNIX)
        raw.connect(path)
        return raw
    return connect


def crowd(path, count):
    connections = [to_socket(path)(i) for i in range(count)]
    stayed = 0
    for connection in connections:
        # whoever is let in may send half a head, and nothing happens
        connection.settimeout(0.05)
        try:
            connection.sendall(b"\0")
            connection.recv(1)
        except socket.timeout:
            stayed += 1
        except ConnectionError:
            pass
    print(stayed)
    return 0


def main():
    what, where = sys.argv[1:3]
    if what == "crowd":
        return crowd(where, int(sys.argv[3]))
    seed, count = int(sys.argv[3]), int(sys.argv[4])
    if what == "local":
        return Attack(to_socket(where), seed, LOCAL).run(count, 16)
    is_peer = what == "peer"
    return Attack(to_port(int(where), 1 if is_peer else 200), seed,
                  PEER if is_peer else NETWORK, *sys.argv[5:7]).run(
                      count, 2 if is_peer else AT_ONCE)


if __name__ == "__main__":
    sys.exit(main())
