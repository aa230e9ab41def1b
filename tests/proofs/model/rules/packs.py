"""Packs: granted, looked at, reminded of, expired."""

from dataclasses import replace

from tests.proofs.model.rules.calls import (
    BUNDLE,
    EXPIRED,
    LEFT,
    NOT_FOUND,
    Counters,
    Done,
    LookAtPack,
    LookAtStock,
    Stock,
    SweepPack,
)
from tests.proofs.model.rules.state import DAY, Pack, Possible, State, Terms

LAST_LOOK_AFTER = 300
"""Seconds from a pack's end to the sweep's last look at it."""
LATER_REMINDERS = (7, 1)
"""Days before a pack's end, beside the policy's."""


def granted(state: State, name: str, sku: str, quantity: int, *, acquired: int, now: int) -> State:
    """Valid for the type's months since it was acquired, whenever it is granted."""
    expires = state.terms.months_later(acquired, state.terms.types[sku].months)
    due = next_look(state.terms, expires, now)
    pack = Pack(name=name, sku=sku, available=quantity, acquired=acquired, expires=expires, due=due)
    return state.with_packs(pack)


def reminders(terms: Terms) -> list[int]:
    first = terms.policies["pack_reminder_days"]
    return [first, *(days for days in LATER_REMINDERS if days < first)]


def next_look(terms: Terms, expires: int, now: int) -> int:
    """When a pack is looked at next: for a reminder, or at its end."""
    later = [at for days in reminders(terms) if (at := expires - days * DAY) > now]
    return min(later, default=expires)


def sweep(state: State, asked: SweepPack) -> Possible:
    """At its end the rest expires, and once more a little later; before it, people are reminded."""
    pack, now = state.packs.get(asked.pack), asked.now
    if pack is None or pack.due is None or pack.due > now:
        yield LEFT, state
    elif pack.expires <= now:
        last_look = pack.expires + LAST_LOOK_AFTER
        due, expired = last_look if now < last_look else None, pack.expired + pack.available
        yield EXPIRED, state.with_packs(replace(pack, available=0, expired=expired, due=due))
    else:
        pack = replace(pack, due=next_look(state.terms, pack.expires, now))
        marks = {days: pack.expires - days * DAY for days in reminders(state.terms)}
        reached = [days for days, at in marks.items() if pack.acquired <= at <= now]
        if not reached or not pack.available or (pack.reminded is not None and pack.reminded <= min(reached)):
            yield Done("goes on"), state.with_packs(pack)
        else:
            yield Done("reminded"), state.with_packs(replace(pack, reminded=min(reached)))


def look(state: State, asked: LookAtPack) -> Possible:
    pack = state.packs.get(asked.pack)
    yield (Counters(pack.available, pack.expired, pack.assigned) if pack else NOT_FOUND), state


def look_at_stock(state: State, asked: LookAtStock) -> Possible:
    yield Stock(state.stock(BUNDLE, asked.now)), state
