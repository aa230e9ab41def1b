"""Checks a request's parameters against the stripe package's types, and refuses what Stripe refuses, in Stripe's words.

It turns text into Python's values (`"1999"` becomes 1999), so the endpoints needn't.
"""

from __future__ import annotations

import difflib
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn

from dev.fake_stripe.api import shapes
from dev.fake_stripe.errors import InvalidParameter, MissingParameter, UnknownParameter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dev.fake_stripe.api.forms import Tree
    from dev.fake_stripe.books.store import Params

METADATA_KEYS_MAX = 50
METADATA_KEY_LENGTH_MAX = 40
METADATA_VALUE_LENGTH_MAX = 500
_WHOLE = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_FRACTION = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,12})?", re.ASCII)
_INDEX = re.compile(r"[0-9]{1,4}", re.ASCII)
_FLAGS = {"true": True, "false": False}
_LISTED_MAX = 12
_SPOKEN = {shapes.Fraction: "decimal", shapes.Flag: "boolean"}
_EMPTY = (
    "You passed an empty string for '{path}'. We assume empty values are an attempt to unset a parameter; however "
    "'{path}' cannot be unset. You should remove '{path}' from your request or supply a non-empty value."
)


def read(type_name: str, given: Mapping[str, Tree]) -> Params:
    """The parameters, checked by a type like `stripe.params._refund_create_params.RefundCreateParams`.

    Raises UnknownParameter, MissingParameter or InvalidParameter.
    """
    return _record(shapes.Record(shapes.type_named(type_name)), dict(given), "")


def _record(record: shapes.Record, given: Tree, path: str) -> Params:
    if not isinstance(given, dict):
        _refuse(path, f"Invalid object: {path} takes parameters of its own.")
    unknown = [name for name in given if name not in record.fields]
    if unknown:
        close = difflib.get_close_matches(unknown[0], record.fields, n=1)
        meant = _within(path, close[0]) if close else None
        raise UnknownParameter([_within(path, name) for name in unknown], meant=meant)
    for name, field in record.fields.items():
        if field.required and name not in given:
            raise MissingParameter(_within(path, name))
    return {name: _value(record.fields[name].shape, value, _within(path, name)) for name, value in given.items()}


def _value(shape: shapes.Shape, given: Tree, path: str) -> Any:
    match shape:
        case shapes.Record():
            return _record(shape, given, path)
        case shapes.Either():
            return _either(shape, given, path)
        case shapes.ListOf():
            return _list(shape, given, path)
        case shapes.MapOf():
            return _map(shape, given, path)
        case _ if not isinstance(given, str):
            _refuse(path, f"Invalid string: {path} is one value, without parameters of its own.")
    return _scalar(shape, given, path)


def _either(either: shapes.Either, given: Tree, path: str) -> Any:
    nested = not isinstance(given, str)
    fitting = [option for option in either.options if nested == _is_nested(option)]
    refused: InvalidParameter | None = None
    for option in fitting or either.options:
        try:
            return _value(option, given, path)
        except InvalidParameter as error:
            refused = error
    raise refused or InvalidParameter(f"Invalid value: {path}", param=path)


def _is_nested(shape: shapes.Shape) -> bool:
    return isinstance(shape, shapes.Record | shapes.MapOf | shapes.ListOf)


def _list(shape: shapes.ListOf, given: Tree, path: str) -> list[Any]:
    if not isinstance(given, dict) or not all(map(_INDEX.fullmatch, given)):
        _refuse(path, f"Invalid array: {path} is a list.")
    items = [given[index] for index in sorted(given, key=int)]
    return [_value(shape.item, item, f"{path}[{number}]") for number, item in enumerate(items)]


def _map(shape: shapes.MapOf, given: Tree, path: str) -> Params:
    if not isinstance(given, dict):
        _refuse(path, f"Invalid object: {path} takes keys and values.")
    if len(given) > METADATA_KEYS_MAX:
        _refuse(path, f"{path} can have up to {METADATA_KEYS_MAX} keys; you passed {len(given)}.")
    for key, value in given.items():
        if len(key) > METADATA_KEY_LENGTH_MAX:
            _refuse(path, f"Metadata keys can have up to {METADATA_KEY_LENGTH_MAX} characters; see {key!r}.")
        if isinstance(value, str) and len(value) > METADATA_VALUE_LENGTH_MAX:
            _refuse(f"{path}[{key}]", f"Metadata values can have up to {METADATA_VALUE_LENGTH_MAX} characters.")
    return {
        key: value and _value(shape.value, value, f"{path}[{key}]")  # An empty value unsets the key.
        for key, value in given.items()
    }


def _scalar(shape: shapes.Shape, given: str, path: str) -> str | int | bool | Decimal:
    match shape:
        case shapes.OneOf(values) if given not in values:
            _refuse_choice(path, given, values)
        case shapes.OneOf() | shapes.Text() | shapes.Anything() if given or isinstance(shape, shapes.OneOf):
            return given
        case _ if not given:
            _refuse(path, _EMPTY.format(path=path), code="parameter_invalid_empty")
        case shapes.Whole() if _WHOLE.fullmatch(given):
            return int(given)
        case shapes.Whole():
            _refuse(path, f"Invalid integer: {given}", code="parameter_invalid_integer")
        case shapes.Fraction() if _FRACTION.fullmatch(given):
            return Decimal(given)
        case shapes.Flag() if given in _FLAGS:
            return _FLAGS[given]
    raise InvalidParameter(f"Invalid {_SPOKEN.get(type(shape), 'value')}: {given}", param=path)


def _refuse_choice(path: str, given: str, values: tuple[object, ...]) -> NoReturn:
    listed = ", ".join(str(value) for value in values[:_LISTED_MAX])
    more = ", …" if len(values) > _LISTED_MAX else ""
    _refuse(path, f"Invalid {path}: must be one of {listed}{more}; not {given!r}")


def _refuse(path: str, message: str, *, code: str | None = None) -> NoReturn:
    raise InvalidParameter(message, code=code, param=path)


def _within(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name
