import base64
import json
import stat
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.harness.local_stack import LocalStack, descendants


def test_stack_json_names_the_parts_of_the_stack(local_stack: LocalStack) -> None:
    ready = local_stack.ready

    assert ready["api"] == f"http://127.0.0.1:{local_stack.port}"
    assert ready["console"] == f"http://127.0.0.1:{local_stack.port}/console/"
    assert ready["stripe"] == f"http://127.0.0.1:{local_stack.port + 2}"
    assert ready["pid"] == local_stack.process.pid


def test_stack_json_lists_the_personas_in_their_order(local_stack: LocalStack) -> None:
    personas = local_stack.personas

    assert [each["role"] for each in personas] == [
        "administrator",
        "manager",
        "associate",
        "administrator",
        "administrator",
        "worker",
        "operator",
        "platform_worker",
    ]
    northwind, contoso, distributor = (personas[place]["workgroup_id"] for place in (0, 3, 4))
    assert len({northwind, contoso, distributor}) == 3
    assert {personas[place]["workgroup_id"] for place in (1, 2, 5)} == {northwind}
    assert "workgroup_id" not in personas[6]
    assert "workgroup_id" not in personas[7]
    assert len({each["name"] for each in personas}) == len({each["token"] for each in personas}) == 8


def test_stack_json_is_for_nobody_else(local_stack: LocalStack) -> None:
    for secret in ("stack.json", "passwords.json"):
        assert stat.S_IMODE((local_stack.state / secret).stat().st_mode) == 0o600


def test_each_persona_is_known_to_the_api(local_stack: LocalStack) -> None:
    for persona in local_stack.personas:
        me = local_stack.request("GET", "/v1/me", token=persona["token"])

        assert me.status == 200, persona
        if "workgroup_id" in persona and persona["role"] != "worker":
            workgroups = {each["workgroup_id"]: each["role"] for each in me.json["workgroups"]}
            assert workgroups == {persona["workgroup_id"]: persona["role"]}


def test_access_tokens_live_24_hours(local_stack: LocalStack) -> None:
    payload = local_stack.persona("administrator")["token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))

    assert claims["exp"] - claims["iat"] == 24 * 60 * 60


def test_the_terminal_says_the_same_for_a_person(local_stack: LocalStack) -> None:
    said = "\n".join(local_stack.lines())

    assert f"{local_stack.api}/console/" in said
    for persona in local_stack.personas:
        assert persona["name"] in said
        assert persona["token"] not in said


def test_a_request_without_a_token_gets_the_gateways_own_answer(local_stack: LocalStack) -> None:
    answer = local_stack.request("GET", "/v1/me")

    assert answer.status == 401
    assert set(answer.json) == {"message"}


def test_a_body_of_several_megabytes_comes_through(local_stack: LocalStack) -> None:
    body = b'{"label": "' + b"x" * 3_000_000 + b'"}'
    token = local_stack.persona("administrator")["token"]
    wg = local_stack.persona("administrator")["workgroup_id"]

    answer = local_stack.request(
        "POST",
        f"/v1/workgroups/{wg}/projects",
        token=token,
        body=body,
        headers={"Content-Type": "application/json", "Idempotency-Key": "megabytes"},
    )

    assert answer.status == 413
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_that_api_gateway_would_not_take_is_refused(local_stack: LocalStack) -> None:
    answer = local_stack.request("POST", "/v1/me", headers={"Content-Length": str(11 * 1024 * 1024)})

    assert answer.status == 413


@pytest.mark.parametrize("user", ["a/b@northwind.example", "/", "50%", "..", "jürgen"])
def test_a_users_name_comes_through_the_gateway_as_it_is(local_stack: LocalStack, user: str) -> None:
    manager = local_stack.persona("manager")
    path = f"/v1/workgroups/{manager['workgroup_id']}/entitlements/{quote(user, safe='')}/user-migration-bundle"

    answer = local_stack.request("PUT", path, token=manager["token"])

    assert (answer.status, answer.json["user"]) == (201, user)
    local_stack.request("DELETE", path, token=manager["token"])


def test_what_is_not_there_is_404(local_stack: LocalStack) -> None:
    for path in ("/nothing", "/v1/nothing", "/dev/nothing", "/dev/jobs/nothing", "/console/nothing.js"):
        answer = local_stack.request("POST" if "jobs" in path else "GET", path)

        assert answer.status == 404, path
        assert answer.json["message"], path


def test_a_route_of_dev_takes_its_method_only(local_stack: LocalStack) -> None:
    assert local_stack.request("DELETE", "/dev/clock").status == 405
    assert local_stack.request("GET", "/dev/reset").status == 405


def test_the_personas_are_told_to_the_console(local_stack: LocalStack) -> None:
    assert local_stack.request("GET", "/dev/personas").json == {"personas": local_stack.personas}


def test_a_foreign_host_name_is_refused(local_stack: LocalStack) -> None:
    for host in ("packhouse.example", f"packhouse.example:{local_stack.port}", f"127.0.0.1:{local_stack.port + 1}", ""):
        for path in ("/dev/personas", "/v1/catalog", "/console/"):
            assert local_stack.request("GET", path, headers={"Host": host}).status == 421, (host, path)


def test_localhost_is_no_foreign_host_name(local_stack: LocalStack) -> None:
    assert local_stack.request("GET", "/dev/clock", headers={"Host": f"localhost:{local_stack.port}"}).status == 200


def test_a_page_of_another_origin_cannot_drive_the_stack(local_stack: LocalStack) -> None:
    for origin in ("https://packhouse.example", f"http://127.0.0.1:{local_stack.port + 1}", "null"):
        answer = local_stack.request("POST", "/dev/clock", json={"advance": "0s"}, headers={"Origin": origin})

        assert answer.status == 403, origin


def test_a_page_of_its_own_can(local_stack: LocalStack) -> None:
    answer = local_stack.request("POST", "/dev/clock", json={"advance": "0s"}, headers={"Origin": local_stack.api})

    assert answer.status == 200


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="reads /proc")
def test_every_process_listens_on_this_machine_only(local_stack: LocalStack) -> None:
    pids = {local_stack.process.pid, *descendants(local_stack.process.pid)}
    inodes = {inode for pid in pids for inode in _sockets(pid)}

    listening = [address for address, inode in _listening() if inode in inodes]

    assert len(pids) > 10
    assert len(listening) >= 3
    assert {address.rpartition(":")[0] for address in listening} == {"0100007F"}


def _sockets(pid: int) -> set[str]:
    """The inodes of a process's sockets."""
    links = [str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir()]
    return {link.removeprefix("socket:[").removesuffix("]") for link in links if link.startswith("socket:")}


def _listening() -> list[tuple[str, str]]:
    """Address and inode of every socket of this machine that listens, or takes datagrams."""
    found = []
    for table, states in (("tcp", {"0A"}), ("tcp6", {"0A"}), ("udp", {"07"}), ("udp6", {"07"})):
        path = Path(f"/proc/net/{table}")
        for line in path.read_text().splitlines()[1:] if path.exists() else []:
            fields = line.split()
            if fields[3] in states:
                found.append((fields[1], fields[9]))
    return found
