#!/usr/bin/env python3
"""Judges a folder of evidence.  usage: evidence_verify.py FOLDER

Status 0 and a line for each event; 3 and why when anything does not hold.
"""
import sys

from refer import messages as m
from refer.erasure import REASONS
from refer.evidence import Evidence, files_read
from refer.wire import Refused


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        evidence = Evidence(files_read(sys.argv[1]))
    except Refused as why:
        print("does not hold: %s" % why)
        sys.exit(3)
    for event in evidence.events:
        problem = ""
        if event.verdict == "refused":
            problem = "%s at %s: %s" % (
                m.Problem(event.item.problem).name, event.item.clause,
                event.item.remedy)
        print("\t".join((
            str(event.at_ms),
            m.EventType(event.said.type).name if event.said else "-",
            evidence.name(event.author), evidence.name(event.recipient),
            str(event.received_s), event.verdict, problem)))
    for notice in evidence.erasures:
        print("\t".join((
            str(notice.at_ms), "ERASURE",
            evidence.name(notice.author), evidence.name(notice.recipient),
            REASONS[notice.said.reason] if notice.said else "-",
            " ".join(notice.said.elements) if notice.said else "",
            notice.outcome())))


if __name__ == "__main__":
    main()
