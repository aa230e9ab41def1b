"""`python -m tests.proofs.fuzz.planted [part of a label]`: fuzzes an API whose routes answer wrongly on purpose."""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

from tests.proofs.fuzz.__main__ import summed_up
from tests.proofs.fuzz.asking import ask, labels
from tests.proofs.fuzz.judging import Caller

PROBLEM = "application/problem+json"
OBJECT = "application/json"
RIGHT = {"is": True}
REFUSED = {"type": "https://packhouse.example/problems/not-found", "status": 404}
ANSWERS: dict[str, tuple[int, str, Any]] = {
    "/right": (200, OBJECT, RIGHT),
    "/broken": (500, PROBLEM, {**REFUSED, "type": "x/internal-error", "status": 500}),
    "/unavailable": (503, PROBLEM, {**REFUSED, "type": "x/try-again", "status": 503}),
    "/no-such-status": (202, OBJECT, RIGHT),
    "/other-type": (200, OBJECT, {"is": "true"}),
    "/member-missing": (200, OBJECT, {}),
    "/member-too-many": (200, OBJECT, {**RIGHT, "secret": 1}),
    "/other-media-type": (200, "text/html", RIGHT),
    "/no-json": (200, OBJECT, "{"),
    "/other-problem": (404, PROBLEM, {**REFUSED, "type": "x/not-permitted"}),
    "/other-status-inside": (404, PROBLEM, {**REFUSED, "status": 403}),
    "/gateways-own": (404, OBJECT, {"message": "Not Found"}),
    "/blind": (404, PROBLEM, REFUSED),
    "/open-to-strangers/{wg}": (200, OBJECT, RIGHT),
}


class Planted(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        first = "/" + self.path.split("/")[1]
        status, media_type, content = next(answer for path, answer in ANSWERS.items() if path.split("/{")[0] == first)
        body = (content if isinstance(content, str) else json.dumps(content)).encode()
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing on the terminal."""


def description() -> dict[str, Any]:
    """What each of them is said to answer: the right thing, or one of three problems."""
    right = {"description": "", "content": {OBJECT: {"schema": {"$ref": "#/components/schemas/Right"}}}}
    problems = {"404": "`not-found`", "500": "`internal-error`", "503": "`try-again`"}
    refusals = {
        status: {"description": slug, "content": {PROBLEM: {"schema": {"type": "object"}}}}
        for status, slug in problems.items()
    }
    wg = {"name": "wg", "in": "path", "required": True, "schema": {"type": "string"}}
    schema = {"type": "object", "properties": {"is": {"type": "boolean"}}, "required": ["is"]}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Planted", "version": "1"},
        "paths": {
            path: {"get": {"parameters": [wg] if "{wg}" in path else [], "responses": {"200": right, **refusals}}}
            for path in ANSWERS
        },
        "components": {"schemas": {"Right": schema}},
    }


def main(part: str = "") -> int:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Planted)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    callers = [Caller(name="nobody", session=requests.Session())]
    words, api = {"wg": {"enum": ["wg_of_others"]}}, f"http://127.0.0.1:{server.server_port}"
    found = [
        ask(description(), label, words, callers, api=api, examples=2, number=1)
        for label in labels(description())
        if part in label
    ]
    server.shutdown()
    server.server_close()
    return summed_up(found, 0, seconds=0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
