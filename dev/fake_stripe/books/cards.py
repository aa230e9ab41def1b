"""The test cards the pay page takes. Others are refused there: a card that means nothing would test nothing."""

import re
from dataclasses import dataclass
from enum import StrEnum

_SPACING = re.compile(r"[ -]")


class Outcome(StrEnum):
    """What comes of a payment with the card."""

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
