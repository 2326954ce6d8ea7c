"""The referral gateway's client library, librefer(3), for Python 3.11.

    import refer

    with refer.Client() as client:
        id = client.submit({
            "to": agency, "service": "tb.assess", "purpose": "tb_assessment",
            "urgency": "soon", "choice": "chosen", "ask_back": "outcome_code",
            "reason_plain": "I have been coughing.",
            "consent_at_ms": agreed_at,
            "elements": {"call_name": "Sasha"},
            "grants": [{"to": agency, "purpose": "tb_assessment",
                        "elements": ["call_name"], "until_ms": until}],
        }, key="form-17")

        with client.cursor("desk") as cursor:
            for event in cursor:
                handle(event)
                cursor.ack(event)

Referrals are dictionaries; statuses other than REFER_OK are exceptions, one
class each, all of them refer.Error. Time-outs are in seconds, None is "for
ever". Instants ("*_ms") are milliseconds since 1970, or datetime objects with
a time zone where you give them. One file, no dependency but librefer.so.0
itself, which REFER_LIBRARY may name.

THREADS  A client and its cursors belong to one thread at a time. Only
         Client.interrupt() may be called from another, or from a signal
         handler. While a cursor waits for the next event, signals are handled
         at once; other calls come back first, at the latest when their
         time-out is over.
RETRIES  After Timeout, Disconnected or Interrupted nobody knows whether a
         write was done: call again with the same key. See Error.is_retryable.
"""
from __future__ import annotations

import ctypes
import os
import select
import time
import weakref
from collections.abc import Iterable, Iterator, Mapping
from ctypes import (POINTER, byref, c_char_p, c_int, c_int32, c_int64,
                    c_size_t, c_uint32, c_uint64, c_void_p)
from dataclasses import dataclass, field
from datetime import datetime
from types import EllipsisType, TracebackType
from typing import Any

__all__ = [
    "Batch", "Busy", "Client", "Conflict", "Cursor", "Denied", "Disconnected",
    "Error", "Event", "Internal", "Interrupted", "Invalid", "Item",
    "NoConsent", "NoMemory", "NotFound", "Protocol", "Record", "Timeout",
    "TooLarge", "Verdict", "options", "version",
]

# Seconds; None: for ever; ...: as the client says.
Wait = float | None | EllipsisType

# ---- The library ------------------------------------------------------------

_OUT = POINTER(c_void_p)

