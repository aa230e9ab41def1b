"""The careless ways to do what the callers of a history do, each of which must be found out."""

import re
from collections.abc import Mapping

from packhouse.domain.access import Stamp
from packhouse.domain.entitlements import EntitlementState
from packhouse.store import keys, packs
from packhouse.store.patience import WriteRefused
from packhouse.store.table import StampedTable, Write
from packhouse.store.wire import plain
from tests.proofs.histories.acts import Acts
from tests.proofs.histories.places import Place


class CarelessTable(StampedTable):
    """Computes what will be available from what a request read in its beginning, and writes that, whatever is there."""

    def __init__(self, place: Place, stamp: Stamp, *, sign: str) -> None:
        super().__init__(place.client, place.table.name, stamp)
        self._seen = {pack.pack_id: pack.available for pack in packs.every(place.table, place.workgroup_id)}
        self._counts = re.compile(rf"#available = #available (\{sign}) (:\w+)")

    def write(self, *writes: Write) -> None:
        lefts = [self._left(write) for write in writes]
        if any(left is not None and left < 0 for left in lefts):
            raise WriteRefused([left is not None and left < 0 for left in lefts], [None] * len(writes))
        super().write(
            *(write if left is None else self._set(write, left) for write, left in zip(writes, lefts, strict=True))
        )

    def _left(self, write: Write) -> int | None:
        """What will be available in the pack, if it is one that the write counts."""
        counted = self._counts.search(write.arguments.get("UpdateExpression", ""))
        if counted is None:
            return None
        pack_id = keys.subject(plain(write.arguments["Key"]))
        quantity = int(write.arguments["ExpressionAttributeValues"][counted[2]]["N"])
        return self._seen.get(pack_id, 0) + int(f"{counted[1]}{quantity}")

    def _set(self, write: Write, left: int) -> Write:
        expression = self._counts.sub("#available = :left", write.arguments["UpdateExpression"])
        values = {**write.arguments["ExpressionAttributeValues"], ":left": {"N": str(left)}}
        return _regardless(write, expression, values)


class CarelessTaking(Acts):
    def table(self, stamp: Stamp) -> StampedTable:
        return CarelessTable(self.place, stamp, sign="-")


class CarelessGivingBack(Acts):
    def table(self, stamp: Stamp) -> StampedTable:
        return CarelessTable(self.place, stamp, sign="+")


class ForgetfulTable(StampedTable):
    """Withdraws an entitlement as it was read, whatever has become of it since."""

    def write(self, *writes: Write) -> None:
        super().write(*(self._as_read(write) for write in writes))

    def _as_read(self, write: Write) -> Write:
        values = write.arguments.get("ExpressionAttributeValues", {})
        if write.operation != "Update" or {"S": EntitlementState.WITHDRAWN} not in values.values():
            return write
        return _regardless(write, write.arguments["UpdateExpression"], values)


class CarelessWithdrawing(Acts):
    def table(self, stamp: Stamp) -> StampedTable:
        return ForgetfulTable(self.place.client, self.place.table.name, stamp)


def _regardless(write: Write, expression: str, values: Mapping[str, object]) -> Write:
    """The update with this expression, on whatever is there."""
    used = set(re.findall(r"[:#]\w+", expression))
    names = write.arguments.get("ExpressionAttributeNames", {})
    return Write(
        "Update",
        {
            "Key": write.arguments["Key"],
            "UpdateExpression": expression,
            "ConditionExpression": "attribute_exists(PK)",
            "ExpressionAttributeValues": {name: value for name, value in values.items() if name in used},
            "ExpressionAttributeNames": {name: attribute for name, attribute in names.items() if name in used},
        },
    )
