"""Refusals of the routes below `/dev/`: each has a status, and its message says why."""

from http import HTTPStatus
from typing import ClassVar


class Refused(Exception):
    status: ClassVar[HTTPStatus]


class MoveMalformed(Refused):
    status = HTTPStatus.BAD_REQUEST


class MoveRefused(Refused):
    status = HTTPStatus.UNPROCESSABLE_ENTITY


class NoSuchJob(Refused):
    """No schedule has that name."""

    status = HTTPStatus.NOT_FOUND


class JobFailed(Refused):
    """The scheduled function raised an error; the message is its answer."""

    status = HTTPStatus.BAD_GATEWAY


class NotDone(Refused):
    """The stack isn't able to do it now; trying again may help."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
