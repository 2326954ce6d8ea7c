#!/usr/bin/env python3
"""Does another implementation judge our evidence?  usage: evidence_test.py

The folder of proto/vectors is believed as it is, and with any byte changed,
any file missing or one too many it is not; with its list of files made anew
neither.
"""
import os
import sys

from refer import messages as m
from refer.evidence import Evidence, files_read, sums_write
from refer.keys import agency_id, SigningKey
from refer.wire import Refused
from tap import Tap

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
FILES = files_read(os.path.join(ROOT, "proto", "vectors", "evidence"))
A = agency_id(SigningKey(bytes([0xa0]) * 32).public)
B = agency_id(SigningKey(bytes([0xb0]) * 32).public)
# Signatures take their time: with the list made anew, not every byte.
DEEP_STEP = 29


def is_refused(files):
    try:
        Evidence(files)
    except Refused:
        return True
    return False


def listed(files):
    return {**files, "SHA256SUMS": sums_write(files)}


def changed(path, at, bit):
    data = bytearray(FILES[path])
    data[at] ^= 1 << bit
    return {**FILES, path: bytes(data)}


def without(*paths):
    return {path: data for path, data in FILES.items() if path not in paths}


def verdicts(tap):
    evidence = Evidence(FILES)
    tap.equal("each event has its verdict",
              [(event.author, event.index, event.verdict)
               for event in evidence.events],
              [(A, 1, "held"), (A, 2, "refused"), (A, 3, "absent"),
               (B, 2, "unanswered")])
    refused = evidence.events[1].item
    tap.equal("a refusal has clause and remedy",
              (m.Problem(refused.problem).name, refused.clause,
               refused.remedy),
              ("ELEMENT_NOT_ALLOWED", "never_share",
               "remove photo: the agreement never shares it"))
    tap.equal("the list of files is made again",
              sums_write(FILES), FILES["SHA256SUMS"])


def damage(tap):
    for path, data in sorted(FILES.items()):
        missed = [at for at in range(len(data))
                  if not is_refused(changed(path, at, at % 8))]
        tap.equal("%s: no byte can be changed" % path, missed, [])
    for path, data in sorted(FILES.items()):
        if path in ("README.txt", "SHA256SUMS"):
            continue
        missed = [at for at in range(0, len(data), DEEP_STEP)
                  if not is_refused(listed(changed(path, at, at % 8)))]
        tap.equal("%s: nor when it is listed anew" % path, missed, [])


def missing(tap):
    for path in sorted(FILES):
        tap.ok("without %s" % path, is_refused(without(path)))
        # what is whole without it proves less, but what it proves holds
        if path.endswith(("/header", "/proof.tlog-proof", "/salt",
                          "/content")):
            tap.ok("nor when the others are listed",
                   is_refused(listed(without(path))))
    tap.ok("one more file", is_refused({**FILES, "more": b""}))
    tap.ok("nor when it is listed",
           is_refused(listed({**FILES, "more": b""})))
    author = "entries/%s-0123456789abcdef-" % A
    exchanged = {**FILES, author + "1/header": FILES[author + "2/header"],
                 author + "2/header": FILES[author + "1/header"]}
    tap.ok("two headers exchanged", is_refused(listed(exchanged)))
    for serial in (1, 2):
        name = "cards/%s-%d.card" % (A, serial)
        proved = not is_refused(listed(without(name)))
        tap.equal("without card %d, whose key %s" % (
            serial, "signed" if serial == 2 else "is on the other too"),
                  proved, serial == 1)


def main():
    tap = Tap()
    tap.run("verdicts", verdicts, tap)
    tap.run("damage", damage, tap)
    tap.run("missing", missing, tap)
    tap.end()


if __name__ == "__main__":
    main()
