"""Connections: section 3, and what is believed of a peer that lies."""
import socket
import ssl
import time

from live_story import collect_once
from live_world import now_ms, outcome, wait_until
from refer import messages as m
from refer.frames import Caller, Ended, frame, frame_read
from refer.keys import SigningKey
from refer.note import note_read
from refer.tls import context_make, dial

KIND = m.RequestKind


def pins(remote):
    return remote.card.keys_not_over(m.KeyPurpose.TLS, now_ms())


def call(peer, remote):
    host, port = remote.card.endpoints[0]
    return Caller(dial(host, port, peer.agency.folder, pins(remote))[0])


def ends(caller, timeout_s=300):
    """That the other side ended it."""
    try:
        while True:
            caller.receive(timeout_s)
    except Ended:
        return True
    except TimeoutError:
        return False
    finally:
        caller.close()


def tls(world):
    """TLS 1.3, mutual, and nothing else."""
    tap = world.tap
    peer, remote = world.settled("TLS")
    peer.hang_up(remote)
    host, port = remote.card.endpoints[0]

    def attempt(change, folder):
        context = context_make(ssl.PROTOCOL_TLS_CLIENT, folder)
        change(context)
        try:
            with socket.create_connection((host, port), 5) as plain, \
                    context.wrap_socket(plain) as connection:
                connection.sendall(frame(1, peer.seal(
                    remote, KIND.HEAD, peer.head(remote).encode())[0]))
                return frame_read(connection)
        except (OSError, Ended):
            return None

    tap.ok("TLS 1.3 with our certificate",
           attempt(lambda context: None, peer.agency.folder) is not None)
    tap.ok("without certificate", attempt(lambda context: None, None) is None)

    def old(context):
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    tap.ok("TLS 1.2", attempt(old, peer.agency.folder) is None)
    tap.ok("a group that is not offered", attempt(
        lambda context: context.set_ecdh_curve("secp384r1"),
        peer.agency.folder) is None)
    with socket.create_connection((host, port), 5) as plain:
        plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
        tap.ok("no TLS at all", not reads_frame(plain))
    tap.ok("silence ends after five seconds",
           within(9, lambda: silence_s(host, port)) > 3)


def within(seconds, measure):
    """A time that is measured again where the machine stood still."""
    for _ in range(3):
        took = measure()
        if took < seconds:
            return took
    raise TimeoutError("it took %s s" % took)


def silence_s(host, port):
    """How long who says nothing is borne."""
    with socket.create_connection((host, port), 300) as plain:
        begin = time.monotonic()
        while plain.recv(65536):
            pass
        return time.monotonic() - begin


def reads_frame(plain):
    try:
        frame_read(plain)
        return True
    except Exception:  # pylint: disable=broad-except
        return False


def frames(world):
    """Frames, numbers and order."""
    tap = world.tap
    peer, remote = world.settled("Frames")
    body = peer.seal(remote, KIND.HEAD, peer.head(remote).encode())[0]

    def wait(wait_ms):
        return peer.seal(remote, KIND.COLLECT, m.Collect(
            lane=m.Lane.MAIN, wait_ms=wait_ms).encode())[0]

    for name, data in (
            ("a size below 4", b"\0\0\0\3"),
            ("a size above the limit", (2229253).to_bytes(4, "big")),
            ("a size with its highest bit", b"\xff\xff\xff\xff")):
        caller = call(peer, remote)
        caller.send_raw(data)
        tap.ok(name + " ends the connection", ends(caller))
    caller = call(peer, remote)
    caller.send_raw(frame(7, wait(60000)) + frame(7, body))
    tap.ok("a second open request of one number does", ends(caller))

    caller = call(peer, remote)
    whole = frame(0xffffffff, body)
    for at in range(0, len(whole), 1000):
        caller.send_raw(whole[at:at + 1000])
    tap.equal("any number, in pieces", caller.receive()[0], 0xffffffff)
    caller.send_raw(frame(1, wait(60000)) + frame(2, body))
    tap.equal("replies come in any order", caller.receive()[0], 2)
    caller.send_raw(frame(3, wait(200)))
    tap.equal("a newer COLLECT ends the older", caller.receive()[0], 1)
    tap.equal("and waits in its place", caller.receive()[0], 3)

    def waits_s():
        begin = time.monotonic()
        caller.send_raw(frame(3, wait(200)))
        caller.receive(300)
        return time.monotonic() - begin
    tap.ok("as long as it asked", within(5, waits_s) > 0.1)
    caller.send_raw(frame(1, body) + frame(2, body) + frame(3, body))
    tap.equal("numbers are free again once answered", sorted(
        caller.receive()[0] for _ in range(3)), [1, 2, 3])
    caller.close()

    first = call(peer, remote)
    first.ask(body)
    later = [call(peer, remote) for _ in range(4)]
    for one in later:
        one.ask(body)
    tap.ok("of five connections the oldest ends", ends(first))
    for one in later:
        one.ask(body)
        one.close()
    tap.ok("the newest four stay", True)


