"""What the model answers of projects: created, changed, removed, shown."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tests.proofs.model.model import Expected, Named, Packhouse, Project, Refused, days, months_later, optional, told

BEGINNING = {"customer": None, "inactivity_days": None, "max_licenses_per_item": 1}
"""What is left out, and what a null sets back."""


def create(house: Packhouse, key: str, body: Mapping[str, Any], *, told_id: str) -> Expected:
    if earlier := house.earlier("projects", key, body):
        return Expected(201, view(house, house.projects[earlier[0]], as_created=True), replayed=True)
    project = Project(project_id=told_id, said=body, told={**BEGINNING, **body}, created_at=house.now)
    project.due = first_warning(house, project)
    house.projects[told_id] = project
    house.names["projects", key] = Named(body=body, ids=[told_id])
    return Expected(201, view(house, project))


def change(house: Packhouse, project_id: str, changes: Mapping[str, Any]) -> Expected:
    """Anything that is changed is activity, and opens a closed project again; nothing at all is neither."""
    project = found(house, project_id)
    if project.state == "removed":
        raise Refused("project-not-active", state=project.state)
    not_retired(house, project)
    if changes:
        set_back = {name: BEGINNING[name] for name, value in changes.items() if value is None}
        said = {name: value for name, value in changes.items() if name != "state"}
        project.told |= {**said, **set_back}
        project.state, project.changed_at = "active", house.now
        project.due = first_warning(house, project)
    return Expected(200, view(house, project))


def remove(house: Packhouse, project_id: str, *, release: bool) -> Expected:
    """At once, if its holds may be released, which the sweep does; else only if nothing in it is open."""
    project = found(house, project_id)
    not_retired(house, project)
    if project.state != "removed":
        own = [run for run in house.runs.values() if run.project_id == project_id]
        if not release and any(run.is_open(house.now) for run in own):
            raise Refused("project-has-open-runs")
        project.state, project.due = "removed", house.now if release else None
    return Expected(200, view(house, project))


def not_retired(house: Packhouse, project: Project) -> None:
    """A closed one of which a run has succeeded is as good as retired."""
    own = [run for run in house.runs.values() if run.project_id == project.project_id]
    if project.state == "retired" or (project.state == "closed" and any(run.succeeded for run in own)):
        raise Refused("project-not-active", state="retired")


def found(house: Packhouse, project_id: str) -> Project:
    if project_id not in house.projects:
        raise Refused("not-found")
    return house.projects[project_id]


def ends_at(house: Packhouse, project: Project) -> datetime:
    """When it ends, if nothing more happens in it."""
    idle = project.told["inactivity_days"]
    if idle:
        return project.active_at + days(idle)
    return months_later(project.active_at, house.policies["inactivity_months"])


def warnings(house: Packhouse) -> list[int]:
    """How many days before its end a project is warned."""
    first, *later = (house.policies[f"project_{which}warning_days"] for which in ("", "second_", "last_"))
    return [first, *(number for number in later if number < first)]


def first_warning(house: Packhouse, project: Project) -> datetime:
    return max(project.created_at, ends_at(house, project) - days(warnings(house)[0]))


# --- what is shown ---


def view(house: Packhouse, project: Project, *, as_created: bool = False) -> dict[str, object]:
    if as_created:
        project = Project(
            project_id=project.project_id,
            said=project.said,
            told={**BEGINNING, **project.said},
            created_at=project.created_at,
        )
    return {
        "project_id": project.project_id,
        **{name: optional(value) for name, value in project.told.items()},
        "state": project.state,
        "created_at": told(project.created_at),
        "last_activity_at": told(project.active_at),
        "retires_at": told(ends_at(house, project)),
    }


def read(house: Packhouse, project_id: str) -> Expected:
    return Expected(200, view(house, found(house, project_id)))


def listed(house: Packhouse, *, states: frozenset[str] = frozenset()) -> list[object]:
    """Every project that a list with this filter shows, newest first."""
    newest = sorted(house.projects.values(), key=lambda project: (project.created_at, project.project_id), reverse=True)
    return [view(house, project) for project in newest if not states or project.state in states]
