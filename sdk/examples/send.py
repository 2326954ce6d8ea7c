#!/usr/bin/env python3
"""The case system of an NGO as a program: it refers one person and waits until
the other agency has taken the referral on. send.c says what the arguments are.

  send.py [-s SOCKET] KEY TO SERVICE PURPOSE REASON CODE=VALUE...
"""
import argparse
import sys
from datetime import datetime, timedelta, timezone

import refer

CONSENT = timedelta(days=90)
ENDS = {"declined", "withdrawn", "cancelled", "expired", "refused_by_policy",
        "redirected", "void"}


def filled(arguments):
    now = datetime.now(timezone.utc)
    elements = dict(pair.split("=", 1) for pair in arguments.elements)
    return {
        "to": arguments.to, "service": arguments.service,
        "purpose": arguments.purpose, "reason_plain": arguments.reason,
        "urgency": "routine",
        "choice": "chosen",  # the person's own wish
        "ask_back": "outcome_code", "consent_at_ms": now,
        "elements": elements,
        "grants": [{"to": arguments.to, "purpose": arguments.purpose,
                    "elements": list(elements), "until_ms": now + CONSENT}],
    }


def submit(client, referral, key):
    """After a time-out nobody knows whether it was stored; with the same key
    it is safe to ask again."""
    for left in range(4, -1, -1):
        try:
            return client.submit(referral, key, timeout=10)
        except refer.Error as error:
            if not left or not error.is_retryable:
                raise


def wait_for_answer(cursor, id):
    for event in cursor:
        mine = event.referral == id
        if mine:
            print(id, event.state)
        if mine and event.state == "accepted":
            print("offer:", event.details.get("offer", ""))
        # a real system handles the events of its other referrals here
        cursor.ack(event)
        if mine and event.state == "accepted":
            return 0
        if mine and event.state in ENDS:
            return 3


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-s", dest="socket")
    for name in ("key", "to", "service", "purpose", "reason"):
        parser.add_argument(name)
    parser.add_argument("elements", nargs="*", metavar="CODE=VALUE")
    arguments = parser.parse_args()
    options = {"socket": arguments.socket} if arguments.socket else {}
    try:
        referral = filled(arguments)
    except ValueError:
        parser.error("elements are CODE=VALUE")
    try:
        with refer.Client(application="send", **options) as client, \
                client.cursor("send") as cursor:
            # the cursor first, so that no answer is missed
            id = submit(client, referral, arguments.key)
            return wait_for_answer(cursor, id)
    except refer.Error as error:
        sys.exit(f"send: {error.name}: {error}")


if __name__ == "__main__":
    sys.exit(main())
