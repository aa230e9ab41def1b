"""The ports of a stack: listen on one, or ask whether a process answers there. All are on 127.0.0.1."""

import http.client
import socket
from http import HTTPStatus

from dev.config import Config, StartError

_BACKLOG = 256
_ANSWER_SECONDS = 10.0


def claimed(port: int, config: Config) -> socket.socket:
    """A socket that listens on the port, on 127.0.0.1. Raises StartError if another process has the port."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise in_use(port, config) from error
    return listening


def in_use(port: int, config: Config) -> StartError:
    return StartError(
        f"Port {port} is in use. Stop what uses it, or choose other ports: "
        f"PACKHOUSE_PORT={config.port + 100} make run (a stack takes its ports from that number on)."
    )


def answers(port: int, path: str = "/") -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
