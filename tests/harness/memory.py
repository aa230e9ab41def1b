"""What a process remembers between two invocations."""

from packhouse import runtime, selling, settings
from tests.harness import gateway


def forget() -> None:
    """Empty it, as a cold start does."""
    for module in (settings, runtime, selling):
        for remembered in vars(module).values():
            if hasattr(remembered, "cache_clear"):
                remembered.cache_clear()
    gateway.forget()
