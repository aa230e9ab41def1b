"""The deployed stack: its people, its data, its time. The routes below `/dev/` call these methods."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from dev import clock, secret_files
from dev.clock import Clock
from dev.demo import people
from dev.demo.seed import seed
from dev.ministack import emptying
from dev.ministack.deploy import invoke
from dev.ministack.schedules import Ticker
from dev.ministack.streams import Bookmark, Reader, Streams
from dev.refusals import NotDone
from dev.stack.gate import Gate
from dev.stack.outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dev.config import Config
    from dev.demo.people import Persona
    from dev.ministack.deploy import Clients, Deployed
    from dev.ministack.template import LocalTemplate
    from dev.stack.stripe import Stripe

_DRAIN_SECONDS = 30.0
_LAST_REQUESTS_SECONDS = 30.0
"""How long a reset waits for requests that have begun. No function of a route takes longer."""


class Stack:
    def __init__(
        self,
        config: Config,
        clients: Clients,
        template: LocalTemplate,
        deployed: Deployed,
        stripe: Stripe,
        say: Callable[[str], None],
    ) -> None:
        self._stripe = stripe
        self.gate = Gate()
        self._config = config
        self._clients = clients
        self._deployed = deployed
        self._clock = Clock(config.clock)
        self._moving = threading.Lock()
        self.ticker = Ticker(
            schedules=template.schedules,
            clock=self._clock,
            invoke=lambda target, event: invoke(clients, deployed.resources[target], event),
            say=say,
        )
        self._streams = Streams(
            clients,
            [
                Reader(
                    function=reader.function,
                    table=deployed.resources[reader.table],
                    bookmark=Bookmark(config.bookmarks / reader.function),
                )
                for reader in template.readers
            ],
        )
        self._queues = [deployed.resources[queue] for queue in template.queues]
        self._outbox = Outbox(config, clients, deployed.table)
        self._signed_in = people.sign_in(clients, deployed, config.passwords)
        self._personas: list[Persona] = []

    def now(self) -> str:
        return clock.written(self._clock.now())

    def move_clock(self, body: object) -> str:
        with self._moving:
            self._clock.move(clock.wanted(body))
        self.drain()  # the journal would have these changes long before the new time
        self.ticker.tick()
        return self.now()

    def run_job(self, name: str) -> object:
        return self.ticker.run(name)

    def personas(self) -> list[Persona]:
        return self._personas

    def mails(self) -> list[dict[str, Any]]:
        return self._outbox.mails()

    def reset(self) -> list[Persona]:
        """Back to the demo data of the first day. The journal forgets all that was before."""
        with self.ticker.one_at_a_time, self.gate.shut_for_now(seconds=_LAST_REQUESTS_SECONDS):
            self._stripe.reset()
            emptying.empty_queues(self._clients.queues, self._queues)
            emptying.empty_table(self._clients.dynamodb, self._deployed.table)
            # The deletions are journaled too. Empty the journal after that, or they would stay in it.
            self._drain_or_fail()
            emptying.empty_table(self._clients.dynamodb, self._deployed.journal)
            self._outbox.empty()
            self.seed()
            self._drain_or_fail()
            self.publish()
        return self._personas

    def seed(self) -> None:
        """Write the demo data if the table has none."""
        seeded = seed(
            self._deployed.table,
            self._clients.dynamodb,
            subjects=dict(self._signed_in.subjects),
            now=self._clock.now(),
        )
        self._personas = people.personas(self._signed_in, seeded)

    def publish(self) -> None:
        """Write stack.json. Once it is there, the stack is ready to be used."""
        config = self._config
        content = {
            "api": config.origin,
            "console": f"{config.origin}/console/",
            "stripe": config.stripe_url,
            "instance": config.instance,
            "pid": os.getpid(),
            "personas": self._personas,
        }
        secret_files.write(config.stack_json, content)

    def drain(self, *, seconds: float = _DRAIN_SECONDS) -> Mapping[str, int]:
        """Wait until the streams' readers have read everything. Returns the unread records of each function, if any."""
        return self._streams.drain(seconds=seconds)

    def _drain_or_fail(self) -> None:
        for function, count in self.drain().items():
            raise NotDone(
                f"{function} still has {count} changes to read after {_DRAIN_SECONDS:.0f} seconds; see its log."
            )
