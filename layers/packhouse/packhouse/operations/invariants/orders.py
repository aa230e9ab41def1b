"""Orders: packs exist exactly if they were paid for."""

from collections.abc import Iterator

from packhouse.domain.packs import SourceKind
from packhouse.operations.content import Broken, Content


def paid_iff_granted(content: Content) -> Iterator[Broken]:
    """An order has packs exactly if it was paid: one per line. Only demo packs belong to no order."""
    granted = {(pack.workgroup_id, pack.pack_id): pack for pack in content.packs}
    for order in content.orders:
        if (order.payment is not None) != bool(order.packs) or len(order.packs) not in {0, len(order.lines)}:
            yield order.order_id, f"{order.status}, with {len(order.packs)} packs for {len(order.lines)} lines"
        for line, pack_id in zip(order.lines, order.packs, strict=False):
            pack = granted.pop((order.workgroup_id, pack_id), None)
            if pack is None or (pack.sku, pack.quantity, pack.source.order_id) != (
                line.sku,
                line.quantity,
                order.order_id,
            ):
                yield order.order_id, f"{pack_id} isn't what was paid for"
    for pack in granted.values():
        if pack.source.kind is not SourceKind.DEMO:
            yield pack.pack_id, "no order paid for it"
