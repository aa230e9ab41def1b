"""The fields that requests and answers are made of, with their limits; lengths count UTF-8 bytes."""

import unicodedata
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import unquote

from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from packhouse.domain.money import Money
from packhouse.domain.runs import LEASE_SECONDS_MAX, LEASE_SECONDS_MIN, LICENSES_PER_ITEM_MAX

BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
NO_TEXT = BIDI_CONTROLS | {"\ufffd"}  # which stands where something wasn't UTF-8
PAGE_MAX, PAGE_DEFAULT = 100, 25
YEARS = (2000, 2999)


class Request(BaseModel):
    """A body: unknown fields are refused, not dropped."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)  # a cold start needs few of a function's

    def canonical(self) -> Mapping[str, object]:
        """What the request says, in one form: a field left out and its default given are the same."""
        return self.model_dump(mode="json", exclude_defaults=True)

    def __repr__(self) -> str:
        """Not what it says: Powertools spells each request out for its debug log, even where that is off."""
        return type(self).__name__


class Nothing(Request):
    """The body of a request that says all it has to say in its path."""


NOTHING = Nothing()


class View(BaseModel):
    """An answer. A field that may be absent is left out when it is."""

    model_config = ConfigDict(frozen=True, defer_build=True)  # as a request's


def _absent(value: object) -> bool:
    return value is None


def _never_null(schema: dict[str, Any]) -> None:
    """Where it is there it is a value: the description says so too."""
    (present,) = (one for one in schema.pop("anyOf") if one != {"type": "null"})
    schema.pop("default", None)
    schema.update(present)


T = TypeVar("T")
Maybe = Annotated[T | None, Field(exclude_if=_absent, json_schema_extra=_never_null)]
"""A field of an answer that may be absent. (A `type` statement would be a schema of its own for each use.)"""

Instant = Annotated[
    datetime, WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-24T03:00:00Z"]})
]
"""In UTC and whole seconds, as all that is stored but the stamps; pydantic writes it as `instants.text` does."""

WrittenObject = Annotated[str, WithJsonSchema({"type": "object"})]
"""A JSON object that is text already."""


class Amount(View):
    """Money in the currency's smallest unit."""

    amount: int
    currency: str

    @classmethod
    def of(cls, money: Money) -> "Amount":
        return cls(amount=money.amount, currency=money.currency)


def _printable(text: str) -> str:
    text = unicodedata.normalize("NFC", text.strip())
    if text and text.isascii() and text.isprintable():  # as most are; the rest is looked at symbol by symbol
        return text
    if any(unicodedata.category(symbol) == "Cc" or symbol in NO_TEXT for symbol in text):
        message = "control characters, and what isn't UTF-8, are no text"
        raise ValueError(message)
    if not any(unicodedata.category(symbol)[0] not in "CZ" for symbol in text):
        message = "must have something to see"
        raise ValueError(message)
    return text


def _bytes_at_most(limit: int) -> AfterValidator:
    def check(text: str) -> str:
        if len(text.encode()) > limit:
            message = f"at most {limit} bytes of UTF-8"
            raise ValueError(message)
        return text

    return AfterValidator(check)


Name = Annotated[str, StringConstraints(max_length=400), AfterValidator(_printable), _bytes_at_most(100)]
Label = Annotated[str, StringConstraints(max_length=400), AfterValidator(_printable), _bytes_at_most(80)]
ItemId = Annotated[str, StringConstraints(max_length=400), AfterValidator(_printable), _bytes_at_most(128)]
User = Annotated[
    str,
    StringConstraints(max_length=400),
    AfterValidator(_printable),
    AfterValidator(lambda text: unicodedata.normalize("NFC", text.lower())),
    _bytes_at_most(128),
]
"""A mailbox owner, say: an e-mail address or UPN, trimmed, NFC, lower-cased."""
UserInPath = Annotated[User, Path(), BeforeValidator(unquote)]
"""The same, percent-encoded."""
ErrorId = Annotated[str, StringConstraints(max_length=400), AfterValidator(_printable), _bytes_at_most(64)]

Licenses = Annotated[int, Field(strict=True, ge=1, le=LICENSES_PER_ITEM_MAX)]
"""How many licenses one item takes."""
LeaseSeconds = Annotated[int, Field(strict=True, ge=LEASE_SECONDS_MIN, le=LEASE_SECONDS_MAX)]

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,255}$",
        description="Your name for this request: the same key and body have one effect and one answer, for ever.",
    ),
]


def _plausible(day: date) -> date:
    if not YEARS[0] <= day.year <= YEARS[1]:
        message = f"a day of the years {YEARS[0]} to {YEARS[1]}"
        raise ValueError(message)
    return day


Day = Annotated[date, AfterValidator(_plausible)]
"""A day in the workgroup's zone."""
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX, description="How many at the most.")]
Cursor = Annotated[
    str | None, Query(max_length=1024, description="`next_cursor` of the page before; without it, the first page.")
]
