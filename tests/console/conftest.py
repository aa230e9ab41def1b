"""The console in a real browser, in front of a local stack."""

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.console.desk import Desk
from tests.console.till import Till
from tests.console.watch import Watch
from tests.harness.session import NO_CHROMIUM

if TYPE_CHECKING:
    from tests.harness.local_stack import LocalStack

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, best without the windows that nobody sees: they cost half the time of a test. It is asked for
    before the stack is, so that nothing is started in vain.

    Playwright keeps an event loop running for as long as it is there; other modules must be able to have their own.
    """
    path = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail(f"{NO_CHROMIUM}: the console must be tested here")
        pytest.skip(NO_CHROMIUM)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def desk(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Desk]:
    """A fresh browser on the console, watched: whatever a page complains about fails the test."""
    stack: LocalStack = request.getfixturevalue("local_stack")  # As an argument it would come before the browser.
    context = browser.new_context(base_url=stack.api, viewport={"width": 1280, "height": 900}, locale="de-DE")
    watch = Watch(stack.api)
    context.on("page", watch.attach)
    yield Desk(context.new_page(), stack, watch)
    context.close()
    assert watch.complaints == []


@pytest.fixture
def page(desk: Desk) -> Page:
    return desk.page


@pytest.fixture
def till(desk: Desk) -> Iterator[Till]:
    """Where orders are placed and paid; the console may lead there, and what went wrong on purpose is mended after."""
    till = Till(desk)
    desk.watch.allow(till.stripe)
    yield till
    till.faults({})
