"""What the documentation lists is what there is."""

import re
from pathlib import Path

import pytest

from packhouse.domain.access import MAY, Role
from packhouse.errors import Refusal
from packhouse.journal import entries
from tests.harness import template

DOCS = template.ROOT / "docs"
PAGES = [template.ROOT / "README.md", template.ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]


def rows(page: str) -> list[list[str]]:
    """The cells of every table row of a page."""
    lines = [line for line in (DOCS / page).read_text().splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_refusal_has_its_row_among_the_problems() -> None:
    listed = {(row[0].strip("`"), row[1]) for row in rows("problems.md") if row[0].startswith("`")}

    assert listed == {(refusal.slug, str(refusal.status.value)) for refusal in Refusal.__subclasses__()}


def test_every_refusal_stands_in_the_tree_of_the_errors() -> None:
    from packhouse import errors  # noqa: PLC0415  # its docstring

    named = set(re.findall(r"[A-Z][A-Za-z]+", (errors.__doc__ or "").split("Refusal\n")[1]))
    assert named == {refusal.__name__ for refusal in Refusal.__subclasses__()}


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
