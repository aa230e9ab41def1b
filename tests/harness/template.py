"""The template as the tests read it: the tables it defines, the functions, and the routes that lead to them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from dev.template import TEMPLATE, expanded, parsed

ROOT = TEMPLATE.parent


@dataclass(frozen=True)
class Route:
    """A route of the HTTP API: its key (`GET /v1/me`), the function behind it, and whether the authorizer is asked."""

    key: str
    function: str
    authorized: bool

    @property
    def pattern(self) -> re.Pattern[str]:
        path = self.key.partition(" ")[2].replace("{proxy+}", "(?P<proxy>(?s:.+))")
        return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path) + "$")


@cache
def resources() -> dict[str, Any]:
    """The resources of the expanded template, as CloudFormation gets them."""
    found: dict[str, Any] = expanded(TEMPLATE)["Resources"]
    return found


@cache
def raw() -> dict[str, Any]:
    """The template as written."""
    return parsed(TEMPLATE)


def functions() -> dict[str, dict[str, Any]]:
    """The functions' properties, by logical id, as written."""
    return {
        name: resource["Properties"]
        for name, resource in raw()["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def routes() -> list[Route]:
    """Every route of the template, as written."""
    found = []
    for function, properties in functions().items():
        for event in properties.get("Events", {}).values():
            if event["Type"] == "HttpApi":
                route = event["Properties"]
                authorized = route.get("Auth", {}).get("Authorizer") != "NONE"
                found.append(Route(f"{route['Method']} {route['Path']}", function, authorized))
    return sorted(found, key=lambda route: "{" in route.key.rpartition("/")[2])  # a fixed segment before a parameter


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    """The statements of the functions' roles, each with its role's logical id; a schedule's may only start its own."""
    for name, role in resources().items():
        if role["Type"] == "AWS::IAM::Role" and not name.endswith("TickRole"):
            for policy in role["Properties"].get("Policies", []):
                yield from ((name, statement) for statement in policy["PolicyDocument"]["Statement"])


@cache
def rights(function: str) -> dict[str, set[str]]:
    """What a function's role may do to which resource: `{"Table/index/due": {"Query"}}`."""
    allowed: dict[str, set[str]] = {}
    for role, statement in statements():
        if role == f"{function}Role":
            resource = statement["Resource"]
            named = resource.get("Fn::GetAtt", [resource.get("Ref")])[0]
            name = named or re.sub(r"^arn:.*/\$\{|\$\{|\.Arn\}|\}$", "", resource["Fn::Sub"])
            actions = {action.partition(":")[2] for action in statement["Action"]}
            allowed.setdefault(name, set()).update(actions)
    return allowed


def table_definition(logical_id: str) -> dict[str, Any]:
    """What CreateTable takes, of a table as the template has it."""
    properties = raw()["Resources"][logical_id]["Properties"]
    definition = {
        name: properties[name]
        for name in ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
        if name in properties
    }
    if "StreamSpecification" in properties:
        definition["StreamSpecification"] = {"StreamEnabled": True, **properties["StreamSpecification"]}
    return definition


def of_type(resource_type: str) -> dict[str, Any]:
    """The resources of a type, by their names."""
    return {name: one for name, one in resources().items() if one["Type"] == resource_type}
