"""The security log: one entry for each change of a journaled attribute."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

OUTSIDE = "outside Packhouse"
PLATFORM = "PLATFORM"
WORKGROUP_ERASED = "workgroup.erased"  # a kind of entry, and its log line, on which the template has an alarm


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One change of one item. `owner` is the workgroup, or PLATFORM. `at` is RFC 3339, to the microsecond."""

    owner: str
    entry_id: str
    at: str
    kind: str
    item: str
    actor: str
    request_id: str | None
    changes: Sequence[Change]
    project_id: str | None
    pack_ids: Sequence[str]
    sequence: str

    @property
    def request(self) -> str | None:
        """The request's id as its caller knows it, without the part that made the change."""
        return self.request_id.partition("#")[0] if self.request_id else None

    @property
    def month(self) -> str:
        return self.at[:4] + self.at[5:7]