def false_replies(world):
    """What a recipient says to the hospital is believed once it is proved."""
    tap, hospital = world.tap, world.hospital
    door, remote = world.door, world.door_remote
    parcels = []
    state = {"step": 0}

    def forged(note):
        note.cosign(SigningKey(b"\7" * 32), 1)
        return m.ReplyKind.COSIGNED, m.Cosigned(note=note.encode()).encode()

    def instead(kind, body):
        if kind != KIND.DELIVER:
            return None
        parcels.append(m.Deliver.decode(body).parcel)
        state["step"] += 1
        note = note_read(parcels[-1].note)
        if state["step"] == 1:
            return m.ReplyKind.BUSY, m.Busy(retry_after_ms=1).encode()
        if state["step"] == 2:
            return forged(note)
        if state["step"] == 3:
            return m.ReplyKind.CONFLICT, m.Conflict(
                held=parcels[-1].note, offered=parcels[-1].note).encode()
        if state["step"] == 4:
            note.sign(door.agency.log)
            return m.ReplyKind.CONFLICT, m.Conflict(
                held=note.encode(), offered=parcels[-1].note).encode()
        if state["step"] == 5:
            return m.ReplyKind.COSIGNED, b"\xff"
        return None

    with door.lock:
        size = len(remote.received.entries)
    door.instead = instead
    # an answer is what it has to deliver to us
    door.write(remote, m.EntryKind.CARD, door.agency.card.signed)
    door.deliver(remote)

    def is_delivered():
        # a good request of ours ends its waiting
        door.head_ask(remote)
        time.sleep(0.1)
        return len(remote.received.entries) > size
    wait_until("the parcel, at last", is_delivered)
    door.instead = lambda kind, body: None
    tap.ok("false replies were given", state["step"] > 5)
    tap.ok("each time the same parcel came, byte for byte",
           len({parcel.encode() for parcel in parcels[:6]}) == 1)
    wait_until("cosigned", lambda: hospital.is_settled(door.agency.id))
    tap.equal("the ledger is not stopped",
              hospital.run("ledger", "verify")[0], 0)


def collect_again(world):
    """A COLLECT whose cosignature does not hold gets the same parcel."""
    tap, social, far = world.tap, world.social, world.social_remote
    while collect_once(social, far, 10) is not None:
        pass
    social.write(far, m.EntryKind.CARD, social.agency.card.signed)
    social.deliver(far)

    def ask(cosigned):
        reply = social.ask(far, KIND.COLLECT, m.Collect(
            lane=m.Lane.MAIN, wait_ms=2000, cosigned=cosigned).encode())
        return m.Deliver.decode(reply.body).parcel.encode()

    first = ask(b"")
    note = note_read(m.Parcel.decode(first).note)
    tap.equal("asked again, the same parcel", ask(b""), first)
    note.cosign(SigningKey(b"\7" * 32), 1)
    tap.equal("with a false cosignature, too", ask(note.encode()), first)
    tap.equal("with nonsense, too", outcome(
        social.ask, far, KIND.COLLECT, m.Collect(
            lane=m.Lane.MAIN, wait_ms=10, cosigned=b"x").encode()), "PARCEL")
    wait_until("taken", lambda: collect_once(social, far, 10) is None)
    tap.ok("then it is cosigned, and nothing more waits", True)
