"""Runs each scanner and reads its answer. No scanner uses the network."""

import json
import os
import subprocess  # nosec B404  # of the programs that are locked in requirements/
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatch
from typing import Any

import yaml

from dev.checks.scan.verdict import BAD, Finding, Report
from dev.template import ROOT, expanded

RULES = ROOT / "dev" / "checks" / "scan" / "rules"
UNREAD = "unread"  # the rule that a scanner must read every file it gets
EXPANDED = "template.yaml, expanded"

_SOURCES = ("functions", "layers/packhouse/packhouse", "dev", "bench")


class ScannerFailed(Exception):
    """A scanner gave no answer that can be read."""


def bandit() -> Report:
    """Python that is deployed or runs locally."""
    given = _python(*_SOURCES, f"{BAD}/bandit")
    answer = _asked(".venv/bin/bandit", "--quiet", "--format", "json", *given)
    found = [
        Finding(
            rule=each["test_id"], path=_plain(each["filename"]), line=each["line_number"], message=each["issue_text"]
        )
        for each in answer["results"]
    ]
    read = {_plain(name) for name in answer["metrics"]} - {_plain(each["filename"]) for each in answer["errors"]}
    return Report(findings=[*found, *_unread(given, read)])


def semgrep() -> Report:
    """The same Python, by our own rules."""
    given = _python(*_SOURCES, f"{BAD}/semgrep")
    quiet = ("--metrics", "off", "--disable-version-check", "--quiet", "--json")
    flags = ("--config", str(RULES), "--no-rewrite-rule-ids", "--disable-nosem", "--jobs", "2", *quiet)
    answer = _asked(".venv-scan/bin/semgrep", "scan", *flags, *given)
    found = [
        Finding(
            rule=each["check_id"],
            path=each["path"],
            line=each["start"]["line"],
            what=_line(each["path"], each["start"]["line"]),
            message=each["extra"]["message"],
        )
        for each in answer["results"]
    ]
    read = set(answer["paths"]["scanned"]) - {error.get("path") for error in answer["errors"]}
    rules = [rule["id"] for file in RULES.glob("*.yaml") for rule in yaml.safe_load(file.read_text())["rules"]]
    return Report(findings=[*found, *_unread(given, read)], own_rules=frozenset(rules))


def detect_secrets() -> Report:
    """Everything that is committed."""
    given = sorted(_kept())
    answer = _asked(".venv-scan/bin/detect-secrets", "scan", "--no-verify", *given)
    found = [
        Finding(rule=each["type"], path=path, line=each["line_number"], what=_line(path, each["line_number"]))
        for path, secrets in answer["results"].items()
        for each in secrets
    ]
    return Report(findings=found)


def cfn_lint() -> Report:
    """The template as written and as AWS gets it."""
    with _expansion() as path:
        answer = _asked(
            ".venv/bin/cfn-lint", "--format", "json", "template.yaml", path, f"{BAD}/cfn-lint/template.yaml"
        )
        return Report(
            findings=[
                Finding(
                    rule=each["Rule"]["Id"],
                    path=EXPANDED if each["Filename"] == path else each["Filename"],
                    line=each["Location"]["Start"]["LineNumber"],
                    what=".".join(map(str, each["Location"]["Path"] or ())),
                    message=each["Message"],
                )
                for each in answer
            ]
        )


def checkov() -> Report:
    """The template as AWS gets it, with what SAM adds."""
    flags = ("--framework", "cloudformation", "--skip-download", "--compact", "--soft-fail", "--output", "json")
    with _expansion() as path:
        answer = _asked(".venv-scan/bin/checkov", *flags, "--file", path, "--file", f"{BAD}/checkov/template.yaml")
        results = answer["results"]
        found = [
            Finding(
                rule=each["check_id"],
                path=EXPANDED if each["file_abs_path"] == path else each["file_abs_path"],
                line=each["file_line_range"][0],
                what=each["resource"],
                message=f"{each['check_name']} ({each['resource']})",
            )
            for each in results["failed_checks"]
        ]
        unread = [Finding(rule=UNREAD, path=str(file), line=1) for file in results["parsing_errors"]]
        return Report(findings=[*found, *unread])


SCANNERS: dict[str, Callable[[], Report]] = {
    # The slow ones first: two run at a time.
    "checkov": checkov,
    "detect-secrets": detect_secrets,
    "semgrep": semgrep,
    "cfn-lint": cfn_lint,
    "bandit": bandit,
}


def _asked(program: str, *arguments: str) -> Any:
    """The JSON that a scanner prints. Its exit status is ignored: the verdict is made here."""
    with tempfile.TemporaryDirectory() as scratch:
        done = subprocess.run(  # noqa: S603  # nosec B603  # one of the locked programs
            [ROOT / program, *arguments],
            cwd=ROOT,
            env=os.environ
            | {
                "SEMGREP_SEND_METRICS": "off",
                "SEMGREP_SETTINGS_FILE": f"{scratch}/settings.yaml",
                "SEMGREP_LOG_FILE": f"{scratch}/semgrep.log",
            },
            capture_output=True,
            text=True,
            check=False,
        )
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        message = f"{program} answered no JSON (exit status {done.returncode}):\n{done.stderr[-2000:]}"
        raise ScannerFailed(message) from error


@contextmanager
def _expansion() -> Iterator[str]:
    """A temporary file with the expanded template."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(expanded(), file, indent=1)
        file.flush()
        yield file.name


def _python(*places: str) -> list[str]:
    return [str(path.relative_to(ROOT)) for place in places for path in sorted((ROOT / place).rglob("*.py"))]


def _kept() -> Iterator[str]:
    """Every file that is or would be committed. The lines of `.gitignore` must be plain names."""
    ignored = [".git", *(line.strip("/") for line in (ROOT / ".gitignore").read_text().splitlines())]
    for folder, folders, files in ROOT.walk():
        folders[:] = [name for name in folders if not any(fnmatch(name, pattern) for pattern in ignored)]
        yield from (
            str((folder / name).relative_to(ROOT))
            for name in files
            if not any(fnmatch(name, pattern) for pattern in ignored)
        )


def _plain(name: str) -> str:
    """Bandit writes `./` before some names."""
    return name.removeprefix("./")


def _unread(given: Sequence[str], read: set[str]) -> list[Finding]:
    return [
        Finding(
            rule=UNREAD, path=path, line=1, message="the scanner couldn't read this file, so it found nothing in it"
        )
        for path in given
        if path not in read
    ]


def _line(path: str, number: int) -> str:
    return (ROOT / path).read_text().split("\n")[number - 1].strip()
