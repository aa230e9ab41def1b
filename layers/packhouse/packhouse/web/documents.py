"""Answers that are files."""

import base64
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from pydantic import WithJsonSchema

from packhouse.errors import AnswerTooLarge

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ANSWER_BYTES_MAX = 5_900_000  # Lambda answers at most 6 MB, in base 64

Workbook = Annotated[str, WithJsonSchema({"type": "string", "format": "binary"})]
"""The bytes of a workbook. They pass Lambda and API Gateway in base 64."""


def attached(content: bytes, name: str, *, rows_max: int) -> Response[Workbook]:
    """The workbook as a file of this name; `AnswerTooLarge` if Lambda can't answer so much."""
    body = base64.b64encode(content).decode()
    if len(body) > ANSWER_BYTES_MAX:
        raise AnswerTooLarge(rows_max=rows_max)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    response: Response[Any] = Response(status_code=200, content_type=XLSX, headers=headers, body=body)
    response.base64_encoded = True
    return response
