"""The harness plays IAM: a call without a right fails, and so does a right that nothing uses."""

import json
import os
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from packhouse.settings import bus_name, stripe_queue
from tests.harness import rights, template
from tests.harness.rights import AccessDeniedError
from tests.harness.shop import Shop
from tests.harness.unused_rights import BY_AWS, USED, Unused


def send_message() -> object:
    return boto3.client("sqs").send_message(QueueUrl=stripe_queue(), MessageBody="{}")


def read_secret() -> object:
    return boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["STRIPE_SECRET"])


def put_events() -> object:
    entry = {"EventBusName": bus_name(), "Source": "it", "DetailType": "it", "Detail": json.dumps({})}
    return boto3.client("events").put_events(Entries=[entry])  # type: ignore[list-item]  # a plain dictionary will do


@pytest.mark.parametrize(
    ("act", "may", "may_not"),
    [
        (send_message, "WebhookFunction", "JournalFunction"),
        (read_secret, "WebhookFunction", "JournalFunction"),
        (put_events, "JournalFunction", "WebhookFunction"),
    ],
)
def test_a_function_calls_what_its_role_allows_and_nothing_else(shop: Shop, act: Any, may: str, may_not: str) -> None:
    del shop
    with rights.of(may):
        act()

    with rights.of(may_not), pytest.raises(AccessDeniedError, match=f"{may_not} may not"):
        act()


def test_a_right_that_no_test_used_fails_the_whole_run_and_is_named() -> None:
    session, unused = SimpleNamespace(exitstatus=pytest.ExitCode.OK), Unused(whole=True)
    given = every_right()
    unused.pytest_runtest_logreport(report_of(given[1:]))

    unused.pytest_sessionfinish(session)  # type: ignore[arg-type]  # of a session, only the status is looked at

    assert session.exitstatus == pytest.ExitCode.TESTS_FAILED
    assert unused.left == ["{}: {} on {}".format(*given[0])]


@pytest.mark.parametrize(("whole", "used"), [(True, True), (False, False)])
def test_a_run_passes_that_used_all_or_is_a_part(*, whole: bool, used: bool) -> None:
    session, unused = SimpleNamespace(exitstatus=pytest.ExitCode.OK), Unused(whole=whole)
    unused.pytest_runtest_logreport(report_of(every_right() if used else []))

    unused.pytest_sessionfinish(session)  # type: ignore[arg-type]  # as above

    assert session.exitstatus == pytest.ExitCode.OK


def every_right() -> list[tuple[str, str, str]]:
    return sorted(
        {
            (function, action, resource)
            for function in template.functions()
            for resource, actions in template.rights(function).items()
            for action in actions
        }
        - BY_AWS
    )


def report_of(used: list[tuple[str, str, str]]) -> Any:
    return SimpleNamespace(user_properties=[(USED, [list(right) for right in used])])
