"""moto, where it is slow for no reason that matters here; what it answers stays the same.

A transaction copies the whole table, with all that its stream has ever told, to be able to undo itself: here the items
alone are copied. And each type that a value of DynamoDB's could have is looked up under a dozen names.
"""

import copy
from typing import Any

from moto.core.serialize import AttributePicker
from moto.dynamodb.models.table import Table

_pick = AttributePicker.__call__


def _copied(table: Table, memo: dict[int, Any]) -> Table:
    """A table that the other one's writes don't change."""
    clone = copy.copy(table)
    clone.items = copy.deepcopy(table.items, memo)
    if table.stream_shard is not None:
        clone.stream_shard = copy.copy(table.stream_shard)
        clone.stream_shard.items = list(table.stream_shard.items)
        clone.stream_shard.table = clone
    return clone


def _picked(picker: AttributePicker, context: Any) -> Any:  # noqa: ANN401  # moto's
    parent = getattr(context.shape, "parent", None)
    if parent is not None and parent.name == "AttributeValue":
        return context.obj.get(context.key)
    return _pick(picker, context)


def quicken() -> None:
    """For all worlds of this process."""
    Table.__deepcopy__ = _copied  # type: ignore[attr-defined]  # it has none of its own
    AttributePicker.__call__ = _picked  # type: ignore[method-assign]  # here alone
