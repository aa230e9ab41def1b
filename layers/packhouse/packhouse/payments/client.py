"""Stripe's client, its secret and its queue, for the functions that use Stripe. No other function loads this."""

import json
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools.utilities.parameters import GetParameterError, SecretsProvider
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as ConnectionFailed

from packhouse import runtime
from packhouse.errors import TryAgain
from packhouse.payments.stripe import Account, StripePayments, account
from packhouse.settings import payment_settings, stripe_queue
from packhouse.store.patience import passes

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

CALLS_SECONDS_MAX = 14  # the last call may take CALL_SECONDS_MAX more
SECRET_SECONDS_MAX = 300  # for so long a process goes on with a secret that was rotated


def payments() -> StripePayments:
    """Stripe, for one piece of work. Its calls end before the function's time-out."""
    known = _account(str(_secret()["api_key"]))
    return StripePayments(known, return_url=payment_settings().return_url, seconds=CALLS_SECONDS_MAX)


def webhook_secrets() -> list[str]:
    """The secrets that sign Stripe's webhooks: the current one, and during a rotation the previous one."""
    found: list[str] = _secret()["webhook_secrets"]
    return found


def enqueue(message: Mapping[str, str]) -> None:
    """Hand an event of Stripe's to the worker."""
    try:
        _queue().send_message(QueueUrl=stripe_queue(), MessageBody=json.dumps(message))
    except (ConnectionFailed, HTTPClientError, ClientError) as error:
        _raise_if_busy(error)
        raise


@cache
def _account(api_key: str) -> Account:
    return account(api_key, api_url=payment_settings().stripe_url)


def _secret() -> dict[str, Any]:
    """The secret, at most `SECRET_SECONDS_MAX` old."""
    try:
        found: Any = _secrets().get(payment_settings().secret_name, max_age=SECRET_SECONDS_MAX, transform="json")
    except GetParameterError as error:
        _raise_if_busy(error.__context__)  # Powertools keeps botocore's error there
        raise
    secret: dict[str, Any] = found
    return secret


def _raise_if_busy(error: BaseException | None) -> None:
    """`TryAgain`, if the same call may do better in a moment."""
    if isinstance(error, ConnectionFailed | HTTPClientError) or (isinstance(error, ClientError) and passes(error)):
        raise TryAgain from error


@cache
def _queue() -> "SQSClient":
    return boto3.client("sqs", config=runtime.patience())


@cache
def _secrets() -> SecretsProvider:
    return SecretsProvider(boto3_client=boto3.client("secretsmanager", config=runtime.patience()))
