"""Entitlements: assigned once per user and type, withdrawn while they have covered nothing."""

from dataclasses import replace

from tests.proofs.model.rules.calls import NOT_FOUND, Assign, Assigned, Refused, Withdraw, Withdrawn
from tests.proofs.model.rules.state import Entitlement, Possible, State


def assign(state: State, asked: Assign) -> Possible:
    """As a start, it may take from any pack: burn-down order is that of the stock as it saw it."""
    sold = state.terms.types.get(asked.sku)
    if sold is None:
        yield Refused("unknown-sku"), state
    elif sold.on_success:
        yield Refused("invalid-request"), state
    elif covering := state.covering(asked.user, asked.sku, asked.now):
        yield Assigned(covering.pack, now=False), state
    else:
        met = state.entitlements.get((asked.user, asked.sku))
        spent = (*met.spent, *([met.pack] if met.used else [])) if met else ()
        usable = state.usable(asked.sku, asked.now)
        if not usable:
            yield Refused("licenses-exhausted", (1, 0)), state
        for pack in usable:
            taken = replace(pack, available=pack.available - 1, assigned=pack.assigned + 1)
            assigned = Entitlement(pack.name, spent=spent)
            yield Assigned(pack.name), state.entitling(asked.user, asked.sku, assigned, taken)


def withdraw(state: State, asked: Withdraw) -> Possible:
    met = state.entitlements.get((asked.user, asked.sku))
    if met is None:
        yield NOT_FOUND, state
    elif met.withdrawn:
        yield Withdrawn(met.pack), state
    elif met.used:
        yield Refused("entitlement-used"), state
    elif state.packs[met.pack].expires <= asked.now:
        yield Refused("pack-not-usable"), state
    else:
        pack = state.packs[met.pack]
        back = replace(pack, available=pack.available + 1, assigned=pack.assigned - 1)
        yield Withdrawn(met.pack), state.entitling(asked.user, asked.sku, replace(met, withdrawn=True), back)
