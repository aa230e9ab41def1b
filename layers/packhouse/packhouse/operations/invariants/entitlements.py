"""Entitlements: a covered run had one, and its first use is marked."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from packhouse.domain import ids
from packhouse.domain.entitlements import Entitlement, EntitlementState
from packhouse.domain.runs import Coverage
from packhouse.operations.content import REQUEST_MAX, Broken, Content, named


def covered_iff_entitled(content: Content) -> Iterator[Broken]:
    """The user of a covered run had an entitlement then. An entitlement is marked as used exactly if it covered runs.

    A request may use what another request made that began later, and so bears a later date.
    """
    entitled = {(one.workgroup_id, one.user, one.sku): one for one in content.entitlements}
    starts: dict[tuple[str, str, str], set[datetime]] = defaultdict(set)
    for run in content.runs:
        if run.coverage is Coverage.COVERED:
            name = (run.workgroup_id, run.user or "", run.sku)
            starts[name].add(run.started_at)
            if name not in entitled or not _covered(entitled[name], run.started_at):
                yield run.run_id, "nothing covered it"
    for name, one in entitled.items():
        if one.used_at is None and any(at >= one.assigned_at for at in starts[name]):
            yield named(one), "it covered a run, and isn't marked as used"
        if one.used_at is not None and (one.used_at not in starts[name] or one.state is not EntitlementState.ACTIVE):
            yield named(one), f"it is {one.state} and used at {one.used_at}, when it covered nothing"
        if one.until != ids.pack_expiry(one.pack_id):
            yield named(one), "it doesn't end with its pack"


def _covered(entitlement: Entitlement, at: datetime) -> bool:
    """Whether it covered then, or an earlier entitlement in its place did."""
    if entitlement.assigned_at - REQUEST_MAX <= at < entitlement.until and entitlement.state is EntitlementState.ACTIVE:
        return True
    return any(at < ids.pack_expiry(pack_id) for pack_id in entitlement.earlier)
