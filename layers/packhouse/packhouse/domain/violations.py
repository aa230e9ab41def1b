from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken invariant: its name, the item, and a sentence. `stamp` is that of the item as it was read."""

    invariant: str
    item: str
    detail: str
    stamp: str = ""
