"""Where Stripe's client is built, for the functions that call it: it and nothing of it is loaded by the others."""

import json
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as ConnectionFailed

from packhouse import runtime
from packhouse.errors import TryAgain
from packhouse.payments.stripe import Account, StripePayments, account
from packhouse.settings import payment_settings, stripe_queue
from packhouse.store.patience import passes

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

CALLS_SECONDS_MAX = 14  # the last call may take CALL_SECONDS_MAX more
SECRET_SECONDS = 300  # how long a rotated secret goes on being used


def payments() -> StripePayments:
    """Stripe, for one piece of work, which is over before its function's time is."""
    known = _account(str(_secret(_period())["api_key"]))
    return StripePayments(known, return_url=payment_settings().return_url, seconds=CALLS_SECONDS_MAX)


def webhook_secrets() -> list[str]:
    """The secrets that sign Stripe's webhooks: the current one, and during a rotation the previous."""
    found: list[str] = _secret(_period())["webhook_secrets"]
    return found


def enqueue(message: Mapping[str, str]) -> None:
    """Hand what Stripe told to the worker."""
    _answered(_queue().send_message, QueueUrl=stripe_queue(), MessageBody=json.dumps(message))


@cache
def _account(api_key: str) -> Account:
    return account(api_key, api_url=payment_settings().stripe_url)


def _period() -> int:
    return int(time.monotonic() // SECRET_SECONDS)


@cache
def _secret(period: int) -> dict[str, Any]:
    """The secret, read again in each period."""
    del period
    answer = _answered(_secrets_manager().get_secret_value, SecretId=payment_settings().secret_name)
    found: dict[str, Any] = json.loads(answer["SecretString"])
    return found


def _answered(call: Callable[..., Any], **arguments: str) -> Any:  # noqa: ANN401  # botocore's own types
    """AWS's answer; `TryAgain` where the same call may do better in a moment."""
    try:
        return call(**arguments)
    except (ConnectionFailed, HTTPClientError) as error:
        raise TryAgain from error
    except ClientError as error:
        if not passes(error):
            raise
        raise TryAgain from error


@cache
def _queue() -> "SQSClient":
    return boto3.client("sqs", config=runtime.patience())


@cache
def _secrets_manager() -> "SecretsManagerClient":
    return boto3.client("secretsmanager", config=runtime.patience())
