from tests.harness.world import World


def test_tour(world: World) -> None:
    pack = world.grant("mailbox-migration", 3)
    p = world.project()
    a = world.start(p, 2)
    print(a)
    assert a.status == 201
    run = a.body["runs"][0]["run_id"]
    print(world.settle(p, run))
    print(world.settle(p, a.body["runs"][1]["run_id"], "failed"))
    print(world.start(p, 5))
    print(world.pack(pack))
    for path in (
        "",
        "packs",
        "balance",
        "projects",
        f"projects/{p}/runs",
        f"projects/{p}",
        f"projects/{p}/runs?state=held,consumed&open=false",
    ):
        for who in ("worker", "ada", "cora", "max"):
            r = world.call("GET", path, who)
            print(path, who, r.status, str(r.body)[:150])
    world.check()
    r = world.call("GET", "journal?limit=3", "ada")
    print(r)
    r = world.call("GET", "journal", "otto")
    print(r.status, len(r.body["items"]))
    r = world.call("GET", "/v1/me", "ada")
    print(r)
    r = world.call("GET", "/v1/catalog", None)
    print(r)
    r = world.call("POST", f"projects/{p}/runs", "ada", json={"x": 1})
    print(r)
    r = world.call("POST", f"projects/{p}/runs", "ada", json={"x": 1}, key="a")
    print(r)
    r = world.call("PATCH", "", "ada", json={"low_balance": {"nope": 1}})
    print(r)
    r = world.call(
        "PATCH",
        "",
        "ada",
        json={"low_balance": {"mailbox-migration": 1}, "notify": ["a@northwind.example"], "time_zone": "Europe/Berlin"},
    )
    print(r)
