"""Judges a scanner's findings: in the tree only waived ones, in `tests/tools/bad/` exactly the planted faults."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dev.template import ROOT

BAD = "tests/tools/bad"

_CASE = re.compile(r"# (ruleid|ok): (.+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule is broken there. `path` is relative to the root; `what` is the line's text, or the resource's name."""

    rule: str
    path: str
    line: int
    what: str = field(default="", compare=False)
    message: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.message or self.what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a scanner found. For each of `own_rules` a line that breaks it and a harmless one must be planted."""

    findings: Sequence[Finding]
    own_rules: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A finding that is no fault, and why. `path` must be equal; `what` is a regular expression to search for."""

    rule: str
    because: str
    path: str | None = None
    what: str = ""

    def covers(self, finding: Finding) -> bool:
        in_place = self.path in {None, finding.path}
        return self.rule == finding.rule and in_place and re.search(self.what, finding.what) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """A scanner's planted cases: a line below `# ruleid: <rule>` breaks the rule, one below `# ok: <rule>` doesn't."""

    folder: str
    bad: frozenset[Finding]
    good_for: frozenset[str]

    def hold(self, finding: Finding) -> bool:
        return finding.path.startswith(f"{self.folder}/")


def cases(folder: Path, *, root: Path = ROOT) -> Cases:
    bad: set[Finding] = set()
    good_for: set[str] = set()
    for file in (path for path in sorted(folder.rglob("*")) if path.is_file()):
        waiting: list[str] = []
        for number, text in enumerate(file.read_text().splitlines(), start=1):
            case = _CASE.search(text)
            if case is None:
                place = str(file.relative_to(root))
                bad |= {Finding(rule=rule, path=place, line=number) for rule in waiting}
                waiting = []
            elif case[1] == "ruleid":
                waiting.append(case[2])
            else:
                good_for.add(case[2])
    return Cases(folder=str(folder.relative_to(root)), bad=frozenset(bad), good_for=frozenset(good_for))


def faults(report: Report, planted: Cases, waivers: Sequence[Waiver]) -> Iterator[str]:
    """Why a scanner's run fails, a line for each reason. No lines: it passes."""
    found = frozenset(report.findings)
    in_cases = {finding for finding in found if planted.hold(finding)}
    if not planted.bad:
        yield f"{planted.folder}: nothing is planted there, so nothing shows that this scanner sees anything"
    for missed in sorted(map(str, planted.bad - in_cases)):
        yield f"{missed}planted, and not found"
    for surplus in sorted(map(str, in_cases - planted.bad)):
        yield f"{surplus} (found, and not planted)"
    for rule in sorted(report.own_rules - {case.rule for case in planted.bad}):
        yield f"{planted.folder}: no line breaks the rule {rule}"
    for rule in sorted(report.own_rules - planted.good_for):
        yield f"{planted.folder}: no line is harmless to the rule {rule}"
    in_tree = found - in_cases
    yield from sorted(str(finding) for finding in in_tree if not any(waiver.covers(finding) for waiver in waivers))
    for waiver in waivers:
        if not any(waiver.covers(finding) for finding in in_tree):
            yield f"waivers.yaml: {waiver.rule} {waiver.path or ''} {waiver.what}: waives nothing any more"
