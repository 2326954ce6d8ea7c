#!/usr/bin/env python3
"""The binding for Python, against a scripted gateway."""
import collections
import os
import select
import signal
import threading
import time
import unittest
from datetime import datetime, timedelta, timezone

import refer
import refer_fake

OTHER = "otheragency222222222222222"
UNTIL = datetime(9000, 1, 1, tzinfo=timezone.utc)


def filled(**changes):
    return {
        "to": OTHER, "service": "shelter", "purpose": "bed",
        "urgency": "soon", "choice": "chosen", "ask_back": "outcome_code",
        "reason_plain": "une chambre \u00e0 c\u00f4t\u00e9",
        "consent_at_ms": 1763800000000,
        "elements": {"call_name": "Sasha"},
        "grants": [{"to": OTHER, "purpose": "bed",
                    "elements": ["call_name", "language"],
                    "until_ms": UNTIL}],
        **changes}


class Counting:
    """Counts the handles that a library gave and has not got back."""

    def __init__(self, library, held):
        self._library, self._held = library, held

    def __getattr__(self, name):
        function = getattr(self._library, name)
        kind = name.removesuffix("_free")
        if kind != name:
            def counted(handle):
                if handle:
                    self._held[kind] -= 1
                return function(handle)
            return counted
        makers = {
            "refer_client_new": "refer_client", "refer_act": "refer_referral",
            "refer_referral_new": "refer_referral",
            "refer_get": "refer_referral", "refer_batch_new": "refer_batch",
            "refer_cursor_open": "refer_cursor",
            "refer_cursor_next": "refer_event", "refer_query_new":
            "refer_query", "refer_call": "refer_listing",
            "refer_health_get": "refer_health", "refer_fake_new": "refer_fake",
            "refer_fake_take": "refer_fake_request"}
        if name not in makers:
            return function

        def counted(*arguments):
            status = function(*arguments)
            self._held[makers[name]] += status == 0
            return status
        return counted


class Desk(unittest.TestCase):
    """A fake and a client of it; whatever C gave has to be given back."""

    def setUp(self):
        self.held = collections.Counter()
        for module in (refer, refer_fake):
            library = module._lib
            module._lib = Counting(library, self.held)
            self.addCleanup(setattr, module, "_lib", library)
        self.addCleanup(self.nothing_is_held)
        self.fake = refer_fake.Fake()
        self.addCleanup(self.fake.close)
        self.client = refer.Client(socket=self.fake.socket, timeout=20)
        self.addCleanup(self.client.close)

    def nothing_is_held(self):
        self.assertEqual(+self.held, collections.Counter())
        self.assertEqual(-self.held, collections.Counter())


