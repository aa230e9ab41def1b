"""The stack's clock, its schedules and its reset, on a stack of their own with a function that only ticks."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.harness.local_stack import LocalStack, copied_tree, wait_for
from tests.tools.stack.life import create_project, journaled, read_project

FUNCTION = """
  TickingFunction:
    Type: AWS::Serverless::Function
    Properties:
      AutoPublishAliasAllProperties: true
      CodeUri: functions/ticking/
      Handler: app.handler
      Timeout: 2
      Events:
        Often: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(1 hour), Input: '{"job": "hourly"}'}}
        Seldom: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(7 days), Input: '{"job": "weekly"}'}}
        Wrong: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(30 days), Input: '{"job": "failing"}'}}
        Slow: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(3000 days), Input: '{"job": "endless"}'}}
"""
HANDLER = """
from packhouse import runtime

def handler(event, context):
    print("ticked", event["job"], runtime.now().isoformat())
    if event["job"] == "failing":
        raise ValueError("no luck")
    while event["job"] == "endless":
        pass
    return {"job": event["job"], "at": runtime.now().isoformat()}
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    tree = copied_tree(tmp_path_factory.mktemp("ticking") / "tree")
    template = tree / "template.yaml"
    template.write_text(template.read_text().replace("\nResources:\n", f"\nResources:\n{FUNCTION}", 1))
    (tree / "functions" / "ticking").mkdir()
    (tree / "functions" / "ticking" / "app.py").write_text(HANDLER)
    stack = LocalStack(tree.parent / "state", root=tree)
    yield stack
    assert stack.stop() == 0


def now(stack: LocalStack) -> datetime:
    return datetime.fromisoformat(stack.request("GET", "/dev/clock").json["now"])


def advance(stack: LocalStack, length: str) -> datetime:
    answer = stack.request("POST", "/dev/clock", json={"advance": length})
    assert answer.status == 200, answer.body
    return datetime.fromisoformat(answer.json["now"])


def ticks(stack: LocalStack, job: str) -> list[str]:
    return re.findall(rf"^ticked {job} (\S+)$", stack.log("TickingFunction"), re.MULTILINE)


def test_the_clock_says_the_time_in_utc(stack: LocalStack) -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stack.request("GET", "/dev/clock").json["now"])


@pytest.mark.parametrize(
    ("length", "moved"),
    [
        ("90s", timedelta(seconds=90)),
        ("2m", timedelta(minutes=2)),
        ("25h", timedelta(hours=25)),
        ("3d", timedelta(days=3)),
    ],
)
def test_the_clock_goes_forward_by_a_length(stack: LocalStack, length: str, moved: timedelta) -> None:
    before = now(stack)

    after = advance(stack, length)

    assert moved <= after - before < moved + timedelta(seconds=30)
    assert after <= now(stack) < after + timedelta(seconds=30)


def test_the_clock_goes_forward_to_an_instant(stack: LocalStack) -> None:
    to = (now(stack) + timedelta(days=2)).replace(microsecond=0)

    answer = stack.request("POST", "/dev/clock", json={"set": to.isoformat().replace("+00:00", "Z")})

    assert answer.status == 200
    assert to <= datetime.fromisoformat(answer.json["now"]) < to + timedelta(seconds=30)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"{}", 400),
        (b'{"advance": 5}', 400),
        (b'{"advance": "1h", "set": "2100-01-01T00:00:00Z"}', 400),
        (b'{"advance": "1h", "more": 1}', 400),
        (b'{"advance": "1.5h"}', 422),
        (b'{"advance": "-1h"}', 422),
        (b'{"advance": "1w"}', 422),
        (b'{"advance": " 1h"}', 422),
        (b'{"advance": "999999999d"}', 422),
        (b'{"set": "2020-01-01T00:00:00Z"}', 422),
        (b'{"set": "2300-01-01T00:00:00Z"}', 422),
        (b'{"set": "2100-01-01"}', 422),
        (b'{"set": "2100-01-01T00:00:00+01:00"}', 422),
        (b'{"set": "tomorrowZ"}', 422),
    ],
)
def test_a_move_that_makes_no_sense_is_refused(stack: LocalStack, body: bytes, status: int) -> None:
    before = now(stack)

    answer = stack.request("POST", "/dev/clock", body=body)

    assert answer.status == status
    assert len(answer.json["message"].splitlines()) == 1
    assert now(stack) - before < timedelta(minutes=1)


def test_every_function_sees_a_move_at_once(stack: LocalStack) -> None:
    moved = advance(stack, "40d")

    project = read_project(stack, create_project(stack, "after the move"))

    created = datetime.fromisoformat(project["created_at"])
    assert moved - timedelta(seconds=1) <= created < moved + timedelta(seconds=30)


