"""Who calls, and whether it may: what the authorizer found out, held against the one table of roles."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Any

from packhouse.domain.access import MAY, Permission, Principal, PrincipalKind, Role, Stamp
from packhouse.domain.ids import Kind, is_id
from packhouse.errors import NotFound, NotPermitted, TryAgain, Unauthenticated


class Door(StrEnum):
    """What a route outside of workgroups asks for."""

    ANYONE = auto()
    SIGNED_IN = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A principal at a route, allowed to be there; `role` is the one that allows it, in the path's workgroup."""

    principal: Principal
    role: Role | None
    stamp: Stamp


def told(principal: Principal) -> dict[str, Any]:
    """What the authorizer hands to API Gateway of a principal it knows."""
    return {"principal": principal.name, "kind": principal.kind, "workgroups": dict(principal.roles)}


def told_refused(reason: str) -> dict[str, Any]:
    """What it hands on where it knows nobody."""
    return {"refused": reason}


def told_unavailable(seconds: int) -> dict[str, Any]:
    """What it hands on where it could not find out. API Gateway keeps that answer, too, for so many seconds."""
    return {"unavailable": max(seconds, 1)}


def signed_in(event: Mapping[str, Any]) -> Principal:
    """The principal that the authorizer told, else why there is none."""
    context = event["requestContext"].get("authorizer", {}).get("lambda") or told_refused("no token")
    if seconds := context.get("unavailable"):
        raise TryAgain(retry_after_seconds=seconds)
    if reason := context.get("refused"):
        raise Unauthenticated(reason=reason)
    return Principal(
        name=context["principal"],
        kind=PrincipalKind(context["kind"]),
        roles={wg: Role(role) for wg, role in (context.get("workgroups") or {}).items()},
    )


def require(principal: Principal, workgroup_id: str, may: Permission) -> Role:
    """The role by which the principal may do this in the workgroup: a stranger gets 404, another role 403."""
    if not is_id(Kind.WORKGROUP, workgroup_id):
        raise NotFound
    role = principal.role_in(workgroup_id)
    if role is None:
        raise NotFound
    if may not in MAY[role]:
        raise NotPermitted
    return role
