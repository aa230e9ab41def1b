"""What is no answer of AWS's is told as such: the same request does better in a moment, and nobody looks for a bug."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from tests.harness.gateway import Answer
from tests.harness.memory import forget
from tests.harness.shop import Shop

type Ask = Callable[[Shop], Answer]


def place(shop: Shop) -> Answer:
    return shop.place()


def notify(shop: Shop) -> Answer:
    return shop.deliver({"id": "evt_1", "type": "checkout.session.completed", "data": {"object": {"id": "cs_test_1"}}})


def throttled(code: str) -> object:
    body = {"Error": {"Code": code, "Message": "On purpose."}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return SimpleNamespace(status_code=400), body


@pytest.fixture
def trouble(shop: Shop) -> Iterator[Callable[[str, Callable[[], object]], None]]:
    """Has every call of a kind come to something else, for clients that are built from now on."""
    del shop
    assert boto3.DEFAULT_SESSION is not None
    events, names = boto3.DEFAULT_SESSION.events, list[str]()

    def makes(call: str, answer: Callable[[], object]) -> None:
        names.append(f"before-call.{call}")
        answering: Any = lambda **_: answer()  # noqa: E731  # botocore heeds what a handler answers
        events.register_first(names[-1], answering, unique_id="trouble")
        forget()

    yield makes
    for name in names:
        events.unregister(name, unique_id="trouble")
    forget()


def unreachable() -> object:
    raise EndpointConnectionError(endpoint_url="https://aws.example")


@pytest.mark.parametrize(
    ("call", "ask", "code"),
    [
        ("secrets-manager.GetSecretValue", place, "ThrottlingException"),
        ("secrets-manager.GetSecretValue", notify, "ThrottlingException"),
        ("sqs.SendMessage", notify, "RequestThrottled"),
    ],
)
@pytest.mark.parametrize("how", ["throttled", "unreachable"])
def test_a_service_that_is_busy_or_away_is_told_as_try_again(
    shop: Shop, trouble: Callable[[str, Callable[[], object]], None], call: str, ask: Ask, code: str, how: str
) -> None:
    trouble(call, unreachable if how == "unreachable" else lambda: throttled(code))

    answer = ask(shop)

    assert (answer.status, answer.slug) == (503, "try-again")
    assert answer.headers["retry-after"] == "1"


def test_a_refusal_for_good_is_a_bug_and_no_busy_service(shop: Shop, trouble: Callable[..., Any]) -> None:
    trouble("secrets-manager.GetSecretValue", lambda: throttled("AccessDeniedException"))

    assert place(shop).status == 500
