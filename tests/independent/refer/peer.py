"""A whole peer: answers what others ask, asks what it wants to know.

What it writes waits in its ledgers until `deliver` is called; what it
receives is judged at once and its answers wait as well. So a test decides
when something moves.
"""
import os
import threading

from . import messages as m
from . import request
from .agency import now_ms
from .back import fetched
from .card import Card, KeySheet
from .erasure import notice_read
from .event import event_read
from .frames import Caller, Ended, frame, frame_read
from .introduction import Waiting, introduce, introduce_read
from .ledger import Authored, Received, Stop, behind, refusal
from .mou import Mou, mou_sign
from .note import note_read
from .registry import step
from .tls import Listener, dial
from .wire import Refused

COLLECT_WAIT_MS_MAX = 300000


class Remote:
    """What we know of one other agency."""

    def __init__(self, agency, card):
        self.card = card
        self.sheet = None
        self.authored = Authored(agency.id, card.id, agency.log)
        self.received = Received(card.id, agency.id)
        self.caller = None
        self.fence_given = None  # the newest, by them
        self.collects = 0


class Peer:
    def __init__(self, agency):
        self.agency = agency
        self.remotes = {}
        self.mous = {}          # Mou by id
        self.signatures = {}    # by id of the MOU, then by agency
        self.in_force = {}      # by id of the MOU: agencies where it is
        self.referrals = {}     # state by id: those that we received
        self.events = []        # all that came and had the right form
        self.notices = []       # of erasure, the same
        self.erased = {}        # elements by referral, none for all
        self.entries = []       # (author, index, header, entry)
        self.requests = []      # kinds of what was asked of us
        self.refused_count = 0  # cards and sheets
        self.brought_count = 0  # times that FETCHED was sent
        self.waiting = Waiting()
        self.epoch = int.from_bytes(os.urandom(8), "big") or 1
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.listener = None
        # what a test wants to answer instead: kind, body -> (kind, body) or
        # None
        self.instead = lambda kind, body: None

    # ---- Others

    def accept(self, card):
        """Of which somebody compared the safety number."""
        with self.lock:
            self.remotes[card.id] = Remote(self.agency, card)
            return self.remotes[card.id]

    def card_of(self, agency_id):
        remote = self.remotes.get(agency_id)
        return remote.card if remote else None

    def card_take(self, remote, signed):
        """Of a Head or a CARD entry: newer replaces."""
        card = Card(signed)
        if card.id != remote.card.id:
            raise Refused("the card of another agency")
        if card.serial > remote.card.serial:
            remote.card = card

    def sheet_take(self, remote, signed):
        sheet = KeySheet(signed, remote.card)
        if remote.sheet is None or sheet.serial > remote.sheet.serial:
            remote.sheet = sheet

    # ---- Listening

    def listen(self, host="127.0.0.1"):
        """Begins to answer; the endpoint."""
        self.listener = Listener(self.agency.folder)
        threading.Thread(target=self.serve, daemon=True).start()
        return "tls+tcp://%s:%d" % (host, self.listener.port)

    def serve(self):
        while True:
            try:
                accepted = self.listener.accept()
            except OSError:
                return
            if accepted is not None:
                threading.Thread(target=self.serve_one, args=accepted,
                                 daemon=True).start()

    def is_pinned(self, pin):
        return any(pin in remote.card.keys_not_over(m.KeyPurpose.TLS, now_ms())
                   for remote in self.remotes.values())

    def serve_one(self, connection, pin):
        """Replies in any order: a COLLECT that waits keeps nobody waiting."""
        def reply(number, body):
            try:
                connection.sendall(frame(number, self.answer(body, pin)))
            except OSError:
                pass
        try:
            while True:
                threading.Thread(target=reply, args=frame_read(connection),
                                 daemon=True).start()
        except (OSError, Refused):
            pass
        finally:
            connection.close()

    def answer(self, body, pin):
        """The reply envelope to an envelope, from who has that TLS key."""
        with self.lock:
            try:
                opened = request.Opened(body, self.agency.id,
                                        self.agency.pairs(), self.card_of,
                                        now_ms())
            except request.UnknownKey:
                return request.reply_plain(m.PlainKind.REKEY,
                                           self.agency.sheet)
            except Refused:
                return request.reply_plain(m.PlainKind.REFUSED)
            self.requests.append(opened.message.kind)
            if opened.message.kind != m.RequestKind.INTRODUCE \
                    and not self.is_pinned(pin):
                return request.reply_plain(m.PlainKind.REFUSED)
            try:
                kind, reply = self.instead(
                    opened.message.kind, opened.message.body) \
                    or self.perform(opened)
            except Stop as stop:
                kind, reply = stop.kind, stop.body
            self.changed.notify_all()
            return request.reply_seal(opened.secret, self.agency.operation,
                                      kind, reply, now_ms())

    def perform(self, opened):
        kind, body = opened.message.kind, opened.message.body
        if kind == m.RequestKind.INTRODUCE:
            return self.introduce_take(opened.message.sender, body)
        remote = self.remotes[opened.message.sender]
        if kind != m.RequestKind.HEAD \
                and opened.sealing_key_id == self.agency.last_resort.id:
            raise refusal("LAST_RESORT")
        if kind == m.RequestKind.HEAD:
            try:
                self.head_take(remote, m.Head.decode(body), False)
            except Refused:
                raise refusal("MALFORMED") from None
            return m.ReplyKind.HEAD, self.head(remote, True).encode()
        if kind == m.RequestKind.DELIVER:
            return self.deliver_take(remote, body)
        if kind == m.RequestKind.COLLECT:
            return self.collect_answer(remote, body)
        if kind == m.RequestKind.FETCH:
            return m.ReplyKind.FETCHED, fetched(
                remote, body, self.erased).encode()
        raise refusal("NOT_OFFERED")

    # ---- Meeting

    def introduce_take(self, sender, body):
        try:
            card, code = introduce_read(body, sender)
        except Refused:
            raise refusal("MALFORMED") from None
        remote = self.remotes.get(sender)
        if remote is not None:
            self.card_take(remote, card.signed)
            return m.ReplyKind.HEAD, self.head(remote, True).encode()
        if sender == self.agency.id or not self.waiting.take(card, code):
            raise refusal("STRANGER")
        return m.ReplyKind.HEAD, m.Head(
            card=m.SignedCard.decode(self.agency.card.signed),
            sheet=self.agency.sheet).encode()

    def introduce(self, remote, code="", card=None):
        """Leaves our card there; the reply, and what it brings is taken."""
        reply = self.ask(remote, m.RequestKind.INTRODUCE,
                         introduce(card or self.agency.card, code))
        if isinstance(reply, m.Reply) and reply.kind == m.ReplyKind.HEAD:
            head = m.Head.decode(reply.body)
            with self.lock:
                self.card_take(remote, head.card.encode())
                self.sheet_take(remote, head.sheet.encode())
        return reply

    # ---- Settling

    def head(self, remote, is_reply=False):
        return m.Head(
            ledgers=[remote.authored.view(),
                     remote.received.view(is_reply)],
            card=m.SignedCard.decode(self.agency.card.signed),
            sheet=self.agency.sheet, card_serial=remote.card.serial,
            echo=remote.fence_given or b"",
            sheet_serial=remote.sheet.serial if remote.sheet else 0,
            epoch=self.epoch)

    def head_take(self, remote, head, is_reply):
        """What a request says may be old, and then it never is trouble and
        settles nothing; one that has our newest fence in it is not."""
        fences = remote.received.fences
        is_fresh = is_reply or (
            bool(fences) and head.echo == fences[-1])
        if len(head.ledgers) > 4 or len(
                {(view.authored, view.lane) for view in head.ledgers}) \
                != len(head.ledgers):
            raise Refused("views twice or too many")
        for take, one in ((self.card_take, head.card),
                          (self.sheet_take, head.sheet)):
            try:
                if one is not None:
                    take(remote, one.encode())
            except Refused:
                self.refused_count += 1
        for view in head.ledgers:
            if view.lane != m.Lane.MAIN:
                continue
            if view.authored:
                remote.received.compare(view)
            else:
                remote.fence_given = view.fence
                self.mark_take(remote, view.generation, view.collected)
                if is_fresh:
                    remote.authored.compare(view, head.epoch)

    # ---- Taking parcels

    def deliver_take(self, remote, body):
        now = now_ms()
        note, new = remote.received.deliver(
            body, remote.card.keys_not_over(m.KeyPurpose.LOG, now),
            self.agency.witness, now // 1000)
        deliver = m.Deliver.decode(body)
        self.mark_take(remote, deliver.collected_generation,
                       deliver.collected)
        items = []
        for index, header, entry in new:
            self.entries.append((remote.card.id, index, header, entry))
            item = self.judge(remote, header, entry)
            if item is not None:
                item.index, item.count = index, 1
                items.append(item)
        if items:
            self.write(remote, m.EntryKind.ANSWER, m.Answer(
                generation=remote.received.generation, items=items,
                lane=m.Lane.MAIN))
        return (m.ReplyKind.COSIGNED,
                m.Cosigned(note=note.encode(),
                           collected=remote.received.collected).encode())

    def mark_take(self, remote, generation, collected):
        try:
            remote.authored.mark_take(generation, collected)
        except Refused:
            self.refused_count += 1

    def judge(self, remote, header, entry):
        """The item of an answer, or None where there is none."""
        kind = header.kind
        if kind == m.EntryKind.PADDING:
            return None
        if not entry.salt:
            return None if kind == m.EntryKind.ANSWER else m.AnswerItem(
                verdict=m.Verdict.ABSENT)
        if kind == m.EntryKind.ANSWER:
            try:
                remote.authored.answer_take(m.Answer.decode(entry.content))
            except Refused:
                pass
            return None
        problem, state = m.Problem.NONE, 0
        try:
            if kind == m.EntryKind.REFERRAL_EVENT:
                problem, state = self.event_take(
                    remote, event_read(entry.content))
            elif kind in self.TAKES:
                problem = self.TAKES[kind](self, remote, entry.content)
            else:
                problem = m.Problem.UNKNOWN_FIELD
        except Refused:
            problem = m.Problem.FORMAT
        if problem:
            return m.AnswerItem(verdict=m.Verdict.REFUSED, problem=problem,
                                state=state, clause="kind",
                                remedy="look at both protocols")
        return m.AnswerItem(verdict=m.Verdict.APPLIED, state=state)

    def card_entry_take(self, remote, content):
        try:
            self.card_take(remote, content)
        except Refused:
            return m.Problem.SIGNATURE_BAD
        return m.Problem.NONE

    # ---- Agreements

    def offer_take(self, remote, content):
        offer = m.MouOffer.decode(content)
        mou = Mou(offer.mou)
        if not {remote.card.id, self.agency.id} <= set(mou.root_keys):
            return m.Problem.FORBIDDEN
        if mou.id not in self.mous:
            self.mous[mou.id] = mou
            self.signatures[mou.id] = {}
            self.in_force[mou.id] = set()
            self.tell(mou, m.EntryKind.MOU_OFFER, offer, remote.card.id)
        return self.signatures_add(mou, offer.signatures, remote.card.id)

    def signatures_take(self, remote, content):
        message = m.MouSignatures.decode(content)
        if message.mou not in self.mous:
            return m.Problem.MOU_NOT_FOUND
        return self.signatures_add(self.mous[message.mou],
                                   message.signatures, remote.card.id)

    def signatures_add(self, mou, signatures, source):
        problem = m.Problem.NONE
        held = self.signatures[mou.id]
        new = []
        for one in signatures:
            try:
                mou.signature_check(one)
            except Refused:
                problem = m.Problem.SIGNATURE_BAD
                continue
            if one.agency not in held:
                held[one.agency] = one
                new.append(one)
        if new:
            self.tell(mou, m.EntryKind.MOU_SIGNATURES,
                      m.MouSignatures(mou=mou.id, signatures=new), source)
        if mou.required <= set(held) \
                and self.agency.id not in self.in_force[mou.id]:
            self.in_force[mou.id].add(self.agency.id)
            self.tell(mou, m.EntryKind.MOU_IN_FORCE,
                      m.MouInForce(mou=mou.id), None)
        return problem

    def in_force_take(self, remote, content):
        message = m.MouInForce.decode(content)
        if message.mou not in self.mous:
            return m.Problem.MOU_NOT_FOUND
        if remote.card.id not in self.mous[message.mou].root_keys:
            return m.Problem.FORBIDDEN
        self.in_force[message.mou].add(remote.card.id)
        return m.Problem.NONE

    def tell(self, mou, kind, message, source):
        """All parties that we know, but not where it came from."""
        for agency_id, remote in self.remotes.items():
            if agency_id in mou.root_keys and agency_id != source:
                self.write(remote, kind, message)

    def sign(self, mou_id):
        with self.lock:
            self.signatures_add(
                self.mous[mou_id],
                [mou_sign(mou_id, self.agency.id, self.agency.root)], None)

    def erasure_take(self, remote, content):
        """Whatever we knew of it is forgotten; known or not, it is the same
        answer (9.1)."""
        notice = notice_read(content)
        self.notices.append(notice)
        self.erase_note(notice)
        self.events = [
            (agency, event) for agency, event in self.events
            if agency != remote.card.id or event.referral != notice.referral
            or notice.elements]
        return m.Problem.NONE

    def erase_note(self, notice):
        """From now on no content that it is about is given back."""
        held = self.erased.get(notice.referral)
        if not notice.elements:
            self.erased[notice.referral] = []
        elif held != []:
            self.erased[notice.referral] = \
                (held or []) + list(notice.elements)

    def erase(self, remote, notice):
        """Ours: told to the other, which answers."""
        with self.lock:
            self.erase_note(notice)
            self.write(remote, m.EntryKind.ERASURE_NOTICE, notice)

    TAKES = {
        m.EntryKind.CARD: card_entry_take,
        m.EntryKind.MOU_OFFER: offer_take,
        m.EntryKind.MOU_SIGNATURES: signatures_take,
        m.EntryKind.MOU_IN_FORCE: in_force_take,
        m.EntryKind.ERASURE_NOTICE: erasure_take,
    }

    # ---- Referrals

    def event_take(self, remote, event):
        """Problem and state. For a referral that is sent to us the table
        decides; of one that we sent we believe what the receiver says."""
        if event.mou not in self.mous:
            return m.Problem.MOU_NOT_FOUND, 0
        known = self.referrals.get(event.referral)
        if event.type == m.EventType.SEND:
            if known is not None:
                return m.Problem.REFERRAL_EXISTS, 0
            self.referrals[event.referral] = m.ReferralState.DELIVERED
            self.events.append((remote.card.id, event))
            return m.Problem.NONE, m.ReferralState.DELIVERED
        self.events.append((remote.card.id, event))
        if known is None:
            return m.Problem.NONE, event.state
        after = step(known, event.type, event.actor, False)
        if isinstance(after, m.Problem):
            return after, known
        self.referrals[event.referral] = after
        return m.Problem.NONE, after

    # ---- Writing

    def write(self, remote, kind, message):
        """Queues an entry of that message, or of those bytes."""
        with self.lock:
            remote.authored.waiting.append(
                (kind, message if isinstance(message, bytes)
                 else message.encode()))
            self.changed.notify_all()

    # ---- Asking

    def call(self, remote):
        """A connection that is open."""
        if remote.caller is None:
            host, port = remote.card.endpoints[0]
            connection, der = dial(
                host, port, self.agency.folder,
                remote.card.keys_not_over(m.KeyPurpose.TLS, now_ms()))
            if self.listener is not None:
                self.listener.certificate = der
            remote.caller = Caller(connection)
        return remote.caller

    def hang_up(self, remote):
        if remote.caller is not None:
            remote.caller.close()
            remote.caller = None

    def sealing_key(self, remote, kind):
        now = now_ms()
        key = remote.sheet.sealing_key(now) if remote.sheet else None
        if key is None and kind in (m.RequestKind.HEAD,
                                    m.RequestKind.INTRODUCE):
            key = remote.card.keys(m.KeyPurpose.LAST_RESORT, now)[0]
        assert key is not None, "HEAD comes first"
        return key

    def seal(self, remote, kind, body, sealing_key=None):
        return request.request_seal(
            self.agency.id, self.agency.operation, remote.card.id,
            sealing_key or self.sealing_key(remote, kind), kind, body,
            now_ms())

    def ask_raw(self, remote, envelope, secret=None, timeout_s=300):
        """Reply or Plain to these very bytes; dials again if the connection
        that was open meanwhile ended."""
        for is_last in (False, True):
            is_new = remote.caller is None
            try:
                reply = self.call(remote).ask(envelope, timeout_s)
                return request.reply_open(reply, secret, remote.card,
                                          now_ms())
            except Ended:
                self.hang_up(remote)
                if is_last or is_new:
                    raise
        raise AssertionError

    def ask(self, remote, kind, body, sealing_key=None, timeout_s=300):
        envelope, secret = self.seal(remote, kind, body, sealing_key)
        reply = self.ask_raw(remote, envelope, secret, timeout_s)
        if isinstance(reply, m.Plain) and reply.kind == m.PlainKind.REKEY \
                and sealing_key is None:
            self.sheet_take(remote, reply.sheet.encode())
            envelope, secret = self.seal(remote, kind, body)
            reply = self.ask_raw(remote, envelope, secret, timeout_s)
        return reply

    def head_ask(self, remote, sealing_key=None):
        with self.lock:
            body = self.head(remote).encode()
        reply = self.ask(remote, m.RequestKind.HEAD, body, sealing_key)
        if isinstance(reply, m.Reply) and reply.kind == m.ReplyKind.HEAD:
            with self.lock:
                self.head_take(remote, m.Head.decode(reply.body), True)
        return reply

    def deliver(self, remote):
        """Delivers what waits; HEAD first where that is needed. The number
        of parcels that were cosigned."""
        count = behind_count = 0
        while True:
            with self.lock:
                is_settled = remote.authored.fence is not None
            if not is_settled:
                self.head_ask(remote)
            with self.lock:
                assert remote.authored.fence is not None, \
                    remote.authored.trouble
                parcel = remote.authored.parcel_next(now_ms())
                fence = remote.authored.fence
                mark = remote.received.mark()
            if parcel is None:
                return count
            reply = self.ask(remote, m.RequestKind.DELIVER, m.Deliver(
                fence=fence, parcel=parcel, **mark).encode())
            with self.lock:
                if isinstance(reply, m.Reply) \
                        and reply.kind == m.ReplyKind.BEHIND:
                    behind_count += 1
                    remote.authored.fence = None
                    if behind_count < 3:
                        continue
                self.cosigned_take(remote, reply)
            count += 1

    def cosigned_take(self, remote, reply):
        if not isinstance(reply, m.Reply) \
                or reply.kind != m.ReplyKind.COSIGNED:
            raise Refused("not cosigned: %r" % reply)
        cosigned = m.Cosigned.decode(reply.body)
        remote.authored.cosigned_take(
            cosigned.note,
            remote.card.keys_not_over(m.KeyPurpose.WITNESS, now_ms()))
        self.mark_take(remote, remote.authored.generation,
                       cosigned.collected)

    # ---- Collecting

    def collect_body(self, remote, wait_ms):
        received = remote.received
        size = len(received.entries)
        return m.Collect(
            lane=m.Lane.MAIN, wait_ms=wait_ms,
            cosigned=received.notes[size].encode() if size else b"",
            collected=received.collected).encode()

    def collect(self, remote, wait_ms):
        """One COLLECT, after BEHIND another with HEAD before it; the reply
        of ours that the parcel would have had, or None when there was
        none."""
        for is_last in (False, True):
            with self.lock:
                body = self.collect_body(remote, wait_ms)
            reply = self.ask(remote, m.RequestKind.COLLECT, body,
                             timeout_s=wait_ms / 1000 + 300)
            reply = self.bring_back(remote, reply)
            if is_last or not isinstance(reply, m.Reply) \
                    or reply.kind != m.ReplyKind.BEHIND:
                break
            self.head_ask(remote)
        if not isinstance(reply, m.Reply) \
                or reply.kind != m.ReplyKind.PARCEL:
            raise Refused("not a parcel: %r" % reply)
        if not reply.body:
            return None
        with self.lock:
            return self.deliver_take(remote, reply.body)

    def bring_back(self, remote, reply):
        """Where the other wants what it lost, and cannot dial us (8.3): piece
        by piece; what it says at last."""
        while isinstance(reply, m.Reply) \
                and reply.kind == m.ReplyKind.FETCH_WANTED:
            with self.lock:
                self.brought_count += 1
                body = fetched(remote, reply.body, self.erased).encode()
            reply = self.ask(remote, m.RequestKind.FETCHED, body)
        return reply

    def collect_answer(self, remote, body):
        try:
            collect = m.Collect.decode(body)
            if collect.lane != m.Lane.MAIN:
                raise Refused("no such lane")
            if collect.collected and not collect.cosigned:
                raise Refused("a mark of no ledger")
        except Refused:
            raise refusal("MALFORMED") from None
        authored = remote.authored
        if collect.cosigned and authored.in_flight:
            try:
                authored.cosigned_take(
                    collect.cosigned,
                    remote.card.keys_not_over(m.KeyPurpose.WITNESS, now_ms()))
            except Refused:
                pass
        if collect.collected:
            self.mark_take(remote, note_read(collect.cosigned).generation,
                           collect.collected)
        remote.collects += 1
        mine = remote.collects
        self.changed.notify_all()
        end = now_ms() + min(collect.wait_ms, COLLECT_WAIT_MS_MAX)
        while True:
            if authored.fence is None:
                raise behind("UNSETTLED", 0)
            if mine != remote.collects:
                return m.ReplyKind.PARCEL, b""
            parcel = authored.parcel_next(now_ms())
            if parcel is not None:
                return m.ReplyKind.PARCEL, m.Deliver(
                    fence=authored.fence, parcel=parcel,
                    **remote.received.mark()).encode()
            if now_ms() >= end:
                return m.ReplyKind.PARCEL, b""
            self.changed.wait((end - now_ms()) / 1000 + 0.001)

    # ---- End

    def close(self):
        if self.listener is not None:
            self.listener.close()
        for remote in self.remotes.values():
            self.hang_up(remote)
