"""Entitlements: each covered run had an entitlement, and the first use is marked on it."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from packhouse.domain import ids
from packhouse.domain.entitlements import Entitlement, EntitlementState
from packhouse.domain.runs import Coverage
from packhouse.operations.content import REQUEST_MAX, Broken, Content, name_of


def covered_iff_entitled(content: Content) -> Iterator[Broken]:
    """The user of a covered run had an entitlement then. An entitlement is marked as used exactly if it covered runs.

    A run may have started before its entitlement was assigned, by their stamps: the assigning request began later, but
    wrote first.
    """
    entitled = {(right.workgroup_id, right.user, right.sku): right for right in content.entitlements}
    starts: dict[tuple[str, str, str], set[datetime]] = defaultdict(set)
    for run in content.runs:
        if run.coverage is Coverage.COVERED:
            name = (run.workgroup_id, run.user or "", run.sku)
            starts[name].add(run.started_at)
            if name not in entitled or not _covered(entitled[name], run.started_at):
                yield run.run_id, "no entitlement covered it"
    for name, right in entitled.items():
        if right.used_at is None and any(at >= right.assigned_at for at in starts[name]):
            yield name_of(right), "it covered a run, but isn't marked as used"
        active = right.state is EntitlementState.ACTIVE
        if right.used_at is not None and (right.used_at not in starts[name] or not active):
            yield name_of(right), f"it is {right.state}, and marked as used at {right.used_at}, when it covered no run"
        if right.until != ids.pack_expiry(right.pack_id):
            yield name_of(right), "it doesn't end with its pack"


def _covered(entitlement: Entitlement, at: datetime) -> bool:
    """Whether this entitlement covered runs at that time, or an earlier entitlement of the same user and type did."""
    if entitlement.assigned_at - REQUEST_MAX <= at < entitlement.until and entitlement.state is EntitlementState.ACTIVE:
        return True
    return any(at < ids.pack_expiry(pack_id) for pack_id in entitlement.earlier)
