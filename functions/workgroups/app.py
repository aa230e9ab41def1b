"""Workgroups: who the caller is, and the settings of a workgroup."""

from packhouse import runtime
from packhouse.domain.access import Permission
from packhouse.errors import UnknownSku
from packhouse.store import workgroups
from packhouse.web.api import create_api
from packhouse.web.identity import Door
from packhouse.web.workgroups import ChangeWorkgroup, Me, Membership, WorkgroupView

api = create_api()
handler = api.resolve


@api.serves("GET /v1/me", may=Door.SIGNED_IN)
def me() -> Me:
    principal = api.caller.principal
    found = workgroups.read_many(runtime.table(), list(principal.roles))
    memberships = [
        Membership(workgroup_id=wg.workgroup_id, name=wg.name, role=principal.roles[wg.workgroup_id]) for wg in found
    ]
    return Me(principal=principal.name, kind=principal.kind, workgroups=memberships)


@api.serves("GET /v1/workgroups/{wg}", may=Permission.READ_WORKGROUP)
def read_workgroup(wg: str) -> WorkgroupView:
    return WorkgroupView.of(workgroups.read(runtime.table(), wg))


@api.serves("PATCH /v1/workgroups/{wg}", may=Permission.ADMINISTER, refuses=(UnknownSku,))
def change_workgroup(wg: str, wanted: ChangeWorkgroup) -> WorkgroupView:
    return WorkgroupView.of(workgroups.change(api.table(), wg, wanted.changes()))
