"""Packs, projects and runs."""

from datetime import timedelta

from tests.harness.shop import Shop
from tests.proofs.crash.registry import Delivery, registered
from tests.proofs.crash.sources import request

WORKGROUP = "/v1/workgroups/{wg}"
PROJECTS = f"{WORKGROUP}/projects"
RUNS = f"{PROJECTS}/{{project_id}}/runs"
ITEMS = [{"item_id": f"box-{number}"} for number in range(3)]


@registered(f"GET {WORKGROUP}/packs")
def list_packs(shop: Shop) -> Delivery:
    shop.world.grant("mailbox-migration", 5)
    return Delivery(source=request(shop.world, "GET", "packs"))


@registered(f"GET {WORKGROUP}/packs/{{pack_id}}")
def read_pack(shop: Shop) -> Delivery:
    pack = shop.world.grant("mailbox-migration", 5)
    return Delivery(source=request(shop.world, "GET", f"packs/{pack.pack_id}"))


@registered(f"GET {WORKGROUP}/balance")
def read_balance(shop: Shop) -> Delivery:
    shop.world.grant("mailbox-migration", 5)
    return Delivery(source=request(shop.world, "GET", "balance"))


@registered(f"POST {PROJECTS}")
def create_project(shop: Shop) -> Delivery:
    return Delivery(source=request(shop.world, "POST", "projects", json={"name": "Move"}, key="one"))


@registered(f"GET {PROJECTS}")
def list_projects(shop: Shop) -> Delivery:
    shop.world.project()
    return Delivery(source=request(shop.world, "GET", "projects"))


@registered(f"GET {PROJECTS}/{{project_id}}")
def read_project(shop: Shop) -> Delivery:
    return Delivery(source=request(shop.world, "GET", f"projects/{shop.world.project()}"))


@registered(f"PATCH {PROJECTS}/{{project_id}}")
def change_project(shop: Shop) -> Delivery:
    project = shop.world.project()
    return Delivery(
        source=request(shop.world, "PATCH", f"projects/{project}", "amy", json={"name": "Moved"}),
        rival=lambda: shop.world.call("DELETE", f"projects/{project}", "amy"),
        settles=False,
    )


@registered(f"DELETE {PROJECTS}/{{project_id}}")
def remove_project(shop: Shop) -> Delivery:
    """Another would start a run in it, or removes it first."""
    shop.world.grant("mailbox-migration", 5)
    project = shop.world.project()
    return Delivery(
        source=request(shop.world, "DELETE", f"projects/{project}?release=true", "amy"),
        rival=lambda: shop.world.start(project, 1, key="other"),
    )


@registered(f"POST {RUNS}")
def start_runs(shop: Shop) -> Delivery:
    """From two packs; the other start would have the first of them for itself."""
    shop.world.grant("mailbox-migration", 2)
    shop.world.grant("mailbox-migration", 5, acquired=shop.world.clock.now + timedelta(days=1))
    project = shop.world.project()
    body = {"service": "mailbox-migration", "pass": "full", "items": ITEMS}
    return Delivery(
        source=request(shop.world, "POST", f"projects/{project}/runs", json=body, key="one"),
        rival=lambda: shop.world.start(project, 2, key="other"),
    )


@registered(f"POST {RUNS}")
def start_the_last_run(shop: Shop) -> Delivery:
    """There is one license left, and another start is after it."""
    shop.world.grant("mailbox-migration", 1)
    project = shop.world.project()
    body = {"service": "mailbox-migration", "pass": "full", "items": ITEMS[:1]}
    return Delivery(
        source=request(shop.world, "POST", f"projects/{project}/runs", json=body, key="one"),
        rival=lambda: shop.world.start(project, 1, key="other"),
    )


@registered(f"POST {RUNS}")
def start_covered_runs(shop: Shop) -> Delivery:
    """Of a user's first entitlement and another's; somebody would withdraw one of them."""
    for user in ("ada", "amy"):
        shop.world.entitle(user)
    project = shop.world.project()
    items = [{"item_id": f"box-{user}", "user": user} for user in ("ada", "amy")]
    body = {"service": "mailbox-migration", "pass": "full", "items": items}
    return Delivery(
        source=request(shop.world, "POST", f"projects/{project}/runs", json=body, key="one"),
        rival=lambda: shop.world.entitlement("DELETE", "amy"),
    )