class Writing(Desk):
    def test_a_referral_is_a_dictionary(self):
        id = self.client.submit(filled(), key="form-17")
        came = self.fake.take("submit")
        self.assertEqual(came.key, "form-17")
        self.assertEqual(came.referral["reason_plain"],
                         filled()["reason_plain"])
        self.assertEqual(came.referral["consent_at_ms"], 1763800000000)
        self.assertEqual(came.referral["elements"], {"call_name": "Sasha"})
        self.assertEqual(came.referral["grants"], [
            {"to": OTHER, "purpose": "bed",
             "elements": ["call_name", "language"],
             "until_ms": int(UNTIL.timestamp() * 1000)}])
        seen = self.client.get(id)
        self.assertEqual(seen["id"], id)
        self.assertEqual(seen["state"], "delivered")
        self.assertEqual(seen["direction"], "out")
        self.assertEqual(seen["pending"], 0)
        self.assertIn("withdraw", seen["steps"])
        self.assertEqual(seen["elements"], {"call_name": "Sasha"})
        self.assertEqual([event.type for event in seen["events"]], [
            "referral.step", "referral.delivered", "referral.answered"])
        self.assertEqual(seen["events"][0].elements, {"call_name": "Sasha"})

    def test_a_lost_answer_is_asked_for_again(self):
        self.fake.fault("submit", "lose_reply")
        with self.assertRaises(refer.Disconnected) as caught:
            self.client.submit(filled(), key="k")
        self.assertTrue(caught.exception.is_retryable)
        self.client.submit(filled(), key="k")
        self.assertFalse(self.fake.take("submit").is_repeat)
        self.assertTrue(self.fake.take("submit").is_repeat)
        self.assertEqual(self.fake.event_count, 3)

    def test_a_refusal_says_why(self):
        self.fake.refuse("submit", refer.NoConsent, "CONSENT_SCOPE",
                         "consent.grants", "ask the person")
        with self.assertRaises(refer.NoConsent) as caught:
            self.client.submit(filled(), key="k")
        error = caught.exception
        self.assertEqual(
            (error.name, error.problem, error.clause, error.remedy),
            ("REFER_NO_CONSENT", "CONSENT_SCOPE", "consent.grants",
             "ask the person"))
        self.assertFalse(error.is_retryable)
        self.assertIn("consent.grants): ask the person", str(error))

    def test_a_timeout_is_one(self):
        self.fake.fault("act", "ignore")
        with self.assertRaises(refer.Timeout):
            self.client.act("urn:uuid:1", "opened", key="k", timeout=0.05)

    def test_what_is_no_referral_is_told(self):
        for wrong in ({"colour": "blue"}, {"hop": "many"},
                      {"elements": {"Call Name": "x"}},
                      {"details": {"offer": "\x01"}},
                      {"service": "a\0b"}):
            with self.subTest(wrong), self.assertRaises(refer.Invalid):
                self.client.submit(filled(**wrong), key="k")
        for wrong in ({"to": 1.5}, {"elements": {"call_name": True}},
                      {"consent_at_ms": datetime(2026, 1, 1)}):
            with self.subTest(wrong), self.assertRaises(TypeError):
                self.client.submit(filled(**wrong), key="k")
        with self.assertRaises(refer.Invalid):
            self.client.submit(filled(), key="")

    def test_explain_is_a_verdict(self):
        self.assertTrue(self.client.explain(filled()))
        verdict = self.client.explain(filled(grants=[]))
        self.assertFalse(verdict)
        self.assertEqual(verdict.problem, "CONSENT_MISSING")
        self.assertEqual(verdict.clause, "consent.grants")
        self.assertTrue(verdict.remedy)

    def test_steps(self):
        id = self.fake.receive({"elements": {"call_name": "Ana"}})
        now = self.client.act(id, "opened", key="a", role="intake")
        self.assertEqual((now["state"], now["pending"]), ("seen", False))
        self.client.accept(id, "at nine", key="b")
        self.assertEqual(self.fake.take("act").referral["role"], "intake")
        came = self.fake.take("act")
        self.assertEqual(came.referral["details"], {"offer": "at nine"})
        with self.assertRaises(refer.Conflict):
            self.client.decline(id, "NO_CAPACITY", "next door", key="c")
        self.client.withdraw_consent(id, key="d")
        self.assertTrue(self.client.get(id)["frozen"])
        self.client.withdraw(id, key="e")
        self.assertEqual(self.client.get(id)["state"], "withdrawn")
        with self.assertRaises(refer.Conflict):
            self.client.finish(id, "SERVICE_GIVEN", key="f")
        ours = self.client.submit(filled(), key="g")
        self.client.cancel(ours, "NEED_CHANGED", key="h")
        self.assertEqual(self.client.get(ours)["state"], "cancelled")
        with self.assertRaises(refer.NotFound):
            self.client.get("urn:uuid:1")

    def test_erasing(self):
        id = self.client.submit(filled(), key="a")
        self.assertEqual(
            self.client.erase(id, "person_asked", ["call_name"]), 1)
        self.assertNotIn("call_name", self.client.get(id)["elements"])
        self.assertEqual(self.client.erase(id, "law"), 1)
        now = self.client.get(id)
        self.assertEqual(now["erasure_notice"], "erased")
        self.assertTrue(now["frozen"])
        self.assertEqual(self.client.erase(id, "law"), 0)
        with self.assertRaises(refer.Invalid):
            self.client.erase(id, "she asked")

    def test_a_batch(self):
        with refer.Batch() as batch:
            batch.add(filled(), key="a")
            batch.add(filled(grants=[]), key="b")
            self.assertEqual(len(batch), 2)
            items = self.client.submit_many(batch)
            self.assertEqual(batch.stored_count, 1)
            self.assertEqual([item.key for item in items], ["a", "b"])
            self.assertIsNone(items[0].error)
            self.assertEqual(
                self.client.get(items[0].id)["state"], "delivered")
            self.assertIsInstance(items[1].error, refer.NoConsent)
            self.assertEqual(items[1].error.clause, "consent.grants")
            with self.assertRaises(refer.Conflict):
                batch.add(filled(), key="c")
            batch.clear()
            self.assertEqual(list(batch), [])


