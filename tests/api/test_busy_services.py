"""What is no answer of AWS's is told as such: the same request does better in a moment, and nobody looks for a bug."""

import json
import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, tzinfo
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from tests.harness.fake_stripe import API_KEY
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


def rotate(secrets: list[str]) -> None:
    """Change the webhook's secrets, as an operator does."""
    secret = {"api_key": API_KEY, "webhook_secrets": secrets}
    boto3.client("secretsmanager").put_secret_value(
        SecretId=os.environ["STRIPE_SECRET"], SecretString=json.dumps(secret)
    )


@pytest.mark.parametrize(("minutes", "seen"), [(4, False), (6, True)])
def test_a_rotated_secret_is_seen_within_five_minutes(
    shop: Shop,
    monkeypatch: pytest.MonkeyPatch,
    minutes: int,
    seen: bool,
) -> None:
    class Later(datetime):
        """The clock of Powertools, so many minutes later."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Later":
            return super().now(tz) + timedelta(minutes=minutes)

    assert notify(shop).status == 200
    rotate(["whsec_another"])

    monkeypatch.setattr("aws_lambda_powertools.utilities.parameters.base.datetime", Later)

    assert notify(shop).status == (400 if seen else 200)


def test_a_cold_start_reads_the_secret_anew(shop: Shop) -> None:
    assert notify(shop).status == 200
    rotate(["whsec_another"])

    forget()

    assert notify(shop).slug == "signature-invalid"
