"""botocore and moto, where they are slow for no reason that matters here; what they answer stays the same.

Each session reads the models of AWS's services anew: here once in a process. A transaction of moto's copies the whole
table, with all that its stream has ever told, to be able to undo itself: here the items alone are copied. Each type
that a value of DynamoDB's could have is looked up under a dozen names, and what a service can do is found out at each
call.
"""

import copy
import functools
from typing import Any

import botocore.session
from botocore.loaders import Loader
from moto.core import responses, utils
from moto.core.serialize import AttributePicker
from moto.dynamodb.models.table import Table

_create_loader = botocore.session.create_loader
_pick = AttributePicker.__call__
_read: dict[Any, Any] = {}


def _loader(search_path_string: str | None = None) -> Loader:
    """A loader of the session's own, for each adds a folder to its own; what they have read is in one place."""
    loader = _create_loader(search_path_string)
    loader._cache = _read  # type: ignore[attr-defined]  # noqa: SLF001  # there is no other way to it
    return loader


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
    """For all that this process does."""
    botocore.session.create_loader = _loader
    Table.__deepcopy__ = _copied  # type: ignore[attr-defined]  # it has none of its own
    responses.method_names_from_class = functools.cache(utils.method_names_from_class)  # type: ignore[attr-defined]  # it imports it
    AttributePicker.__call__ = _picked  # type: ignore[method-assign, assignment]  # here alone
