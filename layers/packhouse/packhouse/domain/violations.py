from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """What doesn't hold: the invariant's name, the item, and a sentence; and by what stamp the item was seen."""

    invariant: str
    item: str
    detail: str
    stamp: str = ""
