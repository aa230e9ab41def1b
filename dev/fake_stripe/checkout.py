"""Answers for the hosted page: `GET` shows it, `POST` pays and redirects to the shop."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from dev.fake_stripe import pages
from dev.fake_stripe.api.requests import Answer
from dev.fake_stripe.books import cards, ids, payments, sessions
from dev.fake_stripe.books.account import Cause
from dev.fake_stripe.books.objects import Payer

if TYPE_CHECKING:
    from dev.fake_stripe.api.requests import Request
    from dev.fake_stripe.books.account import Account
    from dev.fake_stripe.books.store import Object

STYLE_PATH = "/c/style.css"
_PAGE = "/c/pay/"
_FIELDS_MAX = 20
_TEXT_LENGTH_MAX = 512


class Checkout:
    def __init__(self, account: Account) -> None:
        self._account = account

    def answer(self, request: Request) -> Answer:
        """Answer a path below `/c/`."""
        if request.path == STYLE_PATH:
            return Answer(
                status=HTTPStatus.OK,
                body=pages.STYLE.encode(),
                headers={"Content-Type": "text/css; charset=utf-8", "Cache-Control": "no-store"},
            )
        self._account.catch_up()
        session_id = request.path.removeprefix(_PAGE)
        session = self._account.store.get(sessions.KIND, session_id) if ids.plausible(session_id) else None
        if session is None or not request.path.startswith(_PAGE):
            sentence = "There is no checkout with this address. Go back and start again."
            return _html(HTTPStatus.NOT_FOUND, pages.notice("Nothing to pay here", sentence), None)
        if request.method == "POST":
            return self._paid(session, dict(_fields(request.body)))
        if session["status"] != "open":
            return _html(HTTPStatus.OK, pages.closed(session), session)
        return self._shown(HTTPStatus.OK, session)

    def _shown(self, status: HTTPStatus, session: Object, *, problem: str | None = None, name: str = "") -> Answer:
        items = self._account.store.parts(session["id"])
        return _html(status, pages.checkout(session, items, problem=problem, name=name), session)

    def _paid(self, session: Object, given: dict[str, str]) -> Answer:
        name = given.get("name", "")[:_TEXT_LENGTH_MAX]
        card = cards.named(given.get("card", ""))
        if card is None and session["status"] == "open":
            problem = "This isn't one of the test cards below. Real cards are never taken here."
            return self._shown(HTTPStatus.BAD_REQUEST, session, problem=problem, name=name)
        with self._account.work(Cause(request_id=ids.new("req_"))) as work:
            session = work.found(sessions.KIND, session["id"])
            if card is None or session["status"] != "open":
                return _html(HTTPStatus.CONFLICT, pages.closed(session), session)
            email = session["customer_email"] or given.get("email", "")[:_TEXT_LENGTH_MAX] or None
            taken = payments.pay(work, session["id"], Payer(card, name, email))
        if not taken and session["cancel_url"] is None:
            return self._shown(HTTPStatus.PAYMENT_REQUIRED, session, problem="Your card was declined.", name=name)
        target = session["success_url"] if taken else session["cancel_url"]
        headers = {"Location": target.replace("{CHECKOUT_SESSION_ID}", session["id"]), "Cache-Control": "no-store"}
        return Answer(status=HTTPStatus.SEE_OTHER, body=b"", headers=headers)


def _fields(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode("ascii"), max_num_fields=_FIELDS_MAX)
    except ValueError:  # It is no form, so it has no fields.
        return []


def _html(status: HTTPStatus, page: str, session: Object | None) -> Answer:
    return Answer(status=status, body=page.encode(), headers=pages.headers(session))
