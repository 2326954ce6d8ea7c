"""Notices of erasure: PROTOCOL.md section 9.1."""
from . import messages as m
from .event import uuid_check
from .registry import ELEMENTS
from .wire import Refused

AT_MS_MAX = 253402300799999
REASONS = {m.ErasureReason.PERSON_ASKED: "person_asked",
           m.ErasureReason.RETENTION_OVER: "retention_over",
           m.ErasureReason.WRONG_PERSON: "wrong_person",
           m.ErasureReason.LAW: "law"}


def notice_read(content):
    """The ErasureNotice; Refused unless all of section 9.1 holds."""
    notice = m.ErasureNotice.decode(content)
    uuid_check(notice.referral, "referral")
    if notice.reason not in REASONS or not notice.actor \
            or notice.at_ms > AT_MS_MAX:
        raise Refused("reason, actor or time is missing")
    if len(notice.elements) > 128 \
            or len(set(notice.elements)) != len(notice.elements):
        raise Refused("too many elements, or one twice")
    for code in notice.elements:
        if code not in ELEMENTS:
            raise Refused("unknown element")
    return notice
