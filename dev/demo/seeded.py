"""The demo data: three workgroups and their packs, the same after every reset. Their members are in `people`."""

from dataclasses import dataclass

from packhouse.domain.licenses import Line

SEED = "demo seed"
WORKGROUPS = {"northwind": "Northwind", "contoso": "Contoso", "distributor": "Fabrikam Distribution"}
ACQUISITIONS = (
    # Workgroup, days ago, lines. In all: several packs of each on_success type, 10 to 50 licenses of every type.
    ("northwind", 350, [Line("mailbox-migration", 5), Line("document-migration", 4)]),
    ("northwind", 200, [Line("mailbox-migration", 15), Line("public-folder-migration", 4)]),
    (
        "northwind",
        90,
        [Line("document-migration", 12), Line("public-folder-migration", 6), Line("device-management", 25)],
    ),
    (
        "northwind",
        10,
        [Line("mailbox-migration", 20), Line("document-migration", 14), Line("user-migration-bundle", 30)],
    ),
    ("northwind", 1, [Line("public-folder-migration", 5)]),
    ("contoso", 30, [Line("mailbox-migration", 10)]),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """The ids of the workgroups and the whole API keys, by name."""

    workgroups: dict[str, str]
    keys: dict[str, str]
