"""What the documentation lists is what there is."""

import dataclasses
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from packhouse import errors
from packhouse.domain.access import MAY, Permission, Role
from packhouse.domain.coverage import Need, Purchase
from packhouse.domain.licenses import Line, Price
from packhouse.domain.money import Money
from packhouse.domain.orders import OrderStatus
from packhouse.domain.runs import Returned, Run
from packhouse.errors import Refusal
from packhouse.journal import entries
from packhouse.operations.invariants import checks
from packhouse.policies import Policies
from packhouse.web import problems
from tests.harness import template

DOCS = template.ROOT / "docs"
PAGES = [*sorted(template.ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
OURS = ("bench", "console", "dev", "docs", "functions", "layers", "requirements", "tests", ".ci")
TEXT = {"", ".css", ".html", ".in", ".js", ".json", ".md", ".py", ".sh", ".toml", ".yaml"}
PAGE = re.compile(r"[\w.-]+(?:/[\w.-]+)*\.md\b")


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
    header, _, *table = rows("roles.md")
    columns = {
        "administrator": Role.ADMINISTRATOR,
        "manager": Role.MANAGER,
        "associate": Role.ASSOCIATE,
        "worker key": Role.WORKER,
        "platform worker key": Role.PLATFORM_WORKER,
        "operator": Role.OPERATOR,
    }
    permitted: dict[Role, set[Permission]] = {role: set() for role in columns.values()}
    for permission, _, *cells in table:
        for name, cell in zip(header[2:], cells, strict=True):
            if cell != "-":
                permitted[columns[name]].add(Permission(permission.strip("`")))

    assert permitted == {role: set(MAY[role]) for role in Role}


def test_every_invariant_has_its_row_and_no_other_is_claimed_to_be_checked() -> None:
    listed = [row[0].strip("`") for row in rows("invariants.md") if row[0].startswith("`")]

    assert sorted(listed) == sorted([*checks.CHECKS, "readable"])


def test_the_rules_list_every_policy_with_its_default() -> None:
    listed = {row[0].strip("`"): int(row[1]) for row in rows("rules.md") if row[0].startswith("`")}

    assert listed == dataclasses.asdict(Policies())


def test_the_conventions_list_the_requests_that_need_a_key_and_every_status() -> None:
    table = rows("api.md")
    described = json.loads((template.ROOT / "functions" / "checkout" / "openapi.json").read_text())["paths"]
    keyed = {
        f"`{method.upper()} {path}`"
        for path, methods in described.items()
        for method, operation in methods.items()
        if any(parameter["name"] == "Idempotency-Key" for parameter in operation.get("parameters", ()))
    }

    assert {row[0] for row in table if row[0].startswith("`POST")} == keyed
    assert {row[0] for row in table if row[0].isdigit()} == {str(one.status.value) for one in REFUSALS}


def test_the_journaled_attributes_are_those_listed() -> None:
    listed = {
        row[1].strip("`"): {name.strip() for name in row[2].split(",")}
        for row in rows("data-model.md")
        if re.fullmatch(r"`[a-z-]+\.[a-z]+`", row[1])
    }

    known = {
        f"{entity.name}.{entity.first_verb}": set(entity.journaled)
        for entity in entries.ENTITIES.values()
        if entity.journaled
    }
    assert listed == known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(template.ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", page.read_text()):
        there = page.parent / target if target else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), f"{target}#{anchor}"


def anchors(page: Path) -> set[str]:
    """The names that a reader's browser knows a page's headings by."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_in_the_list_of_pages() -> None:
    listed = set(re.findall(r"\]\(([\w-]+\.md)\)", (DOCS / "README.md").read_text()))

    assert listed == {page.name for page in DOCS.glob("*.md")} - {"README.md"}


def sources() -> Iterator[Path]:
    """Every text of ours: pages, code with its comments, templates."""
    yield from (path for path in template.ROOT.iterdir() if path.is_file() and path.suffix in TEXT)
    for part in OURS:
        yield from (path for path in (template.ROOT / part).rglob("*") if path.is_file() and path.suffix in TEXT)


def test_every_page_that_a_text_names_is_here() -> None:
    texts = {f"/{path.relative_to(template.ROOT)}": path.read_text() for path in sources()}
    pages = [name for name in texts if name.endswith(".md")]
    named = {(name, page) for name, text in texts.items() for page in PAGE.findall(text)}

    absent = {(name, page) for name, page in named if not any(one.endswith("/" + page.lstrip("./")) for one in pages)}
    assert absent == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(template.ROOT)))
def test_every_file_that_a_page_names_is_here(page: Path) -> None:
    here = [f"/{path.relative_to(template.ROOT)}" for path in sources()]
    text = page.read_text()
    named = set(re.findall(r"`((?:[\w-]+/)*[\w-]+\.(?:py|yaml))[`, ]", text))
    named |= {f"{module.replace('.', '/')}.py" for module in re.findall(r"python -m ([\w.]+\w)", text)}

    absent = {
        name for name in named if not any(one.endswith((f"/{name}", f"/{name[:-3]}/__main__.py")) for one in here)
    }
    assert absent == set()
