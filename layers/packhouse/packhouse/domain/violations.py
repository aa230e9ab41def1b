from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """What doesn't hold: the invariant's name, the item, and a sentence."""

    invariant: str
    item: str
    detail: str
