"""The stripe package's types of requests and objects, as a handful of shapes.

The types are generated from Stripe's own OpenAPI description, for the one API version of the package. Offline there is
no better contract: `contract` checks requests by them, and the tests check the objects that are emitted.
"""

from __future__ import annotations

import sys
import types
import typing
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, cached_property

import stripe
import stripe.checkout
import typing_extensions
from stripe._request_options import RequestOptions
from stripe._stripe_object import UntypedStripeObject

if typing.TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True)
class Text: ...


@dataclass(frozen=True, slots=True)
class Whole: ...


@dataclass(frozen=True, slots=True)
class Fraction: ...


@dataclass(frozen=True, slots=True)
class Flag: ...


@dataclass(frozen=True, slots=True)
class Nothing: ...


@dataclass(frozen=True, slots=True)
class Anything: ...


@dataclass(frozen=True, slots=True)
class OneOf:
    values: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class ListOf:
    item: Shape


@dataclass(frozen=True, slots=True)
class PageOf:
    """A list as the API shows it: `{"object": "list", "data", "has_more", "url"}`."""

    item: Shape


@dataclass(frozen=True, slots=True)
class MapOf:
    """An object whose keys are the caller's, like metadata."""

    value: Shape


@dataclass(frozen=True, slots=True)
class Either:
    options: tuple[Shape, ...]


@dataclass(frozen=True)
class Record:
    """An object with fixed keys. Its fields are read when they are needed, because objects contain each other."""

    type: type

    @cached_property
    def fields(self) -> dict[str, Field]:
        hints = typing_extensions.get_type_hints(self.type, localns=_Names(), include_extras=True)
        required = getattr(self.type, "__required_keys__", None)
        hidden = _OPTIONS if hints.keys() >= _OPTIONS else frozenset()
        return {
            name: Field(shape_of(hint), required=_required(hint) if required is None else name in required)
            for name, hint in hints.items()
            if not name.startswith("_") and typing.get_origin(hint) is not typing.ClassVar and name not in hidden
        }


@dataclass(frozen=True, slots=True)
class Field:
    shape: Shape
    required: bool


type Shape = Text | Whole | Fraction | Flag | Nothing | Anything | OneOf | ListOf | PageOf | MapOf | Either | Record

_OPTIONS = frozenset(RequestOptions.__annotations__)
"""Fields of a request's type that the package doesn't send."""

_SCALARS: dict[object, Shape] = {
    str: Text(),
    int: Whole(),
    float: Fraction(),
    Decimal: Fraction(),
    bool: Flag(),
    type(None): Nothing(),
    typing.Any: Anything(),
    object: Anything(),
}


_CONTAINERS: dict[object, Callable[[Shape], Shape]] = {
    list: ListOf,
    dict: MapOf,
    UntypedStripeObject: MapOf,
    stripe.ListObject: PageOf,
}
_MARKS = (typing_extensions.NotRequired, typing_extensions.Required, typing.NotRequired, typing.Required)


class _Names(dict[str, object]):
    """Names that the package imports for type checkers only, taken from where it exports them."""

    def __missing__(self, name: str) -> object:
        exported = name.removesuffix("Resource")  # The package writes CardResource in a class that has its own Card.
        for module in (stripe, stripe.checkout, typing):
            if hasattr(module, exported):
                return getattr(module, exported)
        raise KeyError(name)


@cache
def shape_of(annotation: object) -> Shape:
    """The shape of an annotation of the package."""
    if annotation in _SCALARS:
        return _SCALARS[annotation]
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in _MARKS:
        return shape_of(arguments[0])
    if origin in (typing.Union, types.UnionType):
        return _either([shape_of(argument) for argument in arguments])
    if origin is typing.Literal:
        return OneOf(arguments)
    if origin in _CONTAINERS:
        return _CONTAINERS[origin](shape_of(arguments[-1]))
    if isinstance(annotation, type):
        return Record(annotation)
    raise NotImplementedError(f"The stripe package has a type that isn't understood here: {annotation}")


def _either(options: list[Shape]) -> Shape:
    flat = list(_flat(options))
    closed = any(isinstance(option, OneOf) and any(option.values) for option in flat)
    # The package allows "one of these, or any string", for values of the future. Today only these exist.
    kept = tuple(dict.fromkeys(option for option in flat if not (closed and isinstance(option, Text))))
    return kept[0] if len(kept) == 1 else Either(kept)


def _flat(options: list[Shape]) -> Iterator[Shape]:
    for option in options:
        if isinstance(option, Either):
            yield from option.options
        else:
            yield option


def _required(hint: object) -> bool:
    """Whether an object always has the field. The package marks both null and absent fields as optional."""
    shape = shape_of(hint)
    return not (isinstance(shape, Either) and Nothing() in shape.options)


def type_named(path: str) -> type:
    """A type of the package by its module and name, like `stripe.params._refund_create_params.RefundCreateParams`."""
    module, _, name = path.rpartition(".")
    __import__(module)
    found = getattr(sys.modules[module], name)
    if not isinstance(found, type):
        raise TypeError(path)
    return found
