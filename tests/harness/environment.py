"""What the template tells every function, with the tests' values: the suite and the bench call handlers with it."""

from packhouse.policies import Policies
from tests.harness import people

NOWHERE = "http://127.0.0.1:9"
"""Nothing listens there."""


def variables(*, keys_url: str = NOWHERE) -> dict[str, str]:
    """A function's environment; its tokens are checked with the keys at this address."""
    return {
        "POWERTOOLS_SERVICE_NAME": "packhouse",
        "AUTHORIZER_TTL_SECONDS": "0",
        "TABLE": "Packhouse",
        "JOURNAL": "Journal",
        "SUPPORT_EMAIL": "support@packhouse.example",
        "STRIPE_URL": NOWHERE,
        "STRIPE_SECRET": "stripe",  # nosec B105  # the name of a secret
        "STRIPE_QUEUE": "",
        "RETURN_URL": "https://packhouse.example/console/",
        "CONSOLE_URL": "https://packhouse.example/console/",
        "BUS": "events",
        "MAIL_FROM": "Packhouse <no-reply@packhouse.example>",
        "TOKEN_ISSUER": people.ISSUER,
        "TOKEN_CLIENT_ID": people.CLIENT,
        "TOKEN_KEYS_URL": keys_url,
        **{name.upper(): str(getattr(Policies(), name)) for name in Policies.__dataclass_fields__},
    }
