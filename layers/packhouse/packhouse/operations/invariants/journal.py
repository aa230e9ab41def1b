"""The journal: its entries make each item what it is."""

from collections import defaultdict
from collections.abc import Iterator

from packhouse.journal.entries import journaled, owner
from packhouse.operations.content import Broken, Content
from packhouse.store import keys, wire


def journal_complete(content: Content) -> Iterator[Broken]:
    """The entries of an item, applied in order, make the item as it is: no change is missing, doubled or wrong."""
    told: dict[tuple[str, str], dict[str, object]] = defaultdict(dict)
    for entry in content.entries:
        fields = told[entry.owner, entry.item]
        for change in entry.changes:
            if fields.get(change.field) != change.before:
                yield entry.item, f"{change.field}: {change.before!r} follows {fields.get(change.field)!r}"
            fields[change.field] = change.after
    for item in content.items:
        now = journaled(item)
        name = keys.subject(item)
        if now:
            told_of = (owner(item), name)
            said = wire.present(told.pop(told_of, {}))
            if said != now and told_of not in content.late:
                yield name, f"the journal says {said}, the table {now}"
    for (_, name), fields in told.items():
        if said := wire.present(fields):
            yield name, f"the journal says {said}, the table has nothing of it"
