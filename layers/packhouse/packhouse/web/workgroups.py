from typing import Annotated, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, model_validator

from packhouse.catalog import catalog
from packhouse.domain.access import PrincipalKind, Role
from packhouse.domain.workgroups import Workgroup
from packhouse.web.addresses import Email
from packhouse.web.fields import Name, Request, View

NO_ZONES = {"Factory", "localtime"}  # a placeholder, and the zone of this machine
NOTIFY_MAX = 20
THRESHOLD_MAX = 10_000


def _zone(name: str) -> str:
    if name not in available_timezones() - NO_ZONES:
        message = "must be an IANA time zone"
        raise ValueError(message)
    return name


def _skus(thresholds: dict[str, int]) -> dict[str, int]:
    for sku in thresholds:
        catalog().of(sku)
    return thresholds


Threshold = Annotated[int, Field(strict=True, ge=0, le=THRESHOLD_MAX)]


class ChangeWorkgroup(Request):
    """Any of the workgroup's fields but its id. A field left out stays as it is."""

    name: Name | None = None
    time_zone: Annotated[str, Field(max_length=64), AfterValidator(_zone)] | None = None
    low_balance: Annotated[dict[str, Threshold], AfterValidator(_skus)] | None = None
    notify: Annotated[list[Email], Field(max_length=NOTIFY_MAX)] | None = None
    managers_redeem: Annotated[bool, Field(strict=True)] | None = None

    @model_validator(mode="after")
    def _nothing_is_null(self) -> Self:
        for field in self.model_fields_set:
            if getattr(self, field) is None:
                message = f"{field} can't be null"
                raise ValueError(message)
        return self

    def changes(self) -> dict[str, object]:
        return self.model_dump(mode="json", exclude_unset=True)


class WorkgroupView(View):
    workgroup_id: str
    name: str
    time_zone: str
    low_balance: dict[str, int]
    notify: list[str]
    managers_redeem: bool

    @classmethod
    def of(cls, workgroup: Workgroup) -> "WorkgroupView":
        return cls(
            workgroup_id=workgroup.workgroup_id,
            name=workgroup.name,
            time_zone=workgroup.time_zone,
            low_balance=dict(workgroup.low_balance),
            notify=list(workgroup.notify),
            managers_redeem=workgroup.managers_redeem,
        )


class Membership(View):
    workgroup_id: str
    name: str
    role: Role


class Me(View):
    principal: str
    kind: PrincipalKind
    workgroups: list[Membership]
