"""The scanners' verdict: what is found must be planted or waived, and what is planted must be found."""

from pathlib import Path

import pytest

from dev.checks.scan.verdict import Finding, Report, Waiver, cases, faults

BROKEN = Finding(rule="no-scan", path="functions/x/app.py", line=3, what="client.scan()")
PLANTED = """\
# ruleid: no-scan
# ruleid: no-delete
client.scan(client.delete_item)
# ok: no-scan
client.query()
"""
FOUND = [Finding(rule="no-scan", path="bad/x.py", line=3), Finding(rule="no-delete", path="bad/x.py", line=3)]


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "x.py").write_text(PLANTED)
    return folder


def verdict(bad: Path, *found: Finding, own_rules: frozenset[str] = frozenset(), waivers: list[Waiver]) -> list[str]:
    report = Report(findings=found, own_rules=own_rules)
    return list(faults(report, cases(bad, root=bad.parent), waivers))


def test_a_scanner_that_finds_what_is_planted_and_nothing_else_passes(bad: Path) -> None:
    assert verdict(bad, *FOUND, own_rules=frozenset({"no-scan"}), waivers=[]) == []


def test_a_scanner_that_misses_a_planted_case_fails(bad: Path) -> None:
    (fault,) = verdict(bad, FOUND[0], waivers=[])

    assert fault == "bad/x.py:3: no-delete: planted, and not found"


def test_a_scanner_for_which_nothing_is_planted_fails(bad: Path) -> None:
    (bad / "x.py").write_text("client.query()\n")

    (fault,) = verdict(bad, waivers=[])

    assert fault.startswith("bad: nothing is planted there")


def test_a_finding_on_a_harmless_line_fails(bad: Path) -> None:
    (fault,) = verdict(bad, *FOUND, Finding(rule="no-scan", path="bad/x.py", line=5), waivers=[])

    assert fault.startswith("bad/x.py:5: no-scan: ")


def test_a_finding_in_the_tree_fails(bad: Path) -> None:
    assert verdict(bad, *FOUND, BROKEN, waivers=[]) == [str(BROKEN)]


def test_a_rule_of_our_own_needs_a_line_that_breaks_it_and_one_that_does_not(bad: Path) -> None:
    missing = verdict(bad, *FOUND, own_rules=frozenset({"no-delete", "no-float"}), waivers=[])

    assert missing == [
        "bad: no line breaks the rule no-float",
        "bad: no line is harmless to the rule no-delete",
        "bad: no line is harmless to the rule no-float",
    ]


@pytest.mark.parametrize(
    ("waived", "passes"),
    [
        ({"rule": "no-scan", "path": BROKEN.path}, True),
        ({"rule": "no-scan", "what": r"^client\.scan"}, True),
        ({"rule": "no-delete", "path": BROKEN.path}, False),
        ({"rule": "no-scan", "path": "functions/y/app.py"}, False),
        ({"rule": "no-scan", "what": "^scan"}, False),
    ],
)
def test_a_waiver_is_for_its_rule_its_place_and_its_text(bad: Path, waived: dict[str, str], passes: bool) -> None:
    said = verdict(bad, *FOUND, BROKEN, waivers=[Waiver(because="It is a test.", **waived)])

    assert (said == []) is passes


def test_a_waiver_that_waives_nothing_fails(bad: Path) -> None:
    (fault,) = verdict(bad, *FOUND, waivers=[Waiver(rule="no-scan", because="It was needed once.")])

    assert "waives nothing any more" in fault


def test_a_waiver_does_not_hide_that_a_planted_case_is_missed(bad: Path) -> None:
    said = verdict(bad, FOUND[0], BROKEN, waivers=[Waiver(rule="no-scan", because="It is a test.")])

    assert said == ["bad/x.py:3: no-delete: planted, and not found"]
