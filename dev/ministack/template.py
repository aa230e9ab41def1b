"""The template in a form that ministack can run. All differences from what AWS gets are made here.

ministack runs none of our code. If a function's environment names a proxy, ministack forwards its invocations to that
address, where a host of `dev/hosting/zygote.py` runs the real handler. The address is added before the SAM transform:
so when a port has changed, the transform publishes a new version, and the alias `live` points to it. An alias keeps
the environment of its version.
"""

import hashlib
import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dev import template
from dev.config import FUNCTIONS_MAX, Config, StartError
from dev.ministack import patterns
from dev.ministack.patterns import Pattern
from dev.ministack.schedules import Schedule, every
from dev.template import Template

_PROXY = "MINISTACK_LAMBDA_PROXY_URL"
_PLACEHOLDER = "raise RuntimeError('The local stack runs this function in a process of its own.')\n"
# ministack serves the pool's public keys at its own address, not at Cognito's.
_KEYS_VARIABLE = "TOKEN_KEYS_URL"
# The runner signs people in by password. No client of the product may do so.
_SIGN_IN_FLOW = "ALLOW_ADMIN_USER_PASSWORD_AUTH"
_ALIAS = "Aliaslive"
_INVOCATIONS = (
    "arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{{}}}/invocations"
)
_ROUTE_PROPERTIES = {"ApiId", "Auth", "Method", "Path"}
_NO_AUTHORIZER = "NONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function of the template, as its host needs to know it."""

    logical_id: str
    code: Path
    handler: str
    port: int
    memory_megabytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamReader:
    """A function that reads a table's stream: records that match one of `patterns`, or all if there are none."""

    function: str
    table: str
    patterns: tuple[Pattern, ...]
    gives_back: bool
    """Whether its answer may ask for records again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Route:
    api: str
    key: str
    function: str
    authorizer: str | None
    """None: the API's default authorizer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalTemplate:
    body: Template
    functions: tuple[Function, ...]
    readers: tuple[StreamReader, ...]
    schedules: tuple[Schedule, ...]
    queues: tuple[str, ...]
    time_to_live: Mapping[str, str]
    """From a table's logical id to the attribute that says when an item ends."""


def localized(config: Config) -> LocalTemplate:
    source = template.parsed(config.root / "template.yaml")
    functions = tuple(_functions(source, config))
    if len(functions) > FUNCTIONS_MAX:
        raise StartError(f"The template has {len(functions)} functions; a local stack has ports for {FUNCTIONS_MAX}.")
    routes = tuple(_taken_out(source, functions))
    apis = {
        logical_id: api["Auth"]["DefaultAuthorizer"]
        for logical_id, api in _of_type(source["Resources"], "AWS::Serverless::HttpApi")
    }
    _prepare(source, functions, config)
    body = template.transformed(source)
    resources: dict[str, Any] = body["Resources"]
    for logical_id, default_authorizer in apis.items():
        mine = [route for route in routes if route.api == logical_id]
        _spell_out_api(resources, logical_id, default_authorizer, mine)
    return LocalTemplate(
        body=body,
        functions=functions,
        readers=tuple(_renew_stream_mappings(resources)),
        schedules=tuple(_hold_schedules(resources)),
        queues=tuple(logical_id for logical_id, _ in _of_type(resources, "AWS::SQS::Queue")),
        time_to_live=_time_to_live(resources),
    )