# Every function of refer.h: what it returns, and its arguments. A test holds
# this against the header.
SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "refer_version": (c_uint32, []),
    "refer_version_string": (c_char_p, []),
    "refer_status_name": (c_char_p, [c_int32]),
    "refer_status_text": (c_char_p, [c_int32]),
    "refer_status_is_retryable": (c_int, [c_int32]),
    "refer_client_new": (c_int32, [_OUT]),
    "refer_client_free": (None, [c_void_p]),
    "refer_client_set": (c_int32, [c_void_p, c_char_p, c_char_p]),
    "refer_option_name": (c_char_p, [c_uint32]),
    "refer_option_help": (c_char_p, [c_uint32]),
    "refer_client_connect": (c_int32, [c_void_p, c_int32]),
    "refer_client_fd": (c_int, [c_void_p]),
    "refer_client_interrupt": (None, [c_void_p]),
    "refer_client_error": (c_char_p, [c_void_p]),
    "refer_client_problem": (c_char_p, [c_void_p]),
    "refer_client_clause": (c_char_p, [c_void_p]),
    "refer_client_remedy": (c_char_p, [c_void_p]),
    "refer_referral_new": (c_int32, [_OUT]),
    "refer_referral_free": (None, [c_void_p]),
    "refer_referral_set": (c_int32, [c_void_p, c_char_p, c_char_p]),
    "refer_referral_get": (c_char_p, [c_void_p, c_char_p]),
    "refer_referral_set_element": (c_int32, [c_void_p, c_char_p, c_char_p]),
    "refer_referral_element_count": (c_uint32, [c_void_p]),
    "refer_referral_element_name": (c_char_p, [c_void_p, c_uint32]),
    "refer_referral_element_value": (c_char_p, [c_void_p, c_uint32]),
    "refer_referral_grant":
        (c_int32, [c_void_p, c_char_p, c_char_p, c_char_p, c_int64]),
    "refer_referral_grant_count": (c_uint32, [c_void_p]),
    "refer_referral_grant_get": (c_char_p, [c_void_p, c_uint32, c_char_p]),
    "refer_referral_set_detail": (c_int32, [c_void_p, c_char_p, c_char_p]),
    "refer_referral_detail_count": (c_uint32, [c_void_p]),
    "refer_referral_detail_name": (c_char_p, [c_void_p, c_uint32]),
    "refer_referral_detail_value": (c_char_p, [c_void_p, c_uint32]),
    "refer_referral_event_count": (c_uint32, [c_void_p]),
    "refer_referral_event": (c_void_p, [c_void_p, c_uint32]),
    "refer_submit":
        (c_int32, [c_void_p, c_void_p, c_char_p, c_int32, c_char_p, c_size_t]),
    "refer_explain": (c_int32, [c_void_p, c_void_p, c_int32, POINTER(c_int32)]),
    "refer_act":
        (c_int32, [c_void_p, c_char_p, c_char_p, c_void_p, c_char_p, c_int32,
                   _OUT]),
    "refer_accept": (c_int32, [c_void_p, c_char_p, c_char_p, c_char_p, c_int32]),
    "refer_decline":
        (c_int32, [c_void_p, c_char_p, c_char_p, c_char_p, c_char_p, c_int32]),
    "refer_finish": (c_int32, [c_void_p, c_char_p, c_char_p, c_char_p, c_int32]),
    "refer_cancel": (c_int32, [c_void_p, c_char_p, c_char_p, c_char_p, c_int32]),
    "refer_withdraw": (c_int32, [c_void_p, c_char_p, c_char_p, c_int32]),
    "refer_withdraw_consent": (c_int32, [c_void_p, c_char_p, c_char_p, c_int32]),
    "refer_erase":
        (c_int32, [c_void_p, c_char_p, c_char_p, c_char_p, c_int32,
                   POINTER(c_uint32)]),
    "refer_get": (c_int32, [c_void_p, c_char_p, c_int32, _OUT]),
    "refer_batch_new": (c_int32, [_OUT]),
    "refer_batch_free": (None, [c_void_p]),
    "refer_batch_add": (c_int32, [c_void_p, c_void_p, c_char_p]),
    "refer_batch_count": (c_uint32, [c_void_p]),
    "refer_batch_submit": (c_int32, [c_void_p, c_void_p, c_int32]),
    "refer_batch_stored_count": (c_uint32, [c_void_p]),
    "refer_batch_status": (c_int32, [c_void_p, c_uint32]),
    "refer_batch_key": (c_char_p, [c_void_p, c_uint32]),
    "refer_batch_id": (c_char_p, [c_void_p, c_uint32]),
    "refer_batch_problem": (c_char_p, [c_void_p, c_uint32]),
    "refer_batch_clause": (c_char_p, [c_void_p, c_uint32]),
    "refer_batch_remedy": (c_char_p, [c_void_p, c_uint32]),
    "refer_batch_clear": (None, [c_void_p]),
    "refer_cursor_open": (c_int32, [c_void_p, c_char_p, c_int32, _OUT]),
    "refer_cursor_free": (None, [c_void_p]),
    "refer_cursor_epoch": (c_uint64, [c_void_p]),
    "refer_cursor_position": (c_uint64, [c_void_p]),
    "refer_cursor_next": (c_int32, [c_void_p, c_int32, _OUT]),
    "refer_cursor_ack": (c_int32, [c_void_p, c_void_p, c_int32]),
    "refer_cursor_ack_position":
        (c_int32, [c_void_p, c_uint64, c_uint64, c_int32]),
    "refer_cursor_rewind": (c_int32, [c_void_p, c_int32]),
    "refer_cursor_delete": (c_int32, [c_void_p, c_char_p, c_int32]),
    "refer_event_free": (None, [c_void_p]),
    "refer_event_epoch": (c_uint64, [c_void_p]),
    "refer_event_position": (c_uint64, [c_void_p]),
    "refer_event_type": (c_char_p, [c_void_p]),
    "refer_event_step": (c_char_p, [c_void_p]),
    "refer_event_referral_id": (c_char_p, [c_void_p]),
    "refer_event_state": (c_char_p, [c_void_p]),
    "refer_event_time_ms": (c_int64, [c_void_p]),
    "refer_event_generation": (c_char_p, [c_void_p]),
    "refer_event_index": (c_uint64, [c_void_p]),
    "refer_event_redeliveries": (c_uint32, [c_void_p]),
    "refer_event_get": (c_char_p, [c_void_p, c_char_p]),
    "refer_event_detail": (c_char_p, [c_void_p, c_char_p]),
    "refer_event_detail_count": (c_uint32, [c_void_p]),
    "refer_event_detail_name": (c_char_p, [c_void_p, c_uint32]),
    "refer_event_detail_value": (c_char_p, [c_void_p, c_uint32]),
    "refer_event_element": (c_char_p, [c_void_p, c_char_p]),
    "refer_event_element_count": (c_uint32, [c_void_p]),
    "refer_event_element_name": (c_char_p, [c_void_p, c_uint32]),
    "refer_event_element_value": (c_char_p, [c_void_p, c_uint32]),
    "refer_query_new": (c_int32, [_OUT]),
    "refer_query_free": (None, [c_void_p]),
    "refer_query_set": (c_int32, [c_void_p, c_char_p, c_char_p]),
    "refer_query_set_number": (c_int32, [c_void_p, c_char_p, c_int64]),
    "refer_query_set_data": (c_int32, [c_void_p, c_char_p, c_void_p, c_size_t]),
    "refer_query_set_flag": (c_int32, [c_void_p, c_char_p, c_int32]),
    "refer_query_add_record": (c_int32, [c_void_p, c_char_p]),
    "refer_call": (c_int32, [c_void_p, c_char_p, c_void_p, c_int32, _OUT]),
    "refer_listing_free": (None, [c_void_p]),
    "refer_listing_count": (c_uint32, [c_void_p]),
    "refer_listing_type": (c_char_p, [c_void_p, c_uint32]),
    "refer_listing_get": (c_char_p, [c_void_p, c_uint32, c_char_p]),
    "refer_listing_number": (c_int64, [c_void_p, c_uint32, c_char_p]),
    "refer_listing_data":
        (c_void_p, [c_void_p, c_uint32, c_char_p, POINTER(c_size_t)]),
    "refer_listing_field_count": (c_uint32, [c_void_p, c_uint32]),
    "refer_listing_field_name": (c_char_p, [c_void_p, c_uint32, c_uint32]),
    "refer_listing_field_type": (c_char_p, [c_void_p, c_uint32, c_uint32]),
    "refer_listing_field_value": (c_char_p, [c_void_p, c_uint32, c_uint32]),
    "refer_health_get": (c_int32, [c_void_p, c_int32, _OUT]),
    "refer_health_free": (None, [c_void_p]),
    "refer_health_is_ready": (c_int, [c_void_p]),
    "refer_health_count": (c_uint32, [c_void_p]),
    "refer_health_name": (c_char_p, [c_void_p, c_uint32]),
    "refer_health_value": (c_int64, [c_void_p, c_uint32]),
    "refer_id_size": (c_size_t, []),
    "refer_batch_count_max": (c_uint32, []),
    "refer_batch_size_max": (c_size_t, []),
}


