"""What may go wrong at a call, and what AWS answers where it doesn't do what it was asked for."""

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from types import SimpleNamespace


class Fault(StrEnum):
    DIES_BEFORE = "dies before"
    DIES_AFTER = "dies after"
    RESENT = "is applied, its answer is lost, and the SDK sends the same bytes again"
    UNANSWERED = "is applied and never answered"
    REFUSED = "is refused once: in conflict, throttled, or a 500"
    BUSY = "finds the service busy, and so do all that follow"
    UNREACHABLE = "can't reach the service, and none that follow can"
    DOUBLED = "is made after the same delivery was made elsewhere"
    INTERRUPTED = "is made after others have sent theirs and were answered"


LASTING = frozenset({Fault.BUSY, Fault.UNREACHABLE})
MAY_FAIL = frozenset({Fault.UNANSWERED, Fault.REFUSED, Fault.BUSY, Fault.UNREACHABLE})
"""Where who delivered may be told that it was not done."""
IN_DOUBT = frozenset({Fault.DIES_AFTER, Fault.UNANSWERED})
"""Where who delivers again can't know what was done."""
MATTERS_WHERE_READ = frozenset({Fault.DIES_BEFORE, Fault.BUSY, Fault.INTERRUPTED})


STORIES_MAX = 14
"""The most stories of one fault that `make test` tells of a delivery; `python -m tests.proofs.crash` tells all."""


class Died(BaseException):
    """The process is gone: no `except Exception` survives it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Which fault happens at which call of a delivery; the first is number 1."""

    number: int
    fault: Fault

    def __str__(self) -> str:
        return f"call {self.number} {self.fault}"


def reads(call: str) -> bool:
    """Whether a call (`dynamodb:GetItem`, `stripe:GET /v1/refunds`) leaves everything as it is."""
    return call.partition(":")[2].startswith(("Get", "BatchGet", "Query", "GET "))


def every_plan(calls: Sequence[str]) -> list[Plan]:
    """Every fault at every call. To die before a call is to die after the one before it, so that is planned once."""
    return [
        Plan(number, fault)
        for number in range(1, len(calls) + 1)
        for fault in Fault
        if number == 1 or fault is not Fault.DIES_BEFORE
    ]


def telling_plans(calls: Sequence[str]) -> list[Plan]:
    """Those that may end in a way of their own: of what `every_plan` has, less than half.

    What can't be reached leaves what a busy service leaves. A read leaves all as it was: to die after it is to die
    after the write before it, to get no answer is the same however it went, and of reads in a row two stand for all.
    """
    between = {number for number in range(2, len(calls)) if all(map(reads, calls[number - 2 : number + 1]))}
    return [
        plan
        for plan in every_plan(calls)
        if plan.fault is not Fault.UNREACHABLE
        and (not reads(calls[plan.number - 1]) or (plan.fault in MATTERS_WHERE_READ and plan.number not in between))
    ]


def most_telling_plans(calls: Sequence[str]) -> list[Plan]:
    """At most `STORIES_MAX` of the telling plans, the same each time.

    First come plans that show a fault, an operation or a part of the delivery that none before them showed; then the
    deaths between two writes, where half of the work is done; then plans with a new pair of the former.
    """
    left = telling_plans(calls)
    taken: list[Plan] = []
    seen: set[object] = set()
    while left and len(taken) < STORIES_MAX:
        # Of equals, the first one.
        plan = max(left, key=lambda plan: _news(plan, calls, seen))
        seen |= shown(plan, calls) | _pairs(plan, calls)
        left.remove(plan)
        taken.append(plan)
    return [plan for plan in telling_plans(calls) if plan in taken]


def _news(plan: Plan, calls: Sequence[str], seen: set[object]) -> tuple[int, bool, int]:
    return len(shown(plan, calls) - seen), plan.fault is Fault.DIES_AFTER, len(_pairs(plan, calls) - seen)


def shown(plan: Plan, calls: Sequence[str]) -> set[object]:
    """The fault, the operation it happens to, and the part of the delivery it happens in."""
    part = "first" if plan.number == 1 else "last" if plan.number == len(calls) else "middle"
    return {plan.fault, calls[plan.number - 1], part}


def _pairs(plan: Plan, calls: Sequence[str]) -> set[object]:
    return set(itertools.combinations(sorted(map(str, shown(plan, calls))), 2))


def doubtful_plans(calls: Sequence[str]) -> list[Plan]:
    """What leaves in doubt whether Stripe did it: the key by which it knows the request is forgotten after a day."""
    return [
        plan
        for plan in every_plan(calls)
        if plan.fault in IN_DOUBT and calls[plan.number - 1].startswith("stripe:POST")
    ]


# What AWS answers, once the SDK has tried again for as long as it does.

THROTTLED = {
    "dynamodb": "ProvisionedThroughputExceededException",
    "sqs": "RequestThrottled",
    "sesv2": "TooManyRequestsException",
}
TRANSACTION = "TransactWriteItems"


def refused(operation: str, body: bytes) -> object:
    """Not this time."""
    match operation:
        case "TransactWriteItems":
            return _cancelled("TransactionConflict", body)
        case "BatchGetItem":
            return _answer(HTTPStatus.OK, Responses={}, UnprocessedKeys=json.loads(body)["RequestItems"])
        case "PutEvents":
            entries = json.loads(body)["Entries"]
            failed = [{"ErrorCode": "InternalFailure", "ErrorMessage": "On purpose."} for _ in entries]
            return _answer(HTTPStatus.OK, FailedEntryCount=len(failed), Entries=failed)
    return _error(HTTPStatus.INTERNAL_SERVER_ERROR, "InternalServerError")


def throttled(service: str, operation: str, body: bytes) -> object:
    if operation == TRANSACTION:
        return _cancelled("ThrottlingError", body)
    return _error(HTTPStatus.BAD_REQUEST, THROTTLED.get(service, "ThrottlingException"))


def _cancelled(reason: str, body: bytes) -> object:
    """A transaction whose last action could not be done now."""
    *others, _ = json.loads(body)["TransactItems"]
    reasons = [*({"Code": "None"} for _ in others), {"Code": reason}]
    return _error(HTTPStatus.BAD_REQUEST, "TransactionCanceledException", CancellationReasons=reasons)


def _error(status: HTTPStatus, code: str, **members: object) -> object:
    return _answer(status, Error={"Code": code, "Message": "On purpose."}, **members)


def _answer(status: HTTPStatus, **members: object) -> object:
    return SimpleNamespace(status_code=status), {**members, "ResponseMetadata": {"HTTPStatusCode": status}}