def _of_type(resources: Template, type_name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for logical_id, resource in list(resources.items()):
        if resource["Type"] == type_name:
            yield logical_id, resource.setdefault("Properties", {})


def _functions(source: Template, config: Config) -> Iterator[Function]:
    defaults = source.get("Globals", {}).get("Function", {})
    found = sorted(_of_type(source["Resources"], "AWS::Serverless::Function"))
    for number, (logical_id, properties) in enumerate(found):
        yield Function(
            logical_id=logical_id,
            code=config.root / properties["CodeUri"],
            handler=properties["Handler"],
            port=config.function_port(number),
            memory_megabytes=properties.get("MemorySize", defaults.get("MemorySize", 128)),
        )


def _prepare(source: Template, functions: tuple[Function, ...], config: Config) -> None:
    """Make the changes that must come before the SAM transform."""
    resources = source["Resources"]
    source.get("Globals", {}).get("Function", {}).pop("Layers", None)
    for logical_id, _ in _of_type(resources, "AWS::Serverless::LayerVersion"):
        del resources[logical_id]
    for function in functions:
        properties = resources[function.logical_id]["Properties"]
        for unused in ("CodeUri", "Layers"):
            properties.pop(unused, None)
        properties["InlineCode"] = _PLACEHOLDER
        variables = properties.setdefault("Environment", {}).setdefault("Variables", {})
        variables[_PROXY] = f"http://127.0.0.1:{function.port}/"
        if _KEYS_VARIABLE in variables:
            variables[_KEYS_VARIABLE] = {"Fn::Sub": f"{config.aws_url}/${{UserPool}}/.well-known/jwks.json"}
    for _, client in _of_type(resources, "AWS::Cognito::UserPoolClient"):
        client.setdefault("ExplicitAuthFlows", []).append(_SIGN_IN_FLOW)


def _taken_out(source: Template, functions: tuple[Function, ...]) -> Iterator[_Route]:
    """Take the routes out of the template, before the transform.

    The transform copies the whole API for each route, which takes more than a second for ours, and ministack can't read
    the result. A test compares these routes with those that AWS gets.
    """
    for function in functions:
        events = source["Resources"][function.logical_id]["Properties"].get("Events", {})
        for name in [name for name, event in events.items() if event["Type"] == "HttpApi"]:
            event = events.pop(name)["Properties"]
            unknown = set(event) - _ROUTE_PROPERTIES
            if unknown:
                raise StartError(f"The local stack doesn't know {', '.join(sorted(unknown))} of the route {name}.")
            yield _Route(
                api=event["ApiId"]["Ref"],
                key=f"{event['Method'].upper()} {event['Path']}",
                function=function.logical_id,
                authorizer=event.get("Auth", {}).get("Authorizer"),
            )


def _spell_out_api(resources: Template, api_id: str, default_authorizer: str, routes: Iterable[_Route]) -> None:
    """Replace the OpenAPI body of an HTTP API by resources, because ministack ignores the body."""
    api = resources[api_id]["Properties"]
    body = api.pop("Body")
    api.pop("FailOnWarnings", None)
    api |= {"ProtocolType": "HTTP", "Name": api_id}
    for name, scheme in body["components"]["securitySchemes"].items():
        authorizer = scheme["x-amazon-apigateway-authorizer"]
        resources[f"{api_id}Authorizer{name}"] = {
            "Type": "AWS::ApiGatewayV2::Authorizer",
            "Properties": {
                "ApiId": {"Ref": api_id},
                "Name": name,
                "AuthorizerType": "REQUEST",
                "AuthorizerUri": authorizer["authorizerUri"],
                "AuthorizerPayloadFormatVersion": authorizer["authorizerPayloadFormatVersion"],
                "AuthorizerResultTtlInSeconds": authorizer["authorizerResultTtlInSeconds"],
                "EnableSimpleResponses": authorizer["enableSimpleResponses"],
                "IdentitySource": authorizer["identitySource"],
            },
        }
    for route in routes:
        _add_route(resources, route, route.authorizer or default_authorizer)


def _add_route(resources: Template, route: _Route, authorizer: str) -> None:
    integration = f"{route.api}To{route.function}"
    resources[integration] = {
        "Type": "AWS::ApiGatewayV2::Integration",
        "Properties": {
            "ApiId": {"Ref": route.api},
            "IntegrationType": "AWS_PROXY",
            "IntegrationUri": {"Fn::Sub": _INVOCATIONS.format(f"{route.function}{_ALIAS}")},
            "PayloadFormatVersion": "2.0",
        },
    }
    properties = {
        "ApiId": {"Ref": route.api},
        "RouteKey": route.key,
        "Target": {"Fn::Join": ["/", ["integrations", {"Ref": integration}]]},
    }
    if authorizer != _NO_AUTHORIZER:
        properties |= {"AuthorizationType": "CUSTOM", "AuthorizerId": {"Ref": f"{route.api}Authorizer{authorizer}"}}
    # The same route must have the same logical id at the next start.
    name = hashlib.sha256(route.key.encode()).hexdigest()[:12]
    resources[f"{route.api}Route{name}"] = {"Type": "AWS::ApiGatewayV2::Route", "Properties": properties}


def _renew_stream_mappings(resources: Template) -> Iterator[StreamReader]:
    """Give each mapping of a table's stream a new logical id, and hand its filter to the function's host.

    At a restart ministack keeps the position of a mapping but loses the records before it. So an old mapping would skip
    as many new records as it had read. Its filters don't know every operator. And they skip records without our hosts
    seeing it, so nobody could know whether a reader has read everything.
    """
    started = time.time_ns()
    for logical_id, mapping in _of_type(resources, "AWS::Lambda::EventSourceMapping"):
        if "StartingPosition" not in mapping:
            continue
        resources[f"{logical_id}{started}"] = resources.pop(logical_id)
        filters = mapping.pop("FilterCriteria", {}).get("Filters", [])
        yield StreamReader(
            function=mapping["FunctionName"]["Ref"].removesuffix(_ALIAS),
            table=mapping["EventSourceArn"]["Fn::GetAtt"][0],
            patterns=tuple(patterns.parsed(each["Pattern"]) for each in filters),
            gives_back="ReportBatchItemFailures" in mapping.get("FunctionResponseTypes", []),
        )


def _hold_schedules(resources: Template) -> Iterator[Schedule]:
    """Disable the schedules: ministack runs them by real time, and the runner by the stack's clock."""
    for logical_id, schedule in _of_type(resources, "AWS::Scheduler::Schedule"):
        schedule["State"] = "DISABLED"
        event = schedule["Target"].get("Input", "{}")
        yield Schedule(
            name=json.loads(event).get("job", logical_id),
            every=every(schedule["ScheduleExpression"], of=logical_id),
            target=schedule["Target"]["Arn"]["Ref"],
            event=event,
        )


def _time_to_live(resources: Template) -> dict[str, str]:
    return {
        logical_id: table["TimeToLiveSpecification"]["AttributeName"]
        for logical_id, table in _of_type(resources, "AWS::DynamoDB::Table")
        if table.get("TimeToLiveSpecification", {}).get("Enabled")
    }
