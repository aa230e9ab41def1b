"""Ids that look like Stripe's: a prefix for the type, and random letters and digits."""

import re
import secrets
import string

_ALPHABET = string.ascii_letters + string.digits
_LENGTHS = {"cs_test_a1": 58, "pi_3": 23, "ch_3": 23, "re_3": 23, "txn_3": 23, "evt_1": 23, "pm_1": 23}
_LENGTH = 14
_SHAPE = re.compile(r"[A-Za-z0-9_]{1,255}", re.ASCII)


def new(prefix: str) -> str:
    """Like `new("pi_3")`. In some of Stripe's ids a digit follows the type's prefix."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTHS.get(prefix, _LENGTH)))


def plausible(object_id: str) -> bool:
    return _SHAPE.fullmatch(object_id) is not None
