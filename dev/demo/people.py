"""The personas, as whom a developer and the tests use the stack: people of the user pool, and API keys."""

from __future__ import annotations

import json
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, NotRequired, TypedDict

from dev import secret_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dev.demo.seeded import Seeded
    from dev.ministack.deploy import Clients, Deployed

_OPERATORS = "operators"


class Persona(TypedDict):
    """One entry of `personas` in stack.json."""

    name: str
    role: str
    workgroup_id: NotRequired[str]
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person who signs in."""

    key: str
    name: str
    email: str
    role: str
    workgroup: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A caller with an API key."""

    key: str
    name: str
    role: str
    workgroup: str | None


# The order of stack.json.
CAST: tuple[Person | Machine, ...] = (
    Person(
        key="northwind-administrator",
        name="Ada, Northwind",
        email="ada@northwind.example",
        role="administrator",
        workgroup="northwind",
    ),
    Person(
        key="northwind-manager",
        name="Marek, Northwind",
        email="marek@northwind.example",
        role="manager",
        workgroup="northwind",
    ),
    Person(
        key="northwind-associate",
        name="Asha, Northwind",
        email="asha@northwind.example",
        role="associate",
        workgroup="northwind",
    ),
    Person(
        key="contoso-administrator",
        name="Chen, Contoso",
        email="chen@contoso.example",
        role="administrator",
        workgroup="contoso",
    ),
    Person(
        key="distributor-administrator",
        name="Fatou, Fabrikam Distribution",
        email="fatou@fabrikam.example",
        role="administrator",
        workgroup="distributor",
    ),
    Machine(key="northwind-worker", name="Worker, Northwind", role="worker", workgroup="northwind"),
    Person(key="operator", name="Olga, operator", email="olga@packhouse.example", role="operator", workgroup=None),
    Machine(key="platform-worker", name="Platform worker", role="platform_worker", workgroup=None),
)
PEOPLE = tuple(each for each in CAST if isinstance(each, Person))


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """The people's subjects (`sub`) and access tokens, by the person's key."""

    subjects: Mapping[str, str]
    tokens: Mapping[str, str]


def sign_in(clients: Clients, deployed: Deployed, passwords_path: Path) -> SignedIn:
    """Sign everybody in, for 24 hours. Add people to the pool who aren't there yet."""
    passwords = _passwords(passwords_path)
    pool = _UserPool(clients, deployed, passwords)
    with ThreadPoolExecutor(len(PEOPLE)) as threads:
        subjects = dict(zip((each.key for each in PEOPLE), threads.map(pool.enrolled, PEOPLE), strict=True))
        tokens = dict(zip((each.key for each in PEOPLE), threads.map(pool.token, PEOPLE), strict=True))
    return SignedIn(subjects=subjects, tokens=tokens)


def personas(signed_in: SignedIn, seeded: Seeded) -> list[Persona]:
    """The personas of stack.json, in its order."""
    listed: list[Persona] = []
    for each in CAST:
        token = signed_in.tokens[each.key] if isinstance(each, Person) else seeded.keys[each.key]
        persona: Persona = {"name": each.name, "role": each.role, "token": token}
        if each.workgroup is not None:
            persona["workgroup_id"] = seeded.workgroups[each.workgroup]
        listed.append(persona)
    return listed


def _passwords(path: Path) -> dict[str, str]:
    """The people's passwords: made once and kept in a file, so that the same people can sign in after a restart."""
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    passwords = {each.key: kept.get(each.key) or secrets.token_urlsafe(18) for each in PEOPLE}
    if passwords != kept:
        secret_files.write(path, passwords)
    return passwords


@dataclass(frozen=True, slots=True)
class _UserPool:
    """Where people are enrolled and sign in."""

    clients: Clients
    deployed: Deployed
    passwords: Mapping[str, str]

    def enrolled(self, person: Person) -> str:
        """The person's `sub`."""
        people, pool = self.clients.people, self.deployed.outputs["UserPoolId"]
        try:
            attributes = people.admin_get_user(UserPoolId=pool, Username=person.email)["UserAttributes"]
        except people.exceptions.UserNotFoundException:
            attributes = people.admin_create_user(
                UserPoolId=pool,
                Username=person.email,
                MessageAction="SUPPRESS",
                # A password of Cognito's own would be too short for the pool's policy. This one is replaced below.
                TemporaryPassword=secrets.token_urlsafe(18),
                UserAttributes=[
                    {"Name": "email", "Value": person.email},
                    {"Name": "email_verified", "Value": "true"},
                ],
            )["User"]["Attributes"]
        # Done at every start, in case an earlier start ended before it.
        people.admin_set_user_password(
            UserPoolId=pool, Username=person.email, Password=self.passwords[person.key], Permanent=True
        )
        if person.role == "operator":
            people.admin_add_user_to_group(UserPoolId=pool, Username=person.email, GroupName=_OPERATORS)
        return next(each["Value"] for each in attributes if each["Name"] == "sub")

    def token(self, person: Person) -> str:
        signed_in = self.clients.people.admin_initiate_auth(
            UserPoolId=self.deployed.outputs["UserPoolId"],
            ClientId=self.deployed.outputs["ConsoleClientId"],
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": person.email, "PASSWORD": self.passwords[person.key]},
        )
        return signed_in["AuthenticationResult"]["AccessToken"]
