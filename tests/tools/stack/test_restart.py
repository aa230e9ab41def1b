"""A stack that is stopped, killed or interrupted and started again on its state; the facts of one `Life`."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.tools.stack.life import SIGNS, Life, Living


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    living = Living(tmp_path_factory.mktemp("life"))
    try:
        yield living.play()
    finally:
        living.stop()


def test_ctrl_c_keeps_the_state_and_a_restart_goes_on_with_it(life: Life) -> None:
    assert life.first.status == 0
    assert life.second.workgroup == life.first.workgroup
    assert life.second.before == "before"


def test_changes_right_before_ctrl_c_are_journaled(life: Life) -> None:
    assert life.second.late == (1, 1, 1)


def test_changes_after_a_restart_are_journaled_too(life: Life) -> None:
    assert life.second.after == (1, 1, 1)


def test_the_same_state_works_on_another_port(life: Life) -> None:
    assert life.third.port != life.first.port
    assert life.third.before == "before"
    assert life.third.another_journaled


def test_two_stacks_run_side_by_side(life: Life) -> None:
    port, *statuses = life.third.beside

    assert port != life.third.port
    assert statuses == [200, 200]


def test_nothing_is_left_running_when_it_has_stopped(life: Life) -> None:
    ending = life.second.ending

    assert ending.status == 0
    assert ending.below > 10
    assert ending.left == ()
    assert not ending.ready_file


def test_a_second_ctrl_c_does_no_harm(life: Life) -> None:
    assert life.fourth.kept == "kept"


def test_the_clock_survives_a_restart(life: Life) -> None:
    moved, now = life.third.moved, life.fourth.now

    assert moved <= now < moved + timedelta(minutes=1)
    assert now - datetime.now(UTC) > timedelta(days=59)


def test_nothing_is_left_running_when_the_runner_is_killed(life: Life) -> None:
    assert life.fourth.ending.left == ()
    assert life.fifth.kept == "kept"  # ministack wrote its state even so, and only then let go of the folder


def test_a_template_that_has_grown_is_deployed_to_kept_state(life: Life) -> None:
    assert life.third.added == {"added": True}
    assert life.third.before == "before"
    assert life.third.another_journaled


@pytest.mark.parametrize("sign", SIGNS)
def test_a_start_that_is_interrupted_leaves_nothing(life: Life, sign: str) -> None:
    ending = life.third.interrupted[sign]

    assert ending.status == 0
    assert ending.left == ()
    assert ending.lines == ("Stopped.",)


def test_starts_that_were_interrupted_can_be_repeated(life: Life) -> None:
    assert life.third.beside[1] == 200


def test_a_stack_ends_when_ministack_has_died(life: Life) -> None:
    ending = life.fifth.ending

    assert ending.status == 1
    assert sum("ministack has ended" in line for line in ending.lines) == 1
    assert ending.left == ()
