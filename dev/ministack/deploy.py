"""Deploys the local template to ministack, and invokes functions there."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config as BotoConfig
from botocore.exceptions import BotoCoreError, ClientError

from dev.config import REGION, Config, StartError
from dev.refusals import JobFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import ParameterTypeDef, StackTypeDef

    from dev.ministack.template import LocalTemplate

_STACK = "packhouse"
_PARAMETERS = {"Stage": "local", "AuthorizerTtlSeconds": "0", "AccessTokenHours": "24", "ScheduleState": "DISABLED"}
_BUCKET = "packhouse-template"
_POLL_SECONDS = 0.02
_SETTLED_SECONDS = 60.0
_INVOKE_SECONDS = 900
"""The longest time that a Lambda function may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """The names that the deployment has given."""

    resources: Mapping[str, str]
    """Logical id to physical id."""
    outputs: Mapping[str, str]

    @property
    def api_id(self) -> str:
        return self.outputs["ApiId"]

    @property
    def table(self) -> str:
        return self.outputs["TableName"]

    @property
    def journal(self) -> str:
        return self.outputs["JournalName"]


class Clients:
    """boto3's clients for this stack's ministack, each built once."""

    def __init__(self, config: Config) -> None:
        self._session = boto3.Session("test", "test", region_name=REGION)
        self._endpoint = config.aws_url
        # Wait as long as a function may take, and never send an invocation twice.
        once = BotoConfig(read_timeout=_INVOKE_SECONDS, retries={"total_max_attempts": 1}, proxies={})
        self.functions = self._session.client("lambda", endpoint_url=self._endpoint, config=once)
        self.dynamodb = self._session.client("dynamodb", endpoint_url=self._endpoint)
        self.streams = self._session.client("dynamodbstreams", endpoint_url=self._endpoint)
        self.people = self._session.client("cognito-idp", endpoint_url=self._endpoint)
        self.stacks = self._session.client("cloudformation", endpoint_url=self._endpoint)
        self.secrets = self._session.client("secretsmanager", endpoint_url=self._endpoint)
        self.queues = self._session.client("sqs", endpoint_url=self._endpoint)
        self.objects = self._session.client("s3", endpoint_url=self._endpoint)


class DeployFailed(StartError):
    """The template can't be deployed."""


def deploy(config: Config, clients: Clients, template: LocalTemplate) -> Deployed:
    address = _upload(config, clients, template)
    _create_or_update(config, clients.stacks, address, template)
    stack = _settled(clients.stacks)
    pages = clients.stacks.get_paginator("list_stack_resources").paginate(StackName=_STACK)
    deployed = Deployed(
        resources={
            each["LogicalResourceId"]: each["PhysicalResourceId"]
            for page in pages
            for each in page["StackResourceSummaries"]
        },
        outputs={each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]},
    )
    for table, attribute in template.time_to_live.items():
        _end_items_by(attribute, clients, deployed.resources[table])
    return deployed


def environment_of(clients: Clients, function: str) -> dict[str, str]:
    """The variables of the deployed function, with all references resolved."""
    configuration = clients.functions.get_function_configuration(FunctionName=function)
    return dict(configuration["Environment"]["Variables"])


def invoke(clients: Clients, target: str, event: str) -> object:
    """Run a function, and return its result. Raises JobFailed."""
    try:
        answer = clients.functions.invoke(FunctionName=target, Payload=event.encode())
    except (BotoCoreError, ClientError) as error:
        raise JobFailed(f"ministack didn't run the function: {error}") from error
    result = answer["Payload"].read()
    if answer.get("FunctionError"):
        raise JobFailed(result.decode(errors="replace"))
    return json.loads(result or b"null")


def _upload(config: Config, clients: Clients, template: LocalTemplate) -> str:
    """Upload the template: it is larger than the 51,200 bytes that CloudFormation takes in a request."""
    with suppress(clients.objects.exceptions.BucketAlreadyOwnedByYou):  # Objects survive even a killed ministack.
        clients.objects.create_bucket(Bucket=_BUCKET)
    clients.objects.put_object(Bucket=_BUCKET, Key=_STACK, Body=json.dumps(template.body).encode())
    return f"{config.aws_url}/{_BUCKET}/{_STACK}"


def _create_or_update(config: Config, stacks: CloudFormationClient, address: str, template: LocalTemplate) -> None:
    known = template.body["Parameters"]
    wanted = _PARAMETERS | {"StripeUrl": config.stripe_url, "ReturnUrl": f"{config.origin}/console/"}
    parameters: list[ParameterTypeDef] = [
        {"ParameterKey": name, "ParameterValue": value} for name, value in wanted.items() if name in known
    ]
    try:
        stacks.create_stack(
            StackName=_STACK, TemplateURL=address, Parameters=parameters, Capabilities=["CAPABILITY_IAM"]
        )
    except stacks.exceptions.AlreadyExistsException:
        _update(stacks, address, parameters)
    except ClientError as error:
        raise DeployFailed(f"ministack refuses the template: {error}") from error


def _update(stacks: CloudFormationClient, address: str, parameters: list[ParameterTypeDef]) -> None:
    try:
        stacks.update_stack(
            StackName=_STACK, TemplateURL=address, Parameters=parameters, Capabilities=["CAPABILITY_IAM"]
        )
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise DeployFailed(f"ministack refuses the template: {error}") from error


def _settled(stacks: CloudFormationClient) -> StackTypeDef:
    """Wait until the deployment is complete, and return the stack. Raises DeployFailed."""
    deadline = time.monotonic() + _SETTLED_SECONDS
    while (stack := stacks.describe_stacks(StackName=_STACK)["Stacks"][0])["StackStatus"].endswith("_IN_PROGRESS"):
        if time.monotonic() > deadline:
            raise DeployFailed(f"ministack was still deploying after {_SETTLED_SECONDS:.0f} seconds.")
        time.sleep(_POLL_SECONDS)
    if stack["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise DeployFailed(f"The template can't be deployed to ministack: {_first_failure(stacks)}")
    return stack


def _first_failure(stacks: CloudFormationClient) -> str:
    """The event that started the rollback. It is the last failure in the list, which is newest first."""
    failed = [
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}"
        for event in stacks.describe_stack_events(StackName=_STACK)["StackEvents"]
        if event.get("ResourceStatus", "").endswith("_FAILED")
    ]
    return failed[-1] if failed else "no event says why."


def _end_items_by(attribute: str, clients: Clients, table: str) -> None:
    """Enable time to live, which ministack ignores in the template. Enabling it twice is an error, as on AWS."""
    described = clients.dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    if described.get("TimeToLiveStatus") not in ("ENABLED", "ENABLING"):
        clients.dynamodb.update_time_to_live(
            TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": attribute}
        )
