"""Usage: its parameters and its sums."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import Field

from packhouse.domain.usage import By, Usage
from packhouse.web.fields import View

SummedBy = Annotated[By, Query(description="How the sums are grouped.")]


class UsageRow(View):
    """Licenses by what happened to them, and runs that needed no license."""

    key: Annotated[
        str,
        Field(
            description="The month (2026-11), the sku, the project's id, or its customer. Empty for runs without a sku "
            "and for projects without a customer."
        ),
    ]
    held: Annotated[int, Field(description="Licenses that were held by starts.")]
    consumed: int
    released: Annotated[
        int, Field(description="Licenses that went back, since a run failed, was stopped, or used fewer.")
    ]
    lapsed: int
    covered: Annotated[int, Field(description="Runs that were covered by an entitlement.")]
    free: Annotated[int, Field(description="Retry passes, which are free.")]

    @classmethod
    def of(cls, key: str, usage: Usage) -> "UsageRow":
        return cls(
            key=key,
            held=usage.held,
            consumed=usage.consumed,
            released=usage.released,
            lapsed=usage.lapsed,
            covered=usage.covered,
            free=usage.free,
        )


class UsageSums(View):
    items: list[UsageRow]
    through: Annotated[date, Field(description="The last day counted, in the workgroup's zone.")]

    @classmethod
    def of(cls, sums: Mapping[str, Usage], through: date) -> "UsageSums":
        return cls(items=[UsageRow.of(key, usage) for key, usage in sums.items()], through=through)
