"""Packs: every license is accounted for, and licenses are taken from the pack that expires soonest."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from packhouse.domain import ids, instants
from packhouse.domain.journal import Entry
from packhouse.domain.runs import RunState
from packhouse.operations.content import COUNTERS, REQUEST_MAX, Broken, Content

TAKING = frozenset({"run.held", "entitlement.assigned"})


def conservation(content: Content) -> Iterator[Broken]:
    """A pack's counters agree with its runs and entitlements, and no counter was ever below zero."""
    in_runs: Counter[tuple[str, str]] = Counter()
    assigned = Counter((right.workgroup_id, pack_id) for right in content.entitlements for pack_id in right.spent())
    for run in content.runs:
        held = run.allocation if run.state is RunState.HELD else run.consumed()
        for pack_id, quantity in held.items():
            in_runs[run.workgroup_id, pack_id] += quantity
    for pack in content.packs:
        counters = {name: getattr(pack, name) for name in (*COUNTERS, "in_runs")}
        if min(counters.values()) < 0:
            yield pack.pack_id, f"a counter is below zero: {counters}"
        held_by_runs = in_runs[pack.workgroup_id, pack.pack_id]
        if pack.in_runs != held_by_runs:
            yield pack.pack_id, f"{pack.in_runs} in runs by its counters, {held_by_runs} by its runs"
        if pack.assigned != (entitled := assigned[pack.workgroup_id, pack.pack_id]):
            yield pack.pack_id, f"{pack.assigned} assigned by its counters, {entitled} by the entitlements"
        if pack.in_coupons:
            yield pack.pack_id, "licenses are in coupons, but there are no coupons"
    yield from _ever_below_zero(content)


def _ever_below_zero(content: Content) -> Iterator[Broken]:
    """In no image of a pack that was ever written is a counter below zero, or the sum of the counters too large."""
    images: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for entry in content.entries:
        if not entry.kind.startswith("pack."):
            continue
        image = images[entry.owner, entry.item]
        image |= {change.field: change.after for change in entry.changes if change.field in (*COUNTERS, "quantity")}
        numbers = [image.get(name) for name in (*COUNTERS, "quantity")]
        whole = [number for number in numbers if isinstance(number, int)]
        if len(whole) == len(numbers) and (min(whole) < 0 or sum(whole[:-1]) > whole[-1]):
            yield entry.item, f"at {entry.at} it was {image}"


def burn_down(content: Content) -> Iterator[Broken]:
    """A request that takes licenses takes them from the packs that expire soonest.

    A request may not see a license that comes back while it runs. So a license counts only once it has been in its pack
    for longer than a request lasts.
    """
    starts = {(entry.owner, entry.request_id) for entry in content.entries if entry.kind in TAKING}
    of_packs: dict[str, dict[str, list[Entry]]] = defaultdict(lambda: defaultdict(list))
    for entry in content.entries:
        if entry.kind.startswith("pack.") and ids.is_id(ids.Prefix.PACK, entry.item):
            request_id = entry.request_id or entry.entry_id  # a change from outside Packhouse is a request of its own
            of_packs[entry.owner][request_id].append(entry)
    for wg, requests in of_packs.items():
        packs = _Packs()
        for request_id, entries in requests.items():
            packs.apply(entries)
            if (wg, request_id) in starts:
                yield from packs.passed_over(entries)


@dataclass(slots=True)
class _Packs:
    """The packs of a workgroup as they were after some entry of the journal."""

    _available: dict[str, int] = field(default_factory=dict)
    _since: dict[str, datetime] = field(default_factory=dict)
    _unusable: set[str] = field(default_factory=set)

    def apply(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            fields = {change.field: change.after for change in entry.changes}
            if "available" in fields:
                if not self._available.get(entry.item):
                    self._since[entry.item] = instants.parse(entry.at)
                self._available[entry.item] = fields["available"]
            if "state" in fields:
                (self._unusable.discard if fields["state"] == "active" else self._unusable.add)(entry.item)

    def passed_over(self, start: Sequence[Entry]) -> Iterator[Broken]:
        at = instants.parse(start[0].at)
        for pack_id, left in self._available.items():
            later = [entry.item for entry in start if _sooner(pack_id, entry.item)]
            seen = self._since[pack_id] < at - REQUEST_MAX and ids.pack_expiry(pack_id) > at
            if left and later and seen and pack_id not in self._unusable:
                yield pack_id, f"{left} were left in it when a start took from {later[0]}"


def _sooner(pack_id: str, other: str) -> bool:
    """Whether a pack comes before another of the same license type in burn-down order."""
    return pack_id < other and ids.pack_code(pack_id) == ids.pack_code(other)
