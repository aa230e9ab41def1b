"""The only reader of the environment. A missing variable stops the cold start."""

import os
from dataclasses import dataclass
from functools import cache

from packhouse.policies import Policies


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of the deployment that every function needs."""

    table: str
    journal: str
    support_email: str
    policies: Policies


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSettings:
    """The issuer and client whose access tokens are valid, and the URL of the issuer's public keys.

    `answers_kept_seconds`: how long API Gateway caches an answer of the authorizer.
    """

    issuer: str
    client_id: str
    keys_url: str
    answers_kept_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentSettings:
    """Stripe's URL, the name of the secret with its keys, and the page to which customers return after paying."""

    stripe_url: str
    secret_name: str
    return_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """The sender of all mails, and the URL of the console, to which they link."""

    sender: str
    console_url: str


@cache
def settings() -> Settings:
    return Settings(
        table=os.environ["TABLE"],
        journal=os.environ["JOURNAL"],
        support_email=os.environ["SUPPORT_EMAIL"],
        policies=Policies.of(os.environ),
    )


@cache
def token_settings() -> TokenSettings:
    return TokenSettings(
        issuer=os.environ["TOKEN_ISSUER"],
        client_id=os.environ["TOKEN_CLIENT_ID"],
        keys_url=os.environ["TOKEN_KEYS_URL"],
        answers_kept_seconds=int(os.environ["AUTHORIZER_TTL_SECONDS"]),
    )


@cache
def payment_settings() -> PaymentSettings:
    return PaymentSettings(
        stripe_url=os.environ["STRIPE_URL"],
        secret_name=os.environ["STRIPE_SECRET"],
        return_url=os.environ["RETURN_URL"],
    )


@cache
def stripe_queue() -> str:
    """The URL of the queue of Stripe's events."""
    return os.environ["STRIPE_QUEUE"]


@cache
def mail_settings() -> MailSettings:
    return MailSettings(sender=os.environ["MAIL_FROM"], console_url=os.environ["CONSOLE_URL"])


@cache
def bus_name() -> str:
    """The name of the bus of domain events."""
    return os.environ["BUS"]
