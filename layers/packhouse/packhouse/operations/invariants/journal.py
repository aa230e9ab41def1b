"""The journal: each item is the sum of its entries."""

from collections import defaultdict
from collections.abc import Iterator

from packhouse.journal.entries import journaled_attributes, owner
from packhouse.operations.content import Broken, Content
from packhouse.store import keys, wire


def journal_complete(content: Content) -> Iterator[Broken]:
    """The entries of an item, applied in order, make the item as it is: no change is missing, doubled or wrong."""
    replayed: dict[tuple[str, str], dict[str, object]] = defaultdict(dict)
    for entry in content.entries:
        fields = replayed[entry.owner, entry.item]
        for change in entry.changes:
            if fields.get(change.field) != change.before:
                yield entry.item, f"{change.field}: {change.before!r} follows {fields.get(change.field)!r}"
            fields[change.field] = change.after
    for item in content.items:
        in_table = journaled_attributes(item)
        if in_table:
            of_owner = (owner(item), keys.subject(item))
            in_journal = wire.present(replayed.pop(of_owner, {}))
            if in_journal != in_table and of_owner not in content.late:
                yield keys.subject(item), f"the journal says {in_journal}, the table {in_table}"
    for (_, name), fields in replayed.items():
        if in_journal := wire.present(fields):
            yield name, f"the journal says {in_journal}, but the table has no such item"
