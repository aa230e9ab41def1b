"""The security log: one entry for each change of what the log tells."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

OUTSIDE = "outside Packhouse"
PLATFORM = "PLATFORM"
WORKGROUP_ERASED = "workgroup.erased"  # a kind; its log line, too, for which the template's alarm waits


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One change of one item. `owner` is the workgroup, or PLATFORM; `at` is RFC 3339 to the microsecond."""

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
        """The request as its caller was told it: which part of it made the change is ours alone."""
        return self.request_id.partition("#")[0] if self.request_id else None

    @property
    def month(self) -> str:
        return self.at[:4] + self.at[5:7]