def bind(library: ctypes.CDLL,
         signatures: Mapping[str, tuple[Any, list[Any]]]) -> ctypes.CDLL:
    """Gives a library's functions their types."""
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    return library


_lib = bind(ctypes.CDLL(os.environ.get("REFER_LIBRARY", "librefer.so.0")),
            SIGNATURES)


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8")


def version() -> str:
    """Version of the library, such as "0.1.0"."""
    return _text(_lib.refer_version_string())


def options() -> dict[str, str]:
    """Options of Client() by name, each with one line about it."""
    found = {}
    while name := _text(_lib.refer_option_name(len(found))):
        found[name] = _text(_lib.refer_option_help(len(found)))
    return found


# ---- Errors -----------------------------------------------------------------

class Error(Exception):
    """A status other than REFER_OK. `problem`, `clause` and `remedy` say why
    the gateway refused, by which clause, and what to do; else they are ""."""

    status = 0

    def __init__(self, text: str = "", problem: str = "", clause: str = "",
                 remedy: str = "", status: int | None = None) -> None:
        super().__init__(text)
        self.problem, self.clause, self.remedy = problem, clause, remedy
        if status is not None:
            self.status = status

    @property
    def name(self) -> str:
        """Such as "REFER_TIMEOUT"."""
        return _text(_lib.refer_status_name(self.status))

    @property
    def is_retryable(self) -> bool:
        """Whether the same call may succeed later."""
        return _lib.refer_status_is_retryable(self.status) != 0

    def __str__(self) -> str:
        said = self.args[0] or _text(_lib.refer_status_text(self.status))
        why = " ".join(part for part in (self.problem, self.clause) if part)
        said += f" ({why})" if why else ""
        return f"{said}: {self.remedy}" if self.remedy else said


class Invalid(Error):
    """An argument is wrong: a bug in the caller."""
    status = -1


class Timeout(Error):
    """Nothing came in time."""
    status = -2


class Disconnected(Error):
    """The gateway is not there, or went away."""
    status = -3


class Interrupted(Error):
    """Client.interrupt() was called."""
    status = -4


class Denied(Error):
    """Policy, or not this agency's to do."""
    status = -5


class Conflict(Error):
    """Not possible in the referral's state; or a key stands for another."""
    status = -6


class NotFound(Error):
    """There is no such thing here."""
    status = -7


class TooLarge(Error):
    """Larger than the limit."""
    status = -8


class Busy(Error):
    """A limit is reached: wait, then try again."""
    status = -9


class NoConsent(Error):
    """Consent is missing, expired or withdrawn."""
    status = -10


