"""The template, as written and as expanded: what must hold for it to work and to be safe on AWS."""

import ast
import json
import re
import sys
import tomllib
from dataclasses import fields
from typing import Any

import pytest

from packhouse.checkout import receiving
from packhouse.payments import client, stripe
from packhouse.policies import Policies
from tests.harness import template
from tests.harness.gateway import module_of

MANAGED_WITH_ANY_RESOURCE = {
    # What SAM itself attaches: log lines, traces, and for a stream its reading. AWS's own, with `Resource: *`.
    "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
    "arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess",
    "arn:aws:iam::aws:policy/service-role/AWSLambdaDynamoDBExecutionRole",
    "arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole",
}
SELLING = {"Table": {"GetItem", "PutItem", "UpdateItem"}, "StripeSecret": {"GetSecretValue"}}
CALLS: dict[str, dict[str, set[str]]] = {
    # What a function's calls need.
    "AuthorizerFunction": {"Table": {"GetItem", "Query"}},
    "WorkgroupsFunction": {"Table": {"GetItem", "BatchGetItem", "UpdateItem"}},
    "CheckoutFunction": {
        "Table": {"GetItem", "BatchGetItem", "PutItem", "UpdateItem"},
        "Table/index/by_owner": {"Query"},
        "StripeSecret": {"GetSecretValue"},
    },
    "ExpireOrdersFunction": {
        "Table": {"GetItem", "BatchGetItem", "PutItem", "UpdateItem"},
        "Table/index/due": {"Query"},
        "StripeSecret": {"GetSecretValue"},
    },
    "WebhookFunction": {"StripeEvents": {"SendMessage"}, "StripeSecret": {"GetSecretValue"}},
    "PaymentEventsFunction": SELLING,
    "ReconcileFunction": SELLING,
    "ConsumptionFunction": {
        "Table": {"GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem"},
        "Table/index/by_owner": {"Query"},
    },
    "SweepFunction": {"Table": {"GetItem", "BatchGetItem", "Query", "UpdateItem"}, "Table/index/due": {"Query"}},
    "WatchFunction": {"Table": {"GetItem", "BatchGetItem", "Query", "UpdateItem"}, "FailedWatches": {"SendMessage"}},
    "JournalFunction": {"Journal": {"PutItem"}, "Bus": {"PutEvents"}},
    "AuditFunction": {
        "Table": {"GetItem", "BatchGetItem", "Query", "PutItem"},
        "Table/index/by_owner": {"Query"},
        "Journal": {"Query"},
    },
    "NotificationsFunction": {
        "Table": {"GetItem", "BatchGetItem", "PutItem", "UpdateItem"},
        "Table/index/by_owner": {"Query"},
        "MailDomain": {"SendEmail"},
    },
    "JournalReadFunction": {"Table": {"GetItem", "BatchGetItem", "PutItem"}, "Journal": {"Query"}},
    "RollUpFunction": {
        "Table": {"GetItem", "BatchGetItem"},
        "Table/index/by_owner": {"Query"},
        "Journal": {"GetItem", "Query", "PutItem"},
    },
    "DocumentsFunction": {"Table": {"GetItem", "BatchGetItem", "PutItem"}, "Journal": {"Query"}},
}


ORDER_SECONDS = client.CALLS_SECONDS_MAX + stripe.CALL_SECONDS_MAX + 10  # if Stripe and the table are slow


def openapi() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((template.ROOT / "functions/checkout/openapi.json").read_text())
    return found


def key_of(method: str, path: str) -> str:
    """The gateway's route of an operation: a user's name may hold slashes, so that its route is greedy."""
    return f"{method.upper()} {path.replace('{user}/{sku}', '{proxy+}')}"


def test_the_templates_routes_and_the_descriptions_are_the_same() -> None:
    described = {key_of(method, path) for path, one in openapi()["paths"].items() for method in one}

    assert {route.key for route in template.routes()} == described


def test_what_anyone_may_call_has_no_authorizer_and_everything_else_has_one() -> None:
    described = {
        key_of(method, path): "security" in operation
        for path, operations in openapi()["paths"].items()
        for method, operation in operations.items()
    }

    assert {route.key: route.authorized for route in template.routes()} == described


