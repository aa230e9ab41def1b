"""Workgroups: nothing of one uses what belongs to another."""

from collections.abc import Iterator

from packhouse.journal.entries import owner
from packhouse.operations.content import Broken, Content, named
from packhouse.store import keys


def isolation(content: Content) -> Iterator[Broken]:
    """Runs and entitlements use packs and projects of their own workgroup alone."""
    owned = {(pack.workgroup_id, pack.pack_id) for pack in content.packs}
    owned |= {(owner(item), keys.subject(item)) for item in content.items if keys.kind(item) == "PROJECT"}
    for run in content.runs:
        for used in (run.project_id, *run.allocation):
            if (run.workgroup_id, used) not in owned:
                yield run.run_id, f"its workgroup doesn't have {used}"
    for entitlement in content.entitlements:
        for used in (entitlement.pack_id, *entitlement.earlier):
            if (entitlement.workgroup_id, used) not in owned:
                yield named(entitlement), f"its workgroup doesn't have {used}"