class Protocol(Error):
    """Library and gateway do not understand each other."""
    status = -11


class NoMemory(Error):
    """Out of memory, here or there."""
    status = -12


class Internal(Error):
    """The gateway failed: see its log."""
    status = -13


_ERRORS: dict[int, type[Error]] = {
    kind.status: kind for kind in Error.__subclasses__()}


def error_for(status: int, text: str = "", problem: str = "",
              clause: str = "", remedy: str = "") -> Error:
    """The exception of a status, not raised yet."""
    return _ERRORS.get(status, Error)(text, problem, clause, remedy, status)


def check(status: int) -> None:
    """Raises the exception of a status that no client has words for."""
    if status != 0:
        raise error_for(status)


# ---- Values -----------------------------------------------------------------

def _bytes(value: Any) -> bytes:
    """A text, number or instant as librefer wants it."""
    if isinstance(value, datetime):
        value = _ms(value)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise TypeError(f"{value!r} is neither text, number nor datetime")
    encoded = str(value).encode("utf-8")
    if b"\0" in encoded:
        raise Invalid("a text has no zero byte")
    return encoded


def _ms(value: int | datetime) -> int:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise TypeError("an instant has a time zone")
        return round(value.timestamp() * 1000)
    return int(value)


def _timeout_ms(timeout: float | None) -> int:
    if timeout is None:
        return -1
    return max(0, min(round(timeout * 1000), 2 ** 31 - 1))


_PARTS = ("elements", "grants", "details")
# What a referral of the gateway can say of itself.
_FIELDS = (
    "id", "state", "direction", "peer", "peer_name", "mou", "to", "service",
    "purpose", "urgency", "choice", "ask_back", "reason_plain",
    "consent_at_ms", "created_ms", "updated_ms", "pending", "frozen", "steps",
    "thread", "parent", "hop", "role", "actor", "erased_ms", "erased_by",
    "erased_reason", "erased_whole", "erasure_notice")
_NUMBERS = ("consent_at_ms", "created_ms", "updated_ms", "hop", "erased_ms")
_EVENT_FIELDS = ("direction", "peer", "by", "actor", "role", "status",
                 "problem", "clause", "remedy")


class ReferralHandle:
    """A refer_referral made from a dictionary, freed at the end of `with`."""

    def __init__(self, referral: Mapping[str, Any] | None) -> None:
        self._referral = referral
        self._handle = c_void_p()

    def __enter__(self) -> c_void_p:
        if self._referral is None:
            return self._handle
        check(_lib.refer_referral_new(byref(self._handle)))
        try:
            self._fill(self._referral)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self._handle

    def __exit__(self, *_: object) -> None:
        _lib.refer_referral_free(self._handle)
        self._handle = c_void_p()

    def _fill(self, referral: Mapping[str, Any]) -> None:
        for name, value in referral.items():
            if name in _PARTS or value is None:
                continue
            if _lib.refer_referral_set(
                    self._handle, _bytes(name), _bytes(value)) != 0:
                raise Invalid(f"{name}: no such field, or not its form")
        for name, value in (referral.get("elements") or {}).items():
            if _lib.refer_referral_set_element(
                    self._handle, _bytes(name), _bytes(value)) != 0:
                raise Invalid(f"elements.{name}: no code, or no text")
        for name, value in (referral.get("details") or {}).items():
            if _lib.refer_referral_set_detail(
                    self._handle, _bytes(name), _bytes(value)) != 0:
                raise Invalid(f"details.{name}: no name, or no text")
        for grant in referral.get("grants") or ():
            elements = grant["elements"]
            if not isinstance(elements, str):
                elements = " ".join(elements)
            check(_lib.refer_referral_grant(
                self._handle, _bytes(grant["to"]), _bytes(grant["purpose"]),
                _bytes(elements), _ms(grant["until_ms"])))


def read_referral(handle: Any) -> dict[str, Any]:
    """A refer_referral as a dictionary; absent fields are left out."""
    found: dict[str, Any] = {}
    for name in _FIELDS:
        value = _text(_lib.refer_referral_get(handle, name.encode()))
        if not value:
            continue
        if name in _NUMBERS:
            found[name] = int(value)
        elif name in ("pending", "frozen", "erased_whole"):
            found[name] = value == "true" if value in ("true", "false") \
                else int(value)
        else:
            found[name] = value.split(" ") if name == "steps" else value
    found["elements"] = {
        _text(_lib.refer_referral_element_name(handle, i)):
        _text(_lib.refer_referral_element_value(handle, i))
        for i in range(_lib.refer_referral_element_count(handle))}
    found["details"] = {
        _text(_lib.refer_referral_detail_name(handle, i)):
        _text(_lib.refer_referral_detail_value(handle, i))
        for i in range(_lib.refer_referral_detail_count(handle))}
    found["grants"] = [
        _read_grant(handle, i)
        for i in range(_lib.refer_referral_grant_count(handle))]
    found["events"] = [
        _read_event(_lib.refer_referral_event(handle, i))
        for i in range(_lib.refer_referral_event_count(handle))]
    return found


