"""The API of a function, in one place: who may call, which bodies are read, and the answer to every error."""

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
"""The methods whose body is read. With any other method a body has no meaning (RFC 9110, 9.3.1), and is ignored."""

logger = Logger()


@dataclass(frozen=True, slots=True)
class _Served:
    """A route of the gateway: the path under which its handler is registered, and who may call it."""

    path: str
    may: Permission | Door


class Api(APIGatewayHttpResolver):
    """A resolver that checks the caller first, then the body, then the fields of the body."""

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
        """The caller of this request."""
        if self._caller is None:
            message = "a route for anyone has no caller"
            raise RuntimeError(message)
        return self._caller

    def table(self) -> StampedTable:
        """The table, stamped for the caller. A request has one, so that each of its writes has a stamp of its own."""
        if self._table is None:
            self._table = runtime.table().stamped(self.caller.stamp)
        return self._table

    def replayed(self, replayed: bool) -> None:
        """Say in a header whether this answer was given before."""
        self._replayed = replayed

    def unchanged(self, unchanged: bool) -> None:
        """Answer 200 in place of 201, if the request found the thing that it would have created."""
        self._unchanged = unchanged

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
        """Register a route, `METHOD /path/{parameter}`: who may call it, and the refusals of its own.

        `{parameter+}` may contain slashes: the gateway's route is greedy from there on (`{proxy+}`).
        `may_be_there`: the thing to create may exist already; then the route answers 200 (`unchanged`).
        `file`: the media type, if the answer is a file.
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
        """The caller, if known and permitted; None on a route for anyone."""
        door = self._served[event["routeKey"]].may
        caller = None
        if door is not Door.ANYONE:
            principal = identity.signed_in(event)
            role = None
            if isinstance(door, Permission):
                role = identity.require(principal, _workgroup(event), door)
                if role is Role.OPERATOR:  # a role in every workgroup, so the workgroup may not exist
                    workgroups.read(runtime.table(), _workgroup(event))
            request_id = event["requestContext"]["requestId"]
            stamp = Stamp(principal=principal.name, request_id=request_id, changed_at=runtime.now())
            caller = Caller(principal=principal, role=role, stamp=stamp)
        return caller

    def _encoded_path(self, event: Mapping[str, Any]) -> str:
        """The path with its parameters percent-encoded. API Gateway has decoded all of them, except for `%` itself."""
        path, given = self._served[event["routeKey"]].path, event.get("pathParameters") or {}
        if "proxy" in given:
            given = {**given, **_apart(path, given)}
        return path.format_map({name: quote(unquote(value), safe="") for name, value in given.items()})


def create_api() -> Api:
    """An API with the four answers to errors. No route registers any."""
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
        # The frames without the message, since it may quote the request.
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
    """The workgroup in the raw path, which nobody has decoded: the route is matched on the raw path too."""
    workgroup: str = event["rawPath"].split("/")[3]
    return workgroup


def _apart(path: str, given: Mapping[str, str]) -> dict[str, str]:
    """The parameters inside the greedy one. Only the first of them may contain slashes."""
    names = [name for name in re.findall(r"\{(\w+)\}", path) if name not in given]
    values = given["proxy"].rsplit("/", len(names) - 1)
    if len(values) < len(names):
        raise NotFound
    return dict(zip(names, values, strict=True))


def _read_body(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event, if its body is a JSON object in UTF-8 and not too large. The route checks the members."""
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
    return {**event, "headers": {**event["headers"], "content-type": JSON}}  # Powertools knows this spelling alone


def raw_body(event: Mapping[str, Any]) -> bytes:
    """The bytes that were sent. API Gateway encodes some bodies in base 64."""
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
        message = "a member occurs twice"
        raise ValueError(message)
    return members


def _no_constant(name: str) -> Never:
    message = f"{name} isn't JSON"
    raise ValueError(message)


_STRICT = json.JSONDecoder(parse_constant=_no_constant, object_pairs_hook=_no_member_twice)
