"""What differs from one try to the next though nothing went wrong: times, and what Stripe and Lambda call things."""

import json
import re
from collections.abc import Iterator

_MASKS = (
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "<time>"),
    (re.compile(r"https?://[^\s\"]+"), "<url>"),
    (re.compile(r"\b(cs_test|pi|ch|re|evt)_\w+"), r"<\1>"),
    (re.compile(r"\bpack_(\w\w)\w+(\w{16})\b"), r"pack_\1<times>\2"),
    (re.compile(r"JKJaXmPLvHcE\d+="), "<request>"),
)


def masked(value: object) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    for pattern, name in _MASKS:
        text = pattern.sub(name, text)
    return text


def ids(body: object) -> list[str]:
    """The ids in an answer, but for those of packs: which of them a run takes from is another matter."""
    return sorted({f"{name} {value}" for name, value in _members(body) if name.endswith("_id") and name != "pack_id"})


def _members(body: object) -> Iterator[tuple[str, object]]:
    if isinstance(body, dict):
        for name, value in body.items():
            yield name, value
            yield from _members(value)
    elif isinstance(body, list):
        for value in body:
            yield from _members(value)
