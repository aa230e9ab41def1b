"""What the runner answers under `/dev/` when it doesn't do what was asked: a status, and a sentence that says why."""

from http import HTTPStatus
from typing import ClassVar


class Refused(Exception):  # noqa: N818  # an answer, not an error of ours
    status: ClassVar[HTTPStatus]


class MoveMalformed(Refused):
    status = HTTPStatus.BAD_REQUEST


class MoveRefused(Refused):
    status = HTTPStatus.UNPROCESSABLE_ENTITY


class NoSuchJob(Refused):
    """There is no schedule of that name; maybe it isn't built yet."""

    status = HTTPStatus.NOT_FOUND


class JobFailed(Refused):
    """What a scheduled function answered instead of a result."""

    status = HTTPStatus.BAD_GATEWAY


class NotDone(Refused):
    """It can't be done now."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
