import json
from collections import Counter

from tests.harness import template
from tests.proofs.crash.registry import entries

TRIED = {entry.handler for entry in entries()}


def test_every_handler_is_tried() -> None:
    assert sorted(handlers() - TRIED) == []


def test_nothing_is_registered_that_is_not_there() -> None:
    assert sorted(TRIED - handlers()) == []


def test_each_delivery_has_a_name_of_its_own() -> None:
    names = Counter(entry.name for entry in entries())

    assert [name for name, count in names.items() if count > 1] == []


def handlers() -> set[str]:
    """Every operation of the API; every other trigger of a function; and the functions that the template names no
    trigger of, as the authorizer, which the API's own definition calls."""
    described = json.loads((template.ROOT / "functions/checkout/openapi.json").read_text())
    found = {f"{method.upper()} {path}" for path, methods in described["paths"].items() for method in methods}
    for name, properties in template.functions().items():
        triggers = properties.get("Events", {})
        others = {f"{name} {trigger}" for trigger, event in triggers.items() if event["Type"] != "HttpApi"}
        found |= others if triggers else {name}
    return found
