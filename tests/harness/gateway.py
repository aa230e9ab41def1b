"""API Gateway as the functions see it: payload format 2.0, the template's routes, the real authorizer in front."""

import base64
import importlib.util
import itertools
import json
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl, unquote

from aws_lambda_powertools.event_handler.api_gateway import BaseRouter
from aws_lambda_powertools.utilities.typing import LambdaContext

from tests.harness import rights, template

type Handler = Callable[[Mapping[str, Any], Any], Any]


class NoRouteError(LookupError):
    """The template has no route for this request."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: Any

    @property
    def slug(self) -> str:
        """The last part of a problem's type."""
        assert self.headers["content-type"] == "application/problem+json"
        slug: str = self.body["type"].rpartition("/")[2]
        return slug


class Gateway:
    """Calls the handlers in this process, each request as its own event."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def call(  # what a request is made of
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        json: object = None,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        body: str | bytes | None = None,
    ) -> Answer:
        """One request. `json` is sent as JSON, `body` as it is; `key` is the Idempotency-Key."""
        try:
            event = self.event(method, path, token=token, json=json, key=key, headers=headers, body=body)
        except NoRouteError:
            return Answer(404, {"content-type": "application/json"}, {"message": "Not Found"})
        if _route(event["routeKey"]).authorized:
            if "authorization" not in event["headers"]:
                return Answer(401, {"content-type": "application/json"}, {"message": "Unauthorized"})
            self.authorize(event)
        return self.deliver(event)

    def authorize(self, event: dict[str, Any]) -> None:
        """Add to an event what the authorizer says of it."""
        verdict = handler_of("AuthorizerFunction")({**event, "type": "REQUEST"}, context())
        assert verdict["isAuthorized"] is True
        event["requestContext"]["authorizer"] = {"lambda": json_of(verdict["context"])}

    def deliver(self, event: Mapping[str, Any]) -> Answer:
        """Hand an event to the function that its route leads to."""
        answer = handler_of(_route(event["routeKey"]).function)(event, context())
        answered = {name.lower(): value for name, value in answer["headers"].items()}
        if answer["isBase64Encoded"]:
            return Answer(answer["statusCode"], answered, base64.b64decode(answer["body"], validate=True))
        return Answer(answer["statusCode"], answered, json_of_text(answer["body"]))

    def resent(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """The event that API Gateway makes of the same bytes when they come once more."""
        return {**event, "requestContext": {**event["requestContext"], "requestId": self._request_id()}}

    def event(  # as call
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        json: object = None,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        body: str | bytes | None = None,
    ) -> dict[str, Any]:
        """The event that API Gateway makes of a request; `NoRouteError` where no route leads anywhere."""
        raw_path, _, query = path.partition("?")
        decoded = _decoded(raw_path)
        found = next(
            (
                (route, match.groupdict())
                for route in template.routes()
                if route.key.startswith(f"{method} ") and (match := route.pattern.match(decoded))
            ),
            None,
        )
        if found is None:
            raise NoRouteError
        route, parameters = found
        sent = {"host": "api.example", "content-type": "application/json", **(headers or {})}
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        if key is not None:
            sent["idempotency-key"] = key
        event: dict[str, Any] = {
            "version": "2.0",
            "routeKey": route.key,
            "rawPath": decoded,
            "rawQueryString": query,
            "headers": sent,
            "pathParameters": parameters,
            "requestContext": {
                "accountId": "123456789012",
                "apiId": "api",
                "domainName": "api.example",
                "domainPrefix": "api",
                "http": {
                    "method": method,
                    "path": decoded,
                    "protocol": "HTTP/1.1",
                    "sourceIp": "192.0.2.1",
                    "userAgent": "tests",
                },
                "requestId": self._request_id(),
                "routeKey": route.key,
                "stage": "$default",
                "time": "24/Nov/2026:03:00:00 +0000",
                "timeEpoch": 1795489200000,
            },
            "isBase64Encoded": False,
        }
        if query:
            joined: dict[str, str] = {}
            for name, value in parse_qsl(query, keep_blank_values=True):
                joined[name] = f"{joined[name]},{value}" if name in joined else value
            event["queryStringParameters"] = joined
        if json is not None:
            event["body"] = dumps(json)
        if isinstance(body, bytes):
            event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
        elif body is not None:
            event["body"] = body
        return event

    def _request_id(self) -> str:
        return f"JKJaXmPLvHcE{next(self._numbers):03}="


def _decoded(path: str) -> str:
    """A path as HTTP APIs hand it on: every escape is decoded, but for that of `%` itself."""
    return re.sub(r"(?:%(?!25)[0-9A-Fa-f]{2})+", lambda run: unquote(run[0], errors="replace"), path)


dumps = json.dumps


def json_of(value: object) -> Any:
    """The value as it comes out of JSON, as everything between the authorizer and a function does."""
    return json.loads(json.dumps(value))


def json_of_text(text: str) -> Any:
    return json.loads(text)


class Context(LambdaContext):
    """A Lambda context with what the handlers may read of it."""

    def __init__(self, *, seconds: float = 300) -> None:
        self._function_name = "function"
        self._memory_limit_in_mb = 512
        self._invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:function"
        self._aws_request_id = "invocation"
        self._until = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override]  # Powertools has it static, and 0
        return round((self._until - time.monotonic()) * 1000)


def context() -> LambdaContext:
    return Context()


def handler_of(function: str) -> Handler:
    """The handler of a function of the template, imported from its own folder, with the rights that its role has."""
    name = template.functions()[function]["Handler"].rpartition(".")[2]
    handler: Handler = getattr(module_of(function), name)

    def run(event: Mapping[str, Any], context: object) -> object:
        with rights.of(function):
            return handler(event, context)

    return run


def module_of(function: str) -> ModuleType:
    """The module of a function of the template, imported from its own folder."""
    properties = template.functions()[function]
    return _module(properties["CodeUri"], properties["Handler"].partition(".")[0])


def _route(key: str) -> template.Route:
    return next(route for route in template.routes() if route.key == key)


def _module(folder: str, name: str) -> ModuleType:
    imported = _processes[0]
    if (folder, name) not in imported:
        path = template.ROOT / folder / f"{name}.py"
        qualified = f"functions.{path.parent.name}.{name}"
        spec = importlib.util.spec_from_file_location(qualified, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[qualified] = module
        spec.loader.exec_module(module)
        imported[folder, name] = module
    return imported[folder, name]


def forget() -> None:
    """Import every function anew at its next call, as a cold start does."""
    _processes[0].clear()


@contextmanager
def another_process() -> Iterator[None]:
    """Functions that are called meanwhile share no module with those that are interrupted, nor the resolver's class."""
    interrupted = {name: vars(BaseRouter)[name] for name in _RESOLVING if name in vars(BaseRouter)}
    _processes.reverse()
    try:
        with rights.of(None):
            yield
    finally:
        _processes.reverse()
        for name, value in interrupted.items():
            setattr(BaseRouter, name, value)


_processes: list[dict[tuple[str, str], ModuleType]] = [{}, {}]
"""What this process has imported, and what another has."""

_RESOLVING = ("current_event", "lambda_context")
"""Where the resolver keeps what it is answering."""
