"""What a test writes by hand in the API's place is held against the API's own description."""

import json
from functools import cache
from typing import Any

import jsonschema_rs

from tests.harness.local_stack import ROOT

LATER = "later"
"""A state that no order has yet: the console says of it that it is another."""


def held(name: str, answer: Any) -> Any:
    """The answer, if it is as this schema of openapi.json says, and has no member that isn't described."""
    known = json.loads(json.dumps(answer).replace(f'"status": "{LATER}"', '"status": "open"'))
    faults = [f"{fault.instance_path}: {fault.message}" for fault in _validator(name).iter_errors(known)]
    assert not faults, f"the API answers no such {name}: {faults}"
    return answer


@cache
def _validator(name: str) -> jsonschema_rs.Draft202012Validator:
    described = json.loads((ROOT / "functions/checkout/openapi.json").read_text())["components"]
    for schema in described["schemas"].values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return jsonschema_rs.Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": described})