@registered(f"POST {RUNS}")
def start_retries(shop: Shop) -> Delivery:
    """Of one root; another retry of it comes between."""
    project, runs = started(shop)
    shop.world.settle(project, runs[0], errors=["a", "b"])
    items = [{"item_id": "box-0", "parent_run_id": runs[0], "errors": ["a"]}]
    body = {"service": "mailbox-migration", "pass": "retry_errors", "items": items}
    return Delivery(
        source=request(shop.world, "POST", f"projects/{project}/runs", json=body, key="one"),
        rival=lambda: shop.world.start(project, key="other", run_pass="retry_errors", items=items),
    )


@registered(f"GET {RUNS}")
def list_runs(shop: Shop) -> Delivery:
    project, _ = started(shop)
    return Delivery(source=request(shop.world, "GET", f"projects/{project}/runs"))


@registered(f"GET {RUNS}")
def list_no_runs(shop: Shop) -> Delivery:
    return Delivery(source=request(shop.world, "GET", f"projects/{shop.world.project()}/runs"))


@registered(f"GET {RUNS}/{{run_id}}")
def read_run(shop: Shop) -> Delivery:
    project, runs = started(shop)
    return Delivery(source=request(shop.world, "GET", f"projects/{project}/runs/{runs[0]}"))


@registered(f"POST {RUNS}/{{run_id}}/heartbeat")
def extend_lease(shop: Shop) -> Delivery:
    project, runs = started(shop)
    path = f"projects/{project}/runs/{runs[0]}/heartbeat"
    return Delivery(
        source=request(shop.world, "POST", path, json={"lease_seconds": 86_400}),
        rival=lambda: shop.world.settle(project, runs[0]),
        settles=False,
    )


@registered(f"POST {RUNS}/heartbeat")
def extend_leases(shop: Shop) -> Delivery:
    project, runs = started(shop, 2)
    body = {"run_ids": runs, "lease_seconds": 86_400}
    return Delivery(
        source=request(shop.world, "POST", f"projects/{project}/runs/heartbeat", json=body),
        rival=lambda: shop.world.settle(project, runs[1]),
        settles=False,
    )


@registered(f"POST {RUNS}/{{run_id}}/settle")
def consume(shop: Shop) -> Delivery:
    return settling(shop, {"outcome": "succeeded"}, other="failed")


@registered(f"POST {RUNS}/{{run_id}}/settle")
def consume_some_with_errors(shop: Shop) -> Delivery:
    return settling(shop, {"outcome": "succeeded", "licenses_used": 1, "errors": ["a", "b"]}, other="succeeded")


@registered(f"POST {RUNS}/{{run_id}}/settle")
def release(shop: Shop) -> Delivery:
    return settling(shop, {"outcome": "failed", "errors": ["a"]}, other="succeeded")


@registered(f"POST {RUNS}/settle")
def settle_runs(shop: Shop) -> Delivery:
    project, runs = started(shop, 2)
    outcomes = [{"outcome": "succeeded"}, {"outcome": "stopped"}]
    body = {"settlements": [{"run_id": run, **outcome} for run, outcome in zip(runs, outcomes, strict=True)]}
    return Delivery(
        source=request(shop.world, "POST", f"projects/{project}/runs/settle", json=body),
        rival=lambda: shop.world.settle(project, runs[1]),
    )


def started(shop: Shop, count: int = 1, *, licenses: int = 1) -> tuple[str, list[str]]:
    """A project, and the runs that hold licenses in it."""
    shop.world.grant("mailbox-migration", 5)
    project = shop.world.project(max_licenses_per_item=licenses)
    return project, shop.world.started(project, count, licenses=licenses)


def settling(shop: Shop, settlement: dict[str, object], *, other: str) -> Delivery:
    project, runs = started(shop, licenses=2)
    return Delivery(
        source=request(shop.world, "POST", f"projects/{project}/runs/{runs[0]}/settle", json=settlement),
        rival=lambda: shop.world.settle(project, runs[0], other),
    )
