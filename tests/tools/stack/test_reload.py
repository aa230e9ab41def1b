"""What happens to a running stack when its code is edited and its processes are killed."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.harness.local_stack import LocalStack, copied_tree, descendants, running, wait_for

ROUTE = "/v1/catalog"
"""A route that needs no token; here a handler of the test's own answers it."""
FUNCTIONS_OF_THE_JOURNAL = ["JournalFunction", "JournalReadFunction", "RollUpFunction"]
HANDLER = """
import json, os, time

def handler(event, context):
    seconds = float((event.get("queryStringParameters") or {{}}).get("sleep", "0"))
    time.sleep(seconds)
    if "fail" in (event.get("queryStringParameters") or {{}}):
        raise ValueError("no luck")
    facts = {{"said": {said!r}, "worker": os.getpid(), "host": os.getppid()}}
    facts["service"] = os.environ.get("POWERTOOLS_SERVICE_NAME")
    facts["left"] = context.get_remaining_time_in_millis()
    facts["name"] = context.function_name
    facts["home"] = sorted(name for name in os.environ if name.startswith("PACKHOUSE_"))
    return {{"statusCode": 200, "body": json.dumps(facts)}}
"""


type Write = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Edited:
    """A stack, the tree it runs, and how it answered when it had started with a handler that can't be imported."""

    stack: LocalStack
    tree: Path
    broken: str
    said: int
    others: int


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edited]:
    """It starts with a broken handler of the route. The tests write handlers that can be imported."""
    tree = copied_tree(tmp_path_factory.mktemp("edited") / "tree")
    (tree / "functions" / "checkout" / "app.py").write_text("def handler(:\n")
    stack = LocalStack(tree.parent / "state", root=tree)
    broken = broken_answer(stack)
    lines = said(stack, "(functions/checkout/app.py, line 1)")
    others = stack.request("GET", "/v1/me", token=stack.persona("manager")["token"]).status
    yield Edited(stack, tree, broken, lines, others)
    assert stack.stop() == 0


@pytest.fixture
def tree(shared: Edited) -> Path:
    return shared.tree


@pytest.fixture
def write(tree: Path) -> Write:
    return writing(tree)


@pytest.fixture
def stack(shared: Edited, write: Write) -> LocalStack:
    """The shared stack as each test finds it: saying "one", with an empty terminal."""
    stack = shared.stack
    if not says(stack, "one"):
        write("one")
        wait_for(lambda: says(stack, "one"))
    stack.clear()
    return stack


def writing(tree: Path) -> Write:
    def write(said: str) -> None:
        save(tree, tree / "functions" / "checkout" / "app.py", HANDLER.format(said=said))

    return write


def save(tree: Path, file: Path, text: str) -> None:
    """All at once, for whoever watches the file may look at any moment."""
    beside = tree / "unsaved"
    beside.write_text(text)
    beside.replace(file)


def says(stack: LocalStack, text: str) -> bool:
    answer = stack.request("GET", ROUTE)
    return answer.status == 200 and answer.json["said"] == text


def edit(tree: Path, *place: str) -> None:
    file = tree.joinpath(*place)
    save(tree, file, file.read_text() + "\n")


def facts(stack: LocalStack) -> dict[str, Any]:
    answer = stack.request("GET", ROUTE)
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json
    return found


def reloaded(stack: LocalStack) -> list[str]:
    """The functions of which the terminal says so."""
    return [line.split(":")[0] for line in stack.lines() if "reloaded, because" in line]


def said(stack: LocalStack, sentence: str) -> int:
    """How many lines on the terminal hold it."""
    return sum(sentence in line for line in stack.lines())


def test_a_function_sees_its_own_environment_and_context(stack: LocalStack) -> None:
    found = facts(stack)

    assert found["service"] == "packhouse-local"
    assert found["home"] == []
    assert 20_000 < found["left"] <= 28_000
    assert "Checkout" in found["name"]


def test_an_edit_is_seen_without_a_restart(stack: LocalStack, write: Write) -> None:
    before = facts(stack)

    # Of one length and within one second, which bytecode can't tell apart.
    for number in ("two", "six", "ten"):
        write(number)
        wait_for(lambda number=number: facts(stack)["said"] == number)  # type: ignore[misc]  # bound in the loop

    assert facts(stack)["host"] != before["host"]
    assert said(stack, "CheckoutFunction: reloaded, because functions/checkout/app.py has changed.") == 3


