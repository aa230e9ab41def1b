"""A project as the answer to its creation told it, whatever has been done in it since."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from packhouse.domain.projects import IdleWarning, Project, ProjectState

CREATED = datetime(2026, 11, 24, 3, tzinfo=UTC)
LATER = CREATED + timedelta(days=1)
NEW = Project(
    workgroup_id="wg_1",
    project_id="prj_1",
    name="Move",
    customer="Adatum",
    inactivity_days=31,
    max_licenses_per_item=3,
    created_at=CREATED,
    created_by="amy",
    request_hash="hash",
)


def test_what_was_done_in_a_project_is_not_in_the_answer_to_its_creation() -> None:
    ended = replace(
        NEW,
        state=ProjectState.RETIRED,
        last_changed_at=LATER,
        last_run_at=LATER,
        last_settled_at=LATER,
        last_success_at=LATER,
        warned=IdleWarning(days=7, idle_since=LATER, ends_at=LATER + timedelta(days=7)),
    )

    assert ended.as_created() == NEW


def test_a_project_allows_one_license_an_item_unless_it_says_more() -> None:
    plain = Project(
        workgroup_id="wg_1", project_id="prj_1", name="Move", created_at=CREATED, created_by="amy", request_hash="hash"
    )

    assert (plain.max_licenses_per_item, plain.state) == (1, ProjectState.ACTIVE)
