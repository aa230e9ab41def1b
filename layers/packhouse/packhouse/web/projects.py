from typing import Annotated

from pydantic import Field

from packhouse.domain.access import Stamp
from packhouse.domain.ids import Kind, named, request_hash
from packhouse.domain.projects import Project, ProjectState
from packhouse.domain.runs import LICENSES_PER_ITEM_MAX
from packhouse.web.fields import Instant, Maybe, Name, Request, View

INACTIVITY_DAYS_MIN, INACTIVITY_DAYS_MAX = 31, 730


class CreateProject(Request):
    name: Name
    customer: Name | None = None
    inactivity_days: Annotated[int, Field(strict=True, ge=INACTIVITY_DAYS_MIN, le=INACTIVITY_DAYS_MAX)] | None = None
    max_licenses_per_item: Annotated[int, Field(strict=True, ge=1, le=LICENSES_PER_ITEM_MAX)] = 1

    def project(self, wg: str, *, key: str, by: Stamp) -> Project:
        """The project to create, named by the caller's key."""
        return Project(
            workgroup_id=wg,
            project_id=named(Kind.PROJECT, wg, "POST projects", key),
            name=self.name,
            customer=self.customer,
            inactivity_days=self.inactivity_days,
            max_licenses_per_item=self.max_licenses_per_item,
            created_at=by.at,
            created_by=by.principal,
            request_hash=request_hash(self.canonical()),
        )


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