def test_an_edit_reloads_its_own_folder_only(tree: Path, stack: LocalStack) -> None:
    edit(tree, "functions", "journal", "app.py")

    wait_for(lambda: len(reloaded(stack)) >= len(FUNCTIONS_OF_THE_JOURNAL))
    assert sorted(reloaded(stack)) == FUNCTIONS_OF_THE_JOURNAL


def test_an_edit_of_the_package_reloads_every_function(tree: Path, stack: LocalStack) -> None:
    before = facts(stack)

    edit(tree, "layers", "packhouse", "packhouse", "runtime.py")

    wait_for(lambda: facts(stack)["host"] != before["host"])
    functions = sorted(log.stem for log in (stack.state / "logs").glob("*Function.log"))
    wait_for(lambda: len(reloaded(stack)) >= len(functions))
    assert sorted(reloaded(stack)) == functions


def test_a_request_that_is_under_way_survives_a_reload(stack: LocalStack, write: Write) -> None:
    write("two")
    answer = stack.request("GET", f"{ROUTE}?sleep=2")

    assert answer.status == 200
    assert answer.json["said"] == "one"
    assert facts(stack)["said"] == "two"


def test_a_handler_that_cannot_be_imported_answers_500_and_recovers(
    tree: Path, stack: LocalStack, write: Write
) -> None:
    (tree / "functions" / "checkout" / "app.py").write_text("import nothing_of_that_name\n")
    wait_for(lambda: said(stack, "can't be imported"))

    broken = wait_for(lambda: broken_answer(stack))

    assert "ModuleNotFoundError" in broken
    assert "No module named 'nothing_of_that_name'" in broken
    assert (
        said(
            stack,
            "CheckoutFunction: functions/checkout/app.py can't be imported: ModuleNotFoundError: "
            "No module named 'nothing_of_that_name' (functions/checkout/app.py, line 1)",
        )
        == 1
    )
    write("mended")
    wait_for(lambda: stack.request("GET", ROUTE).status == 200)
    assert facts(stack)["said"] == "mended"


def test_a_stack_starts_with_a_handler_that_cannot_be_imported(shared: Edited) -> None:
    assert "SyntaxError" in shared.broken
    assert shared.said == 1
    assert shared.others == 200


def test_what_a_handler_raises_is_its_answer_and_stands_in_its_log(stack: LocalStack) -> None:
    answer = stack.request("GET", f"{ROUTE}?fail=1")

    assert answer.status == 502  # ministack's way to say it; API Gateway's is a 500
    assert "ValueError" in answer.body.decode()
    log = stack.log("CheckoutFunction")
    assert "Traceback" in log
    assert "ValueError: no luck" in log


def test_the_next_request_is_answered_when_a_worker_was_killed(stack: LocalStack) -> None:
    before = facts(stack)
    workers = descendants(before["host"])
    assert len(workers) == 2

    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    wait_for(lambda: not any(map(running, workers)))

    after = facts(stack)
    assert after["host"] == before["host"]
    assert after["worker"] not in workers
    wait_for(lambda: said(stack, "CheckoutFunction: a worker (pid") == 2)


def test_the_next_request_is_answered_when_a_host_was_killed(stack: LocalStack) -> None:
    before = facts(stack)
    workers = descendants(before["host"])

    os.kill(before["host"], signal.SIGKILL)
    wait_for(lambda: not running(before["host"]))

    after = facts(stack)
    assert after["host"] != before["host"]
    wait_for(lambda: not any(map(running, workers)))
    assert said(stack, f"CheckoutFunction: its host (pid {before['host']}) was killed by SIGKILL") == 1


def test_the_next_request_is_answered_when_all_hosts_were_killed(stack: LocalStack) -> None:
    before = facts(stack)
    (zygote,) = {pid for pid in descendants(stack.process.pid) if before["host"] in descendants(pid)}

    os.kill(zygote, signal.SIGKILL)

    wait_for(lambda: facts(stack)["host"] != before["host"])
    assert said(stack, "a new one takes its place") == 1
    assert not running(zygote)


def test_the_process_that_forks_has_one_thread(stack: LocalStack) -> None:
    host = facts(stack)["host"]
    (zygote,) = {pid for pid in descendants(stack.process.pid) if host in descendants(pid)}

    assert len(list(Path(f"/proc/{zygote}/task").iterdir())) == 1
    assert len(list(Path(f"/proc/{host}/task").iterdir())) == 1


def broken_answer(stack: LocalStack) -> str:
    answer = stack.request("GET", ROUTE)
    if answer.status != 502:
        return ""
    told: str = json.loads(answer.body)["errorMessage"]
    assert "HTTP 500" in told
    assert '"errorType"' in told
    return told
