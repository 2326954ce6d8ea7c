"""A referral gateway in a test, librefer_fake(3), for programs that use refer.

    import refer, refer_fake

    with refer_fake.Fake() as fake:
        fake.fault("submit", "lose_reply")
        run_the_program(socket=fake.socket)
        assert fake.take("submit").referral["elements"] == {...}
        assert fake.take("submit").is_repeat

A fake has a thread of its own, in C; nothing of Python runs on it. One file
beside refer.py, no dependency but librefer_fake.so.0, which
REFER_FAKE_LIBRARY may name.
"""
from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping
from ctypes import (POINTER, byref, c_char_p, c_int, c_int32, c_size_t,
                    c_uint32, c_uint64, c_void_p)
from dataclasses import dataclass
from typing import Any

import refer

__all__ = ["Fake", "Request", "faults", "options"]

_OUT = POINTER(c_void_p)

# Every function of fake.h, as in refer.py.
SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "refer_fake_new": (c_int32, [_OUT]),
    "refer_fake_free": (None, [c_void_p]),
    "refer_fake_socket": (c_char_p, [c_void_p]),
    "refer_fake_error": (c_char_p, [c_void_p]),
    "refer_fake_set": (c_int32, [c_void_p, c_char_p, c_char_p]),
    "refer_fake_get": (c_char_p, [c_void_p, c_char_p]),
    "refer_fake_option_name": (c_char_p, [c_uint32]),
    "refer_fake_option_help": (c_char_p, [c_uint32]),
    "refer_fake_receive": (c_int32, [c_void_p, c_void_p, c_char_p, c_size_t]),
    "refer_fake_step": (c_int32, [c_void_p, c_char_p, c_char_p, c_void_p]),
    "refer_fake_refuse_there":
        (c_int32, [c_void_p, c_char_p, c_char_p, c_char_p, c_char_p]),
    "refer_fake_event": (c_int32, [c_void_p, c_char_p, c_char_p]),
    "refer_fake_refuse":
        (c_int32, [c_void_p, c_char_p, c_int32, c_char_p, c_char_p, c_char_p]),
    "refer_fake_fault": (c_int32, [c_void_p, c_char_p, c_char_p]),
    "refer_fake_fault_name": (c_char_p, [c_uint32]),
    "refer_fake_fault_help": (c_char_p, [c_uint32]),
    "refer_fake_stop": (None, [c_void_p]),
    "refer_fake_start": (c_int32, [c_void_p]),
    "refer_fake_restore": (c_int32, [c_void_p]),
    "refer_fake_take": (c_int32, [c_void_p, c_char_p, c_int32, _OUT]),
    "refer_fake_request_free": (None, [c_void_p]),
    "refer_fake_request_operation": (c_char_p, [c_void_p]),
    "refer_fake_request_get": (c_char_p, [c_void_p, c_char_p]),
    "refer_fake_request_status": (c_int32, [c_void_p]),
    "refer_fake_request_is_repeat": (c_int, [c_void_p]),
    "refer_fake_request_referral": (c_void_p, [c_void_p]),
    "refer_fake_acknowledged": (c_uint64, [c_void_p, c_char_p]),
    "refer_fake_event_count": (c_uint64, [c_void_p]),
}

_lib = refer.bind(
    ctypes.CDLL(os.environ.get("REFER_FAKE_LIBRARY", "librefer_fake.so.0")),
    SIGNATURES)


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8")


def options() -> dict[str, str]:
    """Options of a fake by name, each with one line about it."""
    found = {}
    while name := _text(_lib.refer_fake_option_name(len(found))):
        found[name] = _text(_lib.refer_fake_option_help(len(found)))
    return found


def faults() -> dict[str, str]:
    """Faults by name, each with one line about it."""
    found = {}
    while name := _text(_lib.refer_fake_fault_name(len(found))):
        found[name] = _text(_lib.refer_fake_fault_help(len(found)))
    return found


@dataclass(frozen=True)
class Request:
    """One that came. `status` is 0 or that of the exception that the program
    got; `referral` what was handed over, or the details of a step."""
    operation: str
    key: str
    id: str
    step: str
    name: str
    position: str
    status: int
    is_repeat: bool
    referral: dict[str, Any]


