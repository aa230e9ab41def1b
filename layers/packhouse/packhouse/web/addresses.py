"""E-mail addresses, apart from the other fields: pydantic loads a lot for them, which few functions need."""

from typing import Annotated

from pydantic import AfterValidator, EmailStr, Field


def _mailable(address: str) -> str:
    if not address.rpartition("@")[0].isascii():
        message = "mails can't be sent to an address with other than ASCII letters before its @"
        raise ValueError(message)
    return address


Email = Annotated[EmailStr, Field(max_length=254), AfterValidator(_mailable)]
