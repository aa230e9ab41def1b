"""Coverage: what each piece of work may run on."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tests.proofs.model.rules.calls import Count, Counted, Refused
from tests.proofs.model.rules.state import Possible, State

DECISIONS = ("covered", "license_available", "assignment_required", "purchase_required")

type Need = tuple[str | None, int]
"""Whose work it is, if that is said, and how many licenses it takes if no entitlement covers it."""


@dataclass(frozen=True, slots=True)
class Decision:
    on: str
    sku: str
    needed: int = 0


def decide(state: State, service: str, needs: Sequence[Need], now: int) -> list[Decision] | Refused:
    """One after another: the licenses of one are gone for the next. One assignment serves all of a user's needs."""
    spent = [one.sku for one in state.terms.covering(service, on_success=True)]
    assignable = [one.sku for one in state.terms.covering(service, on_success=False)]
    if not spent and not assignable:
        return Refused("service-not-covered")
    if not spent and any(user is None for user, _ in needs):
        return Refused("invalid-request")
    left = {sku: state.stock(sku, now) for sku in spent + assignable}
    waiting: dict[str, Decision] = {}
    decided = []
    for user, licenses in needs:
        covering = next((sku for sku in assignable if user and state.covering(user, sku, now)), None)
        in_stock = next((sku for sku in assignable if left[sku]), None)
        if covering:
            one = Decision("covered", covering)
        elif spent and left[spent[0]] >= licenses:
            one = Decision("license_available", spent[0], licenses)
        elif user in waiting:
            one = Decision(waiting[user].on, waiting[user].sku)
        elif user and in_stock:
            one = waiting[user] = Decision("assignment_required", in_stock, 1)
        elif spent:
            one = Decision("purchase_required", spent[0], licenses)
        else:
            one = waiting[user or ""] = Decision("purchase_required", assignable[0], 1)
        if one.on in {"license_available", "assignment_required"}:
            left[one.sku] -= one.needed
        decided.append(one)
    return decided


def sold(state: State, service: str) -> str:
    """The type that is bought for a service."""
    terms = state.terms
    return (terms.covering(service, on_success=True) + terms.covering(service, on_success=False))[0].sku


def refusal(state: State, service: str, decided: Sequence[Decision], now: int) -> Refused | None:
    """Why not all of it can start, if it can't: a license must be assigned first, or more be bought."""
    if assign := next((one for one in decided if one.on == "assignment_required"), None):
        return Refused("assignment-required", (state.stock(assign.sku, now),))
    if any(one.on == "purchase_required" for one in decided):
        asked = sum(one.needed for one in decided)
        return Refused("licenses-exhausted", (asked, state.stock(sold(state, service), now)))
    return None


def count(state: State, asked: Count) -> Possible:
    decided = decide(state, asked.service, asked.needs, asked.now)
    if isinstance(decided, Refused):
        yield decided, state
        return
    sku = sold(state, asked.service)
    bought = sum(one.needed for one in decided if one.on == "purchase_required")
    taken = sum(one.needed for one in decided if one.sku == sku and one.on != "purchase_required")
    met = Counter(one.on for one in decided)
    missing = max(0, bought - (state.stock(sku, asked.now) - taken))
    yield Counted(tuple(met[on] for on in DECISIONS), missing), state
