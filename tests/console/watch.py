"""What a page complains about, and whom it talks to."""

from playwright.sync_api import ConsoleMessage, Page, Request

_ANSWERED_WITH_AN_ERROR = "Failed to load resource: the server responded with a status of"
"""How Chromium logs an answer from 400 on; the tests look at what the console makes of it."""
_CUT = "Failed to load resource: net::ERR_FAILED"
"""And a request that a test let fail."""


class Watch:
    def __init__(self, origin: str) -> None:
        self.origins = [origin]
        self.complaints: list[str] = []

    def allow(self, origin: str) -> None:
        """From now on, a page may lead there."""
        self.origins.append(origin)

    def attach(self, page: Page) -> None:
        page.on("console", self._told)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("request", self._asked)

    def _told(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith((_ANSWERED_WITH_AN_ERROR, _CUT)):
            self.complaints.append(f"{message.type}: {message.text}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((*(f"{origin}/" for origin in self.origins), "data:")):
            self.complaints.append(f"left the origin: {request.url}")
