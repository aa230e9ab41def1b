"""The authorizer: it finds out who calls, and never denies. The API answers 401, 403 and 404 by its context."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import jwt
from aws_lambda_powertools import Logger

from packhouse import runtime
from packhouse.domain.access import Principal, PrincipalKind, Role
from packhouse.errors import TryAgain, Unauthenticated
from packhouse.settings import token_settings
from packhouse.store import access
from packhouse.web import identity

OPERATORS = "operators"
KEY_PREFIX = "phk_"
KEY = re.compile(r"phk_(key_[0-9a-f]{32})_[0-9A-Za-z_-]{1,200}")
SUBJECT = re.compile(r"[\x21-\x7e]{1,128}")
TOKEN_LENGTH_MAX = 8_192
ACCESS = "access"
CLAIMS = ["exp", "iat", "iss", "sub", "token_use", "client_id"]

logger = Logger()


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """A simple response of payload format 2.0. Its context has the principal, or why there is none."""
    try:
        context = identity.context(_principal(event.get("headers", {}).get("authorization", "")))
    except Unauthenticated as refusal:
        context = identity.refused_context(refusal.reason)
    except (TryAgain, jwt.PyJWKClientConnectionError) as error:
        logger.warning("cannot authorize now", cause=type(error).__name__)
        context = identity.unavailable_context(token_settings().answers_kept_seconds)
    return {"isAuthorized": True, "context": context}


def _principal(authorization: str) -> Principal:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token or len(token) > TOKEN_LENGTH_MAX:
        raise Unauthenticated(reason="no bearer token")
    return _of_key(token) if token.startswith(KEY_PREFIX) else _of_access_token(token)


def _of_key(token: str) -> Principal:
    """The key of a token `phk_<key_id>_<secret>`. Its hash is compared in constant time, even without such a key."""
    spelled = KEY.fullmatch(token)
    if spelled is None:
        raise Unauthenticated(reason="unknown API key")
    key = access.read_key(runtime.table(), spelled[1])
    presented = hashlib.sha256(token.encode()).hexdigest()
    if not hmac.compare_digest(presented, key.secret_hash if key else "") or key is None:
        raise Unauthenticated(reason="unknown API key")
    if key.workgroup_id is None:
        return Principal(name=key.key_id, kind=PrincipalKind.PLATFORM_WORKER_KEY, roles={})
    return Principal(name=key.key_id, kind=PrincipalKind.WORKER_KEY, roles={key.workgroup_id: Role.WORKER})


def _of_access_token(token: str) -> Principal:
    """The person of an access token. The token's `kid` names the issuer's key that must have signed it."""
    settings = token_settings()
    try:
        key = _keys().get_signing_key_from_jwt(token)
        claims = jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            issuer=settings.issuer,
            options={"require": CLAIMS, "verify_aud": False},  # an access token of Cognito has no audience
        )
    except jwt.PyJWKClientConnectionError:
        raise
    except jwt.ExpiredSignatureError as error:
        raise Unauthenticated(reason="expired token") from error
    except (jwt.PyJWTError, ValueError) as error:
        raise Unauthenticated(reason="invalid token") from error
    if claims["token_use"] != ACCESS or claims["client_id"] != settings.client_id:
        raise Unauthenticated(reason="not an access token of this console")
    if not SUBJECT.fullmatch(claims["sub"]):
        raise Unauthenticated(reason="invalid token")
    groups = claims.get("cognito:groups")
    operator = isinstance(groups, list) and OPERATORS in groups
    return Principal(
        name=claims["sub"],
        kind=PrincipalKind.OPERATOR if operator else PrincipalKind.MEMBER,
        roles=access.memberships(runtime.table(), claims["sub"]),
    )


@cache
def _keys() -> jwt.PyJWKClient:
    """The issuer's public keys: fetched when a token names an unknown one, and kept for an hour."""
    return jwt.PyJWKClient(token_settings().keys_url, cache_jwk_set=True, lifespan=3600, timeout=3)