class Following(Desk):
    def test_events_come_until_acknowledged(self):
        self.fake.receive()
        self.fake.receive()
        with self.client.cursor("desk") as cursor:
            first, second = cursor.next(), cursor.next()
            self.assertEqual(list(cursor.events(timeout=0.01)), [])
            self.assertEqual(first.type, "referral.received")
            self.assertEqual(first.direction, "in")
            self.assertEqual(first.peer, OTHER)
            self.assertEqual(first.redeliveries, 0)
            self.assertEqual((first.generation, first.index), ("", 0))
            cursor.ack(first)
            self.assertEqual(cursor.position, first.position)
            cursor.rewind()
            again = cursor.next()
            self.assertEqual(again.position, second.position)
            self.assertEqual(again.redeliveries, 1)
            with self.assertRaises(refer.Conflict):
                cursor.ack_position(cursor.epoch + 1, 1)
            cursor.ack(again)
            self.assertIsNone(cursor.next(timeout=0))
        self.assertEqual(self.fake.acknowledged("desk"), second.position)
        self.client.delete_cursor("desk")
        with self.assertRaises(refer.NotFound):
            self.client.delete_cursor("desk")

    def test_iterating_waits(self):
        def arrive():
            self.fake.receive({"elements": {"call_name": "Ana"}})
        timer = threading.Timer(0.05, arrive)
        with self.client.cursor("desk") as cursor:
            timer.start()
            for event in cursor:
                self.assertEqual(event.elements, {"call_name": "Ana"})
                break
        timer.join()

    def test_details_are_dictionaries(self):
        id = self.client.submit(filled(), key="k")
        self.fake.step(id, "opened", role="intake")
        self.fake.step(id, "accept", {"offer": "at nine"})
        with self.client.cursor("desk") as cursor:
            # sent, delivered, answered, opened, accepted
            accepted = [cursor.next() for _ in range(5)][-1]
        self.assertEqual(accepted.details, {"offer": "at nine"})
        self.assertEqual((accepted.by, accepted.status), ("them", "applied"))

    def test_a_broken_connection_is_one_error_at_most(self):
        self.fake.receive()
        with self.client.cursor("desk") as cursor:
            self.fake.fault("cursor.next", "lose_reply")
            try:
                event = cursor.next()
            except refer.Disconnected:
                event = cursor.next()
            self.assertEqual(event.redeliveries, 1)

    def test_for_event_loops(self):
        with self.client.cursor("desk") as cursor:
            self.assertIsNone(cursor.next(timeout=0))
            self.fake.receive()
            poll = select.poll()
            poll.register(self.client, select.POLLIN)
            self.assertEqual(len(poll.poll(20000)), 1)
            self.assertIsNotNone(cursor.next(timeout=0))

    def test_cursors_end_with_their_client(self):
        client = refer.Client(socket=self.fake.socket)
        cursor = client.cursor("other")
        client.close()
        cursor.close()
        client.close()