def test_the_gateway_may_call_every_integration_and_the_authorizer() -> None:
    body = template.resources()["Api"]["Properties"]["Body"]
    called = {
        re.search(r"\$\{(\w+Alias\w+)\}", operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"])[1]  # type: ignore[index]  # it is there, else the test fails
        for operations in body["paths"].values()
        for operation in operations.values()
    }
    (scheme,) = body["components"]["securitySchemes"].values()
    called.add(scheme["x-amazon-apigateway-authorizer"]["authorizerUri"]["Fn::Sub"][1]["__FunctionArn__"]["Ref"])

    permitted = {
        one["Properties"]["FunctionName"]["Ref"]
        for one in template.of_type("AWS::Lambda::Permission").values()
        if one["Properties"]["Principal"] == "apigateway.amazonaws.com"
    }

    assert called == permitted
    assert len(template.of_type("AWS::Lambda::Permission")) == len(template.routes()) + 1


def test_the_authorizer_answers_simply_and_by_a_parameter_how_long() -> None:
    (scheme,) = template.resources()["Api"]["Properties"]["Body"]["components"]["securitySchemes"].values()
    authorizer = scheme["x-amazon-apigateway-authorizer"]

    assert authorizer["enableSimpleResponses"] is True
    assert authorizer["authorizerPayloadFormatVersion"] == "2.0"
    assert authorizer["authorizerResultTtlInSeconds"] == {"Ref": "AuthorizerTtlSeconds"}
    assert authorizer["identitySource"] == ["$request.header.Authorization"]


def test_no_policy_has_a_wildcard() -> None:
    for name, statement in template.statements():
        assert not any("*" in action for action in statement["Action"]), name
        assert "*" not in json.dumps(statement["Resource"]), name


def test_what_sam_attaches_is_known() -> None:
    attached = {
        arn
        for role in template.of_type("AWS::IAM::Role").values()
        for arn in role["Properties"].get("ManagedPolicyArns", [])
    }

    assert attached <= MANAGED_WITH_ANY_RESOURCE


@pytest.mark.parametrize("function", sorted(template.functions()))
def test_each_function_may_do_what_it_does_and_nothing_else(function: str) -> None:
    assert template.rights(function) == CALLS[function]


@pytest.mark.parametrize("function", sorted(template.functions()))
def test_each_function_is_built_and_run_alike(function: str) -> None:
    properties = template.of_type("AWS::Lambda::Function")[function]["Properties"]
    folder, module = template.functions()[function]["CodeUri"], properties["Handler"].partition(".")[0]

    assert properties["Runtime"] == "python3.13"
    assert properties["Architectures"] == ["arm64"]
    layers = [layer["Ref"] for layer in properties["Layers"]]
    assert all(layer in template.of_type("AWS::Lambda::LayerVersion") for layer in layers)
    assert layers[0].startswith("PackhouseLayer")
    assert [layer for layer in layers[1:] if not layer.startswith("OfficeLayer")] == []
    assert properties["TracingConfig"] == {"Mode": "Active"}
    assert (template.ROOT / folder / f"{module}.py").exists()
    assert f"{function}Aliaslive" in template.of_type("AWS::Lambda::Alias")
    logs = template.resources()[properties["LoggingConfig"]["LogGroup"]["Ref"]]
    assert logs["Properties"]["RetentionInDays"] == {"Ref": "LogDays"}
    assert template.functions()[function]["AutoPublishAliasAllProperties"] is True


def test_a_function_behind_the_gateway_answers_within_the_gateways_time() -> None:
    behind = {route.function for route in template.routes()}

    assert all(template.of_type("AWS::Lambda::Function")[name]["Properties"]["Timeout"] < 30 for name in behind)


def test_a_function_that_asks_stripe_is_done_before_its_time_is_over() -> None:
    asking = [name for name, needs in CALLS.items() if "StripeSecret" in needs]
    seconds = {name: template.of_type("AWS::Lambda::Function")[name]["Properties"]["Timeout"] for name in asking}

    assert min(seconds.values()) >= client.CALLS_SECONDS_MAX + stripe.CALL_SECONDS_MAX + 2  # and some for DynamoDB


@pytest.mark.parametrize(("function", "item_seconds"), [("SweepFunction", 30), ("ExpireOrdersFunction", ORDER_SECONDS)])
def test_a_tick_finishes_its_last_item_within_the_functions_time(function: str, item_seconds: int) -> None:
    seconds = template.of_type("AWS::Lambda::Function")[function]["Properties"]["Timeout"]

    assert module_of(function).SECONDS_PER_TICK + item_seconds <= seconds


def test_every_function_file_imports_only_the_layer() -> None:
    allowed = {"packhouse", "aws_lambda_powertools", "jwt"} | sys.stdlib_module_names
    for path in (template.ROOT / "functions").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, path
                names = [str(node.module)]
            assert {name.partition(".")[0] for name in names} <= allowed, path


@pytest.mark.parametrize("table", ["Table", "Journal"])
def test_the_tables_survive_mistakes(table: str) -> None:
    resource = template.of_type("AWS::DynamoDB::Table")[table]
    properties = resource["Properties"]

    assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain"
    assert properties["DeletionProtectionEnabled"] is True
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["SSESpecification"] == {"SSEEnabled": True}
    assert properties["BillingMode"] == "PAY_PER_REQUEST"


def test_the_table_has_two_indexes_of_keys_and_a_stream_of_both_images() -> None:
    properties = template.of_type("AWS::DynamoDB::Table")["Table"]["Properties"]

    indexes = {one["IndexName"]: one["Projection"]["ProjectionType"] for one in properties["GlobalSecondaryIndexes"]}
    assert indexes == {"by_owner": "KEYS_ONLY", "due": "KEYS_ONLY"}
    assert "LocalSecondaryIndexes" not in properties
    assert properties["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


def test_each_policy_has_a_parameter_with_the_same_default() -> None:
    parameters = template.raw()["Parameters"]
    variables = template.raw()["Globals"]["Function"]["Environment"]["Variables"]
    for field in fields(Policies):
        parameter = "".join(part.capitalize() for part in field.name.split("_"))
        assert parameters[parameter]["Default"] == field.default, field.name
        assert variables[field.name.upper()] == {"Ref": parameter}


def test_samconfig_deploys_to_two_places_and_keeps_no_secret() -> None:
    text = (template.ROOT / "samconfig.toml").read_text()
    config = tomllib.loads(text)

    assert {"staging", "production"} <= config.keys()
    assert not re.search(r"(?i)secret\s*=|password|sk_live|rk_live|whsec_", text)


def test_the_layer_is_locked_to_what_the_tests_run_with() -> None:
    def pinned(path: str) -> dict[str, str]:
        return dict(re.findall(r"^([\w-]+)(?:\[\w+\])?==(\S+)", (template.ROOT / path).read_text(), re.MULTILINE))

    layer, dev = pinned("layers/packhouse/requirements.txt"), pinned("requirements/dev.txt")

    assert layer.items() <= dev.items()
    assert "boto3" not in layer  # the runtime's own


@pytest.mark.parametrize(
    "path",
    ["requirements/dev.txt", "requirements/sam.txt", "requirements/tools.txt", "layers/packhouse/requirements.txt"],
)
def test_a_lock_has_hashes_and_names_no_host(path: str) -> None:
    text = (template.ROOT / path).read_text()

    assert "://" not in text
    assert "index-url" not in text
    assert text.count("==") <= text.count("--hash=sha256:")


def test_odd_payments_raise_an_alarm_whoever_meets_them() -> None:
    filters = [
        one for name, one in template.of_type("AWS::Logs::MetricFilter").items() if name.startswith("OddPayment")
    ]

    sellers = {
        name.removesuffix("Function") for name, needs in CALLS.items() if needs.get("Table") and "StripeSecret" in needs
    }
    assert {one["Properties"]["LogGroupName"]["Ref"].removesuffix("Logs") for one in filters} == sellers
    assert all(one["Properties"]["FilterPattern"] == f'{{ $.message = "{receiving.ODD}" }}' for one in filters)
    assert template.resources()["OddPayments"]["Properties"]["AlarmActions"] == [{"Ref": "Alarms"}]