def _read_grant(handle: Any, i: int) -> dict[str, Any]:
    def get(name: str) -> str:
        return _text(_lib.refer_referral_grant_get(handle, i, name.encode()))
    return {"to": get("to"), "purpose": get("purpose"),
            "elements": get("elements").split(),
            "until_ms": int(get("until_ms") or 0)}


@dataclass(frozen=True)
class Event:
    """Something that happened to a referral. `epoch` and `position` are what
    to keep with one's own data; `redeliveries` is how often it was handed out
    before. `generation` and `index` name the entry that both agencies signed,
    in the ledger of who took the step, as evidence does; "" until they did."""
    type: str
    step: str
    referral: str
    state: str
    at_ms: int
    epoch: int
    position: int
    redeliveries: int
    direction: str = ""
    peer: str = ""
    by: str = ""
    actor: str = ""
    role: str = ""
    status: str = ""
    problem: str = ""
    clause: str = ""
    remedy: str = ""
    generation: str = ""
    index: int = 0
    details: dict[str, str] = field(default_factory=dict)
    elements: dict[str, str] = field(default_factory=dict)


def _read_event(handle: Any) -> Event:
    return Event(
        type=_text(_lib.refer_event_type(handle)),
        step=_text(_lib.refer_event_step(handle)),
        referral=_text(_lib.refer_event_referral_id(handle)),
        state=_text(_lib.refer_event_state(handle)),
        at_ms=_lib.refer_event_time_ms(handle),
        epoch=_lib.refer_event_epoch(handle),
        position=_lib.refer_event_position(handle),
        redeliveries=_lib.refer_event_redeliveries(handle),
        generation=_text(_lib.refer_event_generation(handle)),
        index=_lib.refer_event_index(handle),
        details={
            _text(_lib.refer_event_detail_name(handle, i)):
            _text(_lib.refer_event_detail_value(handle, i))
            for i in range(_lib.refer_event_detail_count(handle))},
        elements={
            _text(_lib.refer_event_element_name(handle, i)):
            _text(_lib.refer_event_element_value(handle, i))
            for i in range(_lib.refer_event_element_count(handle))},
        **{name: _text(_lib.refer_event_get(handle, name.encode()))
           for name in _EVENT_FIELDS})


@dataclass(frozen=True)
class Verdict:
    """Whether a referral would be let out; if not, why. True when it would."""
    allowed: bool
    problem: str = ""
    clause: str = ""
    remedy: str = ""

    def __bool__(self) -> bool:
        return self.allowed


class Record(dict[str, Any]):
    """Fields of one record of an answer: text, numbers, flags, bytes. `type`
    says what it is: "referral", "peer", "number", ..."""

    def __init__(self, type: str, fields: Mapping[str, Any] = {}) -> None:
        super().__init__(fields)
        self.type = type

    def __repr__(self) -> str:
        return f"Record({self.type!r}, {super().__repr__()})"


def _read_record(handle: Any, i: int) -> Record:
    record = Record(_text(_lib.refer_listing_type(handle, i)))
    for k in range(_lib.refer_listing_field_count(handle, i)):
        name = _lib.refer_listing_field_name(handle, i, k)
        kind = _lib.refer_listing_field_type(handle, i, k)
        value: Any = _text(_lib.refer_listing_field_value(handle, i, k))
        if kind == b"number":
            value = _lib.refer_listing_number(handle, i, name)
        elif kind == b"flag":
            value = value == "true"
        elif kind == b"data":
            size = c_size_t()
            at = _lib.refer_listing_data(handle, i, name, byref(size))
            value = ctypes.string_at(at, size.value) if at else b""
        record[_text(name)] = value
    return record


# ---- The client -------------------------------------------------------------

