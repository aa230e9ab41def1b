"""Creation under a name that the caller chose. The same name makes one item, and finds it again for ever."""

from packhouse.errors import IdempotencyKeyReused
from packhouse.store.patience import WriteRefused
from packhouse.store.table import ABSENT, StampedTable
from packhouse.store.wire import Item


def create(table: StampedTable, item: Item) -> Item | None:
    """Put the item. None: this request put it. Otherwise it is the item that an equal request put earlier.

    `IdempotencyKeyReused` where the earlier request had another body.
    """
    try:
        table.write(table.put(item, only_if=ABSENT))
    except WriteRefused as refused:
        (met,) = refused.met
        if met is None:
            raise
        require_same(item["request_hash"], met["request_hash"])
        return None if table.stamp.is_on(met) else met  # the SDK resends a write whose answer was lost
    return None


def require_same(request_hash: str, earlier_hash: str) -> None:
    """Refuse a request whose name an earlier request with another body has used."""
    if earlier_hash != request_hash:
        raise IdempotencyKeyReused
