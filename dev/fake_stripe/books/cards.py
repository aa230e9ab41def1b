"""The test cards that the pay page takes. It refuses all other numbers."""

import re
from dataclasses import dataclass
from enum import StrEnum

_SPACING = re.compile(r"[ -]")


class Outcome(StrEnum):
    """How a payment with the card ends."""

    SUCCEEDS = "succeeds"
    DECLINES = "declines"


@dataclass(frozen=True, slots=True)
class Card:
    number: str
    outcome: Outcome
    brand: str = "visa"


CARDS = {
    card.number: card
    for card in (
        Card("4242424242424242", Outcome.SUCCEEDS),
        Card("4000000000000002", Outcome.DECLINES),
    )
}


def named(number: str) -> Card | None:
    """The card with this number, written with or without spaces."""
    return CARDS.get(_SPACING.sub("", number))
