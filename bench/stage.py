"""Handlers are measured in this process. AWS is ministack in another process, so only our CPU counts."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import boto3
from botocore.config import Config

from dev.config import Config as StackConfig
from dev.config import plain_environment
from dev.ministack.process import Aws
from dev.template import ROOT
from packhouse import runtime
from tests.harness import people, template
from tests.harness.environment import NOWHERE, variables
from tests.harness.local_stack import free_port
from tests.harness.memory import forget
from tests.harness.world import Clock, World


class BenchError(Exception):
    """The figures would mean nothing, because something went wrong."""


def environment(*, keys_url: str = NOWHERE) -> dict[str, str]:
    """The variables of every function, and only harmless ones of the terminal's environment."""
    quiet = {"POWERTOOLS_LOG_LEVEL": "ERROR"}  # a log line for each order would bury the figures
    return plain_environment() | variables(keys_url=keys_url) | quiet


@dataclass
class Stage:
    """A ministack and its worlds. Each world has its own tables; apart from that they are equal."""

    url: str
    keys_url: str
    clock: Clock = field(default_factory=Clock)

    def world(self, name: str, **others: str) -> World:
        """A new populated world, entered. `others` are more variables for its functions."""
        self.enter(name, **others)
        raw = boto3.client("dynamodb")
        for variable, logical_id in (("TABLE", "Table"), ("JOURNAL", "Journal")):
            raw.create_table(TableName=os.environ[variable], **template.table_definition(logical_id))
        boto3.client("events").create_event_bus(Name=os.environ["BUS"])
        world = World(
            client=runtime.dynamodb(),
            raw=raw,
            streams=boto3.client("dynamodbstreams"),
            table=runtime.table(),
            journal=runtime.journal(),
            clock=self.clock,
        )
        world.populate()
        return world

    def enter(self, name: str, **others: str) -> None:
        """From now on, handlers work in the world of this name."""
        os.environ |= environment(keys_url=self.keys_url) | {
            "AWS_ENDPOINT_URL": self.url,
            **{variable: f"{variable.lower()}-{name}" for variable in ("TABLE", "JOURNAL", "BUS", "STRIPE_SECRET")},
            **others,
        }
        forget()
        runtime.clock = self.clock
        runtime.patience = _patience


@contextmanager
def stage() -> Iterator[Stage]:
    with tempfile.TemporaryDirectory() as folder, people.serving_keys() as keys, _restored():
        config = StackConfig(root=ROOT, state=Path(folder), port=free_port(), instance="")
        config.logs.mkdir()
        aws = Aws(config, hold=())
        try:
            aws.wait_until_ready()
            yield Stage(config.aws_url, keys.url)
        finally:
            aws.forget()


def _patience() -> Config:
    """Longer time-outs than the product's, because ministack reads the whole table for each query."""
    return Config(connect_timeout=1, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 1})


@contextmanager
def _restored() -> Iterator[None]:
    """Afterwards, put back this process's environment, clock and patience."""
    earlier, clock, patience = dict(os.environ), runtime.clock, runtime.patience
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(earlier)
        runtime.clock, runtime.patience = clock, patience
        forget()