class Client:
    """A connection to the gateway, made when it is first needed, and again
    when it broke. Options as in options(): socket="...", application="...".
    `timeout` is that of calls that do not say another, in seconds."""

    def __init__(self, timeout: float | None = 30.0, **options: str) -> None:
        self.timeout = timeout
        self._handle = c_void_p()
        self._wake: tuple[int, ...] = ()
        self._cursors: weakref.WeakSet[Cursor] = weakref.WeakSet()
        check(_lib.refer_client_new(byref(self._handle)))
        try:
            self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
            for name, value in options.items():
                self._check(_lib.refer_client_set(
                    self._handle, _bytes(name), _bytes(value)))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Disconnects and releases, its cursors too."""
        for cursor in list(self._cursors):
            cursor.close()
        _lib.refer_client_free(self._handle)
        self._handle = c_void_p()
        for fd in self._wake:
            os.close(fd)
        self._wake = ()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None,
                 error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self.close()

    def _error(self, status: int) -> Error:
        return error_for(
            status, _text(_lib.refer_client_error(self._handle)),
            _text(_lib.refer_client_problem(self._handle)),
            _text(_lib.refer_client_clause(self._handle)),
            _text(_lib.refer_client_remedy(self._handle)))

    def _check(self, status: int) -> None:
        if status != 0:
            raise self._error(status)

    def _ms(self, timeout: Wait) -> int:
        return _timeout_ms(
            self.timeout if isinstance(timeout, EllipsisType) else timeout)

    def connect(self, timeout: Wait = ...) -> None:
        """Connects. Not obligatory: every call does when it has to."""
        self._check(_lib.refer_client_connect(self._handle, self._ms(timeout)))

    def fileno(self) -> int:
        """Descriptor to poll for reading between Cursor.next(timeout=0); -1
        if none. It changes with every connection."""
        return _lib.refer_client_fd(self._handle)

    def interrupt(self) -> None:
        """Makes the call in progress, or the next one, raise Interrupted. For
        other threads and signal handlers."""
        _lib.refer_client_interrupt(self._handle)
        if self._wake:
            try:
                os.write(self._wake[1], b"\0")
            except BlockingIOError:
                pass  # a full pipe wakes it already

    def _await(self, seconds: float | None) -> None:
        """Until the gateway says something, an interrupt, or so long. Signals
        are handled meanwhile, which a call into C has to end for."""
        poll = select.poll()
        poll.register(self._wake[0], select.POLLIN)
        if (fd := self.fileno()) >= 0:
            poll.register(fd, select.POLLIN)
        else:  # its queue of connections is full: there is nothing to poll
            seconds = 0.01 if seconds is None else min(seconds, 0.01)
        poll.poll(None if seconds is None else seconds * 1000)
        try:
            while os.read(self._wake[0], 64):
                pass
        except BlockingIOError:
            pass

    # ---- Writes: each with a key of yours

    def submit(self, referral: Mapping[str, Any], key: str,
               timeout: Wait = ...) -> str:
        """Hands over a new referral and returns its id: it is on the
        gateway's disk. Keys of the dictionary are the fields of librefer(3),
        and "elements" (by code) and "grants" (each with "to", "purpose",
        "elements", "until_ms")."""
        size = _lib.refer_id_size()
        id = ctypes.create_string_buffer(size)
        with ReferralHandle(referral) as handle:
            self._check(_lib.refer_submit(
                self._handle, handle, _bytes(key), self._ms(timeout), id,
                size))
        return _text(id.value)

    def submit_many(self, batch: Batch, timeout: Wait = ...) -> list[Item]:
        """Hands over a whole batch in one round trip and one commit. Each
        item of the answer says what became of its referral."""
        self._check(_lib.refer_batch_submit(
            self._handle, batch._handle, self._ms(timeout)))
        return list(batch)

    def explain(self, referral: Mapping[str, Any],
                timeout: Wait = ...) -> Verdict:
        """Would it be let out? Changes nothing."""
        allowed = c_int32()
        with ReferralHandle(referral) as handle:
            self._check(_lib.refer_explain(
                self._handle, handle, self._ms(timeout), byref(allowed)))
        if allowed.value:
            return Verdict(True)
        why = self._error(0)
        return Verdict(False, why.problem, why.clause, why.remedy)

    def act(self, id: str, step: str, key: str,
            details: Mapping[str, str] | None = None,
            elements: Mapping[str, str] | None = None,
            actor: str | None = None, role: str | None = None,
            timeout: Wait = ...) -> dict[str, Any]:
        """Takes a step by its name. The answer has "id", "state" and
        "pending": True while the other agency's gateway has yet to decide."""
        now = c_void_p()
        said = {"details": details, "elements": elements, "actor": actor,
                "role": role}
        with ReferralHandle(said) as handle:
            self._check(_lib.refer_act(
                self._handle, _bytes(id), _bytes(step), handle, _bytes(key),
                self._ms(timeout), byref(now)))
        try:
            return read_referral(now)
        finally:
            _lib.refer_referral_free(now)

    def accept(self, id: str, offer: str, key: str,
               timeout: Wait = ...) -> None:
        """Takes a referral on; the offer says when and where."""
        self._check(_lib.refer_accept(
            self._handle, _bytes(id), _bytes(offer), _bytes(key),
            self._ms(timeout)))

    def decline(self, id: str, reason: str, next_option: str, key: str,
                timeout: Wait = ...) -> None:
        """Refuses it, with a reason from the shared list and where to turn
        next."""
        self._check(_lib.refer_decline(
            self._handle, _bytes(id), _bytes(reason), _bytes(next_option),
            _bytes(key), self._ms(timeout)))

    def finish(self, id: str, outcome: str | None, key: str,
               timeout: Wait = ...) -> None:
        """Hands the outcome back, with a code from the shared list."""
        if outcome is None:
            self.act(id, "finish", key, timeout=timeout)
            return
        self._check(_lib.refer_finish(
            self._handle, _bytes(id), _bytes(outcome), _bytes(key),
            self._ms(timeout)))

    def cancel(self, id: str, reason: str, key: str,
               timeout: Wait = ...) -> None:
        """Takes one's own referral back, after the person was told."""
        self._check(_lib.refer_cancel(
            self._handle, _bytes(id), _bytes(reason), _bytes(key),
            self._ms(timeout)))

    def withdraw(self, id: str, key: str, timeout: Wait = ...) -> None:
        """The person does not want to go on; no reason is asked."""
        self._check(_lib.refer_withdraw(
            self._handle, _bytes(id), _bytes(key), self._ms(timeout)))

    def withdraw_consent(self, id: str, key: str, timeout: Wait = ...) -> None:
        """The person takes consent back: every copy is to be erased."""
        self._check(_lib.refer_withdraw_consent(
            self._handle, _bytes(id), _bytes(key), self._ms(timeout)))

    def erase(self, id: str, reason: str, elements: Iterable[str] = (),
              timeout: Wait = ...) -> int:
        """Erases what was said of the person, for good, and tells the other
        agency: all of it, or elements by their codes. The reason is
        person_asked, retention_over, wrong_person or law. How many events
        lost words; needs the right erase, and no key."""
        count = c_uint32()
        codes = " ".join(elements)
        self._check(_lib.refer_erase(
            self._handle, _bytes(id), _bytes(reason),
            _bytes(codes) if codes else None, self._ms(timeout), byref(count)))
        return count.value

    # ---- Reads

    def get(self, id: str, timeout: Wait = ...) -> dict[str, Any]:
        """The referral as this gateway knows it now: fields, "elements",
        "grants" and its "events" so far."""
        found = c_void_p()
        self._check(_lib.refer_get(
            self._handle, _bytes(id), self._ms(timeout), byref(found)))
        try:
            return read_referral(found)
        finally:
            _lib.refer_referral_free(found)

    def list(self, timeout: Wait = ..., **filters: Any) -> Iterator[Record]:
        """Referrals, page by page: state=, peer=, direction=, after=."""
        while True:
            page = self.call("list", filters, timeout=timeout)
            yield from page
            if not page:
                return
            filters["after"] = page[-1]["id"]

    def call(self, operation: str, fields: Mapping[str, Any] | None = None,
             records: Iterable[tuple[str, Mapping[str, Any]]] = (),
             timeout: Wait = ...) -> list[Record]:
        """Any operation of librefer(3) by its name. Values are text, int,
        bool, bytes, or datetime."""
        query = c_void_p()
        listing = c_void_p()
        check(_lib.refer_query_new(byref(query)))
        try:
            _query_fill(query, fields or {})
            for kind, values in records:
                check(_lib.refer_query_add_record(query, _bytes(kind)))
                _query_fill(query, values)
            self._check(_lib.refer_call(
                self._handle, _bytes(operation), query, self._ms(timeout),
                byref(listing)))
        finally:
            _lib.refer_query_free(query)
        try:
            return [_read_record(listing, i)
                    for i in range(_lib.refer_listing_count(listing))]
        finally:
            _lib.refer_listing_free(listing)

    def health(self, timeout: Wait = ...) -> dict[str, int]:
        """Numbers by name; "ready" is 1 when the gateway stores, sends and
        receives."""
        health = c_void_p()
        self._check(_lib.refer_health_get(
            self._handle, self._ms(timeout), byref(health)))
        try:
            return {_text(_lib.refer_health_name(health, i)):
                    _lib.refer_health_value(health, i)
                    for i in range(_lib.refer_health_count(health))}
        finally:
            _lib.refer_health_free(health)

    def cursor(self, name: str, timeout: Wait = ...) -> Cursor:
        """Opens the durable cursor of that name, making it on first use."""
        return Cursor(self, name, timeout)

    def delete_cursor(self, name: str, timeout: Wait = ...) -> None:
        """Forgets a cursor in the gateway for good."""
        self._check(_lib.refer_cursor_delete(
            self._handle, _bytes(name), self._ms(timeout)))


