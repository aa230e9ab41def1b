import signal
from pathlib import Path
from typing import Any

import pytest

from tests.harness.local_stack import (
    ROOT,
    LocalStack,
    descendants,
    ended,
    free_port,
    running,
    started_process,
    wait_for,
)
from tests.tools.stack.conftest import Start

SLOW = """
_handler = handler

def handler(event, context):
    import time
    time.sleep(1)
    return _handler(event, context)
"""
GROWN = """
  AFunctionThatMovesTheOthersPorts:
    Type: AWS::Serverless::Function
    Properties:
      AutoPublishAliasAllProperties: true
      CodeUri: functions/added/
      Handler: app.handler
      Events:
        Added: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: GET, Path: /v1/added, Auth: {Authorizer: NONE}}}
"""
ADDED = """
def handler(event, context):
    return {"statusCode": 200, "body": '{"added": true}'}
"""


def test_ctrl_c_keeps_the_state_and_a_restart_goes_on_with_it(start: Start) -> None:
    first = start()
    project = create_project(first, "before")
    assert first.stop() == 0

    second = start(port=first.port)

    assert second.personas[0]["workgroup_id"] == first.personas[0]["workgroup_id"]
    assert read_project(second, project)["name"] == "before"


def test_changes_right_before_ctrl_c_are_journaled(tree: Path, start: Start) -> None:
    with (tree / "functions" / "journal" / "app.py").open("a") as handler:
        handler.write(SLOW)
    first = start(root=tree)
    projects = [create_project(first, f"late {number}") for number in range(3)]
    assert first.stop() == 0

    second = start(port=first.port)

    for project in projects:
        assert len(journaled(second, project)) == 1


def test_changes_after_a_restart_are_journaled_too(start: Start) -> None:
    stack = start()
    for number in range(3):
        create_project(stack, f"before {number}")
    stack.stop()

    stack = start(port=stack.port)
    projects = [create_project(stack, f"after {number}") for number in range(3)]

    for project in projects:
        wait_for(lambda project=project: journaled(stack, project))  # type: ignore[misc]  # bound in the loop
        assert len(journaled(stack, project)) == 1


def test_the_same_state_works_on_another_port(start: Start) -> None:
    first = start()
    project = create_project(first, "moved")
    first.stop()

    second = start(port=free_port())

    assert second.port != first.port
    assert read_project(second, project)["name"] == "moved"
    another = create_project(second, "here")
    wait_for(lambda: journaled(second, another))


def test_two_stacks_run_side_by_side(local_stack: LocalStack, start: Start) -> None:
    other = start()

    assert other.port != local_stack.port
    for stack in (local_stack, other):
        assert stack.request("GET", "/v1/catalog").status == 200


def test_nothing_is_left_running_when_it_has_stopped(start: Start) -> None:
    stack = start()
    below = descendants(stack.process.pid)

    assert stack.stop(signal.SIGTERM) == 0

    assert len(below) > 10
    assert not [pid for pid in below if running(pid)]
    assert not (stack.state / "stack.json").exists()


def test_a_second_ctrl_c_does_no_harm(start: Start) -> None:
    first = start()
    project = create_project(first, "kept")

    first.process.send_signal(signal.SIGINT)
    while first.process.poll() is None:
        first.process.send_signal(signal.SIGINT)
    second = start(port=first.port)

    assert read_project(second, project)["name"] == "kept"


def test_nothing_is_left_running_when_the_runner_is_killed(start: Start) -> None:
    first = start()
    project = create_project(first, "kept")
    below = descendants(first.process.pid)

    first.process.kill()
    wait_for(lambda: not [pid for pid in below if running(pid)])

    # ministack has written its state even so, and only then let go of the folder.
    second = start(port=first.port)
    assert read_project(second, project)["name"] == "kept"


def test_a_template_that_has_grown_is_deployed_to_kept_state(tree: Path, start: Start) -> None:
    first = start(root=tree)
    project = create_project(first, "before")
    first.stop()
    template = tree / "template.yaml"
    template.write_text(template.read_text().replace("\nResources:\n", f"\nResources:\n{GROWN}", 1))
    (tree / "functions" / "added").mkdir()
    (tree / "functions" / "added" / "app.py").write_text(ADDED)

    second = start(root=tree, port=first.port)

    assert second.request("GET", "/v1/added").json == {"added": True}
    assert read_project(second, project)["name"] == "before"
    another = create_project(second, "after")
    wait_for(lambda: journaled(second, another))


@pytest.mark.parametrize("sign", ["lock", "logs/aws.log", "logs/hosts.log", "passwords.json"])
def test_a_start_that_is_interrupted_leaves_nothing_and_can_be_repeated(
    tmp_path: Path, start: Start, sign: str
) -> None:
    state = tmp_path / "state"
    process = started_process(ROOT, state, free_port(), tmp_path / "terminal.txt")
    wait_for((state / sign).exists)
    below = descendants(process.pid)

    process.send_signal(signal.SIGINT)

    assert ended(process) == 0
    wait_for(lambda: not any(map(running, below)))
    assert (tmp_path / "terminal.txt").read_text() == "Stopped.\n"
    assert start().request("GET", "/v1/catalog").status == 200


def create_project(stack: LocalStack, name: str) -> str:
    administrator = stack.persona("administrator")
    answer = stack.request(
        "POST",
        f"/v1/workgroups/{administrator['workgroup_id']}/projects",
        token=administrator["token"],
        json={"name": name},
        headers={"Idempotency-Key": name.replace(" ", "-")},
    )
    assert answer.status == 201, answer.body
    return str(answer.json["project_id"])


def read_project(stack: LocalStack, project: str) -> dict[str, Any]:
    administrator = stack.persona("administrator")
    path = f"/v1/workgroups/{administrator['workgroup_id']}/projects/{project}"
    answer = stack.request("GET", path, token=administrator["token"])
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json
    return found


def journaled(stack: LocalStack, project: str) -> list[dict[str, Any]]:
    """The journal's entries about a project."""
    administrator = stack.persona("administrator")
    path = f"/v1/workgroups/{administrator['workgroup_id']}/journal?limit=100"
    answer = stack.request("GET", path, token=administrator["token"])
    assert answer.status == 200, answer.body
    return [entry for entry in answer.json["items"] if project in entry["item"]]
