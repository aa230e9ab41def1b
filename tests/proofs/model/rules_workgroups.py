"""Rules of the workgroup: read, changed field by field, and by whom; who somebody is."""

from typing import Any

import hypothesis.strategies as st

from tests.proofs.model import model_workgroups
from tests.proofs.model.machine import Machine, move, refusing

ANYBODY = st.sampled_from(["ada", "ada", "ada", "max", "amy", "cora", "otto", "worker", "platform"])
CHANGES: list[dict[str, Any]] = [
    {},
    {"name": "Zenith"},
    {"name": "Northwind", "managers_redeem": True},
    {"time_zone": "Pacific/Kiritimati"},
    {"low_balance": {"mailbox-migration": 5}},
    {"low_balance": {}, "notify": ["ops@northwind.example"]},
    {"low_balance": {"gardening": 1}},
]
ODD_CHANGES: list[dict[str, Any]] = [
    {"name": None},
    {"time_zone": "Mars/Olympus"},
    {"managers_redeem": "yes"},
    {"workgroup_id": "wg"},
]


class WorkgroupRules(Machine):
    @move(who=ANYBODY, changes=st.sampled_from(CHANGES), odd=st.sampled_from([None, None, None, *ODD_CHANGES]))
    def change_workgroup(self, who: str, changes: dict[str, Any], odd: dict[str, Any] | None) -> None:
        """And what is told of it then."""
        if odd is not None:
            answer = self.call("PATCH", "", "ada", json=odd)
            self.agree("change workgroup", answer, refusing("invalid-request"))
        else:
            answer = self.call("PATCH", "", who, json=changes)
            self.agree("change workgroup", answer, lambda: model_workgroups.change(self.house, changes, by=who))
        self.agree("read workgroup", self.call("GET", "", who), lambda: model_workgroups.read(self.house, by=who))
        self.agree("me", self.call("GET", "/v1/me", who), lambda: model_workgroups.me(self.house, by=who))
