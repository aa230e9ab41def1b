"""What the sweep does in the model: with each thing that is due, and where it stands in the queues afterwards."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from tests.proofs.model.model import Ending, Pack, Packhouse, Project, Run, days, told
from tests.proofs.model.model_projects import ends_at, warnings
from tests.proofs.model.model_runs import end

BY = "packhouse:sweep"
QUEUES = ("RUN", "PACK", "PROJECT")
LAST_LOOK = timedelta(minutes=5)
A_DAY = timedelta(days=1)

type Thing = Run | Pack | Project


def name(thing: Thing) -> str:
    match thing:
        case Run():
            return thing.run_id
        case Pack():
            return thing.pack_id
        case Project():
            return thing.project_id


def queue(thing: Thing) -> str:
    return {Run: "RUN", Pack: "PACK", Project: "PROJECT"}[type(thing)]


def place(thing: Thing) -> tuple[int, str, datetime]:
    """Runs come first, by the first symbol of their ids, then packs, then projects; of each the longest due first."""
    assert thing.due is not None
    part = thing.run_id.partition("_")[2][0] if isinstance(thing, Run) else ""
    return QUEUES.index(queue(thing)), part, thing.due


def everything(house: Packhouse) -> list[Thing]:
    return [*house.runs.values(), *house.packs.values(), *house.projects.values()]


def due(house: Packhouse) -> list[Thing]:
    """What a tick would look at now, in its order."""
    return sorted((one for one in everything(house) if one.due and one.due <= house.now), key=place)


def queued(house: Packhouse) -> dict[str, tuple[str | None, object]]:
    """When each thing is due, and of which warning or reminder it knows."""
    known: dict[str, tuple[str | None, object]] = {}
    for thing in everything(house):
        due_at = told(thing.due) if thing.due else None
        match thing:
            case Run():
                known[thing.run_id] = due_at, None
            case Pack():
                known[thing.pack_id] = due_at, thing.reminded
            case Project():
                warned = (thing.warned[0], told(thing.warned[1])) if thing.warned else None
                known[thing.project_id] = due_at, warned
    return known


def came_to(done: Iterable[Thing], left: Sequence[Thing], house: Packhouse) -> dict[str, dict[str, int]]:
    """What a tick tells that did this much and had to leave the rest."""
    counted = Counter(queue(thing) for thing in done)
    since = {one: [thing.due for thing in left if queue(thing) == one and thing.due] for one in QUEUES}
    return {
        one: {
            "done": counted[one],
            "postponed": 0,
            "parked": 0,
            "late_seconds": int((house.now - min(since[one])).total_seconds()) if since[one] else 0,
        }
        for one in QUEUES
    }


def step(house: Packhouse, thing: Thing) -> str:
    """What is due of a thing is done with it; what that was."""
    match thing:
        case Run():
            return _run(house, thing)
        case Pack():
            return _pack(house, thing)
        case Project():
            return _project(house, thing)


def _run(house: Packhouse, run: Run) -> str:
    """A hold whose lease is over gives all back; one that was kept alive waits for its new end."""
    if run.state(house.now) == "held":
        run.due = run.lease_ends
        return "run goes on"
    end(house, run, None, by=BY)
    return "run lapsed"


def _pack(house: Packhouse, pack: Pack) -> str:
    """At its end what is left expires, and once more a little later; before it, people are reminded."""
    if pack.expires_at <= house.now:
        something = pack.available > 0
        pack.expired, pack.available = pack.expired + pack.available, 0
        pack.due = pack.expires_at + LAST_LOOK if house.now < pack.expires_at + LAST_LOOK else None
        return "pack expired" if something else "pack had nothing left"
    marks = {number: pack.expires_at - days(number) for number in house.reminders()}
    reached = [number for number, at in marks.items() if pack.acquired_at <= at <= house.now]
    pack.due = house.next_reminder(pack.expires_at)
    if not reached or not pack.available or (pack.reminded is not None and pack.reminded <= min(reached)):
        return "pack goes on"
    pack.reminded = min(reached)
    return "pack reminded"


def _project(house: Packhouse, project: Project) -> str:
    if project.state == "removed":
        return _released(house, project)
    assert project.state == "active"
    if _reached(house, project) is not None:
        _ask_its_runs(house, project)
    reached = _reached(house, project)
    if reached == 0:
        assert not any(run.state(house.now) == "held" for run in _own(house, project))
        project.state, project.due = "retired" if project.success_at else "closed", None
        return f"project {project.state}"
    over = ends_at(house, project)
    later = [at for number in warnings(house) if (at := over - days(number)) > house.now]
    project.due = min(later, default=over)
    if reached is None:
        return "project goes on"
    project.warned = reached, project.active_at
    return "project warned"


def _reached(house: Packhouse, project: Project) -> int | None:
    """How many days before its end a project is to be warned now; 0: it has ended; None: neither."""
    over = ends_at(house, project)
    if over <= house.now:
        return 0
    known = project.warned[0] if project.warned and project.warned[1] == project.active_at else None
    untold = [number for number in warnings(house) if known is None or number < known]
    return min((number for number in untold if over - days(number) <= house.now), default=None)


def _ask_its_runs(house: Packhouse, project: Project) -> None:
    """Before it is warned or ended, its own runs say when one was last settled, and whether one succeeded."""
    settled = [run for run in _own(house, project) if run.ending and run.settled_at]
    later = [run.settled_at for run in settled if run.settled_at and run.settled_at > project.active_at]
    successes = [
        run.settled_at for run in settled if run.settled_at and run.ending and run.ending.outcome == "succeeded"
    ]
    project.settled_at = max(later, default=project.settled_at)
    project.success_at = project.success_at or max(successes, default=None)


def _released(house: Packhouse, project: Project) -> str:
    still_open = [run for run in _own(house, project) if run.is_open(house.now)]
    for run in still_open:
        end(house, run, Ending(outcome="stopped", used=None, errors=(), error_count=0), by=BY)
    project.due = None
    return "project released its holds" if still_open else "project had nothing to release"


def _own(house: Packhouse, project: Project) -> list[Run]:
    return [run for run in house.runs.values() if run.project_id == project.project_id]


# --- the watch, which follows settlements ---


def watch(house: Packhouse, run_ids: Iterable[str]) -> list[str]:
    """The projects of which it notes that these runs were settled: each at most once a day, a first success always.

    In one that has ended nothing is activity; a success retires a closed one.
    """
    runs = [house.runs[run_id] for run_id in run_ids]
    noted = []
    for project in house.projects.values():
        own = [run for run in runs if run.project_id == project.project_id and run.settled_at]
        settled = [run.settled_at for run in own if run.settled_at]
        succeeded = [
            run.settled_at for run in own if run.settled_at and run.ending and run.ending.outcome == "succeeded"
        ]
        success = [
            at for at in succeeded[-1:] if not project.success_at or max(succeeded) >= project.success_at + A_DAY
        ]
        if not settled or project.state in {"retired", "removed"} or (project.state == "closed" and not success):
            continue
        if project.state == "closed":
            project.state, project.success_at = "retired", max(succeeded)
            noted.append(project.project_id)
            continue
        if not success and project.settled_at and max(settled) < project.settled_at + A_DAY:
            continue
        project.settled_at = max([*settled, *([project.settled_at] if project.settled_at else [])])
        if success:
            project.success_at = max(succeeded)
        noted.append(project.project_id)
    return noted
