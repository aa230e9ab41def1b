"""What the console's files hold, whatever a browser makes of them."""

import hashlib
import re

import pytest

from tests.harness.local_stack import ROOT

CONSOLE = ROOT / "console"
VENDOR = CONSOLE / "vendor"
MODULES = sorted(CONSOLE.glob("*.js"))
OWN = sorted(path for path in CONSOLE.iterdir() if path.is_file())


def test_every_vendored_module_is_the_one_that_is_named() -> None:
    table = (VENDOR / "VENDORED.md").read_text()
    named = dict(re.findall(r"^\| `([\w.-]+)` \|.*\| `([0-9a-f]{64})` \|$", table, re.MULTILINE))

    vendored = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VENDOR.glob("*.js")}

    assert vendored == named
    assert vendored


def test_the_licenses_of_vendored_modules_stand_beside_them() -> None:
    licenses = re.findall(r"`([\w.-]+\.LICENSE\.txt)`", (VENDOR / "VENDORED.md").read_text())

    assert sorted(licenses) == sorted(path.name for path in VENDOR.glob("*.txt"))


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_no_file_names_another_host(path: object) -> None:
    text = (CONSOLE / str(path)).read_text()

    assert set(re.findall(r"https?://[^\s\"'`)]+", text)) <= {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_every_module_is_checked_and_says_what_it_is_for(path: object) -> None:
    first, second, *_ = (CONSOLE / str(path)).read_text().splitlines()

    assert first == "// @ts-check"
    assert re.match(r"// \w", second)


def test_the_page_asks_for_every_module_at_once() -> None:
    page = (CONSOLE / "index.html").read_text()

    preloaded = set(re.findall(r'rel="modulepreload" href="([^"]+)"', page))

    modules = {path.relative_to(CONSOLE).as_posix() for path in CONSOLE.rglob("*.js")}
    assert preloaded == modules - {"app.js"}
