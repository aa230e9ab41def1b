"""The caller, as the authorizer passed it on, and whether the one table of roles lets it do this."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Any

from packhouse.domain.access import MAY, Permission, Principal, PrincipalKind, Role, Stamp
from packhouse.domain.ids import Prefix, is_id
from packhouse.errors import NotFound, NotPermitted, TryAgain, Unauthenticated


class Door(StrEnum):
    """Who may call a route outside of workgroups."""

    ANYONE = auto()
    SIGNED_IN = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A principal that may call this route. `role` is its role in the path's workgroup, which permits it."""

    principal: Principal
    role: Role | None
    stamp: Stamp


def context(principal: Principal) -> dict[str, Any]:
    """The authorizer's context for a known principal."""
    return {"principal": principal.name, "kind": principal.kind, "workgroups": dict(principal.roles)}


def refused_context(reason: str) -> dict[str, Any]:
    """The authorizer's context for a token that it doesn't accept."""
    return {"refused": reason}


def unavailable_context(seconds: int) -> dict[str, Any]:
    """The authorizer's context if it could not check the token. API Gateway keeps this answer for so many seconds."""
    return {"unavailable": max(seconds, 1)}


def signed_in(event: Mapping[str, Any]) -> Principal:
    """The principal in the authorizer's context, or the refusal there."""
    passed = event["requestContext"].get("authorizer", {}).get("lambda") or refused_context("no token")
    if seconds := passed.get("unavailable"):
        raise TryAgain(retry_after_seconds=seconds)
    if reason := passed.get("refused"):
        raise Unauthenticated(reason=reason)
    return Principal(
        name=passed["principal"],
        kind=PrincipalKind(passed["kind"]),
        roles={wg: Role(role) for wg, role in (passed.get("workgroups") or {}).items()},
    )


def require(principal: Principal, workgroup_id: str, may: Permission) -> Role:
    """The role by which the principal may do this in the workgroup: a stranger gets 404, another role 403."""
    if not is_id(Prefix.WORKGROUP, workgroup_id):
        raise NotFound
    role = principal.role_in(workgroup_id)
    if role is None:
        raise NotFound
    if may not in MAY[role]:
        raise NotPermitted
    return role
