"""Events of the last 30 days, newest first."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING

from dev.fake_stripe.books import deliveries, lists
from dev.fake_stripe.errors import InvalidParameter, InvalidRequest

if TYPE_CHECKING:
    from dev.fake_stripe.books.account import Work
    from dev.fake_stripe.books.store import Object, Params

KIND = "event"
TYPES_MAX = 20


def retrieve(work: Work, params: Params, event_id: str) -> Object:
    """GET /v1/events/{event}."""
    del params
    return _as_now(work, work.found(KIND, event_id, param="id", in_path=True))


def list_all(work: Work, params: Params) -> Object:
    """GET /v1/events, also by `type` (with `*`), `types`, `created` and `delivery_success`."""
    if "type" in params and "types" in params:
        raise InvalidRequest("You may only specify one of these parameters: type, types.")
    wanted = params.get("types", [params["type"]] if "type" in params else ["*"])
    if len(wanted) > TYPES_MAX:
        raise InvalidParameter(f"At most {TYPES_MAX} types can be given.", param="types")
    listed = [
        event
        for event in work.store.listed(KIND, lists.created(params))
        if any(fnmatch.fnmatchcase(event["type"], each) for each in wanted)
    ]
    if "delivery_success" in params:
        delivered = params["delivery_success"]
        listed = [event for event in listed if delivered == (_as_now(work, event)["pending_webhooks"] == 0)]
    listing = lists.page(listed, params, url="/v1/events")
    listing["data"] = [_as_now(work, event) for event in listing["data"]]
    return listing


def _as_now(work: Work, event: Object) -> Object:
    return event | {"pending_webhooks": deliveries.pending_of(work.store, event["id"])}
