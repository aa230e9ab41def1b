"""What a process remembers between two invocations."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from packhouse import runtime, settings
from packhouse.journal import bus
from packhouse.notifications import mailer
from packhouse.payments import client
from tests.harness import gateway

CLIENTS = (settings, runtime, bus, mailer, client)


def forget() -> None:
    """Empty it, as a cold start does."""
    _forget(*CLIENTS)
    gateway.forget()


def forget_secrets() -> None:
    """Have them read anew, as from time to time they are."""
    _forget(client)


@contextmanager
def another_process() -> Iterator[None]:
    """What happens meanwhile shares nothing with what is interrupted."""
    _forget(*CLIENTS)
    with gateway.another_process():
        yield
    _forget(*CLIENTS)


def _forget(*modules: ModuleType) -> None:
    for module in modules:
        for remembered in vars(module).values():
            if hasattr(remembered, "cache_clear"):
                remembered.cache_clear()
