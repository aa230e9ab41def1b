"""The API of a function: who may call, what a body must be, and what every error becomes, in one place."""

import base64
import binascii
import json
import re
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Never
from urllib.parse import quote, unquote

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic_core import to_json

from packhouse import runtime
from packhouse.domain.access import Permission, Role, Stamp
from packhouse.errors import (
    InternalError,
    MalformedRequest,
    NotFound,
    Refusal,
    TooLarge,
    UnsupportedMediaType,
)
from packhouse.store import workgroups
from packhouse.store.table import StampedTable
from packhouse.web import identity, problems
from packhouse.web.identity import Caller, Door

BODY_BYTES_MAX = 65_536
JSON = "application/json"
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
"""The methods whose body is read. One that comes with another means nothing (RFC 9110, 9.3.1), whatever it is."""

logger = Logger()


@dataclass(frozen=True, slots=True)
class _Served:
    """What is behind a route of the gateway: the path as it is registered, and who may call it."""

    path: str
    may: Permission | Door


class Api(APIGatewayHttpResolver):
    """A resolver that admits a request before it reads it: identity first, then the body, then its fields."""

    def __init__(self) -> None:
        super().__init__(
            enable_validation=True,
            serializer=_compact,
            response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR,
        )
        self._served: dict[str, _Served] = {}
        self._caller: Caller | None = None
        self._table: StampedTable | None = None
        self._replayed = False
        self._unchanged = False

    @property
    def caller(self) -> Caller:
        """Who calls the route that is being answered."""
        if self._caller is None:
            message = "a route that anyone may call has no caller"
            raise RuntimeError(message)
        return self._caller

    def table(self) -> StampedTable:
        """The table, in the caller's name: one for a request, which tells its writes apart."""
        if self._table is None:
            self._table = runtime.table().stamped(self.caller.stamp)
        return self._table

    def replayed(self, replayed: bool) -> None:  # noqa: FBT001  # the name says it
        """Tell in a header that the answer is one given before."""
        self._replayed = replayed

    def unchanged(self) -> None:
        """Tell by the status that what was asked for is there already: 200 in place of 201."""
        self._unchanged = True

    def serves[Handler: Callable[..., Any]](
        self,
        route: str,
        *,
        may: Permission | Door,
        refuses: tuple[type[Refusal], ...] = (),
        status: HTTPStatus = HTTPStatus.OK,
        may_be_there: bool = False,
        file: str | None = None,
    ) -> Callable[[Handler], Handler]:
        """Register a route, `METHOD /path/{parameter}`: who may call it, and the refusals that are its own.

        `{parameter+}` may hold slashes: the gateway's route is greedy from there on (`{proxy+}`).
        `may_be_there`: what it would create may be there already, and then it answers 200 (`unchanged`).
        `file`: the media type of the file that it answers.
        """
        method, _, path = route.replace("+}", "}").partition(" ")
        self._served[re.sub(r"\{\w+\+\}.*", "{proxy+}", route)] = _Served(path, may)
        declared = {
            "x-may": may.value,
            "x-refuses": [refusal.slug for refusal in refuses],
            "x-may-be-there": may_be_there,
        }

        def register(handler: Handler) -> Handler:
            registered: Handler = self.route(
                path.replace("{", "<").replace("}", ">"),
                method,
                status_code=status,
                openapi_extensions=declared,
                operation_id=handler.__name__,
                responses={200: _described(file)} if file else None,
            )(handler)
            return registered

        return register

    def resolve(self, event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
        self._table, self._replayed, self._unchanged = None, False, False
        try:
            self._caller = self._admitted(event)
            if event.get("body") and event["routeKey"].partition(" ")[0] in WITH_BODY:
                event = _read_body(event)
            path = self._encoded_path(event)
        except Refusal as refusal:
            return problems.answer(refusal, instance=event["requestContext"]["requestId"])
        answer = super().resolve({**event, "rawPath": path}, context)
        if self._unchanged:
            answer["statusCode"] = HTTPStatus.OK.value
        if self._replayed:
            answer["headers"]["Idempotent-Replayed"] = "true"
        return answer

    def _admitted(self, event: Mapping[str, Any]) -> Caller | None:
        """The caller, known and permitted; none where anyone may call."""
        door = self._served[event["routeKey"]].may
        caller = None
        if door is not Door.ANYONE:
            principal = identity.signed_in(event)
            role = None
            if isinstance(door, Permission):
                role = identity.require(principal, _workgroup(event), door)
                if role is Role.OPERATOR:  # one everywhere, but only where there is something
                    workgroups.read(runtime.table(), _workgroup(event))
            request_id = event["requestContext"]["requestId"]
            stamp = Stamp(principal=principal.name, request_id=request_id, changed_at=runtime.now())
            caller = Caller(principal=principal, role=role, stamp=stamp)
        return caller

    def _encoded_path(self, event: Mapping[str, Any]) -> str:
        """The path with its parameters percent-encoded: API Gateway hands them on decoded, but for `%` itself."""
        path, given = self._served[event["routeKey"]].path, event.get("pathParameters") or {}
        if "proxy" in given:
            given = {**given, **_apart(path, given)}
        return path.format_map({name: quote(unquote(value), safe="") for name, value in given.items()})


def create_api() -> Api:
    """An API with the four answers to what goes wrong; no route registers any."""
    api = Api()

    def refused(refusal: Refusal) -> Response[Any]:
        answer = problems.answer(refusal, instance=api.current_event["requestContext"]["requestId"])
        return Response(status_code=answer["statusCode"], headers=answer["headers"], body=answer["body"])

    def invalid(error: RequestValidationError) -> Response[Any]:
        return refused(problems.of_validation(error.errors()))

    def unknown(_: NotFoundError) -> Response[Any]:
        return refused(NotFound())

    def broken(error: Exception) -> Response[Any]:
        request_id = api.current_event["requestContext"]["requestId"]
        # The frames and not the message, which may quote what somebody sent.
        frames = traceback.format_tb(error.__traceback__)
        logger.error("unexpected", error=type(error).__name__, frames=frames, request_id=request_id)
        return refused(InternalError())

    # Called, not used as decorators, since those are untyped.
    api.exception_handler(Refusal)(refused)
    api.exception_handler(RequestValidationError)(invalid)
    api.exception_handler(NotFoundError)(unknown)
    api.exception_handler(Exception)(broken)
    return api


def _described(media_type: str) -> OpenAPIResponse:
    return {"description": "A file", "content": {media_type: {"schema": {"type": "string", "format": "binary"}}}}


def _compact(body: object) -> str:
    return to_json(body).decode()


def _workgroup(event: Mapping[str, Any]) -> str:
    """The workgroup of the path, out of the raw path: what the route is matched on, and nothing decoded."""
    workgroup: str = event["rawPath"].split("/")[3]
    return workgroup


def _apart(path: str, given: Mapping[str, str]) -> dict[str, str]:
    """The parameters that a greedy route's last one holds: the first of them may have slashes, the others haven't."""
    names = [name for name in re.findall(r"\{(\w+)\}", path) if name not in given]
    values = given["proxy"].rsplit("/", len(names) - 1)
    if len(values) < len(names):
        raise NotFound
    return dict(zip(names, values, strict=True))


def _read_body(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event, if its body is a JSON object in UTF-8 of a bounded size; what its members must be, the route says."""
    body = raw_body(event)
    if len(body) > BODY_BYTES_MAX:
        raise TooLarge(bytes_max=BODY_BYTES_MAX)
    media_type = event.get("headers", {}).get("content-type", JSON).partition(";")[0].strip().lower()
    if media_type != JSON:
        raise UnsupportedMediaType
    try:
        parsed = _STRICT.decode(body.decode())
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise MalformedRequest from error
    if not isinstance(parsed, dict):
        raise problems.invalid("The body must be an object.")
    return {**event, "headers": {**event["headers"], "content-type": JSON}}  # however it was spelled


def raw_body(event: Mapping[str, Any]) -> bytes:
    """The bytes that were sent; API Gateway hands some of them on in base 64."""
    body: str = event.get("body", "")
    if not event.get("isBase64Encoded"):
        return body.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise MalformedRequest from error


def _no_member_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        message = "a member is there twice"
        raise ValueError(message)
    return members


def _no_constant(name: str) -> Never:
    message = f"{name} is no JSON"
    raise ValueError(message)


_STRICT = json.JSONDecoder(parse_constant=_no_constant, object_pairs_hook=_no_member_twice)