def _query_fill(query: c_void_p, fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        field = _bytes(name)
        if value is None:
            continue
        if isinstance(value, bool):
            status = _lib.refer_query_set_flag(query, field, value)
        elif isinstance(value, (int, datetime)):
            status = _lib.refer_query_set_number(query, field, _ms(value))
        elif isinstance(value, (bytes, bytearray)):
            status = _lib.refer_query_set_data(
                query, field, bytes(value), len(value))
        else:
            status = _lib.refer_query_set(query, field, _bytes(value))
        if status != 0:
            raise error_for(status, f"{name}: no name, or no text")


# ---- Many at once -----------------------------------------------------------

@dataclass(frozen=True)
class Item:
    """What became of one referral of a batch: its id when it is stored, else
    the error."""
    key: str
    id: str
    error: Error | None


class Batch:
    """Referrals to hand over together, each under its key; for
    Client.submit_many(). Add until TooLarge, submit, clear, go on."""

    def __init__(self) -> None:
        self._handle = c_void_p()
        check(_lib.refer_batch_new(byref(self._handle)))

    def close(self) -> None:
        """Releases it."""
        _lib.refer_batch_free(self._handle)
        self._handle = c_void_p()

    def __enter__(self) -> Batch:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self.close()

    def add(self, referral: Mapping[str, Any], key: str) -> None:
        """Adds a referral; TooLarge when the batch is full, and as it was."""
        with ReferralHandle(referral) as handle:
            check(_lib.refer_batch_add(self._handle, handle, _bytes(key)))

    def clear(self) -> None:
        """Empties it, to be filled again."""
        _lib.refer_batch_clear(self._handle)

    def __len__(self) -> int:
        return _lib.refer_batch_count(self._handle)

    @property
    def stored_count(self) -> int:
        """How many are stored; 0 before it was answered."""
        return _lib.refer_batch_stored_count(self._handle)

    def __iter__(self) -> Iterator[Item]:
        for i in range(len(self)):
            status = _lib.refer_batch_status(self._handle, i)
            error = None if status == 0 else error_for(
                status, "", _text(_lib.refer_batch_problem(self._handle, i)),
                _text(_lib.refer_batch_clause(self._handle, i)),
                _text(_lib.refer_batch_remedy(self._handle, i)))
            yield Item(_text(_lib.refer_batch_key(self._handle, i)),
                       _text(_lib.refer_batch_id(self._handle, i)), error)


# ---- Events -----------------------------------------------------------------

class Cursor:
    """A durable place in the gateway's events: at least once, in order, until
    acknowledged. Iterating waits for events without end."""

    def __init__(self, client: Client, name: str, timeout: Wait = ...) -> None:
        self._client = client
        self._handle = c_void_p()
        client._check(_lib.refer_cursor_open(
            client._handle, _bytes(name), client._ms(timeout),
            byref(self._handle)))
        client._cursors.add(self)

    def close(self) -> None:
        """Gives up the cursor; its position stays in the gateway."""
        _lib.refer_cursor_free(self._handle)
        self._handle = c_void_p()

    def __enter__(self) -> Cursor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self.close()

    @property
    def epoch(self) -> int:
        """Which numbering of events the positions belong to."""
        return _lib.refer_cursor_epoch(self._handle)

    @property
    def position(self) -> int:
        """Position of the last event acknowledged, as known here."""
        return _lib.refer_cursor_position(self._handle)

    def next(self, timeout: Wait = ...) -> Event | None:
        """The next event; None when none came in time."""
        limit = self._client._ms(timeout)
        until = None if limit < 0 else time.monotonic() + limit / 1000
        event = c_void_p()
        while True:
            status = _lib.refer_cursor_next(self._handle, 0, byref(event))
            if status == 0:
                break
            if status != Timeout.status:
                raise self._client._error(status)
            left = None if until is None else until - time.monotonic()
            if left is not None and left <= 0:
                return None
            self._client._await(left)
        try:
            return _read_event(event)
        finally:
            _lib.refer_event_free(event)

    def events(self, timeout: Wait = ...) -> Iterator[Event]:
        """Events until none came for so long."""
        while (event := self.next(timeout)) is not None:
            yield event

    def __iter__(self) -> Iterator[Event]:
        return self.events(None)

    def ack(self, event: Event, timeout: Wait = ...) -> None:
        """"Everything up to and including this is dealt with"."""
        self.ack_position(event.epoch, event.position, timeout)

    def ack_position(self, epoch: int, position: int,
                     timeout: Wait = ...) -> None:
        """The same for an epoch and position kept with one's own data;
        Conflict when the epoch is not the gateway's."""
        self._client._check(_lib.refer_cursor_ack_position(
            self._handle, epoch, position, self._client._ms(timeout)))

    def rewind(self, timeout: Wait = ...) -> None:
        """Hands out again everything not acknowledged, from the oldest."""
        self._client._check(_lib.refer_cursor_rewind(
            self._handle, self._client._ms(timeout)))