def test_each_due_schedule_is_ticked_once_per_move_before_the_answer(stack: LocalStack) -> None:
    advance(stack, "1h")
    before = {job: len(ticks(stack, job)) for job in ("hourly", "weekly")}

    moved = advance(stack, "100h")

    assert len(ticks(stack, "hourly")) == before["hourly"] + 1
    assert len(ticks(stack, "weekly")) == before["weekly"]
    assert abs(datetime.fromisoformat(ticks(stack, "hourly")[-1]) - moved) < timedelta(seconds=30)
    advance(stack, "7d")
    assert len(ticks(stack, "hourly")) == before["hourly"] + 2
    assert len(ticks(stack, "weekly")) == before["weekly"] + 1


def test_what_is_not_due_is_not_ticked(stack: LocalStack) -> None:
    advance(stack, "1h")
    before = len(ticks(stack, "hourly"))

    advance(stack, "59m")

    assert len(ticks(stack, "hourly")) == before


def test_a_job_runs_at_once_and_answers_its_result(stack: LocalStack) -> None:
    before = len(ticks(stack, "weekly"))

    answer = stack.request("POST", "/dev/jobs/weekly")

    assert answer.status == 200
    assert answer.json["job"] == "weekly"
    assert len(ticks(stack, "weekly")) == before + 1


def test_the_sweep_is_ticked_and_lets_packs_expire(stack: LocalStack) -> None:
    advance(stack, "20d")

    answer = stack.request("POST", "/dev/jobs/sweep")

    assert answer.status == 200
    assert [answer.json[queue]["parked"] for queue in ("RUN", "PACK")] == [0, 0]
    assert not [line for line in stack.lines() if line.startswith("sweep failed")]
    wait_for(lambda: [entry for entry in journal(stack) if entry["actor"] == "packhouse:sweep"])


def test_a_job_that_fails_says_why(stack: LocalStack) -> None:
    answer = stack.request("POST", "/dev/jobs/failing")

    assert answer.status == 502
    assert "no luck" in answer.json["message"]


def test_a_function_is_ended_at_its_time_out_and_goes_on(stack: LocalStack) -> None:
    answer = stack.request("POST", "/dev/jobs/endless")

    assert answer.status == 502
    wait_for(lambda: [line for line in stack.lines() if "was ended at the function's time-out" in line])
    assert stack.request("POST", "/dev/jobs/weekly").status == 200


def test_a_schedule_that_fails_is_said_and_the_clock_moves_on(stack: LocalStack) -> None:
    before = now(stack)

    assert advance(stack, "30d") - before >= timedelta(days=30)

    assert any(line.startswith("failing failed:") for line in stack.lines())


def test_a_job_that_is_not_built_is_404(stack: LocalStack) -> None:
    answer = stack.request("POST", "/dev/jobs/nothing-of-that-name")

    assert answer.status == 404


def test_a_reset_brings_back_the_demo_data_and_forgets_everything_else(stack: LocalStack) -> None:
    packs = pack_list(stack)
    project = create_project(stack, "to be forgotten")
    wait_for(lambda: journaled(stack, project))

    answer = stack.request("POST", "/dev/reset")

    assert answer.status == 200
    assert answer.json == {"personas": stack.personas}
    administrator = stack.persona("administrator")
    path = f"/v1/workgroups/{administrator['workgroup_id']}/projects"
    assert stack.request("GET", f"{path}/{project}", token=administrator["token"]).status == 404
    assert stack.request("GET", path, token=administrator["token"]).json["items"] == []
    assert [summed(pack) for pack in pack_list(stack)] == [summed(pack) for pack in packs]
    entries = journal(stack)
    assert entries
    assert not [entry for entry in entries if project in str(entry)]
    assert not [entry for entry in entries if any(change["after"] is None for change in entry["changes"])]


def test_after_a_reset_nothing_of_before_is_still_to_come(stack: LocalStack) -> None:
    for number in range(20):
        create_project(stack, f"in a hurry {number}")

    stack.request("POST", "/dev/reset")

    entries = journal(stack)
    another = create_project(stack, "afterwards")
    wait_for(lambda: journaled(stack, another))
    assert [entry for entry in journal(stack) if another not in entry["item"]] == entries


def pack_list(stack: LocalStack) -> list[dict[str, Any]]:
    administrator = stack.persona("administrator")
    path = f"/v1/workgroups/{administrator['workgroup_id']}/packs?limit=100"
    found: list[dict[str, Any]] = stack.request("GET", path, token=administrator["token"]).json["items"]
    return found


def summed(pack: dict[str, Any]) -> tuple[str, int, int]:
    return pack["sku"], pack["quantity"], pack["in_runs"]


def journal(stack: LocalStack) -> list[dict[str, Any]]:
    """All entries of the workgroup, page by page."""
    administrator = stack.persona("administrator")
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        query = f"?limit=100&cursor={cursor}" if cursor else "?limit=100"
        path = f"/v1/workgroups/{administrator['workgroup_id']}/journal{query}"
        page = stack.request("GET", path, token=administrator["token"]).json
        found += page["items"]
        cursor = page["next_cursor"]
    return found
