"""Every invariant by its name, and the function that checks them all. The tests use it, and the auditor.

Each check is a pure function of items and journal entries.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial

from packhouse.domain.journal import Entry
from packhouse.domain.violations import Violation
from packhouse.operations import content as contents
from packhouse.operations.content import Broken, Content
from packhouse.operations.invariants import entitlements, journal, orders, packs, projects, runs, workgroups
from packhouse.store.wire import Item

type Checks = Mapping[str, Callable[[Content], Iterator[Broken]]]
"""The check of each invariant, by the invariant's name."""


def violations(
    items: Iterable[Item],
    entries: Iterable[Entry],
    *,
    retries_max: int = runs.RETRIES_MAX,
    late_since: datetime | None = None,
) -> list[Violation]:
    """The violations of all invariants. `entries` are all entries of these items, in any order.

    An item that can't be read is a violation of *readable*; the other checks skip it. The entries of changes after
    `late_since` may be missing.
    """
    content = contents.read(items, entries, late_since=late_since)
    checks: Checks = {**CHECKS, "retry-is-free": partial(runs.retry_is_free, retries_max=retries_max)}
    found = [("readable", *broken) for broken in content.unreadable]
    found += [(invariant, *broken) for invariant, check in checks.items() for broken in check(content)]
    return [Violation(invariant, name, detail, content.stamps.get(name, "")) for invariant, name, detail in found]


CHECKS: Checks = {
    "conservation": packs.conservation,
    "isolation": workgroups.isolation,
    "settle-once": runs.settle_once,
    "success-iff-consumed": runs.success_iff_consumed,
    "idle-end": projects.idle_end,
    "covered-iff-entitled": entitlements.covered_iff_entitled,
    "retry-is-free": runs.retry_is_free,
    "burn-down": packs.burn_down,
    "paid-iff-granted": orders.paid_iff_granted,
    "journal-complete": journal.journal_complete,
}
