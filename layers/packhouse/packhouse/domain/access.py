"""Who may do what: one table, read by the API, OpenAPI, the console and the tests. What isn't in it is denied."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum, auto

from packhouse.domain import instants


class Role(StrEnum):
    """What a principal is in a workgroup. Operators and platform workers are it in every workgroup."""

    ADMINISTRATOR = "administrator"
    MANAGER = "manager"
    ASSOCIATE = "associate"
    WORKER = "worker"
    PLATFORM_WORKER = "platform_worker"
    OPERATOR = "operator"


class Permission(StrEnum):
    """What a route asks for: a line of the table in docs/roles.md."""

    READ_RUNS = auto()
    READ = auto()
    RUN = auto()
    CREATE_PROJECTS = auto()
    CHANGE_PROJECTS = auto()
    ASSIGN = auto()
    BUY = auto()
    READ_ORDERS = auto()
    READ_WORKGROUP = auto()
    READ_SECURITY_LOG = auto()
    ADMINISTER = auto()


MAY: Mapping[Role, frozenset[Permission]] = {
    Role.ADMINISTRATOR: frozenset(Permission),
    Role.MANAGER: frozenset(Permission) - {Permission.ADMINISTER},
    Role.ASSOCIATE: frozenset(
        {
            Permission.READ_RUNS,
            Permission.READ,
            Permission.RUN,
            Permission.CREATE_PROJECTS,
            Permission.CHANGE_PROJECTS,
            Permission.ASSIGN,
            Permission.READ_WORKGROUP,
        }
    ),
    Role.WORKER: frozenset({Permission.READ_RUNS, Permission.READ, Permission.RUN, Permission.CREATE_PROJECTS}),
    Role.PLATFORM_WORKER: frozenset({Permission.READ_RUNS, Permission.RUN}),
    Role.OPERATOR: frozenset(
        {
            Permission.READ_RUNS,
            Permission.READ,
            Permission.READ_ORDERS,
            Permission.READ_SECURITY_LOG,
        }
    ),
}


class PrincipalKind(StrEnum):
    """How a caller proved who it is, and with what reach."""

    MEMBER = "member"
    WORKER_KEY = "worker_key"
    PLATFORM_WORKER_KEY = "platform_worker_key"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who calls: a person's subject or a key's id, and its role in each of its workgroups."""

    name: str
    kind: PrincipalKind
    roles: Mapping[str, Role]

    def role_in(self, workgroup_id: str) -> Role | None:
        """Its role there; None for a stranger, who must not learn whether the workgroup exists."""
        match self.kind:
            case PrincipalKind.OPERATOR if workgroup_id not in self.roles:
                return Role.OPERATOR
            case PrincipalKind.PLATFORM_WORKER_KEY:
                return Role.PLATFORM_WORKER
            case _:
                return self.roles.get(workgroup_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key of a workgroup, or (without one) of the platform. Only the secret's hash is kept."""

    key_id: str
    name: str
    secret_hash: str
    workgroup_id: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Who changed an item, in which request, when; every write carries one, and the journal tells it."""

    principal: str
    request_id: str
    changed_at: datetime

    @property
    def at(self) -> datetime:
        """The instant the change counts from, to the second, as everything but the stamp itself is stored."""
        return self.changed_at.replace(microsecond=0)

    def part(self, number: int) -> "Stamp":
        """The stamp of one of several changes a request makes, so that two of them on one item can be told apart."""
        return replace(self, request_id=f"{self.request_id}#{number}")

    def is_on(self, item: Mapping[str, str]) -> bool:
        """Whether an item bears it, in whichever of its parts: then this very request wrote it.

        One that was named the same before, as an event is that comes again, had another instant.
        """
        named = self.request_id.partition("#")[0] == item["request_id"].partition("#")[0]
        return named and item["changed_at"] == instants.precise(self.changed_at)
