"""Projects: created, changed, removed; warned and ended when nothing happens in them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from tests.proofs.model.rules import runs
from tests.proofs.model.rules.calls import (
    LEFT,
    NOT_FOUND,
    Change,
    Create,
    Done,
    Ref,
    Refused,
    Remove,
    SweepProject,
    SweepRun,
)
from tests.proofs.model.rules.state import DAY, Possible, Project, State, Terms

BEGINNING: Mapping[str, object] = {"inactivity_days": None, "max_licenses_per_item": 1}
"""What is left out, and what a None sets back."""
FIELDS = {"inactivity_days": "idle_days", "max_licenses_per_item": "most"}


def create(state: State, asked: Create) -> Possible:
    if earlier := state.projects.get(asked.project):
        same = earlier.request == asked.settings
        yield (Done("active", again=True) if same else Refused("idempotency-key-reused")), state
        return
    project = Project(name=asked.project, request=asked.settings, created=asked.now)
    yield Done("active"), state.with_project(_with(state.terms, project, asked.settings))


def _with(terms: Terms, project: Project, settings: Iterable[tuple[str, object]]) -> Project:
    """A project with these settings, and when it is to be warned first."""
    given = {name: BEGINNING[name] if value is None else value for name, value in settings if name in FIELDS}
    changed = replace(project, **{FIELDS[name]: value for name, value in given.items()})  # type: ignore[arg-type]  # by name
    return replace(changed, due=max(changed.created, ends(terms, changed) - warnings(terms)[0] * DAY))


def change(state: State, asked: Change) -> Possible:
    """Any change is activity, and opens a closed project again; nothing at all is neither."""
    project = state.projects.get(asked.project)
    if project is None:
        yield NOT_FOUND, state
    elif project.state == "removed" or _is_final(state, project):
        yield Refused("project-not-active"), state
    elif not asked.settings:
        yield Done(project.state), state
    else:
        changed = replace(project, state="active", changed=max(project.changed, asked.now))
        yield Done("active"), state.with_project(_with(state.terms, changed, asked.settings))


def remove(state: State, asked: Remove) -> Possible:
    """At once, if the sweep may release its holds; else only if nothing in it is open."""
    project = state.projects.get(asked.project)
    if project is None:
        yield NOT_FOUND, state
    elif _is_final(state, project):
        yield Refused("project-not-active"), state
    elif project.state == "removed":
        yield Done("removed"), state
    elif not asked.release and any(run.is_open(asked.now) for run in state.runs_of(asked.project).values()):
        yield Refused("project-has-open-runs"), state
    else:
        due = asked.now if asked.release else None
        yield Done("removed"), state.with_project(replace(project, state="removed", due=due))


def _is_final(state: State, project: Project) -> bool:
    """A closed project in which a run has succeeded is as good as retired."""
    succeeded = any(run.succeeded for run in state.runs_of(project.name).values())
    return project.state == "retired" or (project.state == "closed" and succeeded)


def ends(terms: Terms, project: Project) -> int:
    """When it ends, if nothing more happens in it."""
    if project.idle_days:
        return project.active_at + project.idle_days * DAY
    return terms.months_later(project.active_at, terms.policies["inactivity_months"])


def warnings(terms: Terms) -> list[int]:
    """How many days before its end a project is warned."""
    first, *later = (terms.policies[f"project_{which}warning_days"] for which in ("", "second_", "last_"))
    return [first, *(days for days in later if days < first)]


def sweep(state: State, asked: SweepProject) -> Possible:
    project, now = state.projects.get(asked.project), asked.now
    if project is None or project.due is None or project.due > now:
        yield LEFT, state
        return
    if project.state == "removed":
        for ref in state.runs_of(asked.project):
            _, state = next(runs.sweep(state, SweepRun(ref, now)))
        yield Done("released"), state.with_project(replace(project, due=None))
        return
    if _reached(state.terms, project, now) is not None:
        project = _as_its_runs_say(state, project)
    reached = _reached(state.terms, project, now)
    if reached == 0:
        ended = replace(project, state="closed" if project.success_at is None else "retired", due=None)
        yield Done(ended.state), state.with_project(ended)
        return
    over = ends(state.terms, project)
    later = [at for days in warnings(state.terms) if (at := over - days * DAY) > now]
    warned = (reached, project.active_at) if reached else project.warned
    yield (
        Done("warned" if reached else "goes on"),
        state.with_project(replace(project, due=min(later, default=over), warned=warned)),
    )


def _reached(terms: Terms, project: Project, now: int) -> int | None:
    """How many days before its end a project is to be warned now; 0: it has ended; None: neither."""
    over = ends(terms, project)
    if over <= now:
        return 0
    known = project.warned[0] if project.warned and project.warned[1] == project.active_at else None
    untold = [days for days in warnings(terms) if known is None or days < known]
    return min((days for days in untold if over - days * DAY <= now), default=None)


def _as_its_runs_say(state: State, project: Project) -> Project:
    """Before it is warned or ended, its runs say when one was last settled, and whether one succeeded."""
    settled = [run for run in state.runs_of(project.name).values() if run.settled]
    times = [run.settled.now for run in settled if run.settled]
    later = [at for at in times if at > project.active_at]
    successes = [run.settled.now for run in settled if run.settled and run.succeeded]
    success = max(successes, default=None) if project.success_at is None else project.success_at
    return replace(project, settled_at=max(later, default=project.settled_at), success_at=success)


def watch(state: State, refs: Iterable[Ref]) -> State:
    """The stream's news of settled runs: at most once a day a project knows of them, of a first success always.

    In a project that has ended nothing is activity. A success retires a closed one.
    """
    news: dict[str, list[tuple[int, bool]]] = {}
    for ref in refs:
        run = state.runs[ref]
        if run.settled:
            news.setdefault(run.request.project, []).append((run.settled.now, run.succeeded))
    for name, settled in news.items():
        project = state.projects[name]
        latest = max(at for at, _ in settled)
        success = max((at for at, succeeded in settled if succeeded), default=None)
        if project.state == "closed" and success is not None:
            state = state.with_project(replace(project, state="retired", success_at=success))
        elif project.state == "active":
            new_success = success if success is not None and _newer(success, project.success_at) else None
            if new_success is not None or _newer(latest, project.settled_at):
                latest = max(latest, project.settled_at or 0)
                known = project.success_at if new_success is None else new_success
                state = state.with_project(replace(project, settled_at=latest, success_at=known))
    return state


def _newer(at: int, known: int | None) -> bool:
    return known is None or at >= known + DAY