class Interrupting(Desk):
    def test_from_a_signal_handler(self):
        before = signal.signal(
            signal.SIGALRM, lambda *_: self.client.interrupt())
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        with self.client.cursor("desk") as cursor:
            with self.assertRaises(refer.Interrupted):
                signal.setitimer(signal.ITIMER_REAL, 0.05)
                cursor.next(timeout=None)
            self.assertIsNone(cursor.next(timeout=0))

    def test_a_handler_that_raises_ends_the_wait(self):
        def stop(*_):
            raise KeyboardInterrupt
        before = signal.signal(signal.SIGALRM, stop)
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        with self.client.cursor("desk") as cursor:
            with self.assertRaises(KeyboardInterrupt):
                signal.setitimer(signal.ITIMER_REAL, 0.05)
                cursor.next(timeout=None)
            self.fake.receive()
            self.assertIsNotNone(cursor.next())

    def test_from_another_thread(self):
        self.fake.fault("get", "ignore")
        thread = threading.Timer(0.05, self.client.interrupt)
        thread.start()
        with self.assertRaises(refer.Interrupted):
            self.client.get("urn:uuid:1", timeout=None)
        thread.join()


class Asking(Desk):
    def test_any_operation(self):
        id = self.fake.receive()
        record, grant, event = self.client.call("get", {"id": id})
        self.assertEqual(record.type, "referral")
        self.assertIs(record["frozen"], False)
        self.assertEqual(record["pending"], 0)
        self.assertEqual((grant.type, event.type), ("grant", "event"))
        self.assertEqual(
            len(self.client.call("get", {"id": id, "content": False})), 2)
        with self.assertRaises(refer.NotFound) as caught:
            self.client.call("weather", {"data": b"\0\xff", "n": 5, "t": UNTIL})
        self.assertEqual(caught.exception.clause, "operation")
        with self.assertRaises(refer.Invalid):
            self.client.call("list", records=[("peer", {"x": "y"})])
        with self.assertRaises(refer.Invalid):
            self.client.call("list", {"A": "y"})
        came = self.fake.take("weather")
        self.assertEqual(came.status, refer.NotFound.status)

    def test_lists_go_page_by_page(self):
        ids = [self.fake.receive() for _ in range(5)]
        self.assertEqual([record["id"] for record in self.client.list(
            direction="in", count=2)], ids)

    def test_health(self):
        self.assertEqual(self.client.health()["ready"], 1)
        self.fake.set("full", "yes")
        self.assertEqual(self.client.health()["ready"], 0)
        with self.assertRaises(refer.Busy):
            self.client.submit(filled(), key="k")

    def test_a_gateway_that_is_not_there(self):
        self.fake.stop()
        with self.assertRaises(refer.Disconnected):
            self.client.connect()
        self.fake.start()
        self.client.connect()
        self.assertGreaterEqual(self.client.fileno(), 0)
        with self.assertRaises(refer.Invalid):
            refer.Client(colour="blue")

    def test_the_library_explains_itself(self):
        self.assertEqual(refer.version().count("."), 2)
        self.assertEqual(set(refer.options()), {"socket", "application"})
        self.assertIn("lose_reply", refer_fake.faults())
        self.assertIn("reachable", refer_fake.options())


class Faking(Desk):
    def test_the_other_agency(self):
        self.fake.set("reachable", "no")
        id = self.client.submit(filled(), key="k")
        self.assertEqual(self.client.get(id)["state"], "sent")
        self.fake.refuse_there("send", "WORDING", "request", "say less")
        self.fake.set("reachable", "yes")
        with self.client.cursor("desk") as cursor:
            # sent, delivered, refused
            last = [cursor.next() for _ in range(3)][-1]
        self.assertEqual((last.type, last.state, last.remedy), (
            "referral.refused", "refused_by_policy", "say less"))
        self.assertEqual(self.fake.get("reachable"), "yes")
        with self.assertRaises(refer.Conflict):
            self.fake.step(id, "opened", role="x")
        with self.assertRaises(refer.Invalid):
            self.fake.set("colour", "blue")
        with self.assertRaises(refer.Timeout):
            self.fake.take("explain", timeout=0)

    def test_a_restored_gateway(self):
        self.fake.event("weather.changed")
        with self.client.cursor("desk") as cursor:
            event = cursor.next()
            cursor.ack(event)
            self.fake.restore()
            deadline = time.monotonic() + 20
            again = None
            while again is None and time.monotonic() < deadline:
                try:
                    again = cursor.next()
                except refer.Disconnected:
                    pass
            self.assertEqual(again.type, "weather.changed")
            self.assertNotEqual(again.epoch, event.epoch)


if __name__ == "__main__":
    unittest.main()
