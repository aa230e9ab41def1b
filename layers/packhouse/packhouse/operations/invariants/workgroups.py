"""Workgroups: none uses anything of another."""

from collections.abc import Iterator

from packhouse.journal.entries import owner
from packhouse.operations.content import Broken, Content, name_of
from packhouse.store import keys


def isolation(content: Content) -> Iterator[Broken]:
    """Runs and entitlements use only packs and projects of their own workgroup."""
    owned = {(pack.workgroup_id, pack.pack_id) for pack in content.packs}
    owned |= {(owner(item), keys.subject(item)) for item in content.items if keys.entity(item) == "PROJECT"}
    for run in content.runs:
        for used in (run.project_id, *run.allocation):
            if (run.workgroup_id, used) not in owned:
                yield run.run_id, f"its workgroup doesn't have {used}"
    for entitlement in content.entitlements:
        for used in (entitlement.pack_id, *entitlement.earlier):
            if (entitlement.workgroup_id, used) not in owned:
                yield name_of(entitlement), f"its workgroup doesn't have {used}"
