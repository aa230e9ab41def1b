"""Who calls in the tests, with the credentials the real authorizer asks for."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

ISSUER = "https://issuer.example/pool"
CLIENT = "console"


@cache
def signing_key(kid: str) -> rsa.RSAPrivateKey:
    """A key of the issuer's, made once a session."""
    del kid
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def access_token(subject: str, *, kid: str = "first", **claims: Any) -> str:
    """An access token as the user pool signs it; a claim given as None is left out."""
    now = datetime.now(UTC)
    whole = {
        "sub": subject,
        "iss": ISSUER,
        "client_id": CLIENT,
        "token_use": "access",
        "iat": now,
        "exp": now + timedelta(hours=1),
        **claims,
    }
    stated = {name: value for name, value in whole.items() if value is not None}
    return jwt.encode(stated, signing_key(kid), algorithm="RS256", headers={"kid": kid})


def api_key(key_id: str) -> str:
    return f"phk_{key_id}_{hashlib.sha256(key_id.encode()).hexdigest()}"


@dataclass
class KeySet:
    """The issuer's public keys, served on 127.0.0.1; `published` are the ids of those it serves."""

    url: str
    published: list[str] = field(default_factory=lambda: ["first", "second"])
    asked: int = 0


@contextmanager
def serving_keys() -> Iterator[KeySet]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked += 1
            public = [
                {
                    **json.loads(RSAAlgorithm.to_jwk(signing_key(kid).public_key())),
                    "kid": kid,
                    "alg": "RS256",
                    "use": "sig",
                }
                for kid in served.published
            ]
            body = json.dumps({"keys": public}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = KeySet(f"http://127.0.0.1:{server.server_port}/jwks.json")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
