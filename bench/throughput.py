"""Requests a second through the local stack, by callers that start and settle runs over HTTP."""

import http.client
import json
import statistics
import tempfile
import threading
import time
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

from bench import rounds
from bench.report import Row, Section
from bench.stage import BenchError
from tests.harness.local_stack import LocalStack

CALLERS = (1, 4, 8)
ROUNDS = 3
SECONDS = 2.0


@dataclass(slots=True)
class Tally:
    """How long each request took, by act."""

    took: dict[str, list[float]] = field(default_factory=lambda: {"start": [], "settle": []})


class Caller:
    """A worker with its own project and an open connection."""

    def __init__(self, stack: LocalStack, name: str) -> None:
        worker = stack.persona("worker")
        self._runs = f"/v1/workgroups/{worker['workgroup_id']}/projects"
        self._token = worker["token"]
        self._connection = http.client.HTTPConnection("127.0.0.1", stack.port)
        self._name = name
        self._number = 0
        project = self._asked("POST", self._runs, {"name": name}, key=name)
        self._runs = f"{self._runs}/{project['project_id']}/runs"

    def run(self, tally: Tally) -> None:
        """Start a run and settle it as failed, so that the next run can have its license."""
        self._number += 1
        key = f"{self._name}-{self._number}"
        body = {"service": "mailbox-migration", "pass": "full", "items": [{"item_id": key}]}  # nosec B105  # a kind of run
        started = self._timed(tally, "start", self._runs, body, key)
        run = started["runs"][0]["run_id"]
        self._timed(tally, "settle", f"{self._runs}/{run}/settle", {"outcome": "failed"}, None)

    def _timed(self, tally: Tally, act: str, path: str, body: object, key: str | None) -> Any:
        begun = time.perf_counter()
        answer = self._asked("POST", path, body, key=key)
        tally.took[act].append(time.perf_counter() - begun)
        return answer

    def _asked(self, method: str, path: str, body: object, *, key: str | None) -> Any:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        if key is not None:
            headers["Idempotency-Key"] = key
        self._connection.request(method, path, json.dumps(body), headers)
        response = self._connection.getresponse()
        answered = response.read()
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise BenchError(f"{method} {path}: {response.status} {answered.decode()}")
        return json.loads(answered)


def section() -> Section:
    with tempfile.TemporaryDirectory() as folder:
        stack = LocalStack(Path(folder, "state"))
        try:
            callers = [Caller(stack, f"caller-{number}") for number in range(max(CALLERS))]
            tallies: dict[str, list[Tally]] = {str(count): [] for count in CALLERS}
            acts = {name: partial(_together, callers[: int(name)], tallies[name]) for name in tallies}
            rounds.interleaved(acts, rounds=ROUNDS)
        finally:
            stack.stop()
    return Section(
        title="Through the local stack",
        note=(
            "Callers start a run of one license and settle it as failed, over HTTP, through front, authorizer, stream\n"
            "and journal. All of it and the callers are on this machine, so it says nothing about AWS.\n"
            f"The stack was ready {stack.ready_seconds:.1f} s after its start (budget: 5).\n"
            f"Medians of {ROUNDS} rounds of {SECONDS:g} seconds; milliseconds by the clock, of all rounds together."
        ),
        rows=[_row(name, each[rounds.WARM_UP_ROUNDS :]) for name, each in tallies.items()],
    )


def _together(callers: list[Caller], tallies: list[Tally]) -> float:
    """Let the callers work for SECONDS. An error of one of them ends the measurement."""
    tally, over, faults = Tally(), time.monotonic() + SECONDS, list[Exception]()

    def work(caller: Caller) -> None:
        try:
            while time.monotonic() < over:
                caller.run(tally)
        except Exception as fault:  # noqa: BLE001  # raised again below, in the main thread
            faults.append(fault)

    threads = [threading.Thread(target=work, args=[caller]) for caller in callers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    tallies.append(tally)
    return SECONDS


def _row(callers: str, tallies: list[Tally]) -> Row:
    rates = [sum(map(len, tally.took.values())) / SECONDS for tally in tallies]
    took = {act: [seconds for tally in tallies for seconds in tally.took[act]] for act in ("start", "settle")}
    cuts = {act: statistics.quantiles(each, n=20, method="inclusive") for act, each in took.items()}
    return Row(
        f"{callers} at once",
        {
            "requests/s": statistics.median(rates),
            **{f"{act} {name} ms": cuts[act][cut] * 1000 for act in cuts for name, cut in (("p50", 9), ("p95", 18))},
        },
    )
