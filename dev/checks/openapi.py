"""Makes openapi.json from the routes and models of the functions: `python -m dev.checks.openapi [--check]`."""

import argparse
import importlib.util
import json
import sys
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from dev.template import ROOT
from packhouse import errors
from packhouse.errors import Refusal
from packhouse.web import problems
from packhouse.web.api import WITH_BODY, Api
from packhouse.web.identity import Door

FUNCTIONS = ROOT / "functions"
COMMITTED = FUNCTIONS / "checkout" / "openapi.json"

IN_WORKGROUPS = (errors.NotPermitted, errors.NotFound)
SIGNED_IN = (errors.Unauthenticated, errors.TryAgain)
READING_A_BODY = (errors.MalformedRequest, errors.TooLarge, errors.UnsupportedMediaType)
SECURITY_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An access token of the user pool, or an API key (`phk_…`).",
    }
}
PROBLEM = {
    "type": "object",
    "description": "A refusal as RFC 9457 has it; the facts of its kind are further members.",
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "The page about it; ends in the slug."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "The request's id."},
    },
    "required": ["type", "title", "status", "detail", "instance"],
    "additionalProperties": True,
}


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument(
        "--check", action="store_true", help="fail if the committed file differs from what would be written"
    )
    check = arguments.parse_args().check
    text = json.dumps(document(), indent=1, ensure_ascii=False) + "\n"
    if not check:
        COMMITTED.write_text(text)
        return 0
    if not COMMITTED.exists() or COMMITTED.read_text() != text:
        sys.stderr.write(f"{COMMITTED.relative_to(ROOT)} differs from the functions: run make openapi\n")
        return 1
    return 0


def document() -> dict[str, Any]:
    """The whole API: the routes and models of every function, with all refusals that a route may answer."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {"Problem": PROBLEM}
    for name, api in apis():
        own = json.loads(api.get_openapi_json_schema(title=name, version="1"))
        for path, operations in own["paths"].items():
            for method, operation in operations.items():
                _complete(operation, api_says_may=operation.pop("x-may"), with_body=method.upper() in WITH_BODY)
                if method in paths.setdefault(path, {}):
                    message = f"{method} {path} is served twice"
                    raise ValueError(message)
                paths[path][method] = operation
        for schema, definition in own.get("components", {}).get("schemas", {}).items():
            if schemas.setdefault(schema, definition) != definition:
                message = f"{schema} means two things"
                raise ValueError(message)
    for unused in ("HTTPValidationError", "ValidationError", "ResponseValidationError"):
        schemas.pop(unused, None)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Packhouse",
            "version": "1",
            "description": "License packs: what is in stock, and the runs that hold and spend it.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": dict(sorted(schemas.items())), "securitySchemes": SECURITY_SCHEMES},
    }


def apis() -> Iterator[tuple[str, Api]]:
    """Each module under functions/ that has an API, by its path there."""
    for path in sorted(FUNCTIONS.glob("*/*.py")):
        name = f"functions.{path.parent.name}.{path.stem}"
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            message = f"{path} can't be imported"
            raise ImportError(message)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        if isinstance(api := getattr(module, "api", None), Api):
            yield f"{path.parent.name}/{path.stem}", api


def _complete(operation: dict[str, Any], *, api_says_may: str, with_body: bool) -> None:
    """Add to an operation who may call it, and every refusal."""
    by_slug = {refusal.slug: refusal for refusal in Refusal.__subclasses__()}
    refusals = [by_slug[slug] for slug in operation.pop("x-refuses")]
    refusals.append(errors.InternalError)
    if operation.pop("x-may-be-there"):
        operation["responses"]["200"] = {**operation["responses"]["201"], "description": "It was there already"}
    operation["responses"].pop("422", None)
    if with_body or any(map(_may_be_invalid, operation.get("parameters", []))):
        refusals.append(errors.InvalidRequest)
    for parameter in operation.get("parameters", []):
        if parameter["name"] == "idempotency-key":
            parameter["name"] = "Idempotency-Key"
    if with_body:
        refusals += READING_A_BODY
    if api_says_may != Door.ANYONE:
        refusals += SIGNED_IN
        operation["security"] = [{"bearer": []}]
    if api_says_may not in set(Door):
        refusals += IN_WORKGROUPS
        operation["x-permission"] = api_says_may
    for status in sorted({refusal.status for refusal in refusals}):
        slugs = sorted({refusal.slug for refusal in refusals if refusal.status is status})
        operation["responses"][str(status.value)] = {
            "description": f"{HTTPStatus(status).phrase}: {', '.join(f'`{slug}`' for slug in slugs)}",
            "content": {problems.CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    operation["responses"] = dict(sorted(operation["responses"].items()))


def _may_be_invalid(parameter: dict[str, Any]) -> bool:
    """Whether a value of it can be invalid. In a path any text is valid, unless the parameter's schema says more."""
    return parameter["in"] != "path" or not parameter["schema"].keys() <= {"type", "title"}


if __name__ == "__main__":
    sys.exit(main())
