"""Where a local stack lives: its folders and its ports, decided once from the environment."""

import os
from dataclasses import dataclass
from pathlib import Path

DEFAULT_PORT = 8700
DEFAULT_STATE = ".local"
FUNCTIONS_MAX = 60
"""A stack has ports for so many functions. The ports of two stacks are at least 100 apart."""

# Added to the front's port. So one number moves a whole stack.
_AWS = 1
_STRIPE = 2
_FUNCTIONS = 10
_LOWEST_PORT = 1024
_HIGHEST_PORT = 65535

# A process of the stack sees these variables of the terminal's environment, and no others: a proxy, an AWS profile or a
# region of the developer's own would send the stack's calls to another place.
_PASSED_ON = ("HOME", "LANG", "LC_ALL", "LC_CTYPE", "PATH", "PYTHONHASHSEED", "TERM", "USER", "VIRTUAL_ENV")

REGION = "us-east-1"


class StartError(Exception):
    """The stack can't start. The message is for the developer: the reason, and what to do about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    root: Path
    """The folder with template.yaml, functions/, layers/ and console/."""
    state: Path
    """The folder that survives a Ctrl-C. Without it the stack starts from nothing."""
    port: int
    instance: str

    @property
    def aws_port(self) -> int:
        return self.port + _AWS

    @property
    def stripe_port(self) -> int:
        return self.port + _STRIPE

    def function_port(self, number: int) -> int:
        return self.port + _FUNCTIONS + number

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def stripe_url(self) -> str:
        return f"http://127.0.0.1:{self.stripe_port}"

    @property
    def aws_url(self) -> str:
        return f"http://127.0.0.1:{self.aws_port}"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def bookmarks(self) -> Path:
        return self.state / "bookmarks"

    @property
    def clock(self) -> Path:
        return self.state / "clock"

    @property
    def passwords(self) -> Path:
        return self.state / "passwords.json"

    @property
    def stack_json(self) -> Path:
        return self.state / "stack.json"

    @property
    def layer(self) -> Path:
        """The folder that holds the package `packhouse`."""
        return self.root / "layers" / "packhouse"


def from_environment(root: Path) -> Config:
    port = os.environ.get("PACKHOUSE_PORT", str(DEFAULT_PORT))
    highest = _HIGHEST_PORT - _FUNCTIONS - FUNCTIONS_MAX
    if not port.isascii() or not port.isdigit() or not _LOWEST_PORT <= int(port) <= highest:
        raise StartError(f"PACKHOUSE_PORT is {port!r}: it must be a number from {_LOWEST_PORT} to {highest}.")
    return Config(
        root=root,
        state=Path(os.environ.get("PACKHOUSE_STATE", DEFAULT_STATE)).resolve(),
        port=int(port),
        instance=os.environ.get("PACKHOUSE_INSTANCE", ""),
    )


def plain_environment() -> dict[str, str]:
    """The environment that every process of the stack gets. The credentials open nothing, and no proxy is used."""
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ} | {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",  # nosec B105  # ministack accepts any
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "*",
        "no_proxy": "*",
        # Without this, macOS may kill a forked child in which one of its frameworks is loaded.
        "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES",
    }
