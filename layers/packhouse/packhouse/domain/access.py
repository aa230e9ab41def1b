"""Who may do what: one table, read by the API, OpenAPI, the console and the tests. Everything else is denied."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum, auto

from packhouse.domain import instants


class Role(StrEnum):
    """The role of a principal in a workgroup. Operators and platform workers have theirs in every workgroup."""

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
    """How a caller signed in, which decides in which workgroups it has a role."""

    MEMBER = "member"
    WORKER_KEY = "worker_key"
    PLATFORM_WORKER_KEY = "platform_worker_key"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A caller: the subject of a person or the id of a key, and its role in each of its workgroups."""

    name: str
    kind: PrincipalKind
    roles: Mapping[str, Role]

    def role_in(self, workgroup_id: str) -> Role | None:
        """Its role there. None for a stranger, who must not learn whether the workgroup exists."""
        match self.kind:
            case PrincipalKind.OPERATOR if workgroup_id not in self.roles:
                return Role.OPERATOR
            case PrincipalKind.PLATFORM_WORKER_KEY:
                return Role.PLATFORM_WORKER
            case _:
                return self.roles.get(workgroup_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key of a workgroup; without a workgroup, of the platform. Only the hash of its secret is kept."""

    key_id: str
    name: str
    secret_hash: str
    workgroup_id: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Who changed an item, in which request, and when. Every write has a stamp, and the journal shows it."""

    principal: str
    request_id: str
    changed_at: datetime

    @property
    def at(self) -> datetime:
        """The instant of the change in whole seconds, as all instants but the stamp's own are stored."""
        return self.changed_at.replace(microsecond=0)

    def part(self, number: int) -> "Stamp":
        """The stamp of one of several changes in a request, so that two changes of one item differ."""
        return replace(self, request_id=f"{self.request_id}#{number}")

    def is_on(self, item: Mapping[str, str]) -> bool:
        """Whether this very request wrote the item, in any of its parts.

        An event that is delivered again has the same request id, but another instant.
        """
        named = self.request_id.partition("#")[0] == item["request_id"].partition("#")[0]
        return named and item["changed_at"] == instants.precise(self.changed_at)
