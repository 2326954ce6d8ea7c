#!/usr/bin/env python3
"""An author that shows two histories, and the proof of it.

usage: contradiction.py show LOG_KEY CHECKPOINTS   another history, signed
       contradiction.py judge PROOF CARD           status 0: it convicts
"""
import sys

from cryptography.hazmat.primitives.serialization import (
    Encoding, NoEncryption, PrivateFormat, load_pem_private_key)

from refer.card import Card
from refer.evidence import Contradiction
from refer.keys import SigningKey
from refer.note import note_read
from refer.text import armour_read
from refer.wire import Refused


def read(path):
    with open(path, "rb") as file:
        return file.read()


def show(key_path, notes_path):
    """Of the first note that this key signed, one with another root."""
    key = load_pem_private_key(read(key_path), None)
    log = SigningKey(key.private_bytes(
        Encoding.Raw, PrivateFormat.Raw, NoEncryption()))
    parts = read(notes_path).split(b"\n\n")[:-1]
    for body, signatures in zip(parts[::2], parts[1::2]):
        note = note_read(body + b"\n\n" + signatures + b"\n")
        try:
            note.verify_author([log.public])
        except Refused:
            continue
        note.root = bytes(32)
        note.sign(log)
        sys.stdout.buffer.write(note.encode(with_cosignature=False) + b"\n")
        return
    sys.exit("no note is by that key")


def judge(proof_path, card_path):
    card = Card(armour_read("CARD", read(card_path).decode()))
    try:
        proof = Contradiction(read(proof_path), [card])
    except Refused as why:
        print("proves nothing: %s" % why)
        sys.exit(3)
    print("%s shows two histories" % card.message.name)
    for note in (proof.shown, proof.held):
        print("%d\t%s" % (note.size, note.root.hex()))


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in ("show", "judge"):
        sys.exit(__doc__)
    {"show": show, "judge": judge}[sys.argv[1]](*sys.argv[2:])


if __name__ == "__main__":
    main()
