"""Frames on a connection: PROTOCOL.md section 3."""
from .wire import Refused

BODY_SIZE_MAX = 2229248


class Ended(ConnectionError):
    """The other side ended the connection, or it broke."""


def frame(number, body):
    return ((4 + len(body)).to_bytes(4, "big") + number.to_bytes(4, "big")
            + body)


def exactly(connection, size):
    data = b""
    while len(data) < size:
        try:
            part = connection.recv(min(size - len(data), 1 << 16))
        except TimeoutError:
            raise
        except OSError as problem:
            raise Ended(str(problem)) from None
        if not part:
            raise Ended("end of the connection")
        data += part
    return data


def frame_read(connection):
    """Number and body; raises Ended, or TimeoutError of the socket."""
    size = int.from_bytes(exactly(connection, 4), "big")
    if not 4 <= size <= 4 + BODY_SIZE_MAX:
        raise Refused("a frame of %d bytes" % size)
    data = exactly(connection, size)
    return int.from_bytes(data[:4], "big"), data[4:]


class Caller:
    """The dialling side of a connection, one request at a time."""

    def __init__(self, connection):
        self.connection = connection
        self.number = 0

    def send(self, body):
        self.number += 1
        self.send_raw(frame(self.number, body))
        return self.number

    def send_raw(self, data):
        try:
            self.connection.sendall(data)
        except TimeoutError:
            raise
        except OSError as problem:
            raise Ended(str(problem)) from None

    def receive(self, timeout_s=300):
        self.connection.settimeout(timeout_s)
        return frame_read(self.connection)

    def ask(self, body, timeout_s=300):
        number = self.send(body)
        replied, reply = self.receive(timeout_s)
        if replied != number:
            raise Refused("a reply to request %d instead of %d"
                          % (replied, number))
        return reply

    def close(self):
        self.connection.close()
