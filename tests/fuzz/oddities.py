"""What nobody sends who means well: paths, queries, keys, media types and bodies that are odd in some way each."""

import json
from collections.abc import Callable, Mapping
from typing import Any

BODY_BYTES_MAX = 65_536

SEGMENTS = (
    *("%00", "%20", "%25", "%7F", "%0D%0A", "%FF", "%ED%A0%80", "%C3%A9", "e%CC%81", "%F0%9F%9A%9A", "%zz", "%"),
    *(".", "..", "%2E%2E", "%2F", "", "a%2Fb", "a%5Cb", "a;b=c", "a%3Fb", "a%23b", "*", "{id}", "$default", "~", "|"),
    *("null", "0", "-1", "NaN", "true", "x" * 2_000, "WG", "PACK%23", "WG%23x%23PRJ%23y", "%E2%80%AE", "%EF%BB%BF"),
)
"""Percent-encoded or not, as they stand in a path."""

QUERIES = (
    "&&&",
    "=",
    "=&=",
    "%",
    "%zz=%zz",
    "a=%00",
    "limit",
    "limit=1&limit=2",
    "x[]=1&x[a][b]=2",
    "q=" + "x" * 4_000,
)
VALUES = (
    *(
        "",
        "%00",
        "%FF",
        "%ED%A0%80",
        "%F0%9F%9A%9A",
        "+1",
        "-1",
        "0",
        "1e1",
        "1.0",
        "1_0",
        "0x1",
        "NaN",
        "9" * 40,
        "%20",
    ),
    *(",", "a,b", "null", "true", "[]", "{}", "2026-02-30", "0001-01-01", "9999-12-31", "2999-12-31", "2000-01-01"),
    *(
        "2026-11-24T00:00:00Z",
        "W10",
        "WyJ4Il0",
        "WyJQQUNLIyJd",
        "WyIyMDI2MTEiLG51bGxd",
        "WyJhIiwiYiIsImMiXQ",
        "e30",
        "=",
    ),
)
"""Of a member of a query."""

KEYS = ("", " ", "a b", "a,b", "\xe9", "\x7f", "tab\tbed", "~" * 255, "~" * 256, "%00", '"quoted"', "\xf0\x9f\x9a\x9a")

MEDIA_TYPES = (
    *("", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=x"),
    *("application/xml", "application/jsonx", "application/vnd.api+json", "application/json, text/plain", ";", "\xe9"),
    *("APPLICATION/JSON", "application/json; charset=utf-16", "application/json;", " application/json "),
)

LITERALS = (
    *("null", "true", "[]", "{}", "[[]]", '""', '" "', "0", "-0", "-1", "1.5", "1.0", "1e400", "-1e400", "1e-400"),
    *("1" + "0" * 30, "-1" + "0" * 30, "1" + "0" * 5_000, "9007199254740993", "NaN", "Infinity", "-Infinity", "01"),
    *('"\\ud800"', '"\\udc00\\ud800"', '"a\\u0000b"', '"\\u202e"', '"\\u200b"', '"e\u0301"', '"\u00e9"', '"\\u001f"'),
    *('"' + "x" * 5_000 + '"', '"' + "\u00e9" * 300 + '"', "[" * 900 + "]" * 900, "[" * 30_000 + "]" * 30_000),
    *('{"a":' * 900 + "1" + "}" * 900, "undefined", "'x'", "/**/1", '{"__proto__": {}}', '{"$ref": "#"}', '"\ttab"'),
)
"""Of a member of a body, not all of them JSON."""

BODIES = (
    *(b"", b" ", b"{", b"}", b"null", b"true", b"7", b'"x"', b"[]", b"[{}]", b"{}", b"nonsense", b"a=b&c=d", b"\x00"),
    *(b"\xff\xfe{}", b'{"a": "\xed\xa0\x80"}', b'{"a": "\xc3"}', b"\x1f\x8b\x08\x00", b"[" * 60_000, b'{"a":' * 10_000),
    *(b'{"a": 1, "a": 2}', b'{"": 1}', b'{"\\ud800": 1}', b'{"\\u0000": 1}', b"<a/>", b"{}{}", b"{}\x00", b"--x\r\n"),
    *(b" " * (BODY_BYTES_MAX + 1), b'"' + b"x" * 100_000 + b'"'),
)


def _padded(text: str, size: int) -> bytes:
    return text.encode().ljust(size, b" ")


SPOILED: Mapping[str, Callable[[str], bytes]] = {
    "with a member twice": lambda text: f'{{"twice": 1, "twice": 2, {text[1:]}'.encode(),
    "with a member nobody knows": lambda text: f'{{"surprise": 1{", " if len(text) > 2 else ""}{text[1:]}'.encode(),
    "in a list": lambda text: f"[{text}]".encode(),
    "in a string": lambda text: json.dumps(text).encode(),
    "cut off": lambda text: text[:-1].encode(),
    "going on": lambda text: f"{text} {text}".encode(),
    "with a mark of its bytes' order": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "in UTF-16": lambda text: text.encode("utf-16"),
    "in Latin-1": lambda text: text.encode("latin-1", "replace"),
    "as large as may be": lambda text: _padded(text, BODY_BYTES_MAX),
    "too large by a byte": lambda text: _padded(text, BODY_BYTES_MAX + 1),
    "over several lines": lambda text: json.dumps(json.loads(text), indent=2).encode(),
    "all in ASCII": lambda text: json.dumps(json.loads(text)).encode(),
}
"""What becomes of a good body's text."""

HOLE = "\ue000hole\ue000"


def with_literal(body: Any, path: list[int], literal: str) -> bytes:  # noqa: ANN401  # any JSON
    """The body's text with a literal, JSON or not, in place of one of its members; `path` chooses at each depth."""
    return _text(_holed(body, path)).replace(json.dumps(HOLE, ensure_ascii=False), literal).encode("utf-8")


def _holed(body: Any, path: list[int]) -> Any:  # noqa: ANN401  # any JSON
    if not path or not isinstance(body, dict | list) or not body:
        return HOLE
    if isinstance(body, list):
        chosen = path[0] % len(body)
        return [_holed(one, path[1:]) if number == chosen else one for number, one in enumerate(body)]
    names = sorted(body)
    chosen_name = names[path[0] % len(names)]
    return {name: _holed(one, path[1:]) if name == chosen_name else one for name, one in body.items()}


def _text(body: Any) -> str:  # noqa: ANN401  # any JSON
    return json.dumps(body, ensure_ascii=False)
