from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from packhouse.consumption.starting import Start, StartItem
from packhouse.domain.access import Stamp
from packhouse.domain.ids import request_hash
from packhouse.domain.runs import (
    ERROR_IDS_MAX,
    ITEMS_MAX,
    UNLICENSED,
    Coverage,
    Outcome,
    Pass,
    Run,
    RunState,
    Settlement,
)
from packhouse.errors import Refusal
from packhouse.web import problems
from packhouse.web.fields import ErrorId, Instant, ItemId, LeaseSeconds, Licenses, Maybe, Name, Request, User, View

ERROR_COUNT_MAX = 1_000_000
RUN_ID_MAX = 64


def _once(name: str, values: Iterable[str]) -> None:
    listed = list(values)
    if len(set(listed)) < len(listed):
        message = f"the same {name} occurs twice"
        raise ValueError(message)


class StartRunsItem(Request):
    item_id: ItemId
    user: User | None = None
    licenses: Licenses = 1
    parent_run_id: Annotated[str, Field(max_length=RUN_ID_MAX)] | None = None
    errors: Annotated[list[ErrorId], Field(min_length=1, max_length=ERROR_IDS_MAX)] | None = None

    @model_validator(mode="after")
    def _each_error_once(self) -> Self:
        _once("error", self.errors or ())
        return self


class StartRuns(Request):
    """Runs to start, all or none: a service on 1 to 98 items, each item once.

    A retry of errors names the parent of each item. It may name some of the parent's errors; otherwise it retries all.
    """

    service: Name
    run_pass: Annotated[Pass, Field(alias="pass")]
    items: Annotated[list[StartRunsItem], Field(min_length=1, max_length=ITEMS_MAX)]
    lease_seconds: LeaseSeconds | None = None

    @model_validator(mode="after")
    def _each_item_once(self) -> Self:
        _once("item_id", (item.item_id for item in self.items))
        retries = self.run_pass is Pass.RETRY_ERRORS
        for number, item in enumerate(self.items):
            if retries and item.parent_run_id is None:
                message = f"item {number} must have a parent_run_id, since the pass is retry_errors"
                raise ValueError(message)
            if not retries and (item.parent_run_id is not None or item.errors is not None):
                message = f"item {number} has a parent_run_id or errors, so the pass must be retry_errors"
                raise ValueError(message)
        return self

    def start(self, wg: str, project_id: str, *, key: str) -> Start:
        return Start(
            workgroup_id=wg,
            project_id=project_id,
            service=self.service,
            run_pass=self.run_pass,
            items=[
                StartItem(
                    item_id=item.item_id,
                    user=item.user,
                    licenses=item.licenses,
                    parent_run_id=item.parent_run_id,
                    errors=tuple(item.errors) if item.errors is not None else None,
                )
                for item in self.items
            ],
            lease_seconds=self.lease_seconds,
            name=f"POST projects/{project_id}/runs {key}",
            request_hash=request_hash(self.canonical()),
        )


class Heartbeat(Request):
    lease_seconds: LeaseSeconds


class HeartbeatRuns(Heartbeat):
    run_ids: Annotated[list[Annotated[str, Field(max_length=RUN_ID_MAX)]], Field(min_length=1, max_length=ITEMS_MAX)]

    @model_validator(mode="after")
    def _each_run_once(self) -> Self:
        _once("run_id", self.run_ids)
        return self


class Settle(Request):
    """How a run ended. `errors` are ids that can be retried. `error_count` is needed only if there are more errors."""

    outcome: Outcome
    licenses_used: Licenses | None = None
    errors: Annotated[list[ErrorId], Field(max_length=ERROR_IDS_MAX, default_factory=list)]
    error_count: Annotated[int, Field(strict=True, ge=0, le=ERROR_COUNT_MAX)] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        _once("error", self.errors)
        if self.licenses_used is not None and self.outcome is not Outcome.SUCCEEDED:
            message = "only a success uses licenses"
            raise ValueError(message)
        if self.error_count is not None and self.error_count < len(self.errors):
            message = "error_count is less than the number of errors"
            raise ValueError(message)
        return self

    def settlement(self) -> Settlement:
        return Settlement(
            outcome=self.outcome,
            licenses_used=self.licenses_used,
            errors=tuple(self.errors),
            error_count=len(self.errors) if self.error_count is None else self.error_count,
        )


class SettleOne(Settle):
    run_id: Annotated[str, Field(max_length=RUN_ID_MAX)]


class SettleRuns(Request):
    settlements: Annotated[list[SettleOne], Field(min_length=1, max_length=ITEMS_MAX)]

    @model_validator(mode="after")
    def _each_run_once(self) -> Self:
        _once("run_id", (settlement.run_id for settlement in self.settlements))
        return self


class AllocationView(View):
    pack_id: str
    quantity: int


