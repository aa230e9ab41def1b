"""E-mail addresses. They are a file of their own since pydantic loads a lot for them, and few functions need it."""

from typing import Annotated

from pydantic import AfterValidator, EmailStr, Field


def _mailable(address: str) -> str:
    if not address.rpartition("@")[0].isascii():
        message = "must have only ASCII characters before its @"
        raise ValueError(message)
    return address


Email = Annotated[EmailStr, Field(max_length=254), AfterValidator(_mailable)]
