"""What the parts of live_test.py share: one gateway and agencies of ours."""
import datetime
import os
import shutil
import tempfile

from gateway import Gateway
from refer import keys
from refer import messages as m
from refer.agency import Agency, now_ms
from refer.frames import Ended
from refer.peer import Peer
from refer.wire import Refused
from tap import wait_until

DAY_MS = 86400000

# between two: the hospital and Open Door
MOU = """\
mou: 1
id: urn:mou:test:two
title: Referrals between a gateway and another
version: 1
in_force: {from: FIRST, until: LAST}
parties:
  - {id: tbhosp, name: City TB Hospital, role: [refers, receives]}
  - {id: opendoor, name: Open Door outreach, role: [refers, receives]}
services:
  - id: tb.assess
    party: tbhosp
    name: TB check
    access_mode: [walk_in, booked]
  - {id: hr.dropin, party: opendoor, name: Drop-in, access_mode: [walk_in]}
pathways:
  - from: opendoor
    to: tb.assess
    purpose: tb_assessment
    max_hops: 1
    forward: with_consent
  - from: tbhosp
    to: hr.dropin
    purpose: harm_reduction
    max_hops: 0
    forward: never
data_elements:
  - purpose: tb_assessment
    required: [call_name]
    allowed: [contact_route, year_of_birth, cough_weeks]
  - {purpose: harm_reduction, required: [call_name], allowed: [language]}
never_share: [immigration_status, photo]
consent: {max_expiry_days: 100}
signatures_required: [tbhosp, opendoor]
"""

# between three, of whom Open Door only signs
MOU_THREE = """\
mou: 1
id: urn:mou:test:three
title: A night shelter
version: 1
in_force: {from: FIRST, until: LAST}
parties:
  - {id: tbhosp, name: City TB Hospital, role: [refers]}
  - {id: opendoor, name: Open Door outreach, role: [refers]}
  - {id: social, name: Centre for Social Assistance, role: [receives]}
services:
  - {id: soc.shelter, party: social, name: Shelter, access_mode: [walk_in]}
pathways:
  - from: tbhosp
    to: soc.shelter
    purpose: shelter
    max_hops: 0
    forward: never
data_elements:
  - {purpose: shelter, required: [call_name], allowed: [pet]}
never_share: [immigration_status, photo]
consent: {max_expiry_days: 100}
signatures_required: [tbhosp, opendoor, social]
"""

REFERRAL = """\
to: {to}
service: {service}
purpose: {purpose}
urgency: soon
choice: chosen
ask_back: outcome_code
reason_plain: I would like someone to talk to.
consent:
  at: {now}
  grants:
    - {{to: {to}, purpose: {purpose}, elements: [call_name], until: {last}}}
elements:
  - {{code: call_name, value: Sasha}}
"""


def date_of(days):
    day = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(
        days=days)
    return day.strftime("%Y-%m-%d")


def time_now():
    return datetime.datetime.now(datetime.timezone.utc).strftime(
        "%Y-%m-%dT%H:%M:%SZ")


class World:
    def __init__(self, build, tap):
        self.build = build
        self.tap = tap
        self.folder = tempfile.mkdtemp(prefix="refer.")
        self.gateways = []
        self.peers = []
        self.hospital = self.gateway("tbhosp", "City TB Hospital")
        self.card = self.hospital.card()
        self.mou_id = None        # between two
        self.mou_three_id = None

    def gateway(self, key, name, is_in_card=True):
        gateway = Gateway(self.build, self.folder, key, name, is_in_card)
        self.gateways.append(gateway)
        gateway.start()
        return gateway

    def peer(self, name, listens=False):
        """An agency of ours and what it thinks of the hospital."""
        folder = os.path.join(self.folder, "ours.%d" % len(self.peers))
        os.mkdir(folder)
        peer = Peer(Agency(name, folder))
        if listens:
            peer.agency.endpoints = [peer.listen()]
            peer.agency.card = None
            peer.agency.card_renew()
        self.peers.append(peer)
        return peer, peer.accept(self.card)

    def accepted(self, name, listens=False):
        """The same, and the hospital thinks of it as well."""
        peer, remote = self.peer(name, listens)
        if listens:
            meet(peer, remote)
        befriend(self.hospital, peer.agency.card, self.card.id)
        return peer, remote

    def settled(self, name, listens=False):
        peer, remote = self.accepted(name, listens)
        peer.head_ask(remote)
        peer.head_ask(remote)  # with a fence: it is no old one
        return peer, remote

    def close(self):
        """Ends what was started; what was wrong with the gateways' ends."""
        problems = []
        for peer in self.peers:
            peer.close()
        for gateway in self.gateways:
            status = gateway.stop()
            text = gateway.log_text()
            if status != 0:
                problems.append("%s ended with %d" % (gateway.log, status))
            if any(word in text for word in (
                    "Sanitizer", "runtime error", "Assertion")):
                problems.append(text[-6000:])
        if problems or self.tap.failed:
            for gateway in self.gateways:
                self.tap.note("the end of %s:\n%s" % (
                    gateway.log, gateway.log_end()))
        shutil.rmtree(self.folder)
        return problems


def meet(peer, remote):
    """Dials once, so that our listener knows the other's certificate: it is
    shown before anybody looks at ours."""
    try:
        peer.call(remote)
    except Ended:
        pass
    peer.hang_up(remote)


def befriend(gateway, card, gateway_id):
    number = gateway.import_card(card)
    if number != keys.safety_number(gateway_id, card.id):
        raise AssertionError("the safety numbers differ: " + number)
    gateway.accept_card(card.id, number)


def outcome(call, *arguments, **options):
    """What came of a request, as words: COSIGNED, BEHIND GAP, plain REFUSED,
    ended, ..."""
    try:
        return reply_words(call(*arguments, **options))
    except Ended:
        return "ended"
    except Refused as problem:
        return "nonsense: %s" % problem


def reply_words(reply):
    if isinstance(reply, m.Plain):
        return "plain " + reply.kind.name
    if reply.kind == m.ReplyKind.REFUSED:
        return "REFUSED " + m.Refusal.decode(reply.body).code.name
    if reply.kind == m.ReplyKind.BEHIND:
        return "BEHIND " + m.Behind.decode(reply.body).reason.name
    return reply.kind.name


def answer_words(item):
    """APPLIED DELIVERED, REFUSED CONSENT_SCOPE -, ..."""
    if item is None:
        return "none"
    words = [item.verdict.name]
    if item.verdict == m.Verdict.REFUSED:
        words.append(item.problem.name)
    words.append(m.ReferralState(item.state).name if item.state else "-")
    return " ".join(words)


def answers(peer, remote, first, count, timeout_s=20):
    """The answers to that many entries of ours, as words. `peer` listens or
    collects elsewhere."""
    def is_there():
        with peer.lock:
            return all(index in remote.authored.answers
                       for index in range(first, first + count))
    wait_until("answers to %d..%d" % (first, first + count - 1), is_there,
               timeout_s)
    with peer.lock:
        return [answer_words(remote.authored.answers[index])
                for index in range(first, first + count)]


def tell(peer, remote, *contents):
    """Delivers (kind, message) and gives the index of the first."""
    with peer.lock:
        first = len(remote.authored.entries) + len(remote.authored.waiting)
    for kind, message in contents:
        peer.write(remote, kind, message)
    peer.deliver(remote)
    return first
