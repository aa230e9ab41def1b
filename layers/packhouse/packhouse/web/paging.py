"""Cursors: where a page ended. They are opaque to clients, and never trusted to name a partition."""

import base64
import binascii
import json

from packhouse.store.keys import KeyRange
from packhouse.store.table import Table
from packhouse.store.wire import Item
from packhouse.web import problems
from packhouse.web.problems import FieldsInvalid


def encode(*parts: str | None) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def decode(cursor: str, parts: int) -> list[str | None]:
    """The parts that `encode` was given; `FieldsInvalid` if the cursor isn't one of ours."""
    try:
        place = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise not_ours() from error
    if not isinstance(place, list) or len(place) != parts:
        raise not_ours()
    if not all(part is None or (isinstance(part, str) and part) for part in place):
        raise not_ours()
    return place


def page(table: Table, keys: KeyRange, *, limit: int, cursor: str | None) -> tuple[list[Item], str | None]:
    """The items of a list after the cursor, and the cursor of the page that follows them."""
    found = table.listed(keys, limit=limit, after=_after(keys, cursor))
    if found.after is None:
        return found.items, None
    parts = ("SK",) if keys.index is None else ("SK", "PK", "owner_at")
    return found.items, encode(*(found.after[part] for part in parts))


def _after(keys: KeyRange, cursor: str | None) -> Item | None:
    """The key after which the page begins. Its partition is that of `keys`, and never the cursor's."""
    if cursor is None:
        return None
    if keys.index is None:
        (sort,) = decode(cursor, 1)
        if sort is None or not sort.startswith(keys.prefix or ""):
            raise not_ours()
        return {"PK": keys.partition, "SK": sort}
    sort, partition, owner_at = decode(cursor, 3)
    if sort is None or partition is None or owner_at is None:
        raise not_ours()
    if keys.between is not None and not keys.between[0] <= owner_at <= keys.between[1]:
        raise not_ours()
    return {"PK": partition, "SK": sort, "owner": keys.partition, "owner_at": owner_at}


def not_ours() -> FieldsInvalid:
    return problems.invalid("It isn't a next_cursor of this list.", "cursor")
