#!/usr/bin/env python3
"""What takes as much of a gateway's memory as it gives.

  pressure.py record SOCKET PROXY FILE
      Stands at PROXY in front of SOCKET for one program; FILE gets the frames
      that it sends.
  pressure.py half_open PORT COUNT
      COUNT strangers that begin a handshake and go no further, all at once.
      Prints "held" and how many; they stay until standard input ends.
  pressure.py press PORT SOCKET FILE CERTIFICATE KEY
      ROUNDS times, all at once: strangers half open; a known key's connections
      with all of a large frame but its last byte; programs with the same; and
      programs that ask for the last of FILE's frames again and again and read
      nothing. Each goes as far as it is let; then an honest program asks as
      often as those, so that each of them had its turns, and is answered.
  pressure.py watch PID
      The most of the process's own memory (RssAnon, KiB) until standard input
      ends."""
import select
import socket
import ssl
import struct
import sys
import threading

ROUNDS = 3
PATIENCE_S = 1  # of a write that the gateway does not take
HALF_OPEN = 400
PEER_FRAME = 2 * 1024 * 1024
PEERS = 64
PROGRAM_FRAME = 8 * 1024 * 1024
PROGRAMS = 8
READERS = 48
REQUESTS = 11  # of each that does not read: what one may leave unread
ANSWERS_S = 60  # for all of an honest one's


# ---- Strangers -----------------------------------------------------------

def client_hello():
    outgoing = ssl.MemoryBIO()
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    try:
        made.wrap_bio(ssl.MemoryBIO(), outgoing).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def stranger(port, number, hello):
    """From one of a thousand addresses; at the door, or turned away."""
    host = "127.0.%d.%d" % (1 + number // 250 % 4, 1 + number % 250)
    raw = socket.create_connection(("127.0.0.1", port), 10, (host, 0))
    try:
        raw.sendall(hello[:-1])
    except ConnectionError:
        pass
    return raw


def half_open(port, count):
    hello = client_hello()
    held = [stranger(port, number, hello) for number in range(count)]
    print("held %d" % len(held), flush=True)
    sys.stdin.read()
    return 0


# ---- Programs ------------------------------------------------------------

def frames_of(data):
    """The whole frames in it."""
    found = []
    while len(data) >= 4:
        size = 4 + struct.unpack(">I", data[:4])[0]
        if len(data) < size:
            break
        found.append(data[:size])
        data = data[size:]
    return found


def record(where, proxy, file):
    door = socket.socket(socket.AF_UNIX)
    door.bind(proxy)
    door.listen(1)
    print("standing", flush=True)
    program, _ = door.accept()
    gateway = program_at(where)
    said = b""
    while True:
        ready, _, _ = select.select([program, gateway], [], [])
        for end in ready:
            data = end.recv(65536)
            if not data:
                with open(file, "wb") as written:
                    written.write(said)
                return 0
            (gateway if end is program else program).sendall(data)
            said += data if end is program else b""


def program_at(where):
    raw = socket.socket(socket.AF_UNIX)
    raw.settimeout(PATIENCE_S)
    raw.connect(where)
    return raw


def as_far_as_it_goes(connection, data):
    try:
        connection.sendall(data)
    except OSError:
        pass
    return connection


def program_with_a_large_frame(where):
    return as_far_as_it_goes(program_at(where), struct.pack(
        ">I", PROGRAM_FRAME) + bytes(PROGRAM_FRAME - 1))


def program_that_does_not_read(where, frames):
    greeting, question = b"".join(frames[:-1]), frames[-1]
    return as_far_as_it_goes(
        program_at(where), greeting + question * REQUESTS)


def program_that_reads(where, frames):
    """Whether it had an answer to each of as many questions, one by one."""
    program = program_at(where)
    program.settimeout(ANSWERS_S)
    answers = program.makefile("rb")
    for frame in frames[:-1] + frames[-1:] * REQUESTS:
        program.sendall(frame)
        head = answers.read(4)
        if len(head) < 4:
            return False
        size = struct.unpack(">I", head)[0]
        if len(answers.read(size)) < size:
            return False
    print("an answer has %d bytes" % size)
    return True


# ---- A peer --------------------------------------------------------------

def peer_with_a_large_frame(port, context):
    raw = socket.create_connection(("127.0.0.1", port), 10)
    raw.settimeout(PATIENCE_S)
    try:
        connection = context.wrap_socket(raw)
    except OSError:
        return raw
    return as_far_as_it_goes(connection, struct.pack(
        ">II", PEER_FRAME, 1) + bytes(PEER_FRAME - 5))


# ---- All at once ---------------------------------------------------------

def press(port, where, file, certificate, key):
    with open(file, "rb") as recorded:
        frames = frames_of(recorded.read())
    hello = client_hello()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.load_cert_chain(certificate, key)
    deeds = [lambda: program_that_does_not_read(where, frames)] * READERS
    deeds += [lambda: program_with_a_large_frame(where)] * PROGRAMS
    deeds += [lambda: peer_with_a_large_frame(port, context)] * PEERS
    for _ in range(ROUNDS):
        held = [stranger(port, number, hello) for number in range(HALF_OPEN)]
        threads = [threading.Thread(target=lambda deed=deed: held.append(
            deed())) for deed in deeds]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if not program_that_reads(where, frames):
            return 1
        for connection in held:
            connection.close()
    return 0


def watch(pid):
    most = 0
    while not select.select([sys.stdin], [], [], 0.005)[0]:
        with open("/proc/%s/status" % pid, encoding="ascii") as status:
            for line in status:
                if line.startswith("RssAnon:"):
                    most = max(most, int(line.split()[1]))
    print(most)
    return 0


def main():
    what, arguments = sys.argv[1], sys.argv[2:]
    if what == "record":
        return record(*arguments)
    if what == "half_open":
        return half_open(int(arguments[0]), int(arguments[1]))
    if what == "press":
        return press(int(arguments[0]), *arguments[1:])
    return watch(arguments[0])


if __name__ == "__main__":
    sys.exit(main())
