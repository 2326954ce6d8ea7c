"""Agencies of which one does not know the other: PROTOCOL.md section 5.1."""
import re

from . import messages as m
from .card import Card
from .text import armour, armour_read
from .wire import Refused

CODE = re.compile(r"[a-z2-7]{20}")
FIRST_WORD = "Invitation: "


def introduce(card, code=""):
    """The body of an INTRODUCE."""
    return m.Introduce(card=m.SignedCard.decode(card.signed),
                       invitation=code).encode()


def introduce_read(body, sender):
    """Card and code."""
    message = m.Introduce.decode(body)
    if message.card is None:
        raise Refused("an introduction without a card")
    card = Card(message.card.encode())
    if card.id != sender:
        raise Refused("the card of another agency")
    return card, message.invitation


def invitation(card, code):
    """The text that is given to who is invited."""
    return FIRST_WORD + code + "\n\n" + armour("CARD", card.signed)


def invitation_read(text):
    """Card and code."""
    first, _, rest = text.partition("\n\n")
    code = first[len(FIRST_WORD):]
    if not first.startswith(FIRST_WORD) or not CODE.fullmatch(code):
        raise Refused("not an invitation")
    return Card(armour_read("CARD", rest)), code


class Waiting:
    """Cards that came by themselves and nobody has accepted."""

    PLACES = 64

    def __init__(self):
        self.cards = {}     # by id
        self.invited = set()  # their ids
        self.codes = set()  # that we gave

    def take(self, card, code):
        """False when there is no place."""
        is_invited = code in self.codes
        self.codes.discard(code)
        uninvited = len(self.cards) - len(self.invited)
        if card.id not in self.cards and not is_invited \
                and uninvited >= self.PLACES:
            return False
        held = self.cards.get(card.id)
        if held is None or card.serial > held.serial:
            self.cards[card.id] = card
        if is_invited:
            self.invited.add(card.id)
        return True
