"""Steps the scenario tests share: who comes, with what."""

from __future__ import annotations

from collections.abc import Iterable

from node.cases.register import Registered, Registration, register
from node.catalogue.rules import Handling, ItemVersion
from tests.integration.cases.network import Node, item

APPLICANT = {
    "kind": "person",
    "name": "顾海燕",
    "id_number": "11010519491231002X",
    "phone": "13962712345",
    "address": "新坝村九组十八号",
}
SECRETS = ("顾海燕", "11010519491231002X", "13962712345", "九组十八号")
"""What may stand readable nowhere but at the nodes the matter came to, and there only encrypted."""

VILLAGE_OWN = item(
    lambda v: v.deciding_level == "village" and v.handling is Handling.IMMEDIATE and not v.sensitive
)
VILLAGE_PROMISED = item(lambda v: v.deciding_level == "village" and v.handling is Handling.PROMISED)


def proxied(deciding: str, handling: Handling) -> ItemVersion:
    """An item a village takes in for a level above."""
    return item(
        lambda v: (
            v.deciding_level == deciding
            and v.handling is handling
            and "village" in v.proxy_levels
            and v.first_review is None
            and not v.sensitive
            and any(m.required for m in v.materials)
        )
    )


REFERRED = item(
    lambda v: (
        v.handling is Handling.REFERRAL
        and "village" in v.proxy_levels
        and v.deciding_level == "county"
        and v.first_review is not None
        and v.first_review.statutory_days is not None
        and not v.sensitive
    )
)


def hand_in(
    node: Node, version: ItemVersion, present: Iterable[str] | None = None, role: str = "agent"
) -> Registered:
    """Somebody comes to a desk with the materials (all of them when None)."""
    materials = frozenset(m.id for m in version.materials) if present is None else frozenset(present)
    with node.tx() as session:
        return register(
            node.context,
            session,
            Registration(version.code, APPLICANT, {}, materials, "window"),
            node.worker(role),
        )
