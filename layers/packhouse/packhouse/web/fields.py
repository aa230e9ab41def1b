"""The fields of requests and answers, with their limits. Lengths count UTF-8 bytes."""

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
NO_TEXT = BIDI_CONTROLS | {"\ufffd"}  # the replacement for bytes that aren't UTF-8
PAGE_MAX, PAGE_DEFAULT = 100, 25
YEARS = (2000, 2999)


class Request(BaseModel):
    """The body of a request. Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)  # a cold start needs few of them

    def canonical(self) -> Mapping[str, object]:
        """The request in one form: a field left out is the same as a field with its default."""
        return self.model_dump(mode="json", exclude_defaults=True)

    def __repr__(self) -> str:
        """The type alone: Powertools formats each request for its debug log, even if that is off."""
        return type(self).__name__


class Nothing(Request):
    """The body of a request that needs none."""


NOTHING = Nothing()


class View(BaseModel):
    """An answer. An absent field is left out."""

    model_config = ConfigDict(frozen=True, defer_build=True)  # as in Request


def _absent(value: object) -> bool:
    return value is None


def _never_null(schema: dict[str, Any]) -> None:
    """Describe the field as it is when it is present: never null."""
    (present,) = (choice for choice in schema.pop("anyOf") if choice != {"type": "null"})
    schema.pop("default", None)
    schema.update(present)


T = TypeVar("T")
Maybe = Annotated[T | None, Field(exclude_if=_absent, json_schema_extra=_never_null)]
"""A field of an answer that may be absent. (A `type` statement would be a schema of its own for each use.)"""

Instant = Annotated[
    datetime, WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-24T03:00:00Z"]})
]
"""In UTC and whole seconds. pydantic writes it as `instants.text` does."""

WrittenObject = Annotated[str, WithJsonSchema({"type": "object"})]
"""A JSON object, already as text."""


class Amount(View):
    """Money in the currency's smallest unit."""

    amount: int
    currency: str

    @classmethod
    def of(cls, money: Money) -> "Amount":
        return cls(amount=money.amount, currency=money.currency)


def _printable(text: str) -> str:
    text = unicodedata.normalize("NFC", text.strip())
    if text and text.isascii() and text.isprintable():  # most texts; all others are checked symbol by symbol
        return text
    if any(unicodedata.category(symbol) == "Cc" or symbol in NO_TEXT for symbol in text):
        message = "must be UTF-8 without control characters"
        raise ValueError(message)
    if not any(unicodedata.category(symbol)[0] not in "CZ" for symbol in text):
        message = "must have a visible character"
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
"""The owner of a mailbox, for example: an e-mail address or UPN, trimmed, NFC, lower-cased."""
UserInPath = Annotated[User, Path(), BeforeValidator(unquote)]
"""A user, percent-encoded."""
ErrorId = Annotated[str, StringConstraints(max_length=400), AfterValidator(_printable), _bytes_at_most(64)]

Licenses = Annotated[int, Field(strict=True, ge=1, le=LICENSES_PER_ITEM_MAX)]
"""How many licenses one item takes."""
LeaseSeconds = Annotated[int, Field(strict=True, ge=LEASE_SECONDS_MIN, le=LEASE_SECONDS_MAX)]

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,255}$",
        description="Your name for this request. The same key and body have one effect and one answer, for ever.",
    ),
]


def _plausible(day: date) -> date:
    if not YEARS[0] <= day.year <= YEARS[1]:
        message = f"must be a day in the years {YEARS[0]} to {YEARS[1]}"
        raise ValueError(message)
    return day


Day = Annotated[date, AfterValidator(_plausible)]
"""A day in the workgroup's zone."""
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX, description="The maximum number of items on the page.")]
Cursor = Annotated[
    str | None, Query(max_length=1024, description="The `next_cursor` of the page before; without it, the first page.")
]