class Fake:
    """A gateway at `socket`, until it is closed. Options by name."""

    def __init__(self, **options: str) -> None:
        self._handle = c_void_p()
        refer.check(_lib.refer_fake_new(byref(self._handle)))
        try:
            for name, value in options.items():
                self.set(name, value)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Ends it; every connection closes."""
        _lib.refer_fake_free(self._handle)
        self._handle = c_void_p()

    def __enter__(self) -> Fake:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self.close()

    def _check(self, status: int) -> None:
        if status != 0:
            raise refer.error_for(
                status, _text(_lib.refer_fake_error(self._handle)))

    @property
    def socket(self) -> str:
        """Path of the socket, for Client(socket=...)."""
        return _text(_lib.refer_fake_socket(self._handle))

    def set(self, option: str, value: str) -> None:
        """Sets an option."""
        self._check(_lib.refer_fake_set(
            self._handle, option.encode(), value.encode()))

    def get(self, option: str) -> str:
        """An option's value."""
        return _text(_lib.refer_fake_get(self._handle, option.encode()))

    # ---- The other agency

    def receive(self, referral: Mapping[str, Any] | None = None) -> str:
        """It refers a person to this agency; returns the id."""
        size = 48
        id = ctypes.create_string_buffer(size)
        with refer.ReferralHandle(referral) as handle:
            self._check(_lib.refer_fake_receive(
                self._handle, handle, id, size))
        return _text(id.value)

    def step(self, id: str, step: str, details: Mapping[str, str] | None = None,
             elements: Mapping[str, str] | None = None,
             actor: str | None = None, role: str | None = None) -> None:
        """It takes a step there."""
        said = {"details": details, "elements": elements, "actor": actor,
                "role": role}
        with refer.ReferralHandle(said) as handle:
            self._check(_lib.refer_fake_step(
                self._handle, id.encode(), step.encode(), handle))

    def refuse_there(self, step: str, problem: str, clause: str = "",
                     remedy: str = "") -> None:
        """Its gateway refuses our next step of that name."""
        self._check(_lib.refer_fake_refuse_there(
            self._handle, step.encode(), problem.encode(), clause.encode(),
            remedy.encode()))

    def event(self, type: str, id: str = "") -> None:
        """Adds an event of any type."""
        self._check(_lib.refer_fake_event(
            self._handle, type.encode(), id.encode()))

    # ---- What goes wrong here

    def refuse(self, operation: str, error: type[refer.Error],
               problem: str = "", clause: str = "", remedy: str = "") -> None:
        """Refuses the next request of that operation, so that the program
        gets that exception."""
        self._check(_lib.refer_fake_refuse(
            self._handle, operation.encode(), error.status, problem.encode(),
            clause.encode(), remedy.encode()))

    def fault(self, operation: str, fault: str) -> None:
        """Lets the next request of that operation fail, as faults() says."""
        self._check(_lib.refer_fake_fault(
            self._handle, operation.encode(), fault.encode()))

    def stop(self) -> None:
        """The gateway ends; connections close."""
        _lib.refer_fake_stop(self._handle)

    def start(self) -> None:
        """It starts again, with all it knew."""
        self._check(_lib.refer_fake_start(self._handle))

    def restore(self) -> None:
        """It was restored from a copy: every event comes once more."""
        self._check(_lib.refer_fake_restore(self._handle))

    # ---- What came

    def take(self, operation: str = "", timeout: float | None = 10.0) \
            -> Request:
        """The oldest request that was not taken yet, waiting for it; raises
        refer.Timeout when there is none in time."""
        limit = -1 if timeout is None else round(timeout * 1000)
        request = c_void_p()
        self._check(_lib.refer_fake_take(
            self._handle, operation.encode(), limit, byref(request)))

        def get(name: str) -> str:
            return _text(_lib.refer_fake_request_get(request, name.encode()))
        try:
            return Request(
                _text(_lib.refer_fake_request_operation(request)), get("key"),
                get("id"), get("step"), get("name"), get("position"),
                _lib.refer_fake_request_status(request),
                _lib.refer_fake_request_is_repeat(request) != 0,
                refer.read_referral(
                    _lib.refer_fake_request_referral(request)))
        finally:
            _lib.refer_fake_request_free(request)

    def acknowledged(self, cursor: str) -> int:
        """Up to where a cursor was acknowledged."""
        return _lib.refer_fake_acknowledged(self._handle, cursor.encode())

    @property
    def event_count(self) -> int:
        """How many events there are in all."""
        return _lib.refer_fake_event_count(self._handle)
