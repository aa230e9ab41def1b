import pytest

from packhouse.domain.access import MAY, Permission, Principal, PrincipalKind, Role

EVERYONE = set(Role)
MEMBERS = {Role.ADMINISTRATOR, Role.MANAGER, Role.ASSOCIATE}


@pytest.mark.parametrize(
    ("permission", "roles"),
    [
        (Permission.READ, MEMBERS | {Role.WORKER, Role.OPERATOR}),
        (Permission.READ_RUNS, MEMBERS | {Role.WORKER, Role.PLATFORM_WORKER, Role.OPERATOR}),
        (Permission.RUN, MEMBERS | {Role.WORKER, Role.PLATFORM_WORKER}),
        (Permission.CREATE_PROJECTS, MEMBERS | {Role.WORKER}),
        (Permission.CHANGE_PROJECTS, MEMBERS),
        (Permission.ASSIGN, MEMBERS),
        (Permission.BUY, {Role.ADMINISTRATOR, Role.MANAGER}),
        (Permission.READ_ORDERS, {Role.ADMINISTRATOR, Role.MANAGER, Role.OPERATOR}),
        (Permission.READ_WORKGROUP, MEMBERS),
        (Permission.READ_SECURITY_LOG, {Role.ADMINISTRATOR, Role.MANAGER, Role.OPERATOR}),
        (Permission.ADMINISTER, {Role.ADMINISTRATOR}),
    ],
)
def test_the_table_of_roles_is_the_designs(permission: Permission, roles: set[Role]) -> None:
    assert {role for role in Role if permission in MAY[role]} == roles


def test_every_permission_is_in_the_test_above() -> None:
    assert len(Permission) == 11
    assert set(MAY) == EVERYONE


def test_a_member_is_a_stranger_elsewhere() -> None:
    ada = Principal(name="ada", kind=PrincipalKind.MEMBER, roles={"wg_a": Role.ADMINISTRATOR})

    assert ada.role_in("wg_a") is Role.ADMINISTRATOR
    assert ada.role_in("wg_b") is None


def test_an_operator_is_one_everywhere_but_where_it_is_a_member() -> None:
    otto = Principal(name="otto", kind=PrincipalKind.OPERATOR, roles={"wg_a": Role.MANAGER})

    assert otto.role_in("wg_a") is Role.MANAGER
    assert otto.role_in("wg_b") is Role.OPERATOR


def test_a_platform_worker_is_one_everywhere() -> None:
    key = Principal(name="key", kind=PrincipalKind.PLATFORM_WORKER_KEY, roles={})

    assert key.role_in("wg_a") is Role.PLATFORM_WORKER
