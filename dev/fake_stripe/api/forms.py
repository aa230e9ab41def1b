"""Reads form encoding as Stripe's API does: `line_items[0][price_data][currency]=usd` is a tree."""

import re
from urllib.parse import parse_qsl

from dev.fake_stripe.errors import InvalidParameter

type Tree = str | dict[str, Tree]
"""A list is a tree whose keys are numbers. Only the parameter's type says whether it is a list or metadata."""

FIELDS_MAX = 10_000
DEPTH_MAX = 10
_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")


def parsed(text: str) -> dict[str, Tree]:
    """The parameters of a query or of a form. Raises InvalidParameter."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict")
    except ValueError as error:
        raise InvalidParameter("The parameters aren't form-encoded UTF-8, or are too many.") from error
    tree: dict[str, Tree] = {}
    appended: dict[str, int] = {}
    for name, value in pairs:
        _put(tree, _steps(name, appended), value, name)
    return tree


def _steps(name: str, appended: dict[str, int]) -> list[str]:
    matched = _NAME.fullmatch(name)
    if matched is None:
        raise InvalidParameter(f"Invalid parameter name: {name}", param=name)
    steps = [matched[1], *matched[2][1:-1].split("][")] if matched[2] else [matched[1]]
    if len(steps) > DEPTH_MAX:
        raise InvalidParameter(f"Parameters can't be nested that deeply: {name}", param=name)
    if "" in steps:  # `types[]=a&types[]=b` adds to a list.
        if steps.index("") != len(steps) - 1:
            raise InvalidParameter(f"Give the members of this list their numbers: {name}", param=name)
        appended[name] = appended.get(name, -1) + 1
        steps[-1] = str(appended[name])
    return steps


def _put(tree: dict[str, Tree], steps: list[str], value: str, name: str) -> None:
    for step in steps[:-1]:
        branch = tree.setdefault(step, {})
        if not isinstance(branch, dict):
            raise InvalidParameter(f"Invalid object: {name} was also given as a plain value.", param=name)
        tree = branch
    if isinstance(tree.get(steps[-1]), dict):
        raise InvalidParameter(f"Invalid value: {name} was also given as an object.", param=name)
    tree[steps[-1]] = value
