#!/usr/bin/env python3
"""The intake desk of a hospital as a program: it takes on every referral that
arrives, with one offer for all. intake.c says why it is written like this.

  intake.py [-s SOCKET] [-c CURSOR] [-o OFFER] [--once] [--until STATE]
"""
import argparse
import sys

import refer


def take_on(client, id, offer):
    # the same key whenever this is tried again; in what role this is decided,
    # never who the colleague is
    client.act(id, "opened", key=f"opened:{id}", role="intake")
    client.act(id, "accept", key=f"accept:{id}", role="intake",
               details={"offer": offer})


def show(event):
    print(event.position, event.referral, event.step, event.state)
    for name, value in event.details.items():
        print(f"    {name}: {value}")
    for code, value in event.elements.items():
        print(f"    {code} = {value}", flush=True)


def handle(client, event, offer):
    show(event)
    if event.direction != "in" or event.state != "delivered":
        return
    try:
        take_on(client, event.referral, offer)
    except refer.Conflict:
        pass  # withdrawn meanwhile, or a colleague decided


def run(client, arguments):
    with client.cursor(arguments.cursor) as cursor:
        for event in cursor.events(1.0 if arguments.once else None):
            handle(client, event, arguments.offer)
            cursor.ack(event)  # after the work, never before
            if event.state == arguments.until:
                return


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-s", dest="socket")
    parser.add_argument("-c", dest="cursor", default="intake")
    parser.add_argument("-o", dest="offer", default="walk_in")
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--until", default="")
    arguments = parser.parse_args()
    options = {"socket": arguments.socket} if arguments.socket else {}
    try:
        with refer.Client(application="intake", **options) as client:
            run(client, arguments)
    except refer.Error as error:
        sys.exit(f"intake: {error.name}: {error}")


if __name__ == "__main__":
    main()
