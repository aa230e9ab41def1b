"""Event patterns, as the filters of a Lambda event source mapping write them.

`{"dynamodb": {"Keys": {"SK": {"S": [{"prefix": "PACK#"}]}}}}`: every key must match; of a list, one rule must match.
"""

import json
from typing import Any

from dev.config import StartError

type Pattern = dict[str, Any]

_OPERATORS = frozenset({"anything-but", "equals-ignore-case", "exists", "prefix", "suffix"})


def parsed(text: str) -> Pattern:
    """The pattern. Raises StartError if the local stack doesn't know one of its operators."""
    pattern: Pattern = json.loads(text)
    _check(pattern, text)
    return pattern


def matches(pattern: Pattern, event: Any) -> bool:
    for key, wanted in pattern.items():
        there = isinstance(event, dict) and key in event
        value = event[key] if there else None
        if isinstance(wanted, dict):
            if not matches(wanted, value):
                return False
        elif not any(_rule_matches(rule, value, there=there) for rule in wanted):
            return False
    return True


def _rule_matches(rule: Any, value: Any, *, there: bool) -> bool:
    if isinstance(rule, dict) and "exists" in rule:
        return bool(rule["exists"]) == there
    if isinstance(value, list):
        return any(_rule_matches(rule, each, there=True) for each in value)
    return there and _value_matches(rule, value)


def _value_matches(rule: Any, value: Any) -> bool:
    text = value if isinstance(value, str) else ""
    match rule:
        case {"prefix": str(prefix)}:
            found = text.startswith(prefix)
        case {"suffix": str(suffix)}:
            found = text.endswith(suffix)
        case {"equals-ignore-case": str(other)}:
            found = text.lower() == other.lower()
        case {"anything-but": unwanted}:
            rules = unwanted if isinstance(unwanted, list) else [unwanted]
            found = not any(_value_matches(each, value) for each in rules)
        case _:
            found = bool(rule == value)
    return found


def _check(pattern: Pattern, text: str) -> None:
    for wanted in pattern.values():
        if isinstance(wanted, dict):
            _check(wanted, text)
            continue
        unknown = {operator for rule in wanted if isinstance(rule, dict) for operator in rule} - _OPERATORS
        if unknown:
            raise StartError(f"The local stack doesn't know {', '.join(sorted(unknown))} in the filter {text}.")
