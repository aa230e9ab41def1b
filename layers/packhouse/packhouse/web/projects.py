from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from packhouse.domain.access import Stamp
from packhouse.domain.ids import Prefix, named, request_hash
from packhouse.domain.projects import Project, ProjectState
from packhouse.web.fields import Instant, Licenses, Maybe, Name, Request, View

INACTIVITY_DAYS_MIN, INACTIVITY_DAYS_MAX = 31, 730
LICENSES_PER_ITEM_DEFAULT = 1

InactivityDays = Annotated[int, Field(strict=True, ge=INACTIVITY_DAYS_MIN, le=INACTIVITY_DAYS_MAX)]


class CreateProject(Request):
    name: Name
    customer: Name | None = None
    inactivity_days: InactivityDays | None = None
    max_licenses_per_item: Licenses = LICENSES_PER_ITEM_DEFAULT

    def project(self, wg: str, *, key: str, by: Stamp) -> Project:
        """The project to create, named by the caller's key."""
        return Project(
            workgroup_id=wg,
            project_id=named(Prefix.PROJECT, wg, "POST projects", key),
            name=self.name,
            customer=self.customer,
            inactivity_days=self.inactivity_days,
            max_licenses_per_item=self.max_licenses_per_item,
            created_at=by.at,
            created_by=by.principal,
            request_hash=request_hash(self.canonical()),
        )


class ChangeProject(Request):
    """Any of a project's own fields. A field left out stays as it is; null sets an optional field back.

    `state` has no more effect than any other field: the project is active afterwards.
    """

    name: Name | None = None
    customer: Name | None = None
    inactivity_days: InactivityDays | None = None
    max_licenses_per_item: Licenses | None = None
    state: Literal["active"] | None = None

    @model_validator(mode="after")
    def _only_optional_fields_are_null(self) -> Self:
        for field in self.model_fields_set & {"name", "state"}:
            if getattr(self, field) is None:
                message = f"{field} can't be null"
                raise ValueError(message)
        return self

    def changes(self) -> dict[str, object]:
        asked = self.model_dump(exclude_unset=True)
        if "max_licenses_per_item" in asked:
            asked["max_licenses_per_item"] = self.max_licenses_per_item or LICENSES_PER_ITEM_DEFAULT
        return asked


class ProjectView(View):
    project_id: str
    name: str
    customer: Maybe[str] = None
    inactivity_days: Maybe[int] = None
    max_licenses_per_item: int
    state: ProjectState
    created_at: Instant
    last_activity_at: Instant
    retires_at: Instant

    @classmethod
    def of(cls, project: Project, *, inactivity_months: int) -> "ProjectView":
        return cls(
            project_id=project.project_id,
            name=project.name,
            customer=project.customer,
            inactivity_days=project.inactivity_days,
            max_licenses_per_item=project.max_licenses_per_item,
            state=project.state,
            created_at=project.created_at,
            last_activity_at=project.last_activity_at,
            retires_at=project.retires_at(months=inactivity_months),
        )


class ProjectPage(View):
    items: list[ProjectView]
    next_cursor: str | None
