"""Faults on purpose: `POST /_fake/faults`. Each POST replaces all faults; a restart forgets them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from dev.fake_stripe.errors import InvalidRequest

TIMES_MAX = 1_000_000
COPIES_MAX = 100
DELAY_SECONDS_MAX = 30 * 86_400
_METHODS = ("GET", "POST", "DELETE")


class Failure(StrEnum):
    """How a request fails: `kind` in the JSON of a fault."""

    RATE_LIMITED = "429"
    BROKEN = "500"
    LOST = "lost"
    """The request has its effect, and the connection is cut before the answer."""


@dataclass(slots=True, kw_only=True)
class AnswerFault:
    match: str
    """Method and path; `*` or `{anything}` stands for one part of the path."""
    failure: Failure
    times: int
    remembered: bool = False
    """With `500`: whether the idempotency key keeps the answer, as Stripe's does once an endpoint has begun."""

    def hits(self, method: str, path: str) -> bool:
        wanted_method, _, wanted_path = self.match.partition(" ")
        wanted, given = wanted_path.split("/"), path.split("/")
        return (
            self.times > 0
            and wanted_method == method
            and len(wanted) == len(given)
            and all(map(_same_part, wanted, given))
        )


def _same_part(wanted: str, given: str) -> bool:
    return wanted in (given, "*") or (wanted.startswith("{") and wanted.endswith("}"))


@dataclass(slots=True, kw_only=True)
class WebhookFaults:
    drop: int = 0
    """The next so many deliveries are lost for ever."""
    duplicate: int = 1
    """How many copies of each arrive."""
    reorder: bool = False
    """Waiting events are sent newest first."""
    delay_seconds: float = 0
    """How long each waits before it is first sent, by the stack's clock."""


@dataclass(slots=True)
class Faults:
    """The faults that haven't happened yet. The threads that answer and the one that sends share them."""

    webhooks: WebhookFaults = field(default_factory=WebhookFaults)
    answers: list[AnswerFault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def replace(self, wanted: object) -> None:
        """Replace all faults by those of a POST. Raises InvalidRequest, and then changes nothing."""
        webhooks, answers = _wanted(wanted)
        with self._lock:
            self.webhooks, self.answers = webhooks, answers

    def left(self) -> dict[str, Any]:
        """The faults that haven't happened yet, in the form of a POST."""
        with self._lock:
            webhooks = {
                "drop": self.webhooks.drop,
                "duplicate": self.webhooks.duplicate,
                "reorder": self.webhooks.reorder,
                "delay_seconds": self.webhooks.delay_seconds,
            }
            answers = [
                {"match": fault.match, "kind": fault.failure, "times": fault.times, "remembered": fault.remembered}
                for fault in self.answers
                if fault.times
            ]
            return {"webhooks": webhooks, "answers": answers}

    def answer_to(self, method: str, path: str) -> AnswerFault | None:
        """The fault that hits this request, if any. This uses it once."""
        with self._lock:
            for fault in self.answers:
                if fault.hits(method, path):
                    fault.times -= 1
                    return fault
            return None

    def drops_one(self) -> bool:
        """Whether the next delivery is lost. This uses the fault once."""
        with self._lock:
            dropped = self.webhooks.drop > 0
            self.webhooks.drop -= dropped
            return dropped


def _wanted(body: object) -> tuple[WebhookFaults, list[AnswerFault]]:
    match body:
        case dict() if not set(body) - {"webhooks", "answers"}:
            return _webhooks(body.get("webhooks", {})), _answers(body.get("answers", []))
    raise InvalidRequest('Faults are {"webhooks"?: {…}, "answers"?: […]}; {} clears them.')


def _webhooks(wanted: object) -> WebhookFaults:
    if not isinstance(wanted, dict) or set(wanted) - {"drop", "duplicate", "reorder", "delay_seconds"}:
        raise InvalidRequest('"webhooks" is {"drop"?, "duplicate"?, "reorder"?, "delay_seconds"?}.')
    reorder = wanted.get("reorder", False)
    delay = wanted.get("delay_seconds", 0)
    if not isinstance(reorder, bool):
        raise InvalidRequest('"reorder" is true or false.')
    if isinstance(delay, bool) or not isinstance(delay, int | float) or not 0 <= delay <= DELAY_SECONDS_MAX:
        raise InvalidRequest(f'"delay_seconds" is a number from 0 to {DELAY_SECONDS_MAX}.')
    return WebhookFaults(
        drop=_count(wanted.get("drop", 0), "drop", least=0, most=TIMES_MAX),
        duplicate=_count(wanted.get("duplicate", 1), "duplicate", least=1, most=COPIES_MAX),
        reorder=reorder,
        delay_seconds=delay,
    )


def _answers(wanted: object) -> list[AnswerFault]:
    if not isinstance(wanted, list):
        raise InvalidRequest('"answers" is a list.')
    return [_answer(each) for each in wanted]


def _answer(wanted: object) -> AnswerFault:
    match wanted:
        case {"match": str(pattern), "kind": str(kind), **others} if not set(others) - {"times", "remembered"}:
            method, _, path = pattern.partition(" ")
            remembered = others.get("remembered", False)
            if method not in _METHODS or not path.startswith("/v1/"):
                raise InvalidRequest('"match" is a method and a path, like "POST /v1/refunds".')
            if kind not in tuple(Failure):
                raise InvalidRequest(f'"kind" is one of {", ".join(Failure)}.')
            if not isinstance(remembered, bool) or (remembered and kind != Failure.BROKEN):
                raise InvalidRequest('"remembered" is true or false, and only a "500" can be.')
            times = _count(others.get("times", 1), "times", least=1, most=TIMES_MAX)
            return AnswerFault(match=pattern, failure=Failure(kind), times=times, remembered=remembered)
    raise InvalidRequest('Each of "answers" is {"match", "kind", "times", "remembered"?}.')


def _count(wanted: object, name: str, *, least: int, most: int) -> int:
    if isinstance(wanted, bool) or not isinstance(wanted, int) or not least <= wanted <= most:
        raise InvalidRequest(f'"{name}" is a whole number from {least} to {most}.')
    return wanted
