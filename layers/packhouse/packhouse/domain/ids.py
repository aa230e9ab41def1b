"""Ids derive from the caller's names, so that a repeated request finds what it made before."""

import base64
import hashlib
import json
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
NAMESPACE = uuid.UUID("6f0d7f4e-3c55-5c5e-9a43-6d1f6a1f4c11")
INSTANT_SYMBOLS = 7  # 35 bits of seconds reach to the year 3058; a fixed width lets ids sort by time
PACK_UUID_SYMBOLS = 16
REQUEST_HASH_BYTES = 16  # enough to tell requests apart; every run keeps it, so its size counts


class Prefix(StrEnum):
    """How the ids of each kind of thing begin."""

    WORKGROUP = "wg"
    PACK = "pack"
    PROJECT = "prj"
    RUN = "run"
    KEY = "key"
    ORDER = "ord"
    REFUND = "rfd"


_HEX_ID = {prefix: re.compile(rf"{prefix}_[0-9a-f]{{32}}") for prefix in Prefix if prefix is not Prefix.PACK}
_DIGITS = str.maketrans(CROCKFORD, "0123456789ABCDEFGHIJKLMNOPQRSTUV")  # the digits that `int` reads
_PACK_ID = re.compile(rf"pack_[{CROCKFORD}]{{{2 + 2 * INSTANT_SYMBOLS}}}[0-9a-f]{{{PACK_UUID_SYMBOLS}}}")


def named(prefix: Prefix, *names: str) -> str:
    """The id that derives from these names (uuid5): the same names give the same id for ever, without a table."""
    return f"{prefix}_{uuid.uuid5(NAMESPACE, _unambiguous(prefix, *names)).hex}"


def pack_id(code: str, *names: str, expires_at: datetime, acquired_at: datetime) -> str:
    """A pack's id. It starts with the 2-symbol `code` of the license type, and sorts in burn-down order within it."""
    tail = uuid.uuid5(NAMESPACE, _unambiguous(Prefix.PACK, *names)).hex[:PACK_UUID_SYMBOLS]
    return f"pack_{code}{crockford(expires_at)}{crockford(acquired_at)}{tail}"


def pack_expiry(pack: str) -> datetime:
    """When the pack of this id expires (exclusive). That never changes, so the id says it without a read."""
    symbols = pack.removeprefix("pack_")[2:][:INSTANT_SYMBOLS]
    return datetime.fromtimestamp(int(symbols.translate(_DIGITS), base=32), UTC)


def pack_code(pack: str) -> str:
    """The 2-symbol code of the license type that the pack of this id holds."""
    return pack.removeprefix("pack_")[:2]


def crockford(at: datetime) -> str:
    """Whole seconds since 1970 in fixed-width Crockford base 32, which sorts as the instants do."""
    seconds, symbols = int(at.timestamp()), ""
    for _ in range(INSTANT_SYMBOLS):
        seconds, digit = divmod(seconds, 32)
        symbols = CROCKFORD[digit] + symbols
    return symbols


def is_id(prefix: Prefix, text: str) -> bool:
    """Whether `text` could be an id with this prefix. A text that couldn't must never reach a key."""
    pattern = _PACK_ID if prefix is Prefix.PACK else _HEX_ID[prefix]
    return pattern.fullmatch(text) is not None


def request_hash(body: Mapping[str, object]) -> str:
    """Half a SHA-256 of the canonical body. It tells whether two requests under one key have the same body."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode()).digest()[:REQUEST_HASH_BYTES]
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _unambiguous(*names: str) -> str:
    return json.dumps(names)  # unlike a join: two lists of names never make the same text
