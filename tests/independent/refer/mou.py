"""Agreements and their signatures: PROTOCOL.md section 10."""
from . import messages as m
from .keys import agency_id, sha256, sound_check, verify
from .registry import ELEMENTS
from .text import code_check, line_check, urn_check
from .wire import Refused

MOU_SIZE_MAX = 262144


def distinct(items, what, least, most):
    items = list(items)
    if not least <= len(items) <= most or len(set(items)) != len(items):
        raise Refused("%s: too few, too many or one twice" % what)
    return items


def elements_check(codes, what):
    for code in distinct(codes, what, 0, 128):
        if code not in ELEMENTS:
            raise Refused("%s: unknown element %r" % (what, code))


def parties_check(mou):
    distinct((party.id for party in mou.parties), "parties", 2, 64)
    distinct((party.agency for party in mou.parties), "agencies", 2, 64)
    for party in mou.parties:
        code_check(party.id, "party")
        line_check(party.name, 256, "name")
        sound_check(party.root_key)
        if not (party.refers or party.receives):
            raise Refused("a party without role")
        if party.agency != agency_id(party.root_key):
            raise Refused("a party's agency is not of its root key")


def services_check(mou, parties):
    distinct((service.id for service in mou.services), "services", 1, 256)
    for service in mou.services:
        code_check(service.id, "service")
        line_check(service.name, 256, "name")
        if service.party not in parties \
                or not parties[service.party].receives:
            raise Refused("a service of nobody who receives")
        if not (service.walk_in or service.booked or service.outreach):
            raise Refused("a service without way in")


def purposes_check(mou):
    distinct((one.purpose for one in mou.purposes), "purposes", 1, 128)
    for one in mou.purposes:
        code_check(one.purpose, "purpose")
        elements_check(one.required, "required")
        elements_check(one.allowed, "allowed")
        distinct(list(one.required) + list(one.allowed), "elements", 0, 256)
        if set(one.required + one.allowed) & set(mou.never_share):
            raise Refused("an element that is never shared")


def pathways_check(mou, parties, services):
    purposes = {one.purpose for one in mou.purposes}
    distinct(((one.__dict__["from"], one.to, one.purpose)
              for one in mou.pathways), "pathways", 1, 2048)
    for one in mou.pathways:
        source = one.__dict__["from"]
        if source not in parties or not parties[source].refers:
            raise Refused("a pathway from nobody who refers")
        if one.to not in services or services[one.to].party == source:
            raise Refused("a pathway to no service of another")
        if one.purpose not in purposes:
            raise Refused("a pathway for no purpose")
        if one.hops_max > 8 or one.forward == m.MouForward.UNSPECIFIED:
            raise Refused("a pathway out of bounds")
        if not {source, services[one.to].party} <= set(
                mou.signatures_required):
            raise Refused("a pathway of somebody who need not sign")


def retention_check(retention):
    """Absent, or one of the two at least; identifiers no longer than all."""
    if retention is None:
        return
    content, identifiers = retention.content_days, retention.identifiers_days
    if not (content or identifiers) or max(content, identifiers) > 3650 \
            or content and identifiers > content:
        raise Refused("retention")


class Mou:
    """An agreement whose bytes hold to the rules."""

    def __init__(self, data):
        mou = m.Mou.decode(data, MOU_SIZE_MAX)
        urn_check(mou.id, 256)
        line_check(mou.title, 256, "title")
        if mou.version < 1 or mou.from_ms >= mou.until_ms:
            raise Refused("version or dates")
        if not 1 <= mou.consent_days_max <= 3650:
            raise Refused("consent_days_max")
        retention_check(mou.retention)
        parties_check(mou)
        parties = {party.id: party for party in mou.parties}
        services_check(mou, parties)
        elements_check(mou.never_share, "never_share")
        purposes_check(mou)
        for party in distinct(mou.signatures_required, "signatures", 2, 64):
            if party not in parties:
                raise Refused("a signature of no party")
        pathways_check(mou, parties,
                       {service.id: service for service in mou.services})
        self.bytes = data
        self.message = mou
        self.id = sha256(data)
        self.root_keys = {party.agency: party.root_key
                          for party in mou.parties}
        self.required = {parties[one].agency
                         for one in mou.signatures_required}

    def signature_check(self, signature):
        if signature.agency not in self.root_keys:
            raise Refused("the signature of no party")
        verify(self.root_keys[signature.agency], mou_statement(self.id),
               signature.signature, "agreement")


def mou_statement(mou_id):
    return b"refer.v1 mou" + mou_id


def mou_sign(mou_id, agency, root):
    return m.MouSignature(agency=agency,
                          signature=root.sign(mou_statement(mou_id)))
