"""botocore and moto, where they are slow for no reason that matters here; what they answer stays the same.

Each session reads the models of AWS's services anew, and each client learns anew how events are called today: here
once in a process. What a service of moto's can do is found out at each call. moto looks at no signature, so none is
made for it; and nobody looks at the user agent, which botocore spells out twice for each call. Each type that a value
of DynamoDB's could have is looked up under a dozen names, on its way out of moto and into botocore, though such a value
is on the wire what it is in Python, but for bytes.

Each update is parsed twice as if nobody had written it before, and the clauses of each of its parts are counted, not
only those of the whole. A transaction of moto's copies the whole table, with all that its stream has ever told, to be
able to undo itself. Here only who holds which item is copied, and an update changes a copy of its item, as if items
were values.
"""

import copy
from collections import defaultdict
from functools import cache
from typing import Any

import botocore.session
from botocore.hooks import EventAliaser
from botocore.loaders import Loader
from botocore.parsers import BaseJSONParser
from botocore.signers import RequestSigner
from botocore.useragent import UserAgentString
from moto.core import responses, utils
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing.expressions import UpdateExpressionParser  # type: ignore[attr-defined]  # it has
from moto.dynamodb.parsing.validators import ActionCountValidator

AS_THEY_ARE = {"S", "N", "BOOL", "NULL"}
"""The types whose values JSON holds as they are."""

_create_loader = botocore.session.create_loader
_name_events = EventAliaser.__init__
_sign = RequestSigner.sign
_parse = BaseJSONParser._handle_structure  # type: ignore[attr-defined]  # noqa: SLF001  # there is no other way to it
_serialize = BaseJSONSerializer._serialize_type_structure  # noqa: SLF001  # as above
_update_item = DynamoDBBackend.update_item

_read: dict[Any, Any] = {}
_names: dict[str, str] = {}


def quicken() -> None:
    """For all that this process does."""
    quicker = {
        (botocore.session, "create_loader"): _loader,
        (EventAliaser, "__init__"): _named_events,
        (UserAgentString, "to_string"): lambda _: "tests",
        (RequestSigner, "sign"): _signed,
        (BaseJSONParser, "_handle_structure"): _parsed,
        (BaseJSONSerializer, "_serialize_type_structure"): _serialized,
        (responses, "method_names_from_class"): cache(utils.method_names_from_class),
        (UpdateExpressionParser, "make"): cache(UpdateExpressionParser.make),  # who changes an expression copies it
        (
            ActionCountValidator,
            "traverse",
        ): ActionCountValidator.verify_action_counts,  # the whole has its parts
        (DynamoDBBackend, "update_item"): _updated,
        (Table, "__deepcopy__"): _copied,
    }
    for (owner, name), function in quicker.items():
        setattr(owner, name, function)


def _loader(search_path_string: str | None = None) -> Loader:
    """A loader of the session's own, for each adds a folder to its own; what they have read is in one place."""
    loader = _create_loader(search_path_string)
    loader._cache = _read  # type: ignore[attr-defined]  # noqa: SLF001  # there is no other way to it
    return loader


def _named_events(aliaser: EventAliaser, event_emitter: Any, event_aliases: Any = None) -> None:
    _name_events(aliaser, event_emitter, event_aliases)
    aliaser._alias_name_cache = _names  # type: ignore[attr-defined]  # noqa: SLF001  # there is no other way to it


def _signed(signer: RequestSigner, operation_name: str, request: Any, *how: Any, **named: Any) -> None:
    if ".amazonaws.com/" not in request.url:
        _sign(signer, operation_name, request, *how, **named)


def _parsed(parser: BaseJSONParser, shape: Any, value: Any) -> Any:
    if shape.name == "AttributeValue" and _is_plain(value):
        return value
    return _parse(parser, shape, value)


def _serialized(serializer: BaseJSONSerializer, serialized: Any, value: Any, shape: Any, key: str) -> None:
    if shape.name == "AttributeValue" and _is_plain(value):
        serialized[key] = value
    else:
        _serialize(serializer, serialized, value, shape, key)


def _is_plain(value: Any) -> bool:
    """Whether it is, all through, what JSON makes of it."""
    return type(value) is dict and all(
        kind in AS_THEY_ARE
        or (kind == "L" and all(map(_is_plain, held)))
        or (kind == "M" and all(map(_is_plain, held.values())))
        for kind, held in value.items()
    )


def _copied(table: Table, memo: dict[int, Any]) -> Table:
    """A table that the other one's writes don't change."""
    del memo  # nothing below is in two places
    clone = copy.copy(table)
    clone.items = defaultdict(dict, {name: copy.copy(items) for name, items in table.items.items()})
    if table.stream_shard is not None:
        clone.stream_shard = copy.copy(table.stream_shard)
        clone.stream_shard.items = list(table.stream_shard.items)
        clone.stream_shard.table = clone
    return clone


def _updated(backend: DynamoDBBackend, table_name: str, key: dict[str, Any], *what: Any, **named: Any) -> Any:
    """The item changes, and not what a copy of its table holds; and one that is created is told of once."""
    table = backend.get_table(table_name)
    names = [DynamoType(key[name]) for name in (table.hash_key_attr, table.range_key_attr) if name is not None]
    item = table.get_item(*names)  # type: ignore[arg-type]  # a table has one or two
    if item is not None:
        holder: Any = table.items if len(names) == 1 else table.items[names[0]]
        holder[names[-1]] = copy.deepcopy(item)
    answer = _update_item(backend, table_name, key, *what, **named)
    if item is None and table.stream_shard is not None:  # moto tells of its bare key before
        bare, told = table.stream_shard.items[-2:]
        told.record["dynamodb"]["SequenceNumber"] = bare.record["dynamodb"]["SequenceNumber"]
        table.stream_shard.items[-2:] = [told]
    return answer
