"""The fake's settings: from its arguments or, for secrets, from its environment."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dev.fake_stripe.api import shapes

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_PORT = 8702
DEFAULT_STATE = ".local"
_SECRET = "FAKE_STRIPE_WEBHOOK_SECRET"  # noqa: S105  # nosec B105  # a variable's name
_SECRET_PREVIOUS = "FAKE_STRIPE_WEBHOOK_SECRET_PREVIOUS"  # noqa: S105  # nosec B105  # a variable's name
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_PORT_MAX = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    port: int
    """0: any free port."""
    database: Path
    clock: Path
    webhook_urls: tuple[str, ...]
    webhook_secrets: tuple[str, ...]
    """The current secret, and the previous one while it still signs."""
    webhook_events: frozenset[str]
    """Empty: all types."""
    with_parent: bool


def from_arguments(arguments: Sequence[str]) -> Config:
    """Read the command line. An error in it ends the process with a sentence."""
    parser = _parser()
    given = parser.parse_args(arguments)
    secrets = tuple(secret for secret in (given.webhook_secret, given.webhook_secret_previous) if secret)
    if given.webhook_url and not given.webhook_secret:
        parser.error("webhooks are signed: give --webhook-secret, or " + _SECRET)
    if not 0 <= given.port <= _PORT_MAX:
        parser.error(f"--port is a number from 0 to {_PORT_MAX}")
    for unknown in set(given.webhook_event) - _event_types():
        parser.error(f"--webhook-event: {unknown} is no type of event")
    for url in given.webhook_url:
        parts = urlsplit(url)
        if parts.scheme != "http" or parts.hostname not in _LOOPBACK:
            parser.error(f"--webhook-url must be an http address of this machine: {url}")
    return Config(
        port=given.port,
        database=given.state / "stripe.sqlite",
        clock=given.clock or given.state / "clock",
        webhook_urls=tuple(given.webhook_url),
        webhook_secrets=secrets,
        webhook_events=frozenset(given.webhook_event),
        with_parent=given.with_parent,
    )


def _event_types() -> set[object]:
    """Every type that an endpoint can ask for. Others are refused, since events of a misspelt type would never come."""
    endpoint = shapes.type_named("stripe.params._webhook_endpoint_create_params.WebhookEndpointCreateParams")
    match shapes.Record(endpoint).fields["enabled_events"].shape:
        case shapes.ListOf(shapes.OneOf(values)):
            return set(values) - {"*"}
    raise NotImplementedError("The stripe package has changed how it lists the types of events.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dev.fake_stripe", description="A Stripe to test against, offline.")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--state", type=Path, default=Path(DEFAULT_STATE), help="folder that survives a restart")
    parser.add_argument("--clock", type=Path, help="the stack's clock; the file `clock` in the state otherwise")
    parser.add_argument("--webhook-url", action="append", default=[], help="where events are sent; may be repeated")
    parser.add_argument("--webhook-secret", default=os.environ.get(_SECRET), help=f"or {_SECRET}")
    parser.add_argument(
        "--webhook-secret-previous",
        default=os.environ.get(_SECRET_PREVIOUS),
        help=f"signs too, while the secret is rotated; or {_SECRET_PREVIOUS}",
    )
    parser.add_argument(
        "--webhook-event", action="append", default=[], help="a type the endpoints want; all types if never given"
    )
    parser.add_argument(
        "--with-parent", action="store_true", help="end when standard input closes, as a parent's death does"
    )
    return parser
