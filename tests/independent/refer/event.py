"""The form of a referral event: PROTOCOL.md sections 11.1 and 11.5."""
import datetime
import re

from . import messages as m
from .keys import agency_id_check
from .registry import ELEMENTS
from .text import CODE, code_check
from .wire import Refused

VALUE_SIZE_MAX = 65536
NUMBER = re.compile(r"0|[1-9][0-9]{0,8}")
YEAR = re.compile(r"[1-9][0-9]{3}")


def uuid_check(data, what):
    if len(data) != 16 or not any(data):
        raise Refused("%s is not a UUID" % what)


def value_check(value, what):
    if not value.strip() or "\x7f" in value \
            or len(value.encode()) > VALUE_SIZE_MAX:
        raise Refused("%s has nothing to read or too much" % what)


def element_check(element):
    form = ELEMENTS.get(element.code)
    value = element.value
    if form is None:
        raise Refused("unknown element")
    value_check(value, element.code)
    if form == "code" and not CODE.fullmatch(value) \
            or form == "number" and not NUMBER.fullmatch(value) \
            or form == "year" and not YEAR.fullmatch(value) \
            or form == "flag" and value not in ("yes", "no"):
        raise Refused("%s is not a %s" % (element.code, form))
    if form == "date":
        try:
            datetime.date.fromisoformat(value)
        except ValueError:
            raise Refused("%s is not a date" % element.code) from None


def request_check(request):
    code_check(request.service, "service")
    code_check(request.purpose, "purpose")
    if not (request.urgency and request.choice and request.ask_back):
        raise Refused("urgency, choice or ask_back is missing")
    value_check(request.reason_plain, "reason_plain")
    if len(request.reason_plain.encode()) > 2000:
        raise Refused("reason_plain is too long")
    uuid_check(request.thread, "thread")
    if (request.hop > 0) != bool(request.parent):
        raise Refused("hop and parent")
    if request.parent:
        uuid_check(request.parent, "parent")
    if not request.consent_at_ms or len(request.grants) > 32:
        raise Refused("consent")
    for grant in request.grants:
        agency_id_check(grant.to)
        code_check(grant.purpose, "purpose")
        if len(grant.elements) > 128 \
                or len(set(grant.elements)) != len(grant.elements) \
                or any(code not in ELEMENTS for code in grant.elements):
            raise Refused("a grant's elements")


def event_read(data):
    event = m.ReferralEvent.decode(data)
    uuid_check(event.referral, "referral")
    if len(event.mou) != 32 or not event.seq \
            or event.type == m.EventType.UNSPECIFIED \
            or event.actor == m.ActorKind.UNSPECIFIED \
            or len(event.key.encode()) > 64:
        raise Refused("an event that lacks something")
    if event.role:
        code_check(event.role, "role")
    if (event.request is not None) != (event.type == m.EventType.SEND):
        raise Refused("a request where none belongs, or none")
    if event.request is not None:
        request_check(event.request)
    if len(event.details) > 32 or len(event.elements) > 128 \
            or len({one.name for one in event.details}) != len(event.details) \
            or len({one.code for one in event.elements}) \
            != len(event.elements):
        raise Refused("too many details or elements, or one twice")
    for detail in event.details:
        code_check(detail.name, "detail")
        value_check(detail.value, detail.name)
    for element in event.elements:
        element_check(element)
    return event
