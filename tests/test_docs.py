"""What the documentation lists is what there is."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from packhouse import errors
from packhouse.domain.access import MAY, Role
from packhouse.domain.coverage import Need, Purchase
from packhouse.domain.licenses import Line, Price
from packhouse.domain.money import Money
from packhouse.domain.orders import OrderStatus
from packhouse.domain.runs import Returned, Run
from packhouse.errors import Refusal
from packhouse.journal import entries
from packhouse.web import problems
from tests.harness import template

DOCS = template.ROOT / "docs"
PAGES = [template.ROOT / "README.md", template.ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]


def rows(page: str) -> list[list[str]]:
    """The cells of every table row of a page."""
    lines = [line for line in (DOCS / page).read_text().splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


REFUSALS = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, Refusal)][1:]
AN_INSTANT = datetime(2026, 11, 24, 3, tzinfo=UTC)
EXAMPLES = {
    "asked": 4,
    "available": 3,
    "bytes_max": 65_536,
    "errors": [{"pointer": "/user", "detail": "It is missing."}],
    "items_max": 49,
    "licenses": 2,
    "lines": [Price("mailbox-migration", Money(1200))],
    "maximum": 10,
    "needs": [Need(user=None, licenses=1)],
    "order_status": OrderStatus.PAID,
    "purchase": Purchase(lines=[Line("mailbox-migration", 1)], total=Money(1200)),
    "reason": "expired token",
    "retry_after_seconds": 60,
    "returned_at": AN_INSTANT,
    "returned_to": [Returned("pack_1", 2)],
    "rows_max": 10_000,
    "run": Run(
        workgroup_id="wg",
        project_id="prj",
        run_id="run",
        item_id="item",
        service="mailbox-migration",
        sku="mailbox-migration",
        allocation={"pack_1": 2},
        started_at=AN_INSTANT,
        started_by="tests",
        request_hash="",
    ),
    "service": "mailbox-migration",
    "sku": "mailbox-migration",
    "state": "frozen",
    "user": "ada",
}
"""A value for each field of a refusal."""


def test_every_refusal_has_its_row_among_the_problems() -> None:
    listed = {(row[0].strip("`"), row[1]) for row in rows("problems.md") if row[0].startswith("`")}

    assert listed == {(refusal.slug, str(refusal.status.value)) for refusal in REFUSALS}


@pytest.mark.parametrize(
    "refusal",
    [problems.FieldsInvalid, *(one for one in REFUSALS if one is not errors.InvalidRequest)],
    ids=lambda refusal: refusal.__name__,
)
def test_every_field_of_a_refusal_is_listed_and_shown(refusal: type[Refusal]) -> None:
    (facts,) = (row[2] for row in rows("problems.md") if row[0] == f"`{refusal.slug}`")
    refused = refusal(**{name: EXAMPLES[name] for name in refusal.fields()})

    answer = problems.answer(refused, instance="request")

    problem = json.loads(answer["body"])
    assert list(problem) == ["type", "title", "status", "detail", "instance", *re.findall(r"`(\w+)`", facts)]
    assert ("Retry-After" in answer["headers"]) == ("`Retry-After`" in facts)
    assert "{" not in problem["detail"]


def test_every_refusal_stands_in_the_tree_of_the_errors() -> None:
    named = set(re.findall(r"[A-Z][A-Za-z]+", (errors.__doc__ or "").split("Refusal\n")[1]))
    assert named == {refusal.__name__ for refusal in REFUSALS}


def test_the_table_of_roles_says_what_the_code_does() -> None:
    (header,) = (row for row in rows("vocabulary.md") if row[1:2] == ["administrator"])
    columns = {
        "administrator": Role.ADMINISTRATOR,
        "manager": Role.MANAGER,
        "associate": Role.ASSOCIATE,
        "worker key": Role.WORKER,
        "platform worker key": Role.PLATFORM_WORKER,
        "operator": Role.OPERATOR,
    }
    permitted = dict.fromkeys(columns.values(), 0)
    table = rows("vocabulary.md")
    for row in table[table.index(header) + 2 :]:
        for name, cell in zip(header[1:], row[1:], strict=True):
            permitted[columns[name]] += cell != "-"

    assert permitted == {role: len(MAY[role]) for role in Role}


def test_the_journaled_attributes_are_those_listed() -> None:
    listed = {
        row[1].strip("`"): {name.strip() for name in row[2].split(",")}
        for row in rows("data-model.md")
        if re.fullmatch(r"`[a-z-]+\.[a-z]+`", row[1])
    }

    known = {
        f"{entity.name}.{entity.born}": set(entity.journaled)
        for entity in entries.ENTITIES.values()
        if entity.journaled
    }
    assert listed == known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(template.ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target