class RunView(View):
    run_id: str
    project_id: str
    item_id: str
    user: Maybe[str] = None
    service: str
    sku: Maybe[str] = None
    run_pass: Annotated[Pass, Field(alias="pass")]
    coverage: Coverage
    state: RunState
    outcome: Maybe[Outcome] = None
    licenses: int
    licenses_used: Maybe[int] = None
    allocations: list[AllocationView]
    lease_expires_at: Maybe[Instant] = None
    started_at: Instant
    started_by: str
    settled_at: Maybe[Instant] = None
    settled_by: Maybe[str] = None
    error_count: int
    errors: Maybe[list[str]] = None
    parent_run_id: Maybe[str] = None
    root_run_id: Maybe[str] = None

    @classmethod
    def of(cls, run: Run, *, now: Instant) -> "RunView":
        """The run as it is now. Only a held run has `lease_expires_at`."""
        state = run.standing(now)
        return cls.model_validate(
            {
                "run_id": run.run_id,
                "project_id": run.project_id,
                "item_id": run.item_id,
                "user": run.user,
                "service": run.service,
                "sku": run.sku,
                "pass": run.run_pass,
                "coverage": run.coverage,
                "state": state,
                "outcome": run.outcome,
                "licenses": run.licenses,
                "licenses_used": run.licenses_used,
                "allocations": [
                    {"pack_id": pack_id, "quantity": quantity} for pack_id, quantity in run.allocation.items()
                ],
                "lease_expires_at": run.lease_expires_at if state is RunState.HELD else None,
                "started_at": run.started_at,
                "started_by": run.started_by,
                "settled_at": run.settled_at,
                "settled_by": run.settled_by,
                "error_count": run.error_count,
                "errors": list(run.errors) if run.errors else None,
                "parent_run_id": run.parent_run_id,
                "root_run_id": run.root_run_id,
            }
        )

    def matches(self, *, states: list[RunState] | None, item_id: str | None, is_open: bool | None) -> bool:
        """Whether the run passes these filters. None passes every run."""
        return (
            (not states or self.state in states)
            and (item_id is None or self.item_id == item_id)
            and (is_open is None or is_open == self._open)
        )

    @property
    def _open(self) -> bool:
        return self.state is RunState.HELD or (self.state in UNLICENSED and self.settled_at is None)


class RunsStarted(View):
    runs: list[RunView]


class RunPage(View):
    items: list[RunView]
    next_cursor: str | None


class Settled(StrEnum):
    """Settled: by this request. Unchanged: an equal request settled it before. Refused: `problem` says why."""

    SETTLED = "settled"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class SettlementResult(View):
    run_id: str
    status: Settled
    run: Maybe[RunView] = None
    problem: Maybe[dict[str, Any]] = None


class SettlementResults(View):
    results: list[SettlementResult]

    @classmethod
    def of(
        cls, run_ids: Sequence[str], answers: Sequence[tuple[Run, bool] | Refusal], *, by: Stamp
    ) -> "SettlementResults":
        return cls(results=[cls._result(run_id, answer, by) for run_id, answer in zip(run_ids, answers, strict=True)])

    @staticmethod
    def _result(run_id: str, answer: tuple[Run, bool] | Refusal, by: Stamp) -> SettlementResult:
        if isinstance(answer, Refusal):
            problem = problems.problem(answer, instance=by.request_id)
            return SettlementResult(run_id=run_id, status=Settled.REFUSED, problem=problem)
        run, ended_now = answer
        status = Settled.SETTLED if ended_now else Settled.UNCHANGED
        return SettlementResult(run_id=run_id, status=status, run=RunView.of(run, now=by.at))


class HeartbeatResult(View):
    run_id: str
    status: Literal["extended", "refused"]
    run: Maybe[RunView] = None
    problem: Maybe[dict[str, Any]] = None


class HeartbeatResults(View):
    results: list[HeartbeatResult]

    @classmethod
    def of(cls, run_ids: Sequence[str], answers: Sequence[Run | Refusal], *, by: Stamp) -> "HeartbeatResults":
        return cls(results=[cls._result(run_id, answer, by) for run_id, answer in zip(run_ids, answers, strict=True)])

    @staticmethod
    def _result(run_id: str, answer: Run | Refusal, by: Stamp) -> HeartbeatResult:
        if isinstance(answer, Refusal):
            problem = problems.problem(answer, instance=by.request_id)
            return HeartbeatResult(run_id=run_id, status="refused", problem=problem)
        return HeartbeatResult(run_id=run_id, status="extended", run=RunView.of(answer, now=by.at))


@problems.shown.register
def _(run: Run) -> Any:
    """A run in a refusal has ended, so its view doesn't depend on the time."""
    return RunView.of(run, now=run.started_at).model_dump(mode="json", by_alias=True)
