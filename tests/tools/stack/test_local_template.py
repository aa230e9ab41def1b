"""The template as AWS gets it, and as ministack does."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dev.config import Config, StartError
from dev.ministack.schedules import every
from dev.ministack.template import LocalTemplate, localized
from dev.template import expanded
from tests.harness.local_stack import ROOT


def local(port: int, tmp_path: Path, root: Path = ROOT) -> LocalTemplate:
    return localized(Config(root=root, state=tmp_path, port=port, instance=""))


def of_type(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {name: each["Properties"] for name, each in template["Resources"].items() if each["Type"] == kind}


def test_what_aws_gets_has_nothing_of_the_local_stack() -> None:
    text = str(expanded())

    for local_only in ("MINISTACK", "127.0.0.1", "localhost", "ADMIN_USER_PASSWORD"):
        assert local_only not in text


def test_what_aws_gets_is_plain_cloudformation() -> None:
    template = expanded()

    kinds = {each["Type"] for each in template["Resources"].values()}
    assert "Transform" not in template
    assert not [kind for kind in kinds if kind.startswith("AWS::Serverless::")]
    for function in of_type(template, "AWS::Lambda::Function").values():
        assert function["Code"]["S3Bucket"]
        assert function["Layers"]


def test_every_route_of_the_api_is_a_route_of_the_local_stack(tmp_path: Path) -> None:
    (api,) = of_type(expanded(), "AWS::ApiGatewayV2::Api").values()
    wanted = {
        f"{method.upper()} {path}": (operation["x-amazon-apigateway-integration"], authorizer_of(operation))
        for path, operations in api["Body"]["paths"].items()
        for method, operation in operations.items()
    }

    template = local(9000, tmp_path).body

    integrations = of_type(template, "AWS::ApiGatewayV2::Integration")
    authorizers = of_type(template, "AWS::ApiGatewayV2::Authorizer")
    routes = of_type(template, "AWS::ApiGatewayV2::Route").values()
    assert {route["RouteKey"] for route in routes} == set(wanted)
    for route in routes:
        integration, authorizer = wanted[route["RouteKey"]]
        target = integrations[route["Target"]["Fn::Join"][1][1]["Ref"]]
        assert target["IntegrationUri"] == integration["uri"]
        assert target["PayloadFormatVersion"] == integration["payloadFormatVersion"]
        chosen = authorizers[route["AuthorizerId"]["Ref"]]["Name"] if "AuthorizerId" in route else None
        assert chosen == authorizer, route["RouteKey"]


def authorizer_of(operation: dict[str, Any]) -> str | None:
    named = [name for each in operation.get("security", []) for name in each if name != "NONE"]
    return named[0] if named else None


def test_routes_keep_their_names_from_start_to_start(tmp_path: Path) -> None:
    first = local(9000, tmp_path).body
    second = local(9000, tmp_path).body

    kind = "AWS::ApiGatewayV2::Route"
    assert of_type(first, kind) == of_type(second, kind)


def test_an_alias_gets_a_new_version_exactly_when_its_port_changes(tmp_path: Path) -> None:
    def versions(port: int) -> set[str]:
        return set(of_type(local(port, tmp_path).body, "AWS::Lambda::Version"))

    assert versions(9000) == versions(9000)
    assert not versions(9000) & versions(9100)


def test_a_function_is_forwarded_to_its_port(tmp_path: Path) -> None:
    template = local(9000, tmp_path)

    functions = of_type(template.body, "AWS::Lambda::Function")
    ports = [each.port for each in template.functions]
    assert set(functions) == {each.logical_id for each in template.functions}
    assert ports == list(range(9010, 9010 + len(ports)))
    for each in template.functions:
        variables = functions[each.logical_id]["Environment"]["Variables"]
        assert variables["MINISTACK_LAMBDA_PROXY_URL"] == f"http://127.0.0.1:{each.port}/"
        assert (each.code / f"{each.handler.split('.')[0]}.py").is_file()


def test_stream_mappings_have_a_new_name_at_each_start(tmp_path: Path) -> None:
    first, second = (
        {
            name
            for name, mapping in of_type(local(9000, tmp_path).body, "AWS::Lambda::EventSourceMapping").items()
            if "StartingPosition" in mapping.get("Properties", mapping)
        }
        for _ in range(2)
    )

    assert first
    assert not first & second


def test_every_reader_of_the_stream_is_known(tmp_path: Path) -> None:
    readers = {reader.function for reader in local(9000, tmp_path).readers}

    mapped = {
        re.sub("Aliaslive$", "", each["FunctionName"]["Ref"])
        for each in of_type(expanded(), "AWS::Lambda::EventSourceMapping").values()
        if "StartingPosition" in each
    }
    assert "JournalFunction" in readers
    assert readers == mapped


@pytest.mark.parametrize(
    ("expression", "period"),
    [
        ("rate(1 minute)", timedelta(minutes=1)),
        ("rate(5 minutes)", timedelta(minutes=5)),
        ("rate(1 hour)", timedelta(hours=1)),
        ("rate(2 days)", timedelta(days=2)),
    ],
)
def test_a_rate_is_a_period(expression: str, period: timedelta) -> None:
    assert every(expression, of="Sweep") == period


@pytest.mark.parametrize(
    "expression", ["cron(0 3 * * ? *)", "rate(0 minutes)", "rate(1 week)", "at(2026-11-24T03:00:00)"]
)
def test_any_other_expression_is_refused_by_name(expression: str) -> None:
    with pytest.raises(StartError, match="Sweep"):
        every(expression, of="Sweep")
